//! What can go wrong with a bus.

use std::path::PathBuf;

/// A cause from a client library, kept whole for the chain.
pub(crate) type Cause = Box<dyn std::error::Error + Send + Sync>;

/// A bus could not be opened, or could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The URL names no bus.
    #[error("'{url}' is no bus: {why}")]
    Url {
        /// The URL.
        url: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The program was built without this kind of bus.
    #[error("{kind} is not built in: build with the feature '{feature}' (cargo build --features {feature})")]
    NotBuiltIn {
        /// The kind of bus.
        kind: &'static str,
        /// The feature that has it.
        feature: &'static str,
    },
    /// A topic, subject or group has a name that no bus takes.
    #[error(
        "'{name}' is no name on a bus: 1 to 200 of letters, digits, '.', '_' and '-', with no '.' at either end"
    )]
    Name {
        /// The name.
        name: String,
    },
    /// A message is larger than the bus takes.
    #[error("a message of {bytes} bytes is larger than the bus takes")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// A file of the embedded bus.
    #[error("could not {operation} {path}")]
    Io {
        /// What was tried.
        operation: &'static str,
        /// With which file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The journal of an embedded topic.
    #[error("the journal of topic '{topic}' failed")]
    Journal {
        /// The topic.
        topic: String,
        /// Why.
        source: motet_store::journal::Error,
    },
    /// A record of the embedded bus does not read.
    #[error("message {sequence} of topic '{topic}' does not read")]
    Damaged {
        /// The topic.
        topic: String,
        /// Its number.
        sequence: u64,
    },
    /// The broker or server refused, or could not be reached.
    #[error("could not {operation} at {server}")]
    Broker {
        /// What was tried.
        operation: &'static str,
        /// Where.
        server: String,
        /// Why not.
        source: Cause,
    },
    /// It was not done in time.
    #[error("could not {operation} within {limit_ms} ms")]
    Late {
        /// What was tried.
        operation: &'static str,
        /// The time it had.
        limit_ms: u128,
    },
    /// Another member of the group has the partition now.
    #[error("the partition has moved to another member of the group")]
    Moved,
    /// The bus has been closed or has failed before.
    #[error("the bus has stopped: {cause}")]
    Stopped {
        /// Why.
        cause: String,
    },
}

impl Error {
    #[cfg(any(feature = "kafka", feature = "nats"))]
    pub(crate) fn broker(operation: &'static str, server: &str, source: impl Into<Cause>) -> Self {
        Self::Broker { operation, server: server.to_owned(), source: source.into() }
    }

    /// Tells whether the same may succeed when it is tried again.
    pub const fn is_passing(&self) -> bool {
        matches!(self, Self::Broker { .. } | Self::Late { .. } | Self::Moved)
    }
}
