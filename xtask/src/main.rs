//! Checks that are rules of the house, run as `cargo run -p xtask -- tidy` and as a test.
//!
//! What `tidy` checks stands in [`tidy`]. `--bless` records today's largest files as the new high mark.

mod tidy;

use std::{path::PathBuf, process::ExitCode};

const USAGE: &str = "usage: cargo run -p xtask -- tidy [--bless]";

fn main() -> anyhow::Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["tidy"] => check(),
        ["tidy", "--bless"] => {
            tidy::bless(&root())?;
            check()
        }
        _ => {
            eprintln!("{USAGE}");
            Ok(ExitCode::from(2))
        }
    }
}

fn check() -> anyhow::Result<ExitCode> {
    let report = tidy::check(&root())?;
    print!("{report}");
    Ok(if report.problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Returns the workspace's root: the folder above this package's.
fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}
