//! Agents placed elsewhere as the configuration says: connections made, feeds served, the runtime told whom to ask.

use std::{sync::Arc, time::Duration};

use motet_agent::{Absence, AgentName};
use motet_bus::{Calls, Serving};
use motet_insight::metrics::Metrics;
use motet_placement::{
    Caller, Elsewhere, OverBroker, Remote, Rules, Told, Version, Watch, breaker,
    broker::{self, ask_subject},
    grpc::{self, OverGrpc},
};
use tokio::task::JoinHandle;

use crate::{
    config::{Placement, VersionPlace},
    runtime::Runtime,
};

/// Why agents could not be placed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An address is none.
    #[error("placement.{agent}: '{address}' is not HOST:PORT")]
    Address {
        /// Whose.
        agent: &'static str,
        /// What stands there.
        address: String,
        /// Why.
        source: motet_placement::TransportError,
    },
    /// The broker.
    #[error("placement.bus: cannot use {url}")]
    Bus {
        /// Where it is.
        url: String,
        /// Why.
        source: motet_bus::Error,
    },
}

/// Agents placed elsewhere; dropping it ends their feeds.
#[derive(Debug, Default)]
pub struct Placed {
    feeding: Vec<JoinHandle<()>>,
    serving: Vec<Serving>,
}

impl Drop for Placed {
    fn drop(&mut self) {
        self.feeding.iter().for_each(JoinHandle::abort);
        self.serving.clear();
    }
}

/// Places agents as configured. Nothing is waited for: a process that is not there yet is asked once it is.
///
/// # Errors
/// When an address is none, or the broker cannot be reached.
pub async fn place(runtime: &Runtime, config: &Placement, metrics: &Arc<Metrics>) -> Result<Placed, Error> {
    let agents = config.elsewhere();
    let mut placed = Placed::default();
    if agents.is_empty() {
        return Ok(placed);
    }
    let calls = open_broker(config, &agents).await?;
    let rules = rules(config);
    let watch: Arc<dyn Watch> = Arc::new(MetricsWatch(Arc::clone(metrics)));
    let mut remotes = Vec::new();
    for (agent, versions) in agents {
        let mut placing =
            Placing { runtime, agent, calls: calls.as_ref(), watch: &watch, placed: &mut placed };
        let mut ready = Vec::new();
        for version in &versions {
            let caller = placing.caller(version)?;
            ready.push(Version::new(version.version.clone(), version.weight, caller, &rules));
        }
        if versions.iter().any(|version| version.grpc.is_none()) {
            placing.serve_feed(&config.bus).await?;
        }
        remotes.push(Remote::new(agent, ready, rules, Arc::clone(&watch)));
    }
    runtime.place(Elsewhere::new(remotes));
    Ok(placed)
}

async fn open_broker(
    config: &Placement,
    agents: &[(AgentName, Vec<VersionPlace>)],
) -> Result<Option<Arc<dyn Calls>>, Error> {
    let on_broker = |(agent, versions): &(AgentName, Vec<VersionPlace>)| {
        let versions = versions.iter().filter(|version| version.grpc.is_none());
        versions.map(|version| ask_subject(*agent, &version.version)).collect::<Vec<_>>()
    };
    let subjects: Vec<String> = agents.iter().flat_map(on_broker).collect();
    if subjects.is_empty() {
        return Ok(None);
    }
    let failed = |source| Error::Bus { url: config.bus.clone(), source };
    let calls = motet_bus::open_calls(&config.bus, &motet_bus::Settings::default()).await.map_err(failed)?;
    for subject in subjects {
        calls.prepare(&subject).await.map_err(failed)?;
    }
    Ok(Some(calls))
}

/// One agent being placed.
struct Placing<'a> {
    runtime: &'a Runtime,
    agent: AgentName,
    calls: Option<&'a Arc<dyn Calls>>,
    watch: &'a Arc<dyn Watch>,
    placed: &'a mut Placed,
}

impl Placing<'_> {
    /// Returns the way to a version's processes; over gRPC, also begins to feed the one there.
    fn caller(&mut self, version: &VersionPlace) -> Result<Box<dyn Caller>, Error> {
        let agent = self.agent;
        let Some(address) = &version.grpc else {
            let calls = Arc::clone(self.calls.expect("opened where a version is on the broker"));
            return Ok(Box::new(OverBroker::new(calls, ask_subject(agent, &version.version))));
        };
        let failed = |source| Error::Address { agent: agent.name(), address: address.clone(), source };
        let over = OverGrpc::new(grpc::channel(address).map_err(failed)?);
        let (feeds, seats) = self.runtime.feeds();
        let feed =
            feeds.into_iter().find(|feed| feed.agent() == agent).expect("every agent elsewhere has a feed");
        let feeding =
            grpc::keep_fed(over.clone(), feed, seats, version.version.clone(), Arc::clone(self.watch));
        self.placed.feeding.push(tokio::spawn(feeding));
        Ok(Box::new(over))
    }

    async fn serve_feed(&mut self, url: &str) -> Result<(), Error> {
        let calls = self.calls.expect("opened where a version is on the broker");
        let (feeds, seats) = self.runtime.feeds();
        let feed = feeds.into_iter().find(|feed| feed.agent() == self.agent);
        let feed = feed.expect("every agent elsewhere has a feed");
        let serving = broker::serve_feed(&**calls, feed, seats).await;
        let serving = serving.map_err(|source| Error::Bus { url: url.to_owned(), source })?;
        self.placed.serving.push(serving);
        Ok(())
    }
}

fn rules(config: &Placement) -> Rules {
    let breaker = breaker::Rules {
        in_a_row: config.breaker_failures,
        wait: Duration::from_millis(config.probe_ms),
        wait_most: Duration::from_millis(config.probe_most_ms),
        ..breaker::Rules::default()
    };
    Rules { breaker, hedge: config.hedge, ..Rules::default() }
}

/// Puts how remote agents do into metrics.
#[derive(Debug)]
struct MetricsWatch(Arc<Metrics>);

impl Watch for MetricsWatch {
    fn heard(&self, agent: AgentName, version: &str, told: Told, took: Duration) {
        let outcome = match told {
            Told::Answered => "answered",
            Told::Absent(absence) => Absence::name(absence),
        };
        self.0.remote().asked(agent, version, outcome, took.as_secs_f64());
    }

    fn open(&self, agent: AgentName, version: &str, open: bool) {
        self.0.remote().open(agent, version, open);
    }

    fn behind(&self, agent: AgentName, version: &str, messages: u64) {
        self.0.remote().behind(agent, version, messages);
    }
}
