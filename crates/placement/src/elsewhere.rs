//! All agents placed elsewhere, asked a round at a time within what a request has left.

use std::{fmt::Debug, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::future::join_all;
use motet_agent::{Absence, AgentName, RemoteAnswer};

use crate::Remote;

/// What became of asking a remote agent once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// It answered.
    Answered,
    /// It did not, for this reason.
    Absent(Absence),
}

/// Hears how remote agents do; implemented by metrics.
pub trait Watch: Send + Sync + Debug {
    /// An agent was asked by one request.
    fn heard(&self, agent: AgentName, version: &str, told: Told, took: Duration);
    /// A version began to be left alone, or is asked again.
    fn open(&self, agent: AgentName, version: &str, open: bool);
    /// How many messages of its feed a process has not acknowledged.
    fn behind(&self, agent: AgentName, version: &str, messages: u64);
}

/// A watch that hears nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoWatch;

impl Watch for NoWatch {
    fn heard(&self, _: AgentName, _: &str, _: Told, _: Duration) {}
    fn open(&self, _: AgentName, _: &str, _: bool) {}
    fn behind(&self, _: AgentName, _: &str, _: u64) {}
}

/// The agents placed elsewhere.
#[derive(Debug)]
pub struct Elsewhere {
    agents: Vec<Arc<Remote>>,
    names: Vec<AgentName>,
}

/// The round in which an agent is asked: the written order of the coordinator.
const fn round(agent: AgentName) -> u32 {
    match agent {
        AgentName::Intent | AgentName::Guard | AgentName::Safety | AgentName::Baseline => 0,
        AgentName::Relevance => 1,
        AgentName::Bidder | AgentName::Pacer => 2,
    }
}

impl Elsewhere {
    /// Puts agents together, one of each name.
    pub fn new(agents: Vec<Remote>) -> Self {
        let names = agents.iter().map(Remote::agent).collect();
        Self { agents: agents.into_iter().map(Arc::new).collect(), names }
    }

    /// Returns who they are.
    pub fn names(&self) -> &[AgentName] {
        &self.names
    }

    /// Asks some agents side by side; answers within the round's part of the time left, come what may.
    pub async fn ask(
        &self,
        hearing: u64,
        asks: Vec<(AgentName, Bytes)>,
        time_left: Duration,
    ) -> Vec<RemoteAnswer> {
        let now = asks.iter().map(|(agent, _)| round(*agent)).max().unwrap_or(0);
        let share = time_left / self.rounds_from(now);
        join_all(asks.into_iter().map(|(agent, ask)| self.ask_one(hearing, agent, ask, share))).await
    }

    async fn ask_one(&self, hearing: u64, agent: AgentName, ask: Bytes, share: Duration) -> RemoteAnswer {
        match self.agents.iter().find(|remote| remote.agent() == agent) {
            Some(remote) => remote.ask(hearing, ask, share).await,
            None => RemoteAnswer { agent, said: Err(Absence::Unreachable) },
        }
    }

    /// Counts the rounds from one on in which somebody is asked.
    fn rounds_from(&self, first: u32) -> u32 {
        let later = (first + 1..=2).filter(|later| self.names.iter().any(|name| round(*name) == *later));
        1 + later.count() as u32
    }
}
