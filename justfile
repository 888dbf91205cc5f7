# Verbs of the project. Each is one command that can also be typed without `just`.

# Every check, as CI runs it.
check:
    ./test

# Form, lints, unit and property tests.
quick:
    ./test --quick

# Every check, then 300 cycles of kill -9.
long:
    ./test --long

# All tests of the workspace.
test:
    cargo test --workspace

# One decision, over 10,000 and 100,000 campaigns; the HTTP edge beside an echo server; the ledger.
bench:
    cargo run --release -- bench decide --campaigns 10000 --json
    cargo run --release -- bench decide --campaigns 100000 --json
    cargo run --release -- bench http --json
    cargo run --release -- bench ledger --json

# Rewrites snapshots, agent pages and the marks of large files. Read the difference before committing it.
bless:
    UPDATE_EXPECT=1 MOTET_BLESS=1 cargo test --workspace
    cargo run -p xtask -- tidy --bless

# The rules of the house alone.
tidy:
    cargo run -p xtask -- tidy

# The code's documentation, opened in a browser.
doc:
    cargo doc --workspace --no-deps --open

# The demo.
demo:
    cargo run --release -- demo
