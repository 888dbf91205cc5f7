//! Damage, as against a crash: it is reported with its place, and nothing is changed.

use std::path::{Path, PathBuf};

use super::{SMALL, batch, commit, dir, faulty::FaultyDisk, payload, read_all};
use crate::journal::{
    Error, Filled, Journal, Options, Reader, Spare, Verify,
    format::segment_path,
    retire_on,
    scan::{Scanner, Step},
};

const LARGE: Options = Options { segment_bytes: 1 << 20, verify: Verify::All };

/// Writes batches of these sizes; returns the disk and the segments made.
fn written(options: Options, counts: &[u64]) -> (FaultyDisk, Vec<PathBuf>) {
    let disk = FaultyDisk::default();
    let (mut journal, _) = Journal::open_on(disk.clone(), &dir(), options).unwrap();
    for &count in counts {
        commit(&mut journal, count).unwrap();
    }
    drop(journal);
    let files = disk.files();
    (disk, files)
}

fn assert_corrupt(disk: &FaultyDisk, options: Options, at: impl Fn(&PathBuf, u64) -> bool) {
    let before: Vec<_> = disk.files().iter().map(|path| (path.clone(), disk.contents(path))).collect();
    match Journal::open_on(disk.clone(), &dir(), options) {
        Err(Error::Corrupt { path, offset, .. }) if at(&path, offset) => {}
        other => panic!("expected damage, was {:?}", other.map(|(_, recovery)| recovery)),
    }
    let after: Vec<_> = disk.files().iter().map(|path| (path.clone(), disk.contents(path))).collect();
    assert!(before == after, "nothing is changed");
}

#[test]
fn a_changed_byte_anywhere_in_an_earlier_segment_is_damage() {
    let (disk, files) = written(SMALL, &[4, 4, 4]);
    assert!(files.len() > 1);
    for at in 0..disk.contents(&files[0]).len() {
        disk.flip(&files[0], at);
        assert_corrupt(&disk, SMALL, |path, offset| *path == files[0] && offset <= at as u64);
        assert!(matches!(read_all(&disk, &dir()), Err(Error::Corrupt { .. })));
        disk.flip(&files[0], at);
    }
}

#[test]
fn a_changed_byte_before_a_later_batch_of_the_last_segment_is_damage() {
    let (disk, files) = written(LARGE, &[5, 2]);
    let first_batch = 24 + batch(1, 5).as_bytes().len();
    for at in 0..first_batch {
        disk.flip(&files[0], at);
        assert_corrupt(&disk, LARGE, |_, offset| offset <= at as u64);
        disk.flip(&files[0], at);
    }
}

#[test]
fn a_changed_byte_within_the_last_batch_is_damage_while_whole_records_follow() {
    let (disk, files) = written(LARGE, &[2, 6]);
    let length = disk.contents(&files[0]).len();
    let last_record = 20 + payload(8).len();
    for at in 24..length - last_record {
        disk.flip(&files[0], at);
        assert_corrupt(&disk, LARGE, |_, offset| offset <= at as u64);
        disk.flip(&files[0], at);
    }
    disk.flip(&files[0], length - 1);
    let (journal, recovery) = Journal::open_on(disk, &dir(), LARGE).unwrap();
    assert_eq!((journal.next_sequence(), recovery.truncated_bytes), (8, last_record as u64));
}

#[test]
fn an_earlier_segment_cut_short_or_missing_is_damage() {
    let (disk, files) = written(SMALL, &[4, 4, 4]);
    let whole = disk.contents(&files[0]);
    for length in 0..whole.len() {
        disk.edit(&files[0], |data| data.truncate(length));
        assert_corrupt(&disk, SMALL, |_, offset| offset <= length as u64);
        disk.edit(&files[0], |data| data.clone_from(&whole));
    }
    let (disk, files) = written(SMALL, &[4, 4, 4]);
    crate::journal::Disk::remove(&disk, &files[1]).unwrap();
    assert_corrupt(&disk, SMALL, |path, _| *path == files[2]);
}

#[test]
fn a_record_written_twice_is_damage() {
    let (disk, files) = written(LARGE, &[2, 1]);
    let again = batch(3, 1);
    disk.edit(&files[0], |data| data.extend_from_slice(again.as_bytes()));
    assert_corrupt(&disk, LARGE, |_, _| true);
}

