//! The helm: the engine with the batch it fills. Whoever holds it steps the engine, one thread at a time.
//!
//! A command is queued. Whoever queued a short one lets the other tasks of its thread queue theirs, and then works the queue
//! off, if the helm is free: no other thread has to wake up for it, and what is done for many requests in a row finds the
//! processor's caches warm. If the helm is not free, whoever holds it looks at the queue again after letting go, so
//! nothing is left lying. What is long, or more than one turn, is left to the engine thread. The order of events is the
//! order of the queue, and the journal holds them in it.

use std::{
    collections::VecDeque,
    sync::{Arc, Condvar, LockResult, Mutex, MutexGuard, PoisonError, TryLockError},
    time::{Duration, Instant},
};

use motet_store::journal::Batch;

use super::{
    Command, Shared, monotonic,
    works::{Works, Writing},
    writer::Filled,
};

/// Commands after which a turn at the helm ends even if more are queued: some milliseconds' work.
const COMMANDS_A_TURN: usize = 128;

/// The helm, shared by all who may take it.
pub(super) struct Helm {
    queue: Mutex<Queue>,
    /// Held by who works the queue off. The writer takes the works alone, and only for moments.
    turn: Mutex<()>,
    works: Mutex<Works>,
    /// Told when the engine thread is called.
    called: Condvar,
    /// Told when there is something to write.
    filled: Condvar,
    /// Told when the batch was taken.
    emptied: Condvar,
    shared: Arc<Shared>,
}

/// What waits for the helm.
struct Queue {
    commands: VecDeque<Command>,
    most: usize,
    /// Whether the engine thread has something to do.
    calls: bool,
    closed: bool,
}

/// Why a command was not queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotQueued {
    Full,
    Closed,
}

/// Who works the queue off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hand {
    /// A thread that has other things to do.
    Caller,
    EngineThread,
}

/// Why a turn ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rest {
    /// The queue is empty.
    Nothing,
    /// There is more.
    More,
}

/// Whether a batch goes on gathering though answers wait for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gather {
    /// While nobody waits.
    Unwaited,
    /// In any case.
    Always,
}

impl Helm {
    /// Makes a helm with a queue of at most so many commands.
    pub(super) fn new(works: Works, most: usize, shared: Arc<Shared>) -> Self {
        Self {
            queue: Mutex::new(Queue { commands: VecDeque::new(), most, calls: true, closed: false }),
            turn: Mutex::new(()),
            works: Mutex::new(works),
            called: Condvar::new(),
            filled: Condvar::new(),
            emptied: Condvar::new(),
            shared,
        }
    }

    /// Queues a command. Somebody must then work the queue off, or call the engine thread.
    pub(super) fn queue(&self, command: Command) -> Result<(), NotQueued> {
        let mut queue = self.waiting();
        if queue.closed {
            return Err(NotQueued::Closed);
        }
        // Stopping always has a place.
        if queue.commands.len() >= queue.most && !matches!(command, Command::Stop) {
            return Err(NotQueued::Full);
        }
        queue.commands.push_back(command);
        Ok(())
    }

    /// Has the engine thread work the queue off.
    pub(super) fn call(&self) {
        self.waiting().calls = true;
        self.called.notify_one();
    }

    /// Works the queue off, unless somebody is at it, who then looks again.
    pub(super) fn work_off(&self) {
        while !self.waiting().commands.is_empty() {
            let turn = match self.turn.try_lock() {
                Ok(turn) => turn,
                Err(TryLockError::Poisoned(error)) => error.into_inner(),
                Err(TryLockError::WouldBlock) => return,
            };
            let Some(mut works) = self.lock() else { return };
            let rest = self.take_queued(&mut works, Hand::Caller);
            self.leave(works);
            drop(turn);
            if rest == Rest::More {
                return self.call();
            }
        }
    }

    /// What the engine thread does: works off what is left to it, and lets the engine tick. Returns when the work has ended.
    pub(super) fn run(&self, tick: Duration) {
        let mut next_tick = monotonic() + tick;
        if let Some(works) = self.lock() {
            works.report_accounts();
        }
        loop {
            let turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(mut works) = self.enter() else { return };
            if monotonic() >= next_tick {
                works.control();
                next_tick = monotonic() + tick;
            }
            let rest = self.take_queued(&mut works, Hand::EngineThread);
            self.leave(works);
            drop(turn);
            if rest == Rest::Nothing {
                self.wait_for_call(next_tick);
            }
        }
    }

    fn wait_for_call(&self, until: Instant) {
        let queue = self.waiting();
        let wait = until.saturating_duration_since(monotonic());
        let idle = |queue: &mut Queue| !queue.calls && !queue.closed && queue.commands.is_empty();
        let waited = self.called.wait_timeout_while(queue, wait, idle);
        waited.unwrap_or_else(PoisonError::into_inner).0.calls = false;
    }

    /// Takes one turn of commands from the queue.
    fn take_queued(&self, works: &mut Works, hand: Hand) -> Rest {
        for _ in 0..COMMANDS_A_TURN {
            if works.has_ended() {
                self.close();
                return Rest::Nothing;
            }
            let mut queue = self.waiting();
            let Some(next) = queue.commands.front() else { return Rest::Nothing };
            if works.is_full() || (hand == Hand::Caller && next.is_long()) {
                return Rest::More;
            }
            let command = queue.commands.pop_front();
            drop(queue);
            if let Some(command) = command {
                works.take(command);
            }
        }
        Rest::More
    }

    /// Waits for the helm, and until the batch has room. `None` once nothing more is taken.
    fn enter(&self) -> Option<MutexGuard<'_, Works>> {
        let mut works = self.lock()?;
        while works.is_full() && !works.has_ended() {
            works = self.sound(self.emptied.wait(works))?;
        }
        Some(works).filter(|works| !works.has_ended())
    }

    /// Lets go of the helm, and wakes the writer if there is something it should see to now.
    fn leave(&self, mut works: MutexGuard<'_, Works>) {
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
        if !delay.is_zero() {
            let goes_on = |works: &mut Works| {
                works.writing = Writing::Gathers(gather);
                works.may_gather(gather)
            };
            let gathered = self.filled.wait_timeout_while(works, delay, goes_on);
            let gathered = gathered.map(|(works, _)| works);
            works = self.sound(gathered.map_err(|error| PoisonError::new(error.into_inner().0)))?;
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
        self.works.lock().unwrap_or_else(PoisonError::into_inner).drop_all();
        self.close();
    }

    /// Takes no more commands; who waits for one is told by its being dropped.
    fn close(&self) {
        let mut queue = self.waiting();
        queue.closed = true;
        queue.commands.clear();
        drop(queue);
        self.called.notify_all();
        self.emptied.notify_all();
    }

    fn waiting(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> Option<MutexGuard<'_, Works>> {
        self.sound(self.works.lock())
    }

    /// Returns the helm as it was taken. After a panic of whoever held it nobody may.
    fn sound<'a>(&self, taken: LockResult<MutexGuard<'a, Works>>) -> Option<MutexGuard<'a, Works>> {
        match taken {
            Ok(works) => Some(works),
            Err(poisoned) => {
                self.shared.fail("the engine ended in a panic".to_owned());
                poisoned.into_inner().drop_all();
                self.close();
                None
            }
        }
    }
}
