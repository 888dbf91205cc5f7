//! The helm: the engine with the batch it fills. Whoever holds it steps the engine, one thread at a time.
//!
//! A request is decided in the thread that read it, where the helm is free and nobody waits for it: no other thread has to
//! wake up for it. Otherwise it is queued, and the engine thread takes what is queued in order. The order of events is
//! the order in which the helm was held; the journal holds them in that order.

use std::{
    sync::{
        Arc, Condvar, LockResult, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
        mpsc::{SyncSender, TrySendError},
    },
    time::Duration,
};

use motet_store::journal::Batch;

use super::{
    Command, Shared,
    works::{Works, Writing},
    writer::Filled,
};

/// The helm, shared by all who may take it.
pub(super) struct Helm {
    works: Mutex<Works>,
    /// Commands queued for the engine thread. While there are any, nobody passes them.
    queued: AtomicUsize,
    /// Told when there is something to write.
    filled: Condvar,
    /// Told when the batch was taken.
    emptied: Condvar,
    shared: Arc<Shared>,
}

impl Helm {
    pub(super) fn new(works: Works, shared: Arc<Shared>) -> Self {
        Self {
            works: Mutex::new(works),
            queued: AtomicUsize::new(0),
            filled: Condvar::new(),
            emptied: Condvar::new(),
            shared,
        }
    }

    /// Carries out a command at once, if the helm is free; else gives it back.
    pub(super) fn try_take(&self, command: Command) -> Result<(), Command> {
        if self.queued.load(Ordering::Relaxed) > 0 {
            return Err(command);
        }
        let Ok(mut works) = self.works.try_lock() else { return Err(command) };
        if works.has_ended() || works.is_full() {
            return Err(command);
        }
        works.take(command);
        self.leave(works);
        Ok(())
    }

    /// Queues a command for the engine thread.
    pub(super) fn queue(
        &self,
        commands: &SyncSender<Command>,
        command: Command,
    ) -> Result<(), TrySendError<Command>> {
        self.queued.fetch_add(1, Ordering::Relaxed);
        commands.try_send(command).inspect_err(|_| self.unqueue())
    }

    /// Queues a command and waits for a place.
    pub(super) fn queue_waiting(&self, commands: &SyncSender<Command>, command: Command) {
        self.queued.fetch_add(1, Ordering::Relaxed);
        if commands.send(command).is_err() {
            self.unqueue();
        }
    }

    /// States that a queued command was taken.
    pub(super) fn unqueue(&self) {
        self.queued.fetch_sub(1, Ordering::Relaxed);
    }

    /// Waits for the helm, and until the batch has room. `None` once nothing more is taken.
    pub(super) fn enter(&self) -> Option<MutexGuard<'_, Works>> {
        let mut works = self.lock()?;
        while works.is_full() && !works.has_ended() {
            works = self.sound(self.emptied.wait(works))?;
        }
        Some(works).filter(|works| !works.has_ended())
    }

    /// Lets go of the helm, and wakes the writer if there is something it should see to now.
    pub(super) fn leave(&self, mut works: MutexGuard<'_, Works>) {
        let wake = works.should_wake_writer();
        drop(works);
        if wake {
            self.filled.notify_one();
        }
    }

    /// Waits until something is filled, lets it gather, and takes it. `None` when all was taken and no more will come.
    ///
    /// Nobody waits for records alone, so they gather for `delay`. An answer that waits for the disk is not kept waiting,
    /// unless `Gather::Always` says that many do: then one sync serves more of them.
    pub(super) fn next_filled(&self, emptied: Batch, delay: Duration, gather: Gather) -> Option<Filled> {
        let mut works = self.lock()?;
        while works.has_nothing() && !works.has_ended() {
            works.writing = Writing::Idle;
            works = self.sound(self.filled.wait(works))?;
        }
        let goes_on = |works: &mut Works| {
            works.writing = Writing::Gathers(gather);
            works.may_gather(gather)
        };
        if !delay.is_zero() {
            let gathered = self.filled.wait_timeout_while(works, delay, goes_on);
            let gathered = gathered.map(|(works, _)| works).map_err(|error| PoisonError::new(error.into_inner().0));
            works = self.sound(gathered)?;
        }
        works.writing = Writing::Busy;
        let filled = works.seal(emptied);
        drop(works);
        self.emptied.notify_one();
        filled
    }

    /// Ends the work after a failure: what waits for the disk is never answered.
    pub(super) fn fail(&self, reason: String) {
        self.shared.fail(reason);
        let mut works = self.works.lock().unwrap_or_else(PoisonError::into_inner);
        works.drop_all();
        drop(works);
        self.emptied.notify_all();
    }

    fn lock(&self) -> Option<MutexGuard<'_, Works>> {
        self.sound(self.works.lock())
    }

    /// Returns the helm as it was taken. After a panic of whoever held it nobody may.
    fn sound<'a>(&self, taken: LockResult<MutexGuard<'a, Works>>) -> Option<MutexGuard<'a, Works>> {
        let reason = "the engine ended in a panic".to_owned();
        taken.inspect_err(|_| self.shared.fail(reason)).map_err(|error| error.into_inner().drop_all()).ok()
    }
}

/// Whether a batch goes on gathering though answers wait for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gather {
    /// While nobody waits.
    Unwaited,
    /// In any case.
    Always,
}
