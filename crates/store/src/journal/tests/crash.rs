//! Every operation fails in every way, and after each the promise is checked: what was acknowledged is found.

use super::{
    SMALL, commit, dir,
    faulty::{Fault, FaultyDisk, Survives},
    payload, read_all,
};
use crate::journal::{Error, Filled, Journal, Reader, Result, Spare, retire_on, snapshot};

/// What the caller was told before the failure.
#[derive(Clone, Copy, Debug, Default)]
struct Acknowledged {
    /// The last record committed.
    through: u64,
    /// The last record there was an attempt to commit.
    attempted: u64,
    /// Records before this may have been retired.
    retired: u64,
    /// The newest snapshot written.
    snapshot: u64,
}

/// Uses the journal as a server does, until something fails: several lives, batches of many sizes, rotation,
/// snapshots and retirement.
fn live(disk: &FaultyDisk, told: &mut Acknowledged) -> Result<()> {
    for _ in 0..2 {
        let (mut journal, _) = Journal::open_on(disk.clone(), &dir(), SMALL)?;
        for count in [1, 3, 2, 7, 1] {
            told.attempted = journal.next_sequence() + count - 1;
            commit(&mut journal, count)?;
            told.through = told.attempted;
            if count == 3 {
                make_spare(disk)?;
                journal.spare_made();
            }
        }
        let sequence = told.through;
        snapshot::write_on(disk, &dir(), sequence, &payload(sequence))?;
        told.snapshot = sequence;
        told.retired = sequence - 5;
        retire_on(disk, &dir(), told.retired, 1)?;
        snapshot::keep_last_on(disk, &dir(), 1)?;
    }
    Ok(())
}

fn make_spare(disk: &FaultyDisk) -> Result<()> {
    let mut spare = Spare::begin_on(disk.clone(), &dir(), SMALL.segment_bytes)?;
    while spare.fill()? == Filled::Partly {}
    Ok(())
}

/// Opens the journal after a failure and checks the promise. Tells what is broken rather than panicking, so that
/// the negative control can see it.
fn check(disk: &FaultyDisk, told: Acknowledged) -> Result<(), String> {
    let opened = Journal::open_on(disk.clone(), &dir(), SMALL);
    let (journal, recovery) = opened.map_err(|error| format!("does not open: {error}"))?;
    let found = read_all(disk, &dir()).map_err(|error| format!("does not read: {error}"))?;
    let next = journal.next_sequence();
    if found.end != next || recovery.next_sequence != next || found.start != recovery.first_sequence {
        return Err(format!("found {found:?}, {recovery:?}"));
    }
    if next <= told.through || next > told.attempted.max(told.through) + 1 {
        return Err(format!("found {found:?}, told {told:?}"));
    }
    if found.start > told.retired.max(1) {
        return Err(format!("lost the start: found {found:?}, told {told:?}"));
    }
    let latest = snapshot::latest_on(disk, &dir()).map_err(|error| error.to_string())?;
    let newest = latest.snapshot.map_or(0, |snapshot| snapshot.sequence);
    if newest < told.snapshot || !latest.skipped.is_empty() {
        return Err(format!("snapshot {newest}, skipped {:?}, told {told:?}", latest.skipped));
    }
    Ok(())
}

/// Checks, goes on writing, cuts the power and checks again: what recovery kept must be on the disk, not merely
/// readable.
fn check_and_go_on(disk: &FaultyDisk, told: Acknowledged) -> Result<(), String> {
    check(disk, told)?;
    let told = go_on(disk, told)?;
    check(&disk.after_power_cut(Survives::Nothing), told).map_err(|error| format!("later: {error}"))
}

fn go_on(disk: &FaultyDisk, told: Acknowledged) -> Result<Acknowledged, String> {
    let opened = Journal::open_on(disk.clone(), &dir(), SMALL).map_err(|error| error.to_string())?;
    let mut journal = opened.0;
    commit(&mut journal, 2).map_err(|error| error.to_string())?;
    let through = journal.next_sequence() - 1;
    Ok(Acknowledged { through, attempted: through, ..told })
}

fn operations() -> usize {
    let disk = FaultyDisk::default();
    live(&disk, &mut Acknowledged::default()).unwrap();
    disk.operations()
}

