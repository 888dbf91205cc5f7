//! What can go wrong with files, each with the file it went wrong with.

use std::{
    io,
    path::{Path, PathBuf},
};

use super::MAX_RECORD_BYTES;

/// A journal or snapshot could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The operating system refused.
    #[error("could not {operation} {path}")]
    Io {
        /// What was tried.
        operation: &'static str,
        /// With which file or folder.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file does not hold what was written to it. Nothing has been changed; restore it from a copy.
    #[error("{path} is damaged at byte {offset}: {what}")]
    Corrupt {
        /// Which file.
        path: PathBuf,
        /// Where in it, in bytes from the start.
        offset: u64,
        /// What was found.
        what: String,
    },
    /// Another process has the journal open.
    #[error("the journal in {dir} is open in another process")]
    Locked {
        /// Which journal.
        dir: PathBuf,
    },
    /// A write or sync failed before; open the journal anew.
    #[error("the journal stopped after an earlier failure: {cause}")]
    Poisoned {
        /// The failure.
        cause: String,
    },
    /// A batch does not begin where the journal ends.
    #[error("expected a batch from sequence {expected}, was {was}")]
    OutOfOrder {
        /// The journal's next sequence.
        expected: u64,
        /// The batch's first.
        was: u64,
    },
    /// A record is larger than can be read back.
    #[error("a record has at most {MAX_RECORD_BYTES} bytes, was {bytes}")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// Records this old are no longer kept.
    #[error("the oldest record kept is {oldest}, wanted {wanted}")]
    Retired {
        /// What was asked for.
        wanted: u64,
        /// The oldest there is.
        oldest: u64,
    },
    /// The folder holds no journal.
    #[error("no journal in {dir}")]
    NoJournal {
        /// Which folder.
        dir: PathBuf,
    },
}

/// Names what was tried when an operation of the disk fails.
pub(crate) trait At<T> {
    fn at(self, operation: &'static str, path: &Path) -> Result<T, Error>;
}

impl<T> At<T> for io::Result<T> {
    fn at(self, operation: &'static str, path: &Path) -> Result<T, Error> {
        self.map_err(|source| Error::Io { operation, path: path.to_owned(), source })
    }
}

/// Makes the error for a file that does not read.
pub(crate) fn corrupt(path: &Path, offset: u64, what: impl Into<String>) -> Error {
    Error::Corrupt { path: path.to_owned(), offset, what: what.into() }
}
