//! How agents placed elsewhere do, by agent and version.

use motet_agent::AgentName;
use prometheus_client::{
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};

use super::register::Buckets;

/// Upper bounds of the buckets of one ask, in seconds: 100 µs to 100 ms.
const ASK_BUCKETS_S: [f64; 11] =
    [100e-6, 200e-6, 500e-6, 1e-3, 2e-3, 3e-3, 5e-3, 10e-3, 20e-3, 50e-3, 100e-3];

type Labels = [(&'static str, String); 2];
type Outcomes = [(&'static str, String); 3];

/// The series of agents placed elsewhere. Looked up by label at each ask: an ask costs a hundred times as much.
#[derive(Debug)]
pub struct RemoteAgents {
    asks: Family<Outcomes, Counter>,
    seconds: Family<Labels, Histogram, Buckets>,
    open: Family<Labels, Gauge>,
    behind: Family<Labels, Gauge>,
}

fn labels(agent: AgentName, version: &str) -> Labels {
    [("agent", agent.name().to_owned()), ("version", version.to_owned())]
}

impl RemoteAgents {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let remote = Self {
            asks: Family::default(),
            seconds: Family::new_with_constructor(Buckets(&ASK_BUCKETS_S)),
            open: Family::default(),
            behind: Family::default(),
        };
        let Self { asks, seconds, open, behind } = &remote;
        registry.register(
            "motet_remote_asks",
            "Asks of agents placed elsewhere, by what became of them",
            asks.clone(),
        );
        registry.register(
            "motet_remote_ask_seconds",
            "Time a request waited for an agent placed elsewhere",
            seconds.clone(),
        );
        registry.register(
            "motet_remote_open",
            "1 while an agent placed elsewhere is left alone",
            open.clone(),
        );
        registry.register(
            "motet_remote_feed_behind",
            "Messages of its feed that a process has not acknowledged",
            behind.clone(),
        );
        remote
    }

    /// Counts one ask and its time in seconds; `outcome` is `answered` or an absence's name.
    pub fn asked(&self, agent: AgentName, version: &str, outcome: &'static str, seconds: f64) {
        let [agent_label, version_label] = labels(agent, version);
        let labels = [agent_label, version_label, ("outcome", outcome.to_owned())];
        self.asks.get_or_create(&labels).inc();
        let [agent, version, _] = labels;
        self.seconds.get_or_create(&[agent, version]).observe(seconds);
    }

    /// States whether a version is left alone.
    pub fn open(&self, agent: AgentName, version: &str, open: bool) {
        self.open.get_or_create(&labels(agent, version)).set(i64::from(open));
    }

    /// States how far a version's process is behind its feed, in messages.
    pub fn behind(&self, agent: AgentName, version: &str, messages: u64) {
        let messages = i64::try_from(messages).unwrap_or(i64::MAX);
        self.behind.get_or_create(&labels(agent, version)).set(messages);
    }
}
