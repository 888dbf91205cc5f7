//! An append-only journal of opaque records, in segment files, with sequence numbers.
//!
//! Holds what has happened. A record is acknowledged once [`Journal::commit`] has returned: it is then on the
//! disk and is found again after any crash. The shape follows from that one promise:
//!
//! * Records are encoded into a [`Batch`] (by any thread) and committed a batch at a time: one write, one sync,
//!   so many decisions share the price of one sync.
//! * Segments are named by their first sequence number and made under another name until whole, so a segment's
//!   header is never torn. A full segment is never written again.
//! * A failed write or sync poisons the journal: every later commit fails. After a failed sync nobody knows what
//!   the disk holds, and a second sync may report success for data that is gone (the kernel forgets that it was
//!   not written). So it stops and is opened anew.
//! * Opening rewrites the last segment to a new file and syncs that before anything is trusted, for the same
//!   reason: what can be read after a failed sync may be in memory only.
//!
//! # What recovery does
//!
//! The end of the last segment may hold a batch cut short by a crash. It was never acknowledged; what is whole of
//! it from its start is kept and the rest cut off, and [`Recovery::truncated_bytes`] says how much. Everything
//! else that does not read is [`Error::Corrupt`] with file and offset, and nothing is changed or deleted: a bad
//! record in an earlier segment, a gap in sequence numbers, or a bad record with whole records of a later batch
//! after it (a later batch was begun only once this one was on the disk). Whole records of the *same* batch after
//! a bad one are a crash only if sectors between them were never written (they read as zeros); else they too are
//! corruption.
//!
//! Damage to the very last acknowledged record cannot be told from a write cut short; it is counted as such.
//!
//! A segment may have been filled with zeros ahead of time ([`Spare`]), so zeros from a record's place to the end of
//! the file are its end: nothing was written there.
//!
//! # What it never does
//!
//! It starts no thread, retries no failed write, deletes no segment unless told to by [`retire`], and
//! keeps no more than one record in memory to read.
//!
//! # Form
//!
//! All numbers are little-endian. A segment is `first sequence as 16 hex digits`.journal:
//!
//! ```text
//! header  "MOTETJNL" | version u32 | first sequence u64 | crc32 of all before u32
//! record  length u32 | crc32 u32 | sequence u64 | place in batch u32 | payload
//! ```
//!
//! A record's checksum covers its length, sequence, place and payload. The first record is sequence 1, so 0 can
//! mean "nothing yet".

mod batch;
mod disk;
mod error;
mod format;
mod reader;
mod recover;
mod retire;
mod scan;
pub mod snapshot;
mod spare;
mod writer;

pub use batch::Batch;
pub use disk::{Disk, RealDisk};
pub use error::Error;
pub use format::MAX_RECORD_BYTES;
pub use reader::{Reader, Record, Records};
pub use retire::{retire, retire_on};
pub use spare::{Filled, Spare};
pub use writer::Journal;

/// A result with this module's error.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// How a journal is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// A batch that would take a segment past this many bytes goes to a new one. A larger batch has its own.
    pub segment_bytes: u64,
    /// How much is read through when the journal is opened.
    pub verify: Verify,
}

impl Default for Options {
    /// Segments of 64 MiB, everything read through.
    fn default() -> Self {
        Self { segment_bytes: 64 << 20, verify: Verify::All }
    }
}

/// How much of a journal is read through when it is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verify {
    /// Every record of every segment.
    All,
    /// Every header, and the records of the last segment. Earlier records are verified when they are read.
    Last,
}

/// What was found when a journal was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recovery {
    /// The sequence number of the next record.
    pub next_sequence: u64,
    /// The oldest sequence number kept; equals the next where there is no record.
    pub first_sequence: u64,
    /// Bytes of an unfinished batch cut off the end.
    pub truncated_bytes: u64,
    /// Segment files.
    pub segments: usize,
}

#[cfg(test)]
mod tests;
