//! `motet bench agents` and `motet bench agent-faults`: the six agents in processes of their own.
//!
//! The first measures what a decision takes by where its agents run, at a steady rate. The second breaks one agent at a
//! time under load, in every way one can break, and looks whether any request was answered past its deadline, and how
//! many did without the agent.
//!
//! A decision's time is what the server says of it: asking the agents, the engine's queue, and deciding. Reading the
//! request, the journal's disk and the answer's way back are the same wherever agents run, and left out.

mod cast;
mod faults;
mod latency;

use std::{collections::BTreeMap, net::SocketAddr};

use anyhow::{Context, Result};
use motet_agent::AgentName;

pub(crate) use self::{faults::command as faults, latency::command as latency};
use crate::client::Client;

/// Where the agents of a bench run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Where {
    /// In the server
    Local,
    /// In processes reached over gRPC
    Grpc,
    /// In processes reached over the broker of `--bus`
    Broker,
}

/// What became of asks, by outcome.
pub(crate) type Outcomes = BTreeMap<String, u64>;

/// Reads from the server's metrics what became of the asks of one agent, or of all.
async fn outcomes(server: SocketAddr, agent: Option<AgentName>) -> Result<Outcomes> {
    let page = Client::new(server).get("/metrics").await.context("cannot read the server's metrics")?;
    let page = String::from_utf8_lossy(&page.body).into_owned();
    let mut found = Outcomes::new();
    for line in page.lines().filter(|line| line.starts_with("motet_remote_asks_total{")) {
        let label =
            |name: &str| line.split(&format!("{name}=\"")).nth(1).and_then(|rest| rest.split('"').next());
        let (Some(who), Some(outcome)) = (label("agent"), label("outcome")) else { continue };
        if agent.is_none_or(|agent| agent.name() == who) {
            let count = line.rsplit(' ').next().and_then(|count| count.parse::<f64>().ok()).unwrap_or(0.0);
            *found.entry(outcome.to_owned()).or_default() += count as u64;
        }
    }
    Ok(found)
}

/// Returns what came to outcomes since they were read before.
fn since(now: &Outcomes, before: &Outcomes) -> Outcomes {
    let more = |(name, count): (&String, &u64)| (name.clone(), count - before.get(name).unwrap_or(&0));
    now.iter().map(more).filter(|(_, count)| *count > 0).collect()
}

/// The share of asks that were answered; 1 where nobody was asked.
fn answered_share(outcomes: &Outcomes) -> f64 {
    let all: u64 = outcomes.values().sum();
    if all == 0 { 1.0 } else { *outcomes.get("answered").unwrap_or(&0) as f64 / all as f64 }
}
