//! What an engine is configured with. Part of the journal: a change of options is an event like any other.

use std::sync::Arc;

use motet_ledger::{Funding, Limits};
use motet_policy::PolicySet;
use serde::{Deserialize, Serialize};

use crate::Candidate;

/// What an engine is configured with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// The seed all chance is keyed by.
    pub seed: u64,
    /// This node's number, the first 16 bits of its decision ids.
    pub node: u16,
    /// Who decides.
    pub team: TeamKind,
    /// How long after an impression a click counts, in seconds.
    pub click_window_s: u32,
    /// How long after a click a conversion counts, in seconds.
    pub conversion_window_s: u32,
    /// What the coordinator is bound by.
    pub coordinator: motet_coordinator::Options,
    /// How much the ledger may hold.
    pub ledger: Limits,
    /// Whose money the ledger holds: whole budgets, or leases of budgets that nodes share.
    pub funding: Funding,
    /// The intent agent's.
    pub intent: motet_agents::intent::Options,
    /// The relevance agent's.
    pub relevance: motet_agents::relevance::Options,
    /// The bidder's.
    pub bidder: motet_agents::bidder::Options,
    /// The pacer's.
    pub pacer: motet_agents::pacer::Options,
    /// The guard's.
    pub guard: motet_agents::guard::Options,
    /// The safety agent's.
    pub safety: motet_agents::safety::Options,
    /// The policies the agents are steered by; the fixed ones where there are none. While the engine runs they are
    /// changed by [`Event::Steered`](crate::Event::Steered); options without any leave those in service.
    pub policies: Option<Arc<PolicySet>>,
    /// A crew on trial, which decides for a part of the users; none by default.
    pub candidate: Option<Box<Candidate>>,
}

/// Who decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TeamKind {
    /// The six agents.
    #[default]
    Agents,
    /// The rule engine, under the same safety rules.
    Baseline,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seed: 0,
            node: 0,
            team: TeamKind::default(),
            click_window_s: 3_600,
            conversion_window_s: 7 * 86_400,
            coordinator: motet_coordinator::Options::default(),
            ledger: Limits::default(),
            funding: Funding::default(),
            intent: motet_agents::intent::Options::default(),
            relevance: motet_agents::relevance::Options::default(),
            bidder: motet_agents::bidder::Options::default(),
            pacer: motet_agents::pacer::Options::default(),
            guard: motet_agents::guard::Options::default(),
            safety: motet_agents::safety::Options::default(),
            policies: None,
            candidate: None,
        }
    }
}
