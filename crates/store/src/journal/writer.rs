//! The writing end: one process, one batch at a time.

use std::path::{Path, PathBuf};

use super::{
    Batch, Disk, Error, Options, RealDisk, Recovery, Result,
    error::At,
    format::{SEGMENT_HEADER_BYTES, segment_path},
    recover::{Recovered, create_segment, list_segments, recover},
    spare::{has_spare, take_spare},
};

/// A journal open for writing.
///
/// ```
/// use motet_store::journal::{Batch, Journal, Options, Reader};
/// # let dir = tempfile::tempdir().unwrap();
/// # let dir = dir.path();
/// let (mut journal, recovery) = Journal::open(dir, Options::default()).unwrap();
/// assert_eq!(recovery.next_sequence, 1);
///
/// let mut batch = Batch::starting_at(journal.next_sequence());
/// batch.push(b"reserve").unwrap();
/// batch.push(b"settle").unwrap();
/// journal.commit(&batch).unwrap();
/// // Both records are on the disk now.
///
/// let reader = Reader::open(dir).unwrap();
/// assert_eq!(reader.read_one(2).unwrap().as_deref(), Some(&b"settle"[..]));
/// assert_eq!(reader.read_one(3).unwrap(), None);
/// ```
#[derive(Debug)]
pub struct Journal<D: Disk = RealDisk> {
    disk: D,
    dir: PathBuf,
    options: Options,
    /// The first sequence number of the last segment.
    segment: u64,
    file: D::File,
    /// Bytes in the last segment.
    written: u64,
    /// Whether the last segment was filled ahead of time.
    filled_ahead: bool,
    /// Whether a spare lies ready.
    spare: bool,
    next: u64,
    poisoned: Option<String>,
    _lock: D::Lock,
}

impl Journal {
    /// Opens the journal in a folder, or begins one, making the folder if need be.
    ///
    /// # Errors
    /// [`Error::Locked`] where another process has it open, [`Error::Corrupt`] where it does not read; nothing is
    /// changed in either case.
    pub fn open(dir: &Path, options: Options) -> Result<(Self, Recovery)> {
        Self::open_on(RealDisk, dir, options)
    }
}

impl Journal {
    /// Begins the journal of a folder at a sequence number other than 1: where a snapshot stands for what came before.
    ///
    /// # Errors
    /// [`Error::OutOfOrder`] where the folder holds a journal already, and [`Error::Io`].
    pub fn begin_at(dir: &Path, first: u64) -> Result<()> {
        let disk = RealDisk;
        disk.create_dir(dir).at("create", dir)?;
        if let Some(known) = list_segments(&disk, dir)?.first() {
            return Err(Error::OutOfOrder { expected: *known, was: first });
        }
        create_segment(&disk, dir, first).map(drop)
    }
}

impl<D: Disk> Journal<D> {
    /// Opens the journal in a folder of another disk than the machine's own.
    ///
    /// # Errors
    /// Those of [`Journal::open`].
    pub fn open_on(disk: D, dir: &Path, options: Options) -> Result<(Self, Recovery)> {
        disk.create_dir(dir).at("create", dir)?;
        let lock = disk.lock(dir).at("lock", dir)?.ok_or_else(|| Error::Locked { dir: dir.to_owned() })?;
        let Recovered { segment, file, written, recovery } = recover(&disk, dir, options)?;
        let spare = has_spare(&disk, dir)?;
        let (dir, next) = (dir.to_owned(), recovery.next_sequence);
        let journal = Self {
            disk,
            dir,
            options,
            segment,
            file,
            written,
            filled_ahead: false,
            spare,
            next,
            poisoned: None,
            _lock: lock,
        };
        Ok((journal, recovery))
    }

    /// Writes a batch and returns once it is on the disk: one write and one sync.
    ///
    /// Where a crash comes before it returns, whole records from the start of the batch may be found later, or
    /// none; never a part of one.
    ///
    /// # Errors
    /// [`Error::OutOfOrder`] where the batch does not begin at [`Journal::next_sequence`]; nothing is written.
    /// After any other error the journal is poisoned: every later commit is [`Error::Poisoned`].
    pub fn commit(&mut self, batch: &Batch) -> Result<()> {
        if let Some(cause) = &self.poisoned {
            return Err(Error::Poisoned { cause: cause.clone() });
        }
        if batch.first_sequence() != self.next {
            return Err(Error::OutOfOrder { expected: self.next, was: batch.first_sequence() });
        }
        if batch.is_empty() {
            return Ok(());
        }
        let written = self.write(batch.as_bytes());
        match &written {
            Ok(()) => self.next = batch.next_sequence(),
            Err(error) => self.poisoned = Some(describe(error)),
        }
        written
    }

    /// Returns the sequence number of the next record.
    pub fn next_sequence(&self) -> u64 {
        self.next
    }

    /// Tells whether a failure has stopped the journal.
    pub fn is_poisoned(&self) -> bool {
        self.poisoned.is_some()
    }

    /// Returns the folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Tells whether a [`super::Spare`] would be of use soon: there is none, and this segment is not just begun.
    pub fn wants_spare(&self) -> bool {
        !self.spare && self.written >= (self.options.segment_bytes / 16)
    }

    /// States that a spare was made: it becomes a segment when this one is full, or with the next batch where this one
    /// has to grow.
    pub fn spare_made(&mut self) {
        self.spare = true;
    }

    /// Returns the size a spare should have, in bytes.
    pub const fn spare_bytes(&self) -> u64 {
        self.options.segment_bytes
    }

    fn next_segment(&mut self) -> Result<()> {
        let spare = if self.spare { take_spare(&self.disk, &self.dir, self.next)? } else { None };
        (self.spare, self.filled_ahead) = (false, spare.is_some());
        self.file = match spare {
            Some(file) => file,
            None => create_segment(&self.disk, &self.dir, self.next)?,
        };
        self.segment = self.next;
        self.written = SEGMENT_HEADER_BYTES as u64;
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let has_records = self.written > SEGMENT_HEADER_BYTES as u64;
        let full = self.written + bytes.len() as u64 > self.options.segment_bytes;
        let better = self.spare && !self.filled_ahead;
        if has_records && (full || better) {
            self.next_segment()?;
        }
        let path = segment_path(&self.dir, self.segment);
        self.disk.write_at(&mut self.file, self.written, bytes).at("write", &path)?;
        self.disk.sync(&mut self.file).at("sync", &path)?;
        self.written += bytes.len() as u64;
        Ok(())
    }
}

/// Writes an error with its cause, since the error itself is handed on.
fn describe(error: &Error) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}
