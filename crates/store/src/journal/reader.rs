//! The reading end: any number of processes, also while a writer has the journal open.

use std::path::{Path, PathBuf};

use super::{
    Disk, Error, RealDisk, Result,
    recover::list_segments,
    scan::{Scanner, Step},
};

/// A journal open for reading. It takes no lock and changes nothing.
#[derive(Clone, Debug)]
pub struct Reader<D: Disk = RealDisk> {
    disk: D,
    dir: PathBuf,
}

/// One record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// Its sequence number, from 1.
    pub sequence: u64,
    /// What was written.
    pub payload: &'a [u8],
}

impl Reader {
    /// Opens the journal in a folder.
    ///
    /// # Errors
    /// [`Error::NoJournal`] where there is none.
    pub fn open(dir: &Path) -> Result<Self> {
        Self::open_on(RealDisk, dir)
    }
}

impl<D: Disk> Reader<D> {
    /// Opens the journal in a folder of another disk than the machine's own.
    ///
    /// # Errors
    /// Those of [`Reader::open`].
    pub fn open_on(disk: D, dir: &Path) -> Result<Self> {
        let reader = Self { disk, dir: dir.to_owned() };
        reader.first_sequence()?;
        Ok(reader)
    }

    /// Returns the oldest sequence number kept.
    ///
    /// # Errors
    /// [`Error::NoJournal`] or [`Error::Io`].
    pub fn first_sequence(&self) -> Result<u64> {
        let segments = list_segments(&self.disk, &self.dir)?;
        segments.first().copied().ok_or_else(|| Error::NoJournal { dir: self.dir.clone() })
    }

    /// Begins to read at a sequence number, which may still lie ahead.
    ///
    /// # Errors
    /// [`Error::Retired`] where it is no longer kept.
    pub fn records_from(&self, sequence: u64) -> Result<Records<D>> {
        let segments = list_segments(&self.disk, &self.dir)?;
        let oldest = *segments.first().ok_or_else(|| Error::NoJournal { dir: self.dir.clone() })?;
        let place = segments.partition_point(|&first| first <= sequence);
        let Some(place) = place.checked_sub(1) else {
            return Err(Error::Retired { wanted: sequence, oldest });
        };
        let scanner = Scanner::open(&self.disk, &self.dir, segments[place])?;
        let (disk, dir) = (self.disk.clone(), self.dir.clone());
        Ok(Records { disk, dir, next: scanner.first, scanner, from: sequence })
    }

    /// Reads every record kept.
    ///
    /// # Errors
    /// Those of [`Reader::records_from`].
    pub fn records(&self) -> Result<Records<D>> {
        self.records_from(self.first_sequence()?)
    }

    /// Reads one record; `None` where it has not been written.
    ///
    /// # Errors
    /// Those of [`Reader::records_from`] and [`Records::read`].
    pub fn read_one(&self, sequence: u64) -> Result<Option<Vec<u8>>> {
        let mut records = self.records_from(sequence)?;
        let record = records.read()?;
        Ok(record.map(|record| record.payload.to_vec()))
    }
}

/// Records in order, read one at a time: no more than one is in memory beside the read buffer.
///
/// It also sees records written but not yet synced; a writer that crashes may take those back. Open another after
/// the writer has been opened anew.
#[derive(Debug)]
pub struct Records<D: Disk = RealDisk> {
    disk: D,
    dir: PathBuf,
    scanner: Scanner<D>,
    next: u64,
    from: u64,
}

impl<D: Disk> Records<D> {
    /// Reads the next record; `None` at the end, where an unfinished batch may stand. More may follow later.
    ///
    /// # Errors
    /// [`Error::Corrupt`] where the journal does not read, by the rule recovery goes by; [`Error::Io`].
    pub fn read(&mut self) -> Result<Option<Record<'_>>> {
        loop {
            if !self.advance()? {
                return Ok(None);
            }
            if self.next > self.from {
                return Ok(Some(Record { sequence: self.next - 1, payload: self.scanner.payload() }));
            }
        }
    }

    /// Moves over one record, to the following segment if need be; tells whether there was one.
    fn advance(&mut self) -> Result<bool> {
        loop {
            if let Step::Record = self.scanner.step(self.next)? {
                self.next += 1;
                return Ok(true);
            }
            // Look for a following segment first and at this place again after: the writer may have gone on in
            // between, and once a following segment is there this one is never written again.
            let following = self.following()?;
            match (self.scanner.step(self.next)?, following) {
                (Step::Record, _) => {
                    self.next += 1;
                    return Ok(true);
                }
                (Step::End, None) => return Ok(false),
                (Step::Bad(what), None) => {
                    if self.scanner.torn_tail(self.next, what)?.is_some() {
                        return Ok(false);
                    }
                }
                (Step::End, Some(first)) if first == self.next => {
                    self.scanner = Scanner::open(&self.disk, &self.dir, first)?;
                }
                (Step::End, Some(first)) => {
                    let next = self.next;
                    return Err(self
                        .scanner
                        .corrupt(format!("record {next} is missing before segment {first}")));
                }
                (Step::Bad(what), Some(_)) => return Err(self.scanner.corrupt(what)),
            }
        }
    }

    fn following(&self) -> Result<Option<u64>> {
        let segments = list_segments(&self.disk, &self.dir)?;
        Ok(segments.into_iter().find(|&first| first > self.scanner.first))
    }
}

impl<D: Disk> Iterator for Records<D> {
    type Item = Result<(u64, Vec<u8>)>;

    /// Reads the next record as [`Records::read`] does, into memory of its own.
    fn next(&mut self) -> Option<Self::Item> {
        let record = self.read().transpose()?;
        Some(record.map(|record| (record.sequence, record.payload.to_vec())))
    }
}
