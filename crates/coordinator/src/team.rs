//! Who is asked.

use motet_agent::Agent;

/// Who decides. Safety sits in both teams: nothing runs without it.
#[derive(Clone, Copy)]
pub enum Team<'a> {
    /// The six agents.
    Agents {
        /// What the listener is interested in.
        intent: &'a dyn Agent,
        /// Whether the traffic is valid.
        guard: &'a dyn Agent,
        /// What is allowed.
        safety: &'a dyn Agent,
        /// Which ads fit.
        relevance: &'a dyn Agent,
        /// What each is worth.
        bidder: &'a dyn Agent,
        /// How fast budgets are spent.
        pacer: &'a dyn Agent,
    },
    /// The monolithic rule engine, held by the same safety rules.
    Baseline {
        /// What is allowed.
        safety: &'a dyn Agent,
        /// Everything else.
        baseline: &'a dyn Agent,
    },
}

impl std::fmt::Debug for Team<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Agents { .. } => "agents",
            Self::Baseline { .. } => "baseline",
        })
    }
}
