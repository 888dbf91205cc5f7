//! What can go wrong with the shared store.

use motet_model::catalog;

/// A result with this crate's error.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The shared store cannot do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address cannot be read. It may hold a password, and so is not shown.
    #[error("the store's address is not one of PostgreSQL (postgres://user@host/database): {0}")]
    Address(String),
    /// The address demands what this program cannot do.
    #[error(
        "the store's address demands {0}, which this version does not offer; use a private network or a proxy that encrypts"
    )]
    Unsupported(&'static str),
    /// No connection.
    #[error("cannot connect to PostgreSQL at {place}")]
    Connect {
        /// Host and database, without user and password.
        place: String,
        /// Why.
        #[source]
        source: tokio_postgres::Error,
    },
    /// A statement failed, or the connection broke.
    #[error("PostgreSQL: {}", said(.0))]
    Database(#[from] tokio_postgres::Error),
    /// It took too long.
    #[error("PostgreSQL did not answer within {0} ms")]
    Slow(u128),
    /// The database was written by a newer program.
    #[error("the database has schema {found}, this program knows up to {known}: start the newer version")]
    Newer {
        /// The newest migration applied.
        found: i64,
        /// The newest this program has.
        known: i64,
    },
    /// A migration that was applied is not the one this program has under its number.
    #[error(
        "migration {number} was applied with another text than this program has: the versions do not belong together"
    )]
    OtherMigration {
        /// Its number.
        number: i64,
    },
    /// The node's number belongs to another journal.
    #[error(
        "node {node} is registered with another journal: give this one a number of its own (decision.node), or start the \
         node from the folder it had"
    )]
    NodeTaken {
        /// The number.
        node: u16,
    },
    /// The node's journal ends before what it had told the store.
    #[error(
        "node {node} told the store of record {reached}, but its journal ends at {ends}: it is an older copy; give it a \
         number of its own and an empty folder"
    )]
    JournalBehind {
        /// The number.
        node: u16,
        /// The last record told.
        reached: u64,
        /// The last record there is.
        ends: u64,
    },
    /// A change does not fit the catalog as it stands in the store.
    #[error(transparent)]
    Change(#[from] catalog::Error),
    /// Something stored has another version's form.
    #[error("{what} in the database has form {found}, this program reads {known}")]
    Form {
        /// What it is.
        what: &'static str,
        /// The form found.
        found: i16,
        /// The form this program writes.
        known: i16,
    },
    /// Something stored cannot be read.
    #[error("{what} in the database cannot be read: {reason}")]
    Unreadable {
        /// What it is.
        what: &'static str,
        /// Why.
        reason: String,
    },
}

impl Error {
    /// Tells whether it may go away by itself: the connection or the server, and not what was asked.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Connect { .. } | Self::Slow(_) => true,
            Self::Database(error) => error.is_closed() || error.code().is_none_or(|code| passes(code.code())),
            _ => false,
        }
    }
}

/// Classes of codes that another try may not meet: connections, transactions rolled back, resources, shutdowns.
fn passes(code: &str) -> bool {
    ["08", "40", "53", "57"].iter().any(|class| code.starts_with(class))
}

fn said(error: &tokio_postgres::Error) -> String {
    error.as_db_error().map_or_else(|| error.to_string(), |told| told.message().to_owned())
}
