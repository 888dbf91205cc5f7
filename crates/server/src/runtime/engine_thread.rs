//! The engine thread: takes what is queued, and the control ticks.

use std::{
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError},
    },
    time::{Duration, Instant},
};

use super::{Command, helm::Helm, monotonic};

/// Commands after which the helm is let go even if more are queued.
const COMMANDS_AT_ONCE: usize = 64;

/// The engine thread's state.
pub(super) struct EngineThread {
    helm: Arc<Helm>,
    inbox: Receiver<Command>,
    tick: Duration,
    next_tick: Instant,
}

impl EngineThread {
    pub(super) fn new(helm: Arc<Helm>, inbox: Receiver<Command>, tick: Duration) -> Self {
        Self { helm, inbox, tick, next_tick: monotonic() + tick }
    }

    /// Runs until told to stop, or until nothing more is taken.
    pub(super) fn run(mut self) {
        if let Some(works) = self.helm.enter() {
            works.report_accounts();
        }
        loop {
            let wait = self.next_tick.saturating_duration_since(monotonic());
            let first = match self.inbox.recv_timeout(wait) {
                Ok(command) => Some(command),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return,
            };
            let Some(mut works) = self.helm.enter() else { return };
            if monotonic() >= self.next_tick {
                works.control();
                self.next_tick = monotonic() + self.tick;
            }
            let (mut next, mut left) = (first, COMMANDS_AT_ONCE);
            while let Some(command) = next {
                self.helm.unqueue();
                works.take(command);
                left -= 1;
                if left == 0 || works.has_ended() || works.is_full() {
                    break;
                }
                next = self.inbox.try_recv().ok();
            }
            self.helm.leave(works);
        }
    }
}
