//! The clock around the agents of one decision.

use std::time::{Duration, Instant};

use motet_agent::AgentName;
use motet_coordinator::{Stopwatch, TimeLeft};

use super::monotonic;

/// How long each agent took in one decision, by [`AgentName`]'s order.
#[derive(Clone, Copy, Debug, Default)]
pub struct AgentTimes([Duration; 7]);

impl AgentTimes {
    /// Iterates over the agents that were asked.
    pub fn iter(&self) -> impl Iterator<Item = (AgentName, Duration)> {
        const NAMES: [AgentName; 7] = [
            AgentName::Intent,
            AgentName::Relevance,
            AgentName::Bidder,
            AgentName::Pacer,
            AgentName::Guard,
            AgentName::Safety,
            AgentName::Baseline,
        ];
        NAMES.into_iter().zip(self.0).filter(|(_, took)| !took.is_zero())
    }
}

/// Reads the monotonic clock around every agent and compares it with the decision's deadline.
#[derive(Debug)]
pub struct LiveStopwatch {
    deadline: Instant,
    began: Instant,
    times: AgentTimes,
}

impl LiveStopwatch {
    /// Starts a stopwatch for a decision due by `deadline`.
    pub const fn new(deadline: Instant, now: Instant) -> Self {
        Self { deadline, began: now, times: AgentTimes([Duration::ZERO; 7]) }
    }

    /// Returns how long each agent took.
    pub const fn times(&self) -> &AgentTimes {
        &self.times
    }

    fn left(&self, now: Instant) -> TimeLeft {
        if now < self.deadline { TimeLeft::Some } else { TimeLeft::None }
    }
}

impl Stopwatch for LiveStopwatch {
    fn start(&mut self, _agent: AgentName) -> TimeLeft {
        self.began = monotonic();
        self.left(self.began)
    }

    fn stop(&mut self, agent: AgentName) -> TimeLeft {
        let now = monotonic();
        self.times.0[agent as usize] = now - self.began;
        self.left(now)
    }
}
