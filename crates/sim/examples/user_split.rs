//! Shows that a user split lies where budgets bind, and that a budget split does not.
//!
//! `cargo run --release -p motet-sim --example user_split [EXPERIMENTS] [SEEDS]`: so many experiments of so many seeds each
//! (1,000 of 10 unless told otherwise) under each design, in the market of `tests/proof/dry.toml`. Separate worlds show
//! what launching team B to everybody would truly bring.

#[path = "../tests/proof/mod.rs"]
mod proof;

use motet_sim::versus::Design;

fn main() {
    let number = |place: usize, usual: u64| {
        std::env::args().nth(place).and_then(|text| text.parse().ok()).unwrap_or(usual)
    };
    let (experiments, seeds) = (number(1, 1_000), number(2, 10));
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    println!(
        "{experiments} experiments of {seeds} seeds; ± and ranges are 95 % intervals of the figures themselves"
    );
    for design in [Design::SeparateWorlds, Design::UserSplit, Design::BudgetSplit] {
        let said = proof::experiments(design, experiments, seeds, threads);
        let ((mean, half), held) = (said.mean(), said.hold_nothing());
        let (low, high) = wilson(held as f64, experiments as f64);
        println!(
            "{design:?}: mean lift of spend {:+.2} % ± {:.2}; {held} of {experiments} intervals hold 0: {:.1} % ({:.1} to {:.1}); \
             {:.1} % of all budgets spent",
            mean * 100.0,
            half * 100.0,
            held as f64 / experiments as f64 * 100.0,
            low * 100.0,
            high * 100.0,
            said.used * 100.0
        );
    }
}

/// Returns Wilson's 95 % interval of a share of `part` in `of`.
fn wilson(part: f64, of: f64) -> (f64, f64) {
    let (z, share) = (1.959_964_f64, part / of);
    let middle = share + z * z / (2.0 * of);
    let half = z * (share * (1.0 - share) / of + z * z / (4.0 * of * of)).sqrt();
    ((middle - half) / (1.0 + z * z / of), (middle + half) / (1.0 + z * z / of))
}
