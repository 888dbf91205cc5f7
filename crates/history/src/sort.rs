//! Sorts more records than fit in memory: sorted runs on disk, then one merge.
//!
//! Joining logs by bid id and putting outcomes in the order of their opportunities are both sorts of small records.
//! Up to [`RUN`] records stay in memory; beyond that each full run goes to an unnamed scratch file. Records that are
//! equal in every field are interchangeable, so the order of the output is decided by the records alone.

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    fs::File,
    io::{BufReader, BufWriter, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use crate::error::{Error, Result};

/// How many records are sorted in memory: 26 MB of them.
const RUN: usize = 400_000;
/// How many numbers a record has.
const FIELDS: usize = 8;

/// A record: numbers compared from the first.
pub(crate) type Record = [u64; FIELDS];

/// Takes records in any order and gives them back in theirs.
#[derive(Debug)]
pub(crate) struct Sorter {
    scratch: PathBuf,
    run: usize,
    waiting: Vec<Record>,
    runs: Vec<File>,
}

impl Sorter {
    /// Makes an empty one that spills into a folder.
    pub(crate) fn new(scratch: &Path) -> Self {
        Self { scratch: scratch.to_owned(), run: RUN, waiting: Vec::new(), runs: Vec::new() }
    }

    /// Takes a record.
    ///
    /// # Errors
    /// When a full run cannot be written.
    pub(crate) fn push(&mut self, record: Record) -> Result<()> {
        self.waiting.push(record);
        if self.waiting.len() >= self.run { self.spill() } else { Ok(()) }
    }

    fn spill(&mut self) -> Result<()> {
        let failed = || Error::io("write scratch file in", &self.scratch);
        self.waiting.sort_unstable();
        let file = tempfile::tempfile_in(&self.scratch).map_err(failed())?;
        let mut out = BufWriter::new(file);
        for field in self.waiting.iter().flatten() {
            out.write_all(&field.to_le_bytes()).map_err(failed())?;
        }
        let mut file = out.into_inner().map_err(|e| failed()(e.into_error()))?;
        file.seek(SeekFrom::Start(0)).map_err(failed())?;
        self.runs.push(file);
        self.waiting.clear();
        Ok(())
    }

    /// Gives the records back in order.
    ///
    /// # Errors
    /// When a run cannot be read.
    pub(crate) fn sorted(mut self) -> Result<Sorted> {
        self.waiting.sort_unstable();
        let mut sorted =
            Sorted { waiting: self.waiting.into_iter(), runs: Vec::new(), heads: BinaryHeap::new() };
        sorted.runs.extend(self.runs.into_iter().map(BufReader::new));
        for run in 0..=sorted.runs.len() {
            sorted.advance(run)?;
        }
        Ok(sorted)
    }
}

/// Records in order.
#[derive(Debug)]
pub(crate) struct Sorted {
    waiting: std::vec::IntoIter<Record>,
    runs: Vec<BufReader<File>>,
    heads: BinaryHeap<Reverse<(Record, usize)>>,
}

impl Sorted {
    /// Returns the next record.
    ///
    /// # Errors
    /// When a run cannot be read.
    pub(crate) fn read(&mut self) -> Result<Option<Record>> {
        let Some(Reverse((record, run))) = self.heads.pop() else { return Ok(None) };
        self.advance(run)?;
        Ok(Some(record))
    }

    fn advance(&mut self, run: usize) -> Result<()> {
        let next = match self.runs.get_mut(run) {
            Some(file) => read_record(file).map_err(Error::io_of("read", "a scratch file"))?,
            None => self.waiting.next(),
        };
        self.heads.extend(next.map(|record| Reverse((record, run))));
        Ok(())
    }
}

fn read_record(file: &mut BufReader<File>) -> std::io::Result<Option<Record>> {
    let mut bytes = [0; FIELDS * 8];
    let mut filled = 0;
    while filled < bytes.len() {
        match file.read(&mut bytes[filled..])? {
            0 if filled == 0 => return Ok(None),
            0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
            read => filled += read,
        }
    }
    let mut record = [0; FIELDS];
    for (field, bytes) in record.iter_mut().zip(bytes.chunks_exact(8)) {
        *field = u64::from_le_bytes(bytes.try_into().expect("a chunk of eight is eight bytes"));
    }
    Ok(Some(record))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn runs_on_disk_give_the_same_order_as_memory(keys in proptest::collection::vec(0_u64..50, 0..200), run in 1_usize..30) {
            let scratch = tempfile::tempdir().unwrap();
            let mut sorter = Sorter { run, ..Sorter::new(scratch.path()) };
            let mut expected = Vec::new();
            for (place, key) in keys.iter().enumerate() {
                let record = [*key, 0, place as u64, 0, 0, 0, 0, u64::MAX - key];
                sorter.push(record).unwrap();
                expected.push(record);
            }
            expected.sort_unstable();
            let mut sorted = sorter.sorted().unwrap();
            let mut found = Vec::new();
            while let Some(record) = sorted.read().unwrap() {
                found.push(record);
            }
            prop_assert_eq!(found, expected);
        }
    }
}
