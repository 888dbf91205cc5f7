//! Time as the coordinator knows it: a seam. Live, a stopwatch is read around every agent; in a replay the
//! recorded presence says what the stopwatch said then.

use motet_agent::AgentName;
use serde::{Deserialize, Serialize};

/// Whether an agent took part in a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Presence {
    /// It answered in time.
    Answered,
    /// It answered after the decision's time was up: heard, refused, and counted absent.
    Late,
    /// It broke: its proposals are dropped.
    Broken,
    /// It was not asked, because the time was already up.
    Skipped,
    /// It is placed elsewhere and could not be reached.
    Unreachable,
}

/// Whether time is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeLeft {
    /// The deadline lies ahead.
    Some,
    /// It has passed.
    None,
}

/// Reads the time spent on a decision. Implemented at the edge, where clocks live.
pub trait Stopwatch {
    /// An agent is about to be asked.
    fn start(&mut self, agent: AgentName) -> TimeLeft;
    /// It has answered.
    fn stop(&mut self, agent: AgentName) -> TimeLeft;
}

/// Where a decision's timing comes from.
pub enum Timing<'a> {
    /// A real clock.
    Live(&'a mut dyn Stopwatch),
    /// What was recorded when the decision was first made.
    Recorded(&'a [(AgentName, Presence)]),
    /// No deadline: simulation and benchmarks of the decision alone.
    Unlimited,
}

impl std::fmt::Debug for Timing<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Live(_) => f.write_str("Live"),
            Self::Recorded(presence) => f.debug_tuple("Recorded").field(presence).finish(),
            Self::Unlimited => f.write_str("Unlimited"),
        }
    }
}

impl Timing<'_> {
    /// Tells whether an agent is asked, and if not, as what it counts.
    pub(crate) fn before(&mut self, agent: AgentName) -> Result<(), Presence> {
        match self {
            Self::Live(watch) => match watch.start(agent) {
                TimeLeft::Some => Ok(()),
                TimeLeft::None => Err(Presence::Skipped),
            },
            Self::Recorded(presence) => match recorded(presence, agent) {
                Presence::Answered | Presence::Late => Ok(()),
                absent => Err(absent),
            },
            Self::Unlimited => Ok(()),
        }
    }

    /// Tells as what an agent that answered counts.
    pub(crate) fn after(&mut self, agent: AgentName) -> Presence {
        match self {
            Self::Live(watch) => match watch.stop(agent) {
                TimeLeft::Some => Presence::Answered,
                TimeLeft::None => Presence::Late,
            },
            Self::Recorded(presence) => recorded(presence, agent),
            Self::Unlimited => Presence::Answered,
        }
    }
}

fn recorded(presence: &[(AgentName, Presence)], agent: AgentName) -> Presence {
    presence.iter().find(|(name, _)| *name == agent).map_or(Presence::Skipped, |(_, presence)| *presence)
}
