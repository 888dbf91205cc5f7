mod crash;
mod damage;
mod faulty;
mod real;
mod snapshots;

use std::path::{Path, PathBuf};

use super::{Batch, Disk, Journal, Options, Reader, Result, Verify};

fn dir() -> PathBuf {
    PathBuf::from("/journal")
}

/// Segments small enough that a few batches fill one.
const SMALL: Options = Options { segment_bytes: 700, verify: Verify::All };

/// What each record of these tests holds, so that any record read can be checked by its number alone.
fn payload(sequence: u64) -> Vec<u8> {
    let length = match sequence % 9 {
        // Large enough to span sectors.
        3 => 1_300,
        5 => 0,
        other => other * 7,
    };
    (0..length).map(|at| (sequence * 31 + at * 7 + 1) as u8).collect()
}

fn batch(first: u64, count: u64) -> Batch {
    let mut batch = Batch::starting_at(first);
    for sequence in first..first + count {
        assert_eq!(batch.push(&payload(sequence)).unwrap(), sequence);
    }
    batch
}

fn commit<D: Disk>(journal: &mut Journal<D>, count: u64) -> Result<()> {
    journal.commit(&batch(journal.next_sequence(), count))
}

/// Reads every record kept, checks each, and returns the sequence numbers found.
fn read_all<D: Disk>(disk: &D, dir: &Path) -> Result<std::ops::Range<u64>> {
    let reader = Reader::open_on(disk.clone(), dir)?;
    let first = reader.first_sequence()?;
    let mut next = first;
    for record in reader.records()? {
        let (sequence, found) = record?;
        assert_eq!(sequence, next, "sequence numbers are continuous");
        assert!(found == payload(sequence), "record {sequence} is what was written");
        next += 1;
    }
    Ok(first..next)
}
