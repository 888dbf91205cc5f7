//! Every series' name, help and buckets, in one place.

use std::sync::OnceLock;

use motet_agent::AgentName;
use prometheus_client::{
    metrics::{
        counter::Counter,
        family::{Family, MetricConstructor},
        gauge::Gauge,
        histogram::Histogram,
        info::Info,
    },
    registry::Registry,
};

use super::{
    Bus, Journal, Metrics, Money, PolicySwap, RemoteAgents, RequestOutcome,
    artf::Artf,
    labels::{AGENTS, NO_BIDS},
};

/// Upper bounds of the latency buckets, in seconds: 50 µs to 1 s.
pub(super) const LATENCY_BUCKETS_S: [f64; 14] =
    [50e-6, 100e-6, 200e-6, 500e-6, 1e-3, 2e-3, 5e-3, 10e-3, 20e-3, 50e-3, 100e-3, 200e-3, 500e-3, 1.0];

/// Upper bounds of one agent's share of a decision, in seconds: 0.5 µs to 50 ms.
const AGENT_BUCKETS_S: [f64; 12] =
    [0.5e-6, 1e-6, 2e-6, 5e-6, 10e-6, 20e-6, 50e-6, 100e-6, 500e-6, 1e-3, 10e-3, 50e-3];
type One = [(&'static str, &'static str); 1];
pub(super) type Two = [(&'static str, &'static str); 2];
pub(super) type ByCampaign = Family<[(&'static str, String); 1], Gauge>;
pub(super) type ByVersion = Family<[(&'static str, String); 1], Gauge>;
/// Counters made when their labels are first seen, then found by place.
pub(super) struct Lazy<const N: usize> {
    family: Family<Two, Counter>,
    places: [OnceLock<Counter>; N],
}

impl<const N: usize> Lazy<N> {
    fn new(family: Family<Two, Counter>) -> Self {
        Self { family, places: std::array::from_fn(|_| OnceLock::new()) }
    }

    pub(super) fn add(&self, place: usize, labels: Two) {
        self.places[place].get_or_init(|| self.family.get_or_create_owned(&labels)).inc();
    }
}
#[derive(Clone, Copy)]
pub(super) struct Buckets(pub(super) &'static [f64]);

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

    fn by_version(&mut self, name: &str, help: &str) -> ByVersion {
        let family = ByVersion::default();
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

    fn bus(&mut self) -> Bus {
        Bus {
            published: self
                .counter("motet_bus_published_messages", "Messages published and acknowledged by the bus"),
            not_published: self.counter(
                "motet_bus_not_published_messages",
                "Messages whose publishing failed; they are published again",
            ),
            received: self
                .counter("motet_bus_received_messages", "Messages received, redeliveries with them"),
            dead_letters: self.counter("motet_bus_dead_letters", "Messages set aside with a reason"),
            faults: self
                .counter("motet_bus_faults", "Faults of the connection to the bus that were waited out"),
            lag: self.gauge("motet_bus_lag_messages", "Messages that wait to be received"),
            unpublished: self
                .gauge("motet_bus_unpublished_records", "Records on the disk that are not published yet"),
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
            policy_refused: r.by_one(
                "motet_policy_actions_refused",
                "Actions of an agent's policy that left their range, so that its parameters stayed",
                "agent",
                AGENTS.map(AgentName::name),
            ),
            policy_swaps: r.by_one(
                "motet_policy_swaps",
                "Sets of policies seated, refused and rolled back",
                "outcome",
                PolicySwap::ALL.map(PolicySwap::name),
            ),
            policy_info: r
                .by_version("motet_policy_info", "1 for the set of policies in service, by version"),
            remote: RemoteAgents::new(&mut r.0),
            artf: Artf::new(&mut r.0),
            bus: r.bus(),
            registry: Registry::default(),
        };
        metrics.registry = r.0;
        metrics
    }
}
