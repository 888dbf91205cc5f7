//! What is counted of the open agent interface, both ways. Agents are those of the configuration, so their names are bounded.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError, atomic::AtomicU64},
};

use prometheus_client::{
    metrics::{
        counter::Counter,
        family::{Family, MetricConstructor as _},
        gauge::Gauge,
        histogram::Histogram,
    },
    registry::Registry,
};

use super::register::{Buckets, LATENCY_BUCKETS_S};

type Labels<const N: usize> = [(&'static str, String); N];
type AgentIntent = (String, &'static str);
type Ratio = Gauge<f64, AtomicU64>;

/// The series of the open agent interface.
pub(super) struct Artf {
    calls: Family<Labels<2>, Counter>,
    call_seconds: Family<Labels<1>, Histogram, Buckets>,
    mutations: Family<Labels<3>, Counter>,
    acceptance: Family<Labels<2>, Ratio>,
    /// By agent and intent: mutations requested, and applied.
    counts: Mutex<BTreeMap<AgentIntent, (u64, u64)>>,
    asks: [Counter; 2],
    ask_seconds: Histogram,
    proposed: Counter,
}

impl Artf {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let asks = Family::<[(&'static str, &'static str); 1], Counter>::default();
        let artf = Self {
            calls: Family::default(),
            call_seconds: Family::new_with_constructor(Buckets(&LATENCY_BUCKETS_S)),
            mutations: Family::default(),
            acceptance: Family::default(),
            counts: Mutex::default(),
            asks: ["answered", "turned_away"]
                .map(|outcome| asks.get_or_create_owned(&[("outcome", outcome)])),
            ask_seconds: Buckets(&LATENCY_BUCKETS_S).new_metric(),
            proposed: Counter::default(),
        };
        registry.register("motet_artf_calls", "Calls of outside agents, by outcome", artf.calls.clone());
        let help = "Time of one call of an outside agent";
        registry.register("motet_artf_call_seconds", help, artf.call_seconds.clone());
        let help = "Mutations outside agents proposed, by verdict";
        registry.register("motet_artf_mutations", help, artf.mutations.clone());
        let help = "Share of an outside agent's mutations that were applied, since the start";
        registry.register("motet_artf_acceptance_ratio", help, artf.acceptance.clone());
        registry.register("motet_artf_asks", "Asks of hosts, by how they ended", asks);
        let help = "Time from a host's ask to its answer";
        registry.register("motet_artf_ask_seconds", help, artf.ask_seconds.clone());
        let help = "Mutations proposed to hosts";
        registry.register("motet_artf_mutations_proposed", help, artf.proposed.clone());
        artf
    }

    pub(super) fn called(&self, agent: &str, outcome: &'static str, seconds: f64) {
        let labels = [("agent", agent.to_owned()), ("outcome", outcome.to_owned())];
        self.calls.get_or_create(&labels).inc();
        self.call_seconds.get_or_create(&[("agent", agent.to_owned())]).observe(seconds);
    }

    pub(super) fn judged(&self, agent: &str, intent: &'static str, verdict: &'static str, applied: bool) {
        let [agent_label, intent_label] = [("agent", agent.to_owned()), ("intent", intent.to_owned())];
        let labels = [agent_label.clone(), intent_label.clone(), ("verdict", verdict.to_owned())];
        self.mutations.get_or_create(&labels).inc();
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let (requested, taken) = counts.entry((agent.to_owned(), intent)).or_default();
        *requested += 1;
        *taken += u64::from(applied);
        let ratio = *taken as f64 / *requested as f64;
        self.acceptance.get_or_create(&[agent_label, intent_label]).set(ratio);
    }

    pub(super) fn served(&self, mutations: Option<usize>, seconds: f64) {
        self.asks[usize::from(mutations.is_none())].inc();
        self.ask_seconds.observe(seconds);
        self.proposed.inc_by(mutations.unwrap_or(0) as u64);
    }
}
