//! Reads one segment, record by record, telling whole records from what is not.

use std::path::{Path, PathBuf};

use super::{
    Disk, Result,
    error::{At, corrupt},
    format::{
        RECORD_HEADER_BYTES, RecordHeader, SEGMENT_HEADER_BYTES, check_segment_header, record_crc,
        segment_path,
    },
};

const CHUNK_BYTES: usize = 64 << 10;
const SECTOR_BYTES: u64 = 512;

/// What stands at a place in a segment.
#[derive(Debug)]
pub(crate) enum Step {
    /// A whole record; its payload is [`Scanner::payload`].
    Record,
    /// Nothing: the end of the file, or zeros to the end of it.
    End,
    /// Bytes that are not a whole record.
    Bad(&'static str),
}

/// Reads one segment from its start.
#[derive(Debug)]
pub(crate) struct Scanner<D: Disk> {
    disk: D,
    file: D::File,
    path: PathBuf,
    pub(crate) first: u64,
    /// Where the next record begins in the file.
    pub(crate) offset: u64,
    /// Bytes of the file; `buffer[at..]` begins at `offset`.
    buffer: Vec<u8>,
    at: usize,
    /// The last payload, within the buffer.
    payload: std::ops::Range<usize>,
}

impl<D: Disk> Scanner<D> {
    /// Opens a segment and checks its header.
    pub(crate) fn open(disk: &D, dir: &Path, first: u64) -> Result<Self> {
        let path = segment_path(dir, first);
        let file = disk.open(&path).at("open", &path)?;
        let (disk, buffer) = (disk.clone(), Vec::new());
        let mut scanner = Self { disk, file, path, first, offset: 0, buffer, at: 0, payload: 0..0 };
        scanner.fill(SEGMENT_HEADER_BYTES)?;
        let header = &scanner.buffer[..scanner.buffer.len().min(SEGMENT_HEADER_BYTES)];
        check_segment_header(header, first).map_err(|what| corrupt(&scanner.path, 0, what))?;
        scanner.advance(SEGMENT_HEADER_BYTES);
        Ok(scanner)
    }

    /// Reads the next record, which must have this sequence number. Stays where it is at the end or a bad one.
    pub(crate) fn step(&mut self, expected: u64) -> Result<Step> {
        let whole_header = self.fill(RECORD_HEADER_BYTES)?;
        let header = &self.buffer[self.at..self.buffer.len().min(self.at + RECORD_HEADER_BYTES)];
        if header.iter().all(|&byte| byte == 0) {
            let step =
                if self.is_empty_from_here()? { Step::End } else { Step::Bad("no record, but more after") };
            return Ok(self.stay(step));
        }
        if !whole_header {
            return Ok(self.stay(Step::Bad("a header cut short")));
        }
        let Some(header) = RecordHeader::read(&self.buffer[self.at..]) else {
            return Ok(self.stay(Step::Bad("a length above the limit")));
        };
        if !self.fill(header.record_bytes())? {
            return Ok(self.stay(Step::Bad("a record cut short")));
        }
        let record = self.at..self.at + header.record_bytes();
        if record_crc(&self.buffer[record.clone()]) != header.crc {
            return Ok(self.stay(Step::Bad("a checksum that does not match")));
        }
        if header.sequence != expected {
            return Err(self.corrupt(format!("sequence {} where {expected} follows", header.sequence)));
        }
        self.payload = record.start + RECORD_HEADER_BYTES..record.end;
        self.advance(header.record_bytes());
        Ok(Step::Record)
    }

    /// Returns the payload of the record read last.
    pub(crate) fn payload(&self) -> &[u8] {
        &self.buffer[self.payload.clone()]
    }

    /// Makes the error for this place.
    pub(crate) fn corrupt(&self, what: impl Into<String>) -> super::Error {
        corrupt(&self.path, self.offset, what)
    }

    /// Tells whether a bad record here is where a crash cut the last batch short, and returns how many bytes of
    /// the file are not to be kept. `None` where the record reads whole by now: step again.
    ///
    /// # Errors
    /// [`super::Error::Corrupt`] where it is damage to what was acknowledged; see the module's page for the rule.
    pub(crate) fn torn_tail(&mut self, expected: u64, bad: &str) -> Result<Option<u64>> {
        let mut tail = self.read_rest()?;
        if matches!(find_record(&tail, 0, expected), Some((0, _))) {
            return Ok(None);
        }
        let mut from = 1;
        while let Some((at, header)) = find_record(&tail, from, expected) {
            if header.batch() > expected {
                let later = header.sequence;
                return Err(self.corrupt(format!("{bad}, before record {later} of a later batch")));
            }
            // The first whole record after the bad one bounds where sectors must be missing.
            if from == 1 && !has_empty_sector(&tail[..at], self.offset) {
                return Err(self.corrupt(format!("{bad}, before record {} of its batch", header.sequence)));
            }
            from = at + header.record_bytes();
        }
        // Zeros at the end were there before.
        tail.truncate(last_written(&tail).map_or(0, |at| at + 1));
        Ok(Some(tail.len() as u64))
    }

