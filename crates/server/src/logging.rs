//! Structured logs.
//!
//! Requests, identifiers, tokens and secrets are never logged; what goes wrong inside is, with its reason.

use tracing_subscriber::EnvFilter;

use crate::config::{Log, LogFormat};

/// A log filter that cannot be read, or logs set up twice.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The level is none and the filter cannot be read.
    #[error("log.level '{level}' is neither a level nor a filter: {message}")]
    Level {
        /// What stands there.
        level: String,
        /// Why it cannot be read.
        message: String,
    },
    /// Logs were set up before.
    #[error("logs are set up already")]
    Twice,
}

/// Sets logs up for the whole process: to standard error, as text or JSON lines.
///
/// # Errors
/// When the level cannot be read, or logs were set up before.
pub fn init(log: &Log) -> Result<(), Error> {
    let filter = filter(&log.level)?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let done = match log.format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    done.map_err(|_| Error::Twice)
}

fn filter(level: &str) -> Result<EnvFilter, Error> {
    EnvFilter::try_new(level)
        .map_err(|error| Error::Level { level: level.to_owned(), message: error.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_or_a_filter_is_taken_and_nonsense_is_named() {
        assert!(filter("info").is_ok());
        assert!(filter("warn,motet_server=debug").is_ok());
        let error = filter("motet=loudly").unwrap_err().to_string();
        assert!(error.contains("motet=loudly"), "{error}");
    }
}
