//! What is counted and timed, in Prometheus' text form.
//!
//! Every series' handle is looked up once, when [`Metrics`] is made or a label is first seen, so that recording is
//! an atomic add and never a search by string. Labels come from closed enums; the one open label, a campaign's id,
//! is bounded to the campaigns [`Metrics::campaigns`] is given. Names begin with `motet_` and end with their unit.
//!
//! It reads no clock: durations are handed in, in seconds.

mod artf;
mod labels;
mod outcomes;
mod register;
mod remote;

use std::fmt;

use motet_agent::{AgentName, Verdict};
use motet_model::{
    decision::NoBidReason,
    outcome::{NoticeKind, NoticeVerdict},
};
use motet_units::Nanos;
use prometheus_client::{
    encoding::text,
    metrics::{counter::Counter, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};

pub use self::outcomes::{PolicySwap, RequestOutcome, TokenRefusal};
pub use self::remote::RemoteAgents;
use self::{
    labels::{
        AGENTS, KINDS, NO_BIDS, REFUSALS, VERDICTS, agent_place, kind_place, no_bid_place, refusal_place,
        verdict_place,
    },
    register::{ByCampaign, ByVersion, Lazy},
};

/// One campaign's money, for its gauges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CampaignMoney {
    /// The campaign's id.
    pub campaign: String,
    /// Spent over its whole flight.
    pub spent: Nanos,
    /// Held for open bids.
    pub reserved: Nanos,
    /// What it may still spend now; `None` without a budget.
    pub left: Option<Nanos>,
}

/// Everything counted and timed.
pub struct Metrics {
    registry: Registry,
    requests: [Counter; RequestOutcome::ALL.len()],
    request_seconds: Histogram,
    decision_seconds: Histogram,
    agent_seconds: [Histogram; AGENTS.len()],
    accepted: [Counter; AGENTS.len()],
    refused: Lazy<{ AGENTS.len() * REFUSALS }>,
    no_bid: [Counter; NO_BIDS.len()],
    notices: Lazy<{ KINDS.len() * VERDICTS.len() }>,
    notices_refused: Lazy<{ KINDS.len() * TokenRefusal::ALL.len() }>,
    turned_away: Counter,
    invariants_broken: Counter,
    money: Money,
    journal: Journal,
    open_bids: Gauge,
    connections: Gauge,
    in_flight: Gauge,
    catalog_version: Gauge,
    policy_refused: [Counter; AGENTS.len()],
    policy_swaps: [Counter; PolicySwap::ALL.len()],
    policy_info: ByVersion,
    remote: RemoteAgents,
    artf: artf::Artf,
    bus: Bus,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

/// What a bus carried and how far behind it is, as it stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BusFigures {
    /// Messages published and acknowledged.
    pub published: u64,
    /// Messages whose publishing failed; they are published again.
    pub not_published: u64,
    /// Messages received, redeliveries with them.
    pub received: u64,
    /// Messages set aside with a reason.
    pub dead_letters: u64,
    /// Faults of the connection that were waited out.
    pub faults: u64,
    /// Messages that wait to be received; `None` before that is known.
    pub lag: Option<u64>,
    /// Records on the disk that are not published yet.
    pub unpublished: u64,
}

struct Bus {
    published: Counter,
    not_published: Counter,
    received: Counter,
    dead_letters: Counter,
    faults: Counter,
    lag: Gauge,
    unpublished: Gauge,
}

struct Money {
    spend: Counter,
    reserved: Gauge,
    campaign_spent: ByCampaign,
    campaign_reserved: ByCampaign,
    campaign_left: ByCampaign,
}

struct Journal {
    lag_seconds: Gauge<f64, std::sync::atomic::AtomicU64>,
    commit_seconds: Histogram,
    bytes: Counter,
    records: Counter,
}

impl Metrics {
    /// Counts a bid request and its time in seconds.
    pub fn request(&self, outcome: RequestOutcome, seconds: f64) {
        self.requests[outcome as usize].inc();
        self.request_seconds.observe(seconds);
    }

    /// Times one decision in the engine, in seconds.
    pub fn decision(&self, seconds: f64) {
        self.decision_seconds.observe(seconds);
    }

    /// Times one agent in one decision, in seconds.
    pub fn agent(&self, agent: AgentName, seconds: f64) {
        self.agent_seconds[agent_place(agent)].observe(seconds);
    }

    /// Counts what became of one proposal.
    pub fn proposal(&self, agent: AgentName, verdict: Verdict) {
        match verdict {
            Verdict::Accepted => {
                self.accepted[agent_place(agent)].inc();
            }
            Verdict::Refused(reason) => self.refused.add(
                agent_place(agent) * REFUSALS + refusal_place(reason),
                [("agent", agent.name()), ("reason", reason.name())],
            ),
        }
    }

    /// Counts an imp without a bid.
    pub fn no_bid(&self, reason: NoBidReason) {
        self.no_bid[no_bid_place(reason)].inc();
    }

    /// Counts what a notice led to.
    pub fn notice(&self, kind: &NoticeKind, verdict: NoticeVerdict) {
        let place = kind_place(kind) * VERDICTS.len() + verdict_place(verdict);
        self.notices.add(place, [("kind", kind.name()), ("verdict", verdict.name())]);
    }