    /// Tells whether there is nothing but zeros from this place to the end of the file.
    fn is_empty_from_here(&self) -> Result<bool> {
        let mut chunk = vec![0; CHUNK_BYTES];
        let mut offset = self.offset;
        loop {
            let got = self.disk.read_at(&self.file, offset, &mut chunk).at("read", &self.path)?;
            if last_written(&chunk[..got]).is_some() {
                return Ok(false);
            }
            if got == 0 {
                return Ok(true);
            }
            offset += got as u64;
        }
    }

    /// Copies everything before this place to another file.
    pub(crate) fn copy_to(&self, to: &mut D::File, to_path: &Path) -> Result<()> {
        let mut chunk = vec![0; CHUNK_BYTES];
        let mut offset = 0;
        while offset < self.offset {
            let wanted = chunk.len().min((self.offset - offset) as usize);
            let got = self.disk.read_at(&self.file, offset, &mut chunk[..wanted]).at("read", &self.path)?;
            if got == 0 {
                return Err(corrupt(&self.path, offset, "the file became shorter while it was read"));
            }
            self.disk.append(to, &chunk[..got]).at("write", to_path)?;
            offset += got as u64;
        }
        Ok(())
    }

    fn advance(&mut self, bytes: usize) {
        self.at += bytes;
        self.offset += bytes as u64;
    }

    /// Forgets what was read past this place: the file may have grown when it is asked for again.
    fn stay(&mut self, step: Step) -> Step {
        self.buffer.truncate(self.at);
        step
    }

    /// Reads until `wanted` bytes stand in the buffer from this place; tells whether they do.
    fn fill(&mut self, wanted: usize) -> Result<bool> {
        if self.buffer.len() - self.at >= wanted {
            return Ok(true);
        }
        self.buffer.drain(..self.at);
        (self.at, self.payload) = (0, 0..0);
        while self.buffer.len() < wanted {
            let have = self.buffer.len();
            self.buffer.resize(wanted.max(CHUNK_BYTES), 0);
            let got = self.disk.read_at(&self.file, self.offset + have as u64, &mut self.buffer[have..]);
            self.buffer.truncate(have + *got.as_ref().unwrap_or(&0));
            if got.at("read", &self.path)? == 0 {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn read_rest(&mut self) -> Result<Vec<u8>> {
        let mut rest = Vec::new();
        loop {
            let have = rest.len();
            rest.resize(have + CHUNK_BYTES, 0);
            let got = self.disk.read_at(&self.file, self.offset + have as u64, &mut rest[have..]);
            let got = got.at("read", &self.path)?;
            rest.truncate(have + got);
            if got == 0 {
                return Ok(rest);
            }
        }
    }
}

/// Finds the first whole record at or after `from` that could follow the one expected at the tail's start.
fn find_record(tail: &[u8], from: usize, expected: u64) -> Option<(usize, RecordHeader)> {
    let possible = expected..=expected.saturating_add((tail.len() / RECORD_HEADER_BYTES) as u64);
    // A header is never all zeros, so none begins after the last byte that is not.
    let last = tail.len().checked_sub(RECORD_HEADER_BYTES)?.min(last_written(tail)?);
    (from..=last).find_map(|at| {
        let header = RecordHeader::read(&tail[at..])?;
        let record = tail.get(at..at + header.record_bytes())?;
        (possible.contains(&header.sequence) && record_crc(record) == header.crc).then_some((at, header))
    })
}

/// Returns the place of the last byte that is not zero.
fn last_written(bytes: &[u8]) -> Option<usize> {
    bytes.iter().rposition(|&byte| byte != 0)
}

/// Tells whether some sector reads as if it had never been written, from a place in a file to the end of `bytes`.
fn has_empty_sector(bytes: &[u8], offset: u64) -> bool {
    let mut start = 0;
    loop {
        let end = start + (SECTOR_BYTES - (offset + start as u64) % SECTOR_BYTES) as usize;
        match bytes.get(start..end) {
            // The sector is shared with the whole record that follows, so it was written.
            None => return false,
            Some(sector) if sector.iter().all(|&byte| byte == 0) => return true,
            Some(_) => start = end,
        }
    }
}
