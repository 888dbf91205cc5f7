//! The follower: writes snapshots without the engine ever stopping for one.
//!
//! When enough records have been written since the last snapshot, it does what a restart would do: takes back the newest
//! snapshot, takes every record after it again as far as was asked, and writes that state as the next snapshot. Then
//! it forgets it all. So the live engine is neither read nor copied, and what is written is proven to be what a
//! restart would rebuild: a record that comes out differently, or books that do not balance, are a fault of ours; they
//! are counted as a broken invariant, and no snapshot is made of them.
//!
//! It costs another decision for every decision, and while it works the memory of a second engine. So that nobody
//! waits for it, it runs when its core has nothing else to do, where the system offers that (Linux's idle class), and
//! rests after every few records, where it does not. Under lasting overload it falls behind; then snapshots come
//! late, and a restart after a crash has more records to take again. Nothing else depends on them.

use std::{
    path::PathBuf,
    sync::{Arc, atomic::Ordering, mpsc::Receiver},
    thread::ScopedJoinHandle,
    time::Duration,
};

use motet_store::journal::{retire, snapshot};

use super::{
    Probe, Settings, Shared,
    fold::Fold,
    monotonic,
    open::{OpenError, journal_dir, snapshot_dir},
};

/// Snapshots kept: the newest, and one before it in case the newest cannot be read.
const SNAPSHOTS_KEPT: usize = 2;
/// How long it works before it rests: shorter than a scheduler's time slice, so that it seldom has to be interrupted.
const WORK: Duration = Duration::from_micros(200);
/// How long it rests: with `WORK`, at most two fifths of a core.
const REST: Duration = Duration::from_micros(300);

/// What the follower is asked to do.
#[derive(Debug)]
pub(super) enum Order {
    /// Make and write a snapshot of the state after a record, which is on the disk.
    FoldTo(u64),
    /// Write the state of an engine that has stopped.
    Write { sequence: u64, state: Vec<u8> },
}

/// The follower's state; between two snapshots there is none.
pub(super) struct Follower {
    data_dir: PathBuf,
    shared: Arc<Shared>,
    probe: Arc<dyn Probe>,
    keep_segments: Option<usize>,
}

impl Follower {
    pub(super) fn new(settings: &Settings, shared: Arc<Shared>, probe: Arc<dyn Probe>) -> Self {
        Self { data_dir: settings.data_dir.clone(), shared, probe, keep_segments: settings.keep_segments }
    }

    /// Follows orders until there is nobody to give any. A failure is told and harms nothing: the journal holds
    /// everything.
    pub(super) fn run(self, orders: &Receiver<Order>) {
        while let Ok(order) = orders.recv() {
            match order {
                Order::FoldTo(sequence) => self.follow(sequence),
                Order::Write { sequence, state } => self.write(sequence, &state),
            }
        }
    }

    /// Makes and writes a snapshot of the state after a record.
    fn follow(&self, until: u64) {
        let began = monotonic();
        let Some(state) = self.out_of_the_way(|| self.state_at(until)) else { return };
        self.write(until, &state);
        tracing::debug!(until, took_s = began.elapsed().as_secs_f64(), "made a snapshot from the journal");
    }

    /// Works in a thread that runs only when nothing else wants its core. It is a thread of its own, because one may
    /// not rise again without privileges; and files are not written there, because that takes locks of the file
    /// system, which the journal's writer must not find held by a thread that does not get to run.
    fn out_of_the_way(&self, work: impl FnOnce() -> Option<Vec<u8>> + Send) -> Option<Vec<u8>> {
        let lowered = || {
            lower_priority();
            work()
        };
        let worked = std::thread::scope(|scope| {
            let thread =
                std::thread::Builder::new().name("motet-fold".to_owned()).spawn_scoped(scope, lowered);
            thread.map(ScopedJoinHandle::join)
        });
        match worked {
            Ok(Ok(state)) => state,
            Ok(Err(_panic)) => {
                self.probe.invariant_broken();
                tracing::error!("making a snapshot from the journal ended in a panic");
                None
            }
            Err(error) => {
                tracing::warn!(%error, "cannot start a thread to make a snapshot");
                None
            }
        }
    }

    /// Returns the whole state after a record; `None` where it cannot be had or must not be trusted.
    fn state_at(&self, until: u64) -> Option<Vec<u8>> {
        match self.fold_to(until) {
            Ok(fold) => self.checked(&fold?),
            Err(error) => {
                if let OpenError::Differs(_) = error {
                    self.probe.invariant_broken();
                }
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                tracing::error!(%error, cause, until, "could not make a snapshot from the journal");
                None
            }
        }
    }

    /// Folds the journal up to a record; `None` when the server is stopping, whose last snapshot comes from the engine.
    fn fold_to(&self, until: u64) -> Result<Option<Fold>, OpenError> {
        let mut fold = Fold::begin(&self.data_dir)?;
        let mut working_until = monotonic() + WORK;
        while fold.folded() < until && fold.step()? {
            if monotonic() < working_until {
                continue;
            }
            if self.shared.stopping.load(Ordering::Relaxed) {
                return Ok(None);
            }
            std::thread::sleep(REST);
            working_until = monotonic() + WORK;
        }
        Ok(Some(fold))
    }

    fn checked(&self, fold: &Fold) -> Option<Vec<u8>> {
        if let Err(violation) = fold.engine().check() {
            self.probe.invariant_broken();
            tracing::error!(%violation, "the ledger's books do not balance; no snapshot is made of them");
            return None;
        }
        Some(fold.engine().save())
    }

    fn write(&self, sequence: u64, state: &[u8]) {
        let dir = snapshot_dir(&self.data_dir);
        let written = snapshot::write(&dir, sequence, state);
        match written.and_then(|_| snapshot::keep_last(&dir, SNAPSHOTS_KEPT)) {
            Ok(kept) => {
                tracing::info!(sequence, bytes = state.len(), "wrote a snapshot");
                self.retire_segments(kept.oldest);
            }
            Err(error) => tracing::warn!(%error, sequence, "could not write a snapshot"),
        }
    }

    /// Deletes the segments that every snapshot kept stands for, where the settings say so.
    fn retire_segments(&self, oldest_snapshot: u64) {
        let Some(keep) = self.keep_segments else { return };
        // Whoever follows the journal reads it from there: what it is not done with stays.
        let covered = oldest_snapshot.min(self.shared.followed.load(Ordering::Relaxed));
        match retire(&journal_dir(&self.data_dir), covered.saturating_add(1), keep) {
            Ok(0) => {}
            Ok(segments) => tracing::info!(segments, "deleted segments that snapshots stand for"),
            Err(error) => tracing::warn!(%error, "could not delete segments that snapshots stand for"),
        }
    }
}

/// Has this thread run only when nothing else wants its core, where the system can.
fn lower_priority() {
    #[cfg(target_os = "linux")]
    {
        use thread_priority::{
            NormalThreadSchedulePolicy::Idle, ThreadPriority, ThreadSchedulePolicy,
            set_thread_priority_and_policy, thread_native_id,
        };
        let idle = ThreadSchedulePolicy::Normal(Idle);
        let set = set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, idle);
        if let Err(error) = set {
            tracing::debug!(?error, "cannot lower a thread's priority");
        }
    }
}
