//! The machine's own disk.

use super::{SMALL, commit, read_all};
use crate::journal::{Error, Journal, Reader, RealDisk, snapshot};

#[test]
fn what_is_written_is_found_again() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("a").join("b");
    for life in 0..3 {
        let (mut journal, recovery) = Journal::open(&dir, SMALL).unwrap();
        assert_eq!((recovery.next_sequence, recovery.truncated_bytes), (1 + life * 12, 0));
        for count in [5, 1, 6] {
            commit(&mut journal, count).unwrap();
        }
    }
    assert_eq!(read_all(&RealDisk, &dir).unwrap(), 1..37);
}

#[test]
fn a_journal_is_open_once() {
    let folder = tempfile::tempdir().unwrap();
    let first = Journal::open(folder.path(), SMALL).unwrap();
    assert!(matches!(Journal::open(folder.path(), SMALL), Err(Error::Locked { .. })));
    drop(first);
    Journal::open(folder.path(), SMALL).unwrap();
}

#[test]
fn a_folder_without_a_journal_is_said_to_be_one() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(Reader::open(folder.path()), Err(Error::NoJournal { .. })));
    assert!(matches!(Reader::open(&folder.path().join("none")), Err(Error::Io { .. })));
}

#[test]
fn snapshots_are_kept_beside_the_journal() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    assert_eq!(snapshot::latest(&dir.join("none")).unwrap().snapshot, None);
    for sequence in 1..=5 {
        snapshot::write(dir, sequence, &[sequence as u8; 100]).unwrap();
    }
    assert_eq!(snapshot::keep_last(dir, 2).unwrap().removed, 3);
    let (mut journal, _) = Journal::open(dir, SMALL).unwrap();
    commit(&mut journal, 3).unwrap();
    let latest = snapshot::latest(dir).unwrap();
    assert_eq!(latest.snapshot.unwrap().bytes, [5; 100]);
    assert_eq!(read_all(&RealDisk, dir).unwrap(), 1..4);
}