#[test]
fn after_a_power_cut_at_any_operation_everything_acknowledged_is_found() {
    let mut checked = 0;
    for operation in 0..operations() {
        for fault in [Fault::CrashBefore, Fault::CrashAfter] {
            let disk = FaultyDisk::with_fault(operation, fault);
            let mut told = Acknowledged::default();
            live(&disk, &mut told).unwrap_err();
            let sectors = (0..24).map(Survives::Sectors);
            let prefixes = (0..=disk.dirty_bytes()).map(Survives::Prefix);
            for survives in
                [Survives::Nothing, Survives::Everything].into_iter().chain(sectors).chain(prefixes)
            {
                let found = check_and_go_on(&disk.after_power_cut(survives), told);
                assert_eq!(found, Ok(()), "{fault:?} at {operation}, then {survives:?}");
                checked += 1;
            }
        }
    }
    assert!(checked > 10_000, "only {checked} states");
}

#[test]
fn after_a_failed_operation_everything_acknowledged_is_found_now_and_after_a_power_cut() {
    for operation in 0..operations() {
        for fault in [Fault::Fails, Fault::Short] {
            let disk = FaultyDisk::with_fault(operation, fault);
            let mut told = Acknowledged::default();
            live(&disk, &mut told).unwrap_err();
            let found = check_and_go_on(&disk.reopened(), told);
            assert_eq!(found, Ok(()), "{fault:?} at {operation}, opened anew");
            for survives in (0..8).map(Survives::Sectors).chain([Survives::Nothing, Survives::Everything]) {
                let found = check_and_go_on(&disk.after_power_cut(survives), told);
                assert_eq!(found, Ok(()), "{fault:?} at {operation}, then {survives:?}");
            }
        }
    }
}

#[test]
fn a_power_cut_during_recovery_is_as_harmless() {
    let disk = FaultyDisk::default();
    let mut told = Acknowledged::default();
    live(&disk, &mut told).unwrap();
    // A torn tail, so that recovery has something to do.
    let last =
        disk.files().into_iter().rfind(|path| path.extension().is_some_and(|e| e == "journal")).unwrap();
    disk.edit(&last, |data| data.extend_from_slice(&[9; 33]));
    for operation in 0.. {
        let damaged = disk.reopened();
        damaged.set_fault(operation, Fault::CrashAfter);
        let cut_short = Journal::open_on(damaged.clone(), &dir(), SMALL).is_err();
        for survives in (0..8).map(Survives::Sectors).chain([Survives::Nothing, Survives::Everything]) {
            let found = check_and_go_on(&damaged.after_power_cut(survives), told);
            assert_eq!(found, Ok(()), "operation {operation}, then {survives:?}");
        }
        if !cut_short {
            break;
        }
    }
}

#[test]
fn a_journal_that_acknowledges_before_it_is_on_the_disk_is_caught() {
    let disk = FaultyDisk::lying();
    let mut told = Acknowledged::default();
    live(&disk, &mut told).unwrap();
    assert_eq!(check(&disk.after_power_cut(Survives::Everything), told), Ok(()));
    let broken = |survives| check(&disk.after_power_cut(survives), told).is_err();
    assert!(broken(Survives::Nothing), "the planted bug goes unseen");
    assert!((0..20).any(|key| broken(Survives::Sectors(key))), "the planted bug goes unseen");
}

#[test]
fn after_a_failure_the_journal_takes_nothing_more() {
    let find = |fault| {
        let commits = |operation| {
            let disk = FaultyDisk::with_fault(operation, fault);
            let (mut journal, _) = Journal::open_on(disk.clone(), &dir(), SMALL).ok()?;
            let failed = commit(&mut journal, 2).is_err();
            failed.then_some((disk, journal))
        };
        (0..).find_map(commits).unwrap()
    };
    for fault in [Fault::Fails, Fault::Short] {
        let (disk, mut journal) = find(fault);
        assert!(journal.is_poisoned());
        let before = disk.operations();
        assert!(matches!(commit(&mut journal, 1), Err(Error::Poisoned { .. })));
        assert_eq!(disk.operations(), before, "nothing is tried again");
    }
}

#[test]
fn a_reader_beside_the_writer_sees_what_is_committed() {
    let disk = FaultyDisk::default();
    let (mut journal, _) = Journal::open_on(disk.clone(), &dir(), SMALL).unwrap();
    let mut records = Reader::open_on(disk, &dir()).unwrap().records().unwrap();
    let mut next = 1;
    for count in [1, 4, 2, 9, 1, 1, 30] {
        assert!(records.read().unwrap().is_none());
        commit(&mut journal, count).unwrap();
        for _ in 0..count {
            let record = records.read().unwrap().unwrap();
            assert_eq!((record.sequence, record.payload), (next, &payload(next)[..]));
            next += 1;
        }
    }
}
