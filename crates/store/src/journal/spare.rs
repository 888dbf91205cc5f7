//! Segments made ahead of time: files of zeros, already on the disk.
//!
//! A sync of a file that grows has to write the file system's own books as well, and waits for whatever else is being
//! written there; a sync of a file that was filled before writes the data alone. So a segment is best written into a
//! file that already has its size. Filling one takes a while: it is done beside the work, piece by piece.
//!
//! Where there is no spare the journal makes an empty segment and lets it grow: slower, and just as safe.

use std::path::{Path, PathBuf};

use super::{
    Disk, RealDisk, Result,
    error::At,
    format::{segment_header, segment_path},
};

/// The name of a spare that is whole.
const SPARE: &str = "spare.journal.tmp";
/// The name under which it is filled.
const UNFINISHED_SPARE: &str = "unfinished-spare.journal.tmp";
/// How much is written before it is synced.
const PIECE_BYTES: u64 = 1 << 20;

/// A spare segment being filled.
#[derive(Debug)]
pub struct Spare<D: Disk = RealDisk> {
    disk: D,
    dir: PathBuf,
    file: D::File,
    filled: u64,
    bytes: u64,
}

/// Whether a spare lies ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filled {
    /// It does.
    Whole,
    /// It takes more.
    Partly,
}

impl Spare {
    /// Begins to make a spare of so many bytes in a journal's folder. Any thread may, but one at a time.
    ///
    /// # Errors
    /// [`super::Error::Io`].
    pub fn begin(dir: &Path, bytes: u64) -> Result<Self> {
        Self::begin_on(RealDisk, dir, bytes)
    }
}

impl<D: Disk> Spare<D> {
    /// [`Spare::begin`] on another disk than the machine's own.
    ///
    /// # Errors
    /// Those of [`Spare::begin`].
    pub fn begin_on(disk: D, dir: &Path, bytes: u64) -> Result<Self> {
        let path = dir.join(UNFINISHED_SPARE);
        let file = disk.create(&path).at("create", &path)?;
        Ok(Self { disk, dir: dir.to_owned(), file, filled: 0, bytes })
    }

    /// Fills one piece; returns once it is on the disk. When the last is, the spare is put where the journal finds it:
    /// tell it by [`super::Journal::spare_made`].
    ///
    /// # Errors
    /// [`super::Error::Io`]; the journal is not touched by it.
    pub fn fill(&mut self) -> Result<Filled> {
        let path = self.dir.join(UNFINISHED_SPARE);
        let piece = PIECE_BYTES.min(self.bytes - self.filled);
        self.disk.append(&mut self.file, &vec![0; piece as usize]).at("write", &path)?;
        self.disk.sync(&mut self.file).at("sync", &path)?;
        self.filled += piece;
        if self.filled < self.bytes {
            return Ok(Filled::Partly);
        }
        // The name need not outlive a crash: a spare that is lost is made again.
        self.disk.rename(&path, &self.dir.join(SPARE)).at("rename", &path)?;
        Ok(Filled::Whole)
    }
}

/// Tells whether a spare lies in a folder.
pub(crate) fn has_spare<D: Disk>(disk: &D, dir: &Path) -> Result<bool> {
    Ok(disk.list(dir).at("list", dir)?.iter().any(|name| name == SPARE))
}

/// Makes the spare the segment that begins at a sequence number; `None` where it is not there any more.
pub(crate) fn take_spare<D: Disk>(disk: &D, dir: &Path, first: u64) -> Result<Option<D::File>> {
    let (spare, path) = (dir.join(SPARE), segment_path(dir, first));
    let mut file = match disk.open_to_write(&spare) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        opened => opened.at("open", &spare)?,
    };
    disk.write_at(&mut file, 0, &segment_header(first)).at("write", &spare)?;
    disk.sync(&mut file).at("sync", &spare)?;
    disk.rename(&spare, &path).at("rename to", &path)?;
    disk.sync_dir(dir).at("sync", dir)?;
    Ok(Some(file))
}
