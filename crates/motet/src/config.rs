//! `motet config`: check a configuration, or print the one with every default.

use anyhow::{Result, ensure};
use motet_server::config::Config;

use crate::cli;

/// Runs and prints. Fails when anything is wrong, having said all of it.
pub(crate) fn command(options: &cli::Config) -> Result<()> {
    match options {
        cli::Config::Default => {
            print!("{}", Config::default_toml());
            Ok(())
        }
        cli::Config::Check { config } => {
            let read = Config::load(config.as_deref(), &[])?;
            let mut problems: Vec<String> = read.check().iter().map(ToString::to_string).collect();
            if let Err(error) = crate::serve::engine_options(&read) {
                problems.push(format!("{error:#}"));
            }
            for problem in &problems {
                eprintln!("{problem}");
            }
            ensure!(problems.is_empty(), "the configuration has {} problem(s)", problems.len());
            println!("the configuration is sound");
            Ok(())
        }
    }
}
