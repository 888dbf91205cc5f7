//! Snapshots on a disk that damages them.

use super::{dir, faulty::FaultyDisk};
use crate::journal::snapshot::{Kept, keep_last_on, latest_on, write_on};

#[test]
fn the_newest_snapshot_is_found() {
    let disk = FaultyDisk::default();
    assert_eq!(latest_on(&disk, &dir()).unwrap().snapshot, None);
    for sequence in [3, 20, 7] {
        write_on(&disk, &dir(), sequence, &sequence.to_le_bytes()).unwrap();
    }
    let snapshot = latest_on(&disk, &dir()).unwrap().snapshot.unwrap();
    assert_eq!((snapshot.sequence, snapshot.bytes), (20, 20_u64.to_le_bytes().to_vec()));
}

#[test]
fn a_damaged_snapshot_is_passed_over_reported_and_kept() {
    let disk = FaultyDisk::default();
    write_on(&disk, &dir(), 1, b"older").unwrap();
    write_on(&disk, &dir(), 2, b"old").unwrap();
    let newest = write_on(&disk, &dir(), 3, b"new").unwrap();
    for at in 0..disk.contents(&newest).len() {
        disk.flip(&newest, at);
        let latest = latest_on(&disk, &dir()).unwrap();
        assert_eq!((latest.snapshot.unwrap().sequence, latest.skipped.len()), (2, 1), "byte {at}");
        disk.flip(&newest, at);
    }
    disk.edit(&newest, |data| data.truncate(34));
    assert_eq!(keep_last_on(&disk, &dir(), 1).unwrap(), Kept { oldest: 2, removed: 1 });
    assert!(disk.files().contains(&newest));
    assert_eq!(latest_on(&disk, &dir()).unwrap().snapshot.unwrap().sequence, 2);
    assert_eq!(keep_last_on(&disk, &dir(), 0).unwrap().removed, 0, "one is always kept");
}
