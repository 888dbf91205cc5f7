//! What the runtime tells of itself, put into metrics.

use std::{sync::Arc, time::Duration};

use motet_agent::Account;
use motet_coordinator::Trace;
use motet_engine::Judgement;
use motet_insight::metrics::{CampaignMoney, Metrics, PolicySwap};
use motet_ledger::Totals;
use motet_model::{catalog::Catalog, outcome::Notice};

use crate::runtime::{AgentTimes, Probe, Steering};

/// Puts what the runtime tells into metrics.
#[derive(Clone, Debug)]
pub struct MetricsProbe {
    metrics: Arc<Metrics>,
    /// Campaigns that get gauges of their own.
    campaigns: usize,
}

impl MetricsProbe {
    /// Makes a probe that gives at most so many campaigns gauges of their own.
    pub const fn new(metrics: Arc<Metrics>, campaigns: usize) -> Self {
        Self { metrics, campaigns }
    }
}

impl Probe for MetricsProbe {
    fn decided(&self, trace: &Trace, took: Duration, agents: &AgentTimes) {
        self.metrics.decision(took.as_secs_f64());
        for (agent, took) in agents.iter() {
            self.metrics.agent(agent, took.as_secs_f64());
        }
        for (proposal, verdict) in &trace.hearing {
            self.metrics.proposal(proposal.agent, *verdict);
        }
    }

    fn judged(&self, _notice: &Notice, judgement: &Judgement) {
        self.metrics.spent(judgement.charged);
    }

    fn committed(&self, records: usize, bytes: usize, took: Duration) {
        self.metrics.commit(took.as_secs_f64(), records as u64, bytes as u64);
        // What a batch holds waits for its sync and no longer.
        self.metrics.ledger_lag(took.as_secs_f64());
    }

    fn invariant_broken(&self) {
        self.metrics.invariant_broken();
    }

    fn shed(&self) {
        self.metrics.turned_away();
    }

    fn ticked(&self, catalog: &Catalog, accounts: &[Account], totals: &Totals, open_bids: usize) {
        self.metrics.reserved(i64::try_from(totals.reserved_nanos).unwrap_or(i64::MAX));
        self.metrics.open_bids(open_bids);
        self.metrics.catalog_version(catalog.version());
        self.metrics.campaigns(&top_spenders(catalog, accounts, self.campaigns));
    }

    fn steered(&self, steering: &Steering) {
        self.metrics.policies(&steering.set.version, &steering.refused);
    }

    fn swapped(&self, outcome: PolicySwap) {
        self.metrics.policy_swap(outcome);
    }
}

/// Returns the money of the campaigns that spent most, the lower index first where equal.
fn top_spenders(catalog: &Catalog, accounts: &[Account], most: usize) -> Vec<CampaignMoney> {
    let mut order: Vec<_> = accounts.iter().collect();
    order.sort_unstable_by_key(|account| (std::cmp::Reverse(account.spent), account.campaign));
    let money = |account: &&Account| CampaignMoney {
        campaign: catalog.campaign(account.campaign).campaign.id.clone(),
        spent: account.spent,
        reserved: account.reserved,
        left: (account.daily.is_some() || account.total.is_some()).then_some(account.room),
    };
    order.iter().take(most).map(money).collect()
}
