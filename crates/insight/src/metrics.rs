//! What is counted and timed, in Prometheus' text form.
//!
//! Every series' handle is looked up once, when [`Metrics`] is made or a label is first seen, so that recording is
//! an atomic add and never a search by string. Labels come from closed enums; the one open label, a campaign's id,
//! is bounded to the campaigns [`Metrics::campaigns`] is given. Names begin with `motet_` and end with their unit.
//!
//! It reads no clock: durations are handed in, in seconds.

use std::{fmt, sync::OnceLock};

use motet_agent::{AgentName, RefusedReason, Verdict};
use motet_model::{
    decision::NoBidReason,
    outcome::{NoticeKind, NoticeVerdict},
};
use motet_units::Nanos;
use prometheus_client::{
    encoding::text,
    metrics::{
        counter::Counter,
        family::{Family, MetricConstructor},
        gauge::Gauge,
        histogram::Histogram,
        info::Info,
    },
    registry::Registry,
};

/// Upper bounds of the latency buckets, in seconds: 50 µs to 1 s.
const LATENCY_BUCKETS_S: [f64; 14] =
    [50e-6, 100e-6, 200e-6, 500e-6, 1e-3, 2e-3, 5e-3, 10e-3, 20e-3, 50e-3, 100e-3, 200e-3, 500e-3, 1.0];

/// Upper bounds of one agent's share of a decision, in seconds: 0.5 µs to 50 ms.
const AGENT_BUCKETS_S: [f64; 12] =
    [0.5e-6, 1e-6, 2e-6, 5e-6, 10e-6, 20e-6, 50e-6, 100e-6, 500e-6, 1e-3, 10e-3, 50e-3];

/// How a bid request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum RequestOutcome {
    /// At least one bid.
    Bid,
    /// No bid, for reasons of business.
    NoBid,
    /// It was no OpenRTB.
    Invalid,
    /// Its body was above a limit.
    TooLarge,
    /// Its body did not come in time.
    Slow,
    /// It came while as many as allowed were being decided, and got a no-bid at once.
    Shed,
    /// The platform was stopping.
    Unavailable,
}

impl RequestOutcome {
    const ALL: [Self; 7] =
        [Self::Bid, Self::NoBid, Self::Invalid, Self::TooLarge, Self::Slow, Self::Shed, Self::Unavailable];

    /// Returns the snake-case name used as a label.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bid => "bid",
            Self::NoBid => "no_bid",
            Self::Invalid => "invalid",
            Self::TooLarge => "too_large",
            Self::Slow => "slow",
            Self::Shed => "shed",
            Self::Unavailable => "unavailable",
        }
    }
}

/// Why a notice was refused before it reached the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum TokenRefusal {
    /// Its token has not the form of one.
    Malformed,
    /// Its token is not ours or not for this.
    Forged,
    /// Its token's time has passed.
    Expired,
}

impl TokenRefusal {
    const ALL: [Self; 3] = [Self::Malformed, Self::Forged, Self::Expired];

    /// Returns the snake-case name used as a label.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Forged => "forged",
            Self::Expired => "expired",
        }
    }
}

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

