//! Real services for tests: Apache Kafka, NATS and PostgreSQL, each on loopback, on free ports, in a folder of its own.
//!
//! A service is started by the test that needs it and goes when its value is dropped. Should the test's process end in
//! any other way, a watchdog that holds the other end of a pipe ends the service and removes its folder, so services
//! kept in a `static` leave nothing behind either. Fault tests kill, stop, continue and restart them.
//!
//! Nothing is installed here: `scripts/install-services` does that, and [`Error::Missing`] says so.

mod kafka;
mod nats;
mod ports;
mod postgres;
mod process;

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

pub use kafka::Kafka;
pub use nats::Nats;
pub use ports::free_port;
pub use postgres::Postgres;
pub use process::{Process, find_program, folder};

/// A service could not be started.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is not installed.
    #[error("{what} is not installed: looked for {place}; run scripts/install-services")]
    Missing {
        /// What is missing.
        what: &'static str,
        /// Where it was looked for.
        place: String,
    },
    /// The operating system refused.
    #[error("could not {operation}")]
    Io {
        /// What was tried.
        operation: String,
        /// Why not.
        source: std::io::Error,
    },
    /// It ended, or was not ready in time.
    #[error("{what} did not become ready: {why}; the end of its log:\n{log}")]
    NotReady {
        /// Which service.
        what: &'static str,
        /// Why it is thought so.
        why: String,
        /// The last lines it wrote.
        log: String,
    },
}

/// A result with this crate's error.
pub type Result<T, E = Error> = std::result::Result<T, E>;

pub(crate) fn io(operation: impl Into<String>) -> impl FnOnce(std::io::Error) -> Error {
    let operation = operation.into();
    |source| Error::Io { operation, source }
}

/// Returns the folder services are kept in: the variable `MOTET_SERVICES`, or `target/services` of this checkout.
#[expect(clippy::disallowed_methods, reason = "test support reads its own environment")]
pub fn installed() -> PathBuf {
    let stated = std::env::var("MOTET_SERVICES").ok().filter(|text| !text.is_empty()).map(PathBuf::from);
    stated.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/services"))
}

/// Waits until something is so, looking every 20 ms; tells whether it came to be within the limit.
pub fn wait_until(limit: Duration, mut is_so: impl FnMut() -> bool) -> bool {
    let until = now() + limit;
    while !is_so() {
        if now() >= until {
            return false;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    true
}

#[expect(clippy::disallowed_methods, reason = "waits for other processes")]
pub(crate) fn now() -> Instant {
    Instant::now()
}