#[test]
fn a_torn_tail_is_cut_off_at_every_length() {
    let (disk, files) = written(LARGE, &[3]);
    let (whole, tail) = (disk.contents(&files[0]), batch(4, 3));
    for length in 0..tail.as_bytes().len() {
        disk.edit(&files[0], |data| {
            data.clone_from(&whole);
            data.extend_from_slice(&tail.as_bytes()[..length]);
        });
        assert!(read_all(&disk, &dir()).unwrap().end >= 4, "a reader stops there too");
        let (journal, recovery) = Journal::open_on(disk.clone(), &dir(), LARGE).unwrap();
        let kept = batch(4, journal.next_sequence() - 4).as_bytes().len();
        // Zeros at the end count as never written.
        let torn = tail.as_bytes()[kept..length].iter().rposition(|&byte| byte != 0).map_or(0, |at| at + 1);
        assert_eq!(recovery.truncated_bytes, torn as u64);
        assert!(read_all(&disk, &dir()).unwrap().end == journal.next_sequence());
    }
}

#[test]
fn earlier_records_may_be_left_to_the_reader_to_verify() {
    let (disk, files) = written(SMALL, &[4, 4, 4]);
    disk.flip(&files[0], 60);
    let last = Options { verify: Verify::Last, ..SMALL };
    Journal::open_on(disk.clone(), &dir(), last).unwrap();
    assert!(matches!(read_all(&disk, &dir()), Err(Error::Corrupt { .. })));
}

#[test]
fn retiring_keeps_everything_from_the_sequence_asked() {
    for before in 0..20 {
        let (disk, _) = written(SMALL, &[4, 4, 4, 1, 1]);
        let (mut journal, _) = Journal::open_on(disk.clone(), &dir(), SMALL).unwrap();
        let retired = retire_on(&disk, &dir(), before, 1).unwrap();
        let kept = read_all(&disk, &dir()).unwrap();
        assert!(kept.start <= before.max(1) && kept.end == 15, "{kept:?} before {before}");
        assert_eq!(retired > 0, kept.start > 1);
        commit(&mut journal, 3).unwrap();
        assert_eq!(read_all(&disk, &dir()).unwrap().end, 18);
        if kept.start > 1 {
            let reader = Reader::open_on(disk, &dir()).unwrap();
            assert!(matches!(reader.records_from(1), Err(Error::Retired { wanted: 1, .. })));
        }
    }
}

#[test]
fn retiring_leaves_as_many_segments_as_asked() {
    for keep in 0..8 {
        let (disk, files) = written(SMALL, &[4, 4, 4, 1, 1]);
        let retired = retire_on(&disk, &dir(), 15, keep).unwrap();
        assert_eq!(retired, files.len() - keep.clamp(1, files.len()), "keep {keep}");
        assert_eq!(read_all(&disk, &dir()).unwrap().end, 15);
    }
}

/// Makes a journal whose second segment was filled ahead of time; returns that segment's path and where its records
/// end.
fn filled_ahead(disk: &FaultyDisk, batches: &[u64]) -> (PathBuf, usize) {
    let (mut journal, _) = Journal::open_on(disk.clone(), &dir(), LARGE).unwrap();
    commit(&mut journal, 1).unwrap();
    let mut spare = Spare::begin_on(disk.clone(), &dir(), journal.spare_bytes()).unwrap();
    while spare.fill().unwrap() == Filled::Partly {}
    journal.spare_made();
    for &count in batches {
        commit(&mut journal, count).unwrap();
    }
    let path = segment_path(&dir(), 2);
    let contents = disk.contents(&path);
    assert_eq!(contents.len() as u64, LARGE.segment_bytes);
    (path, contents.iter().rposition(|&byte| byte != 0).unwrap() + 1)
}

#[test]
fn a_segment_filled_ahead_of_time_ends_where_its_records_do() {
    let disk = FaultyDisk::default();
    filled_ahead(&disk, &[2, 3]);
    assert_eq!(read_all(&disk, &dir()).unwrap(), 1..7);
    let disk = disk.reopened();
    let (mut journal, recovery) = Journal::open_on(disk.clone(), &dir(), SMALL).unwrap();
    assert_eq!((recovery.next_sequence, recovery.truncated_bytes), (7, 0));
    commit(&mut journal, 4).unwrap();
    commit(&mut journal, 4).unwrap();
    assert_eq!(read_all(&disk.reopened(), &dir()).unwrap(), 1..15);
    assert!(Journal::open_on(disk.reopened(), &dir(), SMALL).is_ok());
}

#[test]
fn a_torn_batch_in_a_segment_filled_ahead_is_cut_off_and_damage_before_a_later_one_is_not() {
    let disk = FaultyDisk::default();
    let (path, end) = filled_ahead(&disk, &[2, 3]);
    let whole = disk.contents(&path);
    disk.edit(&path, |data| data[end - 3..].fill(0));
    let (journal, recovery) = Journal::open_on(disk.reopened(), &dir(), LARGE).unwrap();
    assert_eq!(journal.next_sequence(), 6);
    assert!(recovery.truncated_bytes > 0);
    disk.edit(&path, |data| {
        data.clone_from(&whole);
        data[24..24 + 20].fill(0);
    });
    assert!(matches!(Journal::open_on(disk.reopened(), &dir(), LARGE), Err(Error::Corrupt { .. })));
}