type One = [(&'static str, &'static str); 1];
type Two = [(&'static str, &'static str); 2];
type ByCampaign = Family<[(&'static str, String); 1], Gauge>;

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
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

/// Counters made when their labels are first seen, then found by place.
struct Lazy<const N: usize> {
    family: Family<Two, Counter>,
    places: [OnceLock<Counter>; N],
}

impl<const N: usize> Lazy<N> {
    fn new(family: Family<Two, Counter>) -> Self {
        Self { family, places: std::array::from_fn(|_| OnceLock::new()) }
    }

    fn add(&self, place: usize, labels: Two) {
        self.places[place].get_or_init(|| self.family.get_or_create_owned(&labels)).inc();
    }
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

const AGENTS: [AgentName; 7] = [
    AgentName::Intent,
    AgentName::Guard,
    AgentName::Safety,
    AgentName::Relevance,
    AgentName::Bidder,
    AgentName::Pacer,
    AgentName::Baseline,
];

const fn agent_place(agent: AgentName) -> usize {
    match agent {
        AgentName::Intent => 0,
        AgentName::Guard => 1,
        AgentName::Safety => 2,
        AgentName::Relevance => 3,
        AgentName::Bidder => 4,
        AgentName::Pacer => 5,
        AgentName::Baseline => 6,
    }
}

const REFUSALS: usize = 15;

const fn refusal_place(reason: RefusedReason) -> usize {
    match reason {
        RefusedReason::NotOnCard => 0,
        RefusedReason::OutOfRange => 1,
        RefusedReason::UnknownTarget => 2,
        RefusedReason::Repeated => 3,
        RefusedReason::Late => 4,
        RefusedReason::Overruled(_) => 5,
        RefusedReason::Unsafe(_) => 6,
        RefusedReason::NoConsent => 7,
        RefusedReason::InvalidTraffic(_) => 8,
        RefusedReason::NotEligible => 9,
        RefusedReason::NoBudget => 10,
        RefusedReason::Paced => 11,
        RefusedReason::BelowFloor => 12,
        RefusedReason::AboveValue => 13,
        RefusedReason::CandidateRefused => 14,
    }
}

const NO_BIDS: [&str; 15] = [
    "no_match",
    "no_creative",
    "frequency_capped",
    "unsafe",
    "policy_blocked",
    "invalid_traffic",
    "budget_exhausted",
    "paced",
    "below_floor",
    "no_deal",
    "seat_not_allowed",
    "currency_not_taken",
    "deadline_passed",
    "agent_absent",
    "technical",
];

const fn no_bid_place(reason: NoBidReason) -> usize {
    match reason {
        NoBidReason::NoMatch => 0,
        NoBidReason::NoCreative => 1,
        NoBidReason::FrequencyCapped => 2,
        NoBidReason::Unsafe => 3,
        NoBidReason::PolicyBlocked => 4,
        NoBidReason::InvalidTraffic(_) => 5,
        NoBidReason::BudgetExhausted => 6,
        NoBidReason::Paced => 7,
        NoBidReason::BelowFloor => 8,
        NoBidReason::NoDeal => 9,
        NoBidReason::SeatNotAllowed => 10,
        NoBidReason::CurrencyNotTaken => 11,
        NoBidReason::DeadlinePassed => 12,
        NoBidReason::AgentAbsent => 13,
        NoBidReason::Technical => 14,
    }
}

const KINDS: [&str; 6] = ["win", "billing", "loss", "impression", "click", "conversion"];

const fn kind_place(kind: &NoticeKind) -> usize {
    match kind {
        NoticeKind::Won { .. } => 0,
        NoticeKind::Billed { .. } => 1,
        NoticeKind::Lost { .. } => 2,
        NoticeKind::Impression => 3,
        NoticeKind::Click => 4,
        NoticeKind::Conversion { .. } => 5,
    }
}

const VERDICTS: [NoticeVerdict; 5] = [
    NoticeVerdict::Counted,
    NoticeVerdict::Duplicate,
    NoticeVerdict::Expired,
    NoticeVerdict::Contradicts,
    NoticeVerdict::Filtered,
];

const fn verdict_place(verdict: NoticeVerdict) -> usize {
    match verdict {
        NoticeVerdict::Counted => 0,
        NoticeVerdict::Duplicate => 1,
        NoticeVerdict::Expired => 2,
        NoticeVerdict::Contradicts => 3,
        NoticeVerdict::Filtered => 4,
    }
}

#[derive(Clone, Copy)]
struct Buckets(&'static [f64]);

impl MetricConstructor<Histogram> for Buckets {
    fn new_metric(&self) -> Histogram {
        Histogram::new(self.0.iter().copied())
    }
}

/// Registers metrics one by one, so that each stands beside its help text.
struct Registrar(Registry);

impl Registrar {
    fn counter(&mut self, name: &str, help: &str) -> Counter {
        let counter = Counter::default();
        self.0.register(name, help, counter.clone());
        counter
    }

    fn gauge(&mut self, name: &str, help: &str) -> Gauge {
        let gauge = Gauge::default();
        self.0.register(name, help, gauge.clone());
        gauge
    }

    fn histogram(&mut self, name: &str, help: &str, buckets: &'static [f64]) -> Histogram {
        let histogram = Buckets(buckets).new_metric();
        self.0.register(name, help, histogram.clone());
        histogram
    }

    fn by_one<const N: usize>(
        &mut self,
        name: &str,
        help: &str,
        label: &'static str,
        values: [&'static str; N],
    ) -> [Counter; N] {
        let family = Family::<One, Counter>::default();
        self.0.register(name, help, family.clone());
        values.map(|value| family.get_or_create_owned(&[(label, value)]))
    }

    fn by_two<const N: usize>(&mut self, name: &str, help: &str) -> Lazy<N> {
        let family = Family::<Two, Counter>::default();
        self.0.register(name, help, family.clone());
        Lazy::new(family)
    }

    fn by_campaign(&mut self, name: &str, help: &str) -> ByCampaign {
        let family = ByCampaign::default();
        self.0.register(name, help, family.clone());
        family
    }

    fn agents(&mut self) -> [Histogram; AGENTS.len()] {
        let family = Family::<One, Histogram, Buckets>::new_with_constructor(Buckets(&AGENT_BUCKETS_S));
        self.0.register("motet_agent_seconds", "Time of one agent in one decision", family.clone());
        AGENTS.map(|agent| family.get_or_create_owned(&[("agent", agent.name())]))
    }

    fn money(&mut self) -> Money {
        Money {
            spend: self.counter("motet_spend_nanos", "Money charged, in nanos of the accounting currency"),
            reserved: self.gauge("motet_reserved_nanos", "Money held for open bids"),
            campaign_spent: self.by_campaign("motet_campaign_spent_nanos", "Spent by a campaign in all"),
            campaign_reserved: self
                .by_campaign("motet_campaign_reserved_nanos", "Held for a campaign's open bids"),
            campaign_left: self
                .by_campaign("motet_campaign_budget_left_nanos", "What a campaign may still spend now"),
        }
    }

    fn journal(&mut self) -> Journal {
        let lag_seconds = Gauge::default();
        self.0.register(
            "motet_ledger_lag_seconds",
            "Age of the oldest money movement that is not yet durable",
            lag_seconds.clone(),
        );
        Journal {
            lag_seconds,
            commit_seconds: self.histogram(
                "motet_journal_commit_seconds",
                "Time of one group commit",
                &LATENCY_BUCKETS_S,
            ),
            bytes: self.counter("motet_journal_bytes", "Bytes written to the journal"),
            records: self.counter("motet_journal_records", "Records written to the journal"),
        }
    }
}

impl Metrics {
    /// Makes the metrics of a program of this version.
    pub fn new(version: &'static str) -> Self {
        let mut r = Registrar(Registry::default());
        let build = Info::new([("version", version)]);
        r.0.register("motet_build", "The program's version", build);
        let mut metrics = Self {
            requests: r.by_one(
                "motet_requests",
                "Bid requests by how they ended",
                "outcome",
                RequestOutcome::ALL.map(RequestOutcome::name),
            ),
            request_seconds: r.histogram(
                "motet_request_seconds",
                "Time from a bid request's head to its answer",
                &LATENCY_BUCKETS_S,
            ),
            decision_seconds: r.histogram(
                "motet_decision_seconds",
                "Time of one decision in the engine",
                &LATENCY_BUCKETS_S,
            ),
            agent_seconds: r.agents(),
            accepted: r.by_one(
                "motet_proposals_accepted",
                "Proposals taken into decisions",
                "agent",
                AGENTS.map(AgentName::name),
            ),
            refused: r.by_two("motet_proposals_refused", "Proposals refused, by agent and reason"),
            no_bid: r.by_one("motet_no_bid", "Imps without a bid, by reason", "reason", NO_BIDS),
            notices: r.by_two("motet_notices", "Notices by kind and verdict"),
            notices_refused: r.by_two("motet_notices_refused", "Notices whose token was refused"),
            turned_away: r.counter(
                "motet_decisions_turned_away",
                "Requests the engine turned away undecided: past their time, or with a full queue",
            ),
            invariants_broken: r
                .counter("motet_invariants_broken", "Broken invariants; any is a fault of ours"),
            money: r.money(),
            journal: r.journal(),
            open_bids: r.gauge("motet_open_bids", "Bids whose notices are still awaited"),
            connections: r.gauge("motet_connections", "Open connections"),
            in_flight: r.gauge("motet_requests_in_flight", "Bid requests being decided"),
            catalog_version: r.gauge("motet_catalog_version", "Changes applied to the catalog"),
            registry: Registry::default(),
        };
        metrics.registry = r.0;
        metrics
    }

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

    /// Counts a request the engine turned away undecided.
    pub fn turned_away(&self) {
        self.turned_away.inc();
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
mod tests {
    use motet_agent::Priority;
    use motet_model::decision::Finding;

    use super::*;

    fn line(metrics: &Metrics, start: &str) -> String {
        let page = metrics.encode();
        page.lines().find(|line| line.starts_with(start)).unwrap_or_default().to_owned()
    }

    #[test]
    fn what_is_recorded_is_told_under_its_name() {
        let metrics = Metrics::new("0.1.0");
        metrics.request(RequestOutcome::Shed, 0.000_07);
        metrics.proposal(AgentName::Pacer, Verdict::Accepted);
        metrics.proposal(AgentName::Relevance, Verdict::Refused(RefusedReason::Overruled(Priority::Safety)));
        metrics.no_bid(NoBidReason::InvalidTraffic(Finding::Crawler));
        metrics.notice(&NoticeKind::Click, NoticeVerdict::Contradicts);
        metrics.notice_refused(&NoticeKind::Impression, TokenRefusal::Forged);
        metrics.spent(Nanos::new(12));
        metrics.agent(AgentName::Guard, 1e-6);
        metrics.commit(0.001, 3, 300);
        metrics.ledger_lag(0.25);
        for (start, end) in [
            ("motet_requests_total{outcome=\"shed\"}", " 1"),
            ("motet_request_seconds_bucket{le=\"0.00005\"}", " 0"),
            ("motet_request_seconds_bucket{le=\"0.0001\"}", " 1"),
            ("motet_request_seconds_bucket{le=\"1.0\"}", " 1"),
            ("motet_agent_seconds_count{agent=\"guard\"}", " 1"),
            ("motet_proposals_accepted_total{agent=\"pacer\"}", " 1"),
            ("motet_proposals_refused_total{agent=\"relevance\",reason=\"overruled\"}", " 1"),
            ("motet_no_bid_total{reason=\"invalid_traffic\"}", " 1"),
            ("motet_notices_total{kind=\"click\",verdict=\"contradicts\"}", " 1"),
            ("motet_notices_refused_total{kind=\"impression\",reason=\"forged\"}", " 1"),
            ("motet_spend_nanos_total", " 12"),
            ("motet_journal_bytes_total", " 300"),
            ("motet_ledger_lag_seconds", " 0.25"),
            ("motet_build_info{version=\"0.1.0\"}", " 1"),
        ] {
            let line = line(&metrics, start);
            assert!(line.ends_with(end), "{start} gives '{line}'");
        }
    }

    #[test]
    fn gauges_of_campaigns_are_those_given_last_and_no_more() {
        let metrics = Metrics::new("0");
        let money = |id: &str| CampaignMoney {
            campaign: id.to_owned(),
            spent: Nanos::new(5),
            reserved: Nanos::new(2),
            left: None,
        };
        metrics.campaigns(&[money("a"), money("b")]);
        metrics.campaigns(&[money("b")]);
        assert_eq!(line(&metrics, "motet_campaign_spent_nanos{campaign=\"a\"}"), "");
        assert!(line(&metrics, "motet_campaign_spent_nanos{campaign=\"b\"}").ends_with(" 5"));
        assert_eq!(line(&metrics, "motet_campaign_budget_left_nanos{"), "");
    }

    #[test]
    fn every_name_has_the_prefix_and_the_page_ends_as_it_must() {
        let page = Metrics::new("0").encode();
        assert!(page.ends_with("# EOF\n"));
        let mut names = page.lines().filter(|line| !line.starts_with('#'));
        assert!(names.all(|line| line.starts_with("motet_")));
    }

    #[test]
    fn labels_are_the_names_of_their_reasons() {
        let reasons =
            [NoBidReason::NoMatch, NoBidReason::Unsafe, NoBidReason::Technical, NoBidReason::NoDeal];
        for reason in reasons {
            assert_eq!(NO_BIDS[no_bid_place(reason)], reason.name());
        }
        for (place, agent) in AGENTS.into_iter().enumerate() {
            assert_eq!(agent_place(agent), place);
        }
        for (place, verdict) in VERDICTS.into_iter().enumerate() {
            assert_eq!(verdict_place(verdict), place);
        }
        assert_eq!(KINDS[kind_place(&NoticeKind::Impression)], "impression");
    }
}