    /// Counts a notice whose token was refused.
    pub fn notice_refused(&self, kind: &NoticeKind, refusal: TokenRefusal) {
        let place = kind_place(kind) * TokenRefusal::ALL.len() + refusal as usize;
        self.notices_refused.add(place, [("kind", kind.name()), ("reason", refusal.name())]);
    }

    /// Counts money charged.
    pub fn spent(&self, amount: Nanos) {
        self.money.spend.inc_by(u64::try_from(amount.get()).unwrap_or(0));
    }

    /// States the money held for all open bids, in nanos: the sum of all campaigns may be above what [`Nanos`] holds.
    pub fn reserved(&self, nanos: i64) {
        self.money.reserved.set(nanos);
    }

    /// States the money of the campaigns that have gauges of their own, in place of those before. The caller
    /// bounds how many there are.
    pub fn campaigns(&self, campaigns: &[CampaignMoney]) {
        let money = &self.money;
        for family in [&money.campaign_spent, &money.campaign_reserved, &money.campaign_left] {
            family.clear();
        }
        for campaign in campaigns {
            let label = [("campaign", campaign.campaign.clone())];
            money.campaign_spent.get_or_create(&label).set(campaign.spent.get());
            money.campaign_reserved.get_or_create(&label).set(campaign.reserved.get());
            if let Some(left) = campaign.left {
                money.campaign_left.get_or_create(&label).set(left.get());
            }
        }
    }

    /// States the age of the oldest money movement that is not yet durable, in seconds.
    pub fn ledger_lag(&self, seconds: f64) {
        self.journal.lag_seconds.set(seconds);
    }

    /// Counts one group commit: its time in seconds, its records and bytes.
    pub fn commit(&self, seconds: f64, records: u64, bytes: u64) {
        self.journal.commit_seconds.observe(seconds);
        self.journal.records.inc_by(records);
        self.journal.bytes.inc_by(bytes);
    }

    /// States how many bids' notices are still awaited.
    pub fn open_bids(&self, count: usize) {
        self.open_bids.set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// Counts a connection opened (1) or closed (-1).
    pub fn connections(&self, change: i64) {
        self.connections.inc_by(change);
    }

    /// States how many bid requests are being decided.
    pub fn in_flight(&self, count: usize) {
        self.in_flight.set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// States the catalog's version.
    pub fn catalog_version(&self, version: u64) {
        self.catalog_version.set(i64::try_from(version).unwrap_or(i64::MAX));
    }

    /// States the version of the policies in service, in place of the one before, and how many actions each agent has
    /// refused since the start.
    pub fn policies(&self, version: &str, refused: &[(AgentName, u64)]) {
        let label = [("version", version.to_owned())];
        if self.policy_info.get(&label).is_none() {
            self.policy_info.clear();
        }
        self.policy_info.get_or_create(&label).set(1);
        for (agent, refused) in refused {
            let counter = &self.policy_refused[agent_place(*agent)];
            counter.inc_by(refused.saturating_sub(counter.get()));
        }
    }

    /// Counts a change of the policies in service, or a refusal of one.
    pub fn policy_swap(&self, outcome: PolicySwap) {
        self.policy_swaps[outcome as usize].inc();
    }

    /// Returns the series of agents placed elsewhere.
    pub const fn remote(&self) -> &RemoteAgents {
        &self.remote
    }

    /// States what the bus carried and how far behind it is.
    pub fn bus(&self, figures: &BusFigures) {
        let bus = &self.bus;
        let counters = [
            (&bus.published, figures.published),
            (&bus.not_published, figures.not_published),
            (&bus.received, figures.received),
            (&bus.dead_letters, figures.dead_letters),
            (&bus.faults, figures.faults),
        ];
        for (counter, now) in counters {
            counter.inc_by(now.saturating_sub(counter.get()));
        }
        let signed = |count| i64::try_from(count).unwrap_or(i64::MAX);
        bus.lag.set(figures.lag.map_or(0, signed));
        bus.unpublished.set(signed(figures.unpublished));
    }

    /// Counts a request the engine turned away undecided.
    pub fn turned_away(&self) {
        self.turned_away.inc();
    }

    /// Counts a call of an outside agent, by its outcome's name, and its time in seconds.
    pub fn artf_called(&self, agent: &str, outcome: &'static str, seconds: f64) {
        self.artf.called(agent, outcome, seconds);
    }

    /// Counts a mutation an outside agent proposed, by its verdict's name, and whether it was applied.
    pub fn artf_judged(&self, agent: &str, intent: &'static str, verdict: &'static str, applied: bool) {
        self.artf.judged(agent, intent, verdict, applied);
    }

    /// Counts a host's ask: with how many mutations it was answered (`None` where it was turned away), and in how many
    /// seconds.
    pub fn artf_served(&self, mutations: Option<usize>, seconds: f64) {
        self.artf.served(mutations, seconds);
    }

    /// Counts a broken invariant.
    pub fn invariant_broken(&self) {
        self.invariants_broken.inc();
    }

    /// Returns how many bid requests ended in a way.
    pub fn requests(&self, outcome: RequestOutcome) -> u64 {
        self.requests[outcome as usize].get()
    }

    /// Writes everything in the text form of `OpenMetrics`.
    pub fn encode(&self) -> String {
        let mut page = String::with_capacity(16 * 1024);
        text::encode(&mut page, &self.registry).expect("writing to a String cannot fail");
        page
    }
}

#[cfg(test)]
mod tests;