#[test]
fn reading_begins_at_any_sequence() {
    let (disk, files) = written(SMALL, &[4, 4, 4, 1, 1]);
    assert!(files.len() >= 3);
    let reader = Reader::open_on(disk, &dir()).unwrap();
    for from in 1..=16 {
        let found: Vec<_> = reader.records_from(from).unwrap().map(|r| r.unwrap().0).collect();
        assert_eq!(found, (from..15).collect::<Vec<_>>());
        let one = reader.read_one(from).unwrap();
        assert_eq!(one, (from < 15).then(|| payload(from)));
    }
}

#[test]
fn a_batch_that_does_not_follow_is_refused_and_the_journal_goes_on() {
    let disk = FaultyDisk::default();
    let (mut journal, _) = Journal::open_on(disk, &dir(), SMALL).unwrap();
    let refused = journal.commit(&batch(2, 1));
    assert!(matches!(refused, Err(Error::OutOfOrder { expected: 1, was: 2 })));
    commit(&mut journal, 1).unwrap();
    journal.commit(&batch(2, 0)).unwrap();
    assert_eq!(journal.next_sequence(), 2);
}

#[test]
fn a_record_above_the_limit_is_refused_and_the_batch_is_as_before() {
    let mut batch = batch(1, 2);
    let before = batch.as_bytes().to_vec();
    let refused = batch.push(&vec![1; crate::journal::MAX_RECORD_BYTES + 1]);
    assert!(
        matches!(refused, Err(Error::TooLarge { bytes }) if bytes == crate::journal::MAX_RECORD_BYTES + 1)
    );
    assert_eq!((batch.as_bytes(), batch.next_sequence()), (&before[..], 3));
}

#[test]
fn other_files_in_the_folder_are_left_alone() {
    let (disk, _) = written(LARGE, &[3]);
    let stray = dir().join("00000000000000zz.journal");
    crate::journal::Disk::create(&disk, &stray).unwrap();
    Journal::open_on(disk.clone(), &dir(), LARGE).unwrap();
    assert!(disk.files().contains(&stray));
    assert!(disk.files().contains(&segment_path(&dir(), 1)));
}

/// Makes a sector in the middle of record 3 read as if it had never been written.
fn lose_a_sector(disk: &FaultyDisk, path: &Path) {
    disk.edit(path, |data| data[512..1_024].fill(0));
}

#[test]
fn a_sector_never_written_within_the_last_batch_is_a_crash() {
    let (disk, files) = written(LARGE, &[2, 4]);
    lose_a_sector(&disk, &files[0]);
    assert_eq!(read_all(&disk, &dir()).unwrap(), 1..3);
    let (journal, recovery) = Journal::open_on(disk, &dir(), LARGE).unwrap();
    assert_eq!(journal.next_sequence(), 3);
    assert_eq!(recovery.truncated_bytes, batch(3, 4).as_bytes().len() as u64);
}

#[test]
fn a_sector_lost_before_a_later_batch_is_damage() {
    let (disk, files) = written(LARGE, &[2, 4, 1]);
    lose_a_sector(&disk, &files[0]);
    assert_corrupt(&disk, LARGE, |_, offset| offset < 512);
    assert!(matches!(read_all(&disk, &dir()), Err(Error::Corrupt { .. })));
}

#[test]
fn a_batch_that_becomes_whole_while_it_is_looked_at_is_not_damage() {
    let (disk, files) = written(LARGE, &[2]);
    let (whole, tail) = (disk.contents(&files[0]), batch(3, 2));
    disk.edit(&files[0], |data| data.extend_from_slice(&tail.as_bytes()[..50]));
    let mut scanner = Scanner::open(&disk, &dir(), 1).unwrap();
    for sequence in [1, 2] {
        assert!(matches!(scanner.step(sequence).unwrap(), Step::Record));
    }
    assert!(matches!(scanner.step(3).unwrap(), Step::Bad(_)));
    disk.edit(&files[0], |data| {
        data.clone_from(&whole);
        data.extend_from_slice(tail.as_bytes());
        data.extend_from_slice(batch(5, 1).as_bytes());
    });
    assert_eq!(scanner.torn_tail(3, "cut short").unwrap(), None);
    assert!(matches!(scanner.step(3).unwrap(), Step::Record));
}
