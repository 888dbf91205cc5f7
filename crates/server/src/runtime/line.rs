//! The line to the engine: what everyone who asks something of it holds.

use std::sync::{Arc, atomic::Ordering};

use motet_agent::AgentName;
use motet_policy::PolicySet;
use tokio::sync::oneshot;

use super::{
    Command, Shared, Unavailable,
    helm::{Helm, NotQueued},
};

/// The policies in service, as the engine tells them.
#[derive(Clone, Debug)]
pub struct Steering {
    /// The set in service; the fixed one where no other was ever seated.
    pub set: Arc<PolicySet>,
    /// The policies of the agents in service, by version.
    pub versions: Vec<(AgentName, String)>,
    /// How many of its policy's actions each agent refused since the start.
    pub refused: Vec<(AgentName, u64)>,
}

/// A way to ask the engine.
#[derive(Clone)]
pub(crate) struct Line {
    pub(super) helm: Arc<Helm>,
    pub(super) shared: Arc<Shared>,
}

impl Line {
    /// Has the engine thread carry out a command.
    pub(super) fn send(&self, command: Command) -> Result<(), Unavailable> {
        self.queue(command)?;
        self.helm.call();
        Ok(())
    }

    /// Has a short command carried out in this thread if the engine is free, together with those of the other tasks that
    /// are ready.
    pub(super) async fn ask(&self, command: Command) -> Result<(), Unavailable> {
        self.queue(command)?;
        tokio::task::yield_now().await;
        self.helm.work_off();
        Ok(())
    }

    fn queue(&self, command: Command) -> Result<(), Unavailable> {
        if self.shared.stopping.load(Ordering::Relaxed) {
            return Err(Unavailable::Stopped);
        }
        self.helm.queue(command).map_err(|error| match error {
            NotQueued::Full => Unavailable::Busy,
            NotQueued::Closed => self.why_dropped(),
        })
    }

    /// Says why a command that was taken is never answered.
    pub(super) fn why_dropped(&self) -> Unavailable {
        if self.shared.failure().is_some() { Unavailable::JournalFailed } else { Unavailable::Stopped }
    }

    /// Seats other policies, all or none; durable once this returns. The inner result is the refusal, if any. Blocks.
    pub(crate) fn steer(&self, set: Arc<PolicySet>) -> Result<Result<(), String>, Unavailable> {
        let (reply, outcome) = oneshot::channel();
        self.send(Command::Steer { set, reply })?;
        outcome.blocking_recv().map_err(|_| self.why_dropped())
    }

    /// Returns the policies in service. Blocks.
    pub(crate) fn steering(&self) -> Result<Steering, Unavailable> {
        let (reply, steering) = oneshot::channel();
        self.send(Command::Steering { reply })?;
        steering.blocking_recv().map_err(|_| self.why_dropped())
    }
}
