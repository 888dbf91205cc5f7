//! What can go wrong in reading logs and stores.

use std::{io, path::Path};

use crate::source::BadSample;

/// A failure to read logs, or to write or read a store.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The operating system refused.
    #[error("cannot {action} {what}: {error}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        what: String,
        /// The refusal.
        #[source]
        error: io::Error,
    },
    /// It is no store.
    #[error("not a history store: it does not begin with its mark")]
    NotAStore,
    /// The store has another version's form.
    #[error("history store has form {found}, this program reads {reads}")]
    Version {
        /// The form found.
        found: u32,
        /// The form this program reads.
        reads: u32,
    },
    /// The store has no end: writing it was cut short, or the file was.
    #[error("history store is cut short: it has no footer (salvage reads the blocks that are whole)")]
    CutShort,
    /// Part of the store does not read.
    #[error("history store is damaged at byte {at}: {what}")]
    Damaged {
        /// Where the damaged part begins.
        at: u64,
        /// What is wrong.
        what: String,
    },
    /// A table has no such column.
    #[error("table '{table}' has no column '{column}'")]
    NoColumn {
        /// The table.
        table: &'static str,
        /// The column asked for.
        column: String,
    },
    /// A log of no known form.
    #[error("{path} is in none of the known forms: {what}; --format tells the form")]
    UnknownForm {
        /// The log.
        path: String,
        /// What was seen.
        what: String,
    },
    /// A log is not what it was said to be.
    #[error("{path} was said to be {claimed}, but reads as {found}")]
    NotAsClaimed {
        /// The log.
        path: String,
        /// What it was said to be.
        claimed: String,
        /// What it looks like.
        found: String,
    },
    /// A log is packed in a way that is not read.
    #[error("{path} is packed with {packing}, which is not read: unpack it first, or pack it with gzip")]
    Packed {
        /// The log.
        path: String,
        /// The packing.
        packing: &'static str,
    },
    /// Too many lines of a log are bad.
    #[error(
        "{path}: {bad} of {lines} lines are bad, more than the share of {most} allowed; the first: {first}"
    )]
    TooManyBad {
        /// The log.
        path: String,
        /// Bad lines.
        bad: u64,
        /// Lines in all.
        lines: u64,
        /// The largest share allowed.
        most: f64,
        /// The first bad line, in words.
        first: String,
        /// The first bad lines.
        samples: Vec<BadSample>,
    },
    /// A journal's record could not be read.
    #[error("journal {name}: {what}")]
    Journal {
        /// The journal.
        name: String,
        /// What is wrong.
        what: String,
    },
    /// There was nothing to read.
    #[error("nothing to read: no row was found in {what}")]
    Empty {
        /// Where.
        what: String,
    },
    /// A Parquet file does not read or write.
    #[error("parquet {what}: {error}")]
    Parquet {
        /// The file.
        what: String,
        /// What is wrong.
        error: String,
    },
}

impl Error {
    /// Wraps a refusal of the operating system.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let what = path.display().to_string();
        move |error| Self::Io { action, what, error }
    }

    /// Wraps a refusal about something without a path.
    pub(crate) fn io_of(action: &'static str, what: &'static str) -> impl Fn(io::Error) -> Self {
        move |error| Self::Io { action, what: what.to_owned(), error }
    }
}

/// A result with this crate's error.
pub type Result<T, E = Error> = std::result::Result<T, E>;
