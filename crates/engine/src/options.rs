//! What an engine is configured with. Part of the journal: a change of options is an event like any other.

use std::sync::Arc;

use motet_ledger::{Budget, Funding, Limits};
use motet_policy::PolicySet;
use motet_units::Nanos;
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
    /// How much of a budget may be out on bids whose records are not yet on the disk.
    pub float: Float,
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

/// How much of a campaign's budget may be out on bids that were answered before their records were on the disk: the
/// *float*. After a stop that was not clean that much is withheld. Nothing by default: every bid waits for the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Float {
    /// The share of the budget, in millionths, at most a million.
    pub share_ppm: u32,
    /// The most, whatever the budget.
    pub most: Nanos,
}

impl Float {
    /// Returns the float of a budget, of the lesser limit where it has two.
    ///
    /// ```
    /// use motet_engine::Float;
    /// use motet_ledger::Budget;
    /// use motet_units::Nanos;
    /// let float = Float { share_ppm: 20_000, most: Nanos::from_units(5.0) };
    /// let daily = |units| Budget { total: None, daily: Some(Nanos::from_units(units)) };
    /// assert_eq!(float.of(&daily(60.0)), Nanos::from_units(1.2));
    /// assert_eq!(float.of(&daily(1_000.0)), Nanos::from_units(5.0));
    /// assert_eq!(float.of(&Budget::default()), Nanos::from_units(5.0));
    /// ```
    pub fn of(&self, budget: &Budget) -> Nanos {
        let limit = budget.total.into_iter().chain(budget.daily).min().unwrap_or(Nanos::MAX);
        let share = i128::from(limit.get()) * i128::from(self.share_ppm) / 1_000_000;
        Nanos::new(i64::try_from(share).unwrap_or(i64::MAX)).min(self.most)
    }
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
            float: Float::default(),
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
