//! How things stand, for the API.

use motet_agent::AgentName;
use motet_policy::file::{Gate, Made};
use motet_units::Timestamp;

use super::{
    GateRule, Settings,
    shelf::{Shelf, Source, Stored},
};
use crate::runtime::Steering;

/// The policies in service and what is known of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The folder served; the fixed policies without one.
    pub folder: Option<String>,
    /// Whether a set must have passed the release gate.
    pub gate: GateRule,
    /// The set in service.
    pub in_service: SetReport,
    /// The agents of the team and the baseline, with what moves their parameters.
    pub agents: Vec<AgentReport>,
    /// The set before; a rollback seats it.
    pub previous: Option<SetReport>,
    /// Whether the folder holds a set that somebody chose another over; it is not taken until it changes.
    pub held: bool,
    /// What was last refused since the start.
    pub last_refusal: Option<Refusal>,
}

/// A set of policies.
#[derive(Clone, Debug, PartialEq)]
pub struct SetReport {
    /// Its version.
    pub version: String,
    /// Since when it is, or was, in service.
    pub since: Timestamp,
    /// How it came into service: `found`, `folder`, `rollback` or `fixed`.
    pub source: &'static str,
    /// How it was made.
    pub made: Made,
    /// What was measured, by name.
    pub metrics: std::collections::BTreeMap<String, f64>,
    /// What the release gate said; `None` while it was not asked.
    pub gate: Option<Gate>,
}

/// An agent's policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentReport {
    /// The agent.
    pub agent: AgentName,
    /// The policy's version; `None` where the agent is not in service.
    pub version: Option<String>,
    /// How many of its actions were refused since the start; each left the parameters as they were.
    pub refused_actions: u64,
}

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// When.
    pub at: Timestamp,
    /// What, and why.
    pub reason: String,
}

pub(super) fn report(
    settings: &Settings,
    shelf: &Shelf,
    steering: &Steering,
    last_refusal: Option<Refusal>,
) -> Report {
    Report {
        folder: settings.dir.as_ref().map(|dir| dir.display().to_string()),
        gate: settings.gate,
        in_service: set_report(&shelf.current),
        agents: steering.refused.iter().map(|refused| agent_report(steering, *refused)).collect(),
        previous: shelf.previous.as_ref().map(set_report),
        held: shelf.current.note.held.is_some(),
        last_refusal,
    }
}

fn agent_report(steering: &Steering, (agent, refused_actions): (AgentName, u64)) -> AgentReport {
    let version =
        steering.versions.iter().find(|(name, _)| *name == agent).map(|(_, version)| version.clone());
    AgentReport { agent, version, refused_actions }
}

fn set_report(stored: &Stored) -> SetReport {
    let manifest = &stored.found.manifest;
    SetReport {
        version: stored.found.set.version.clone(),
        since: Timestamp::from_micros(stored.note.since_micros),
        source: match stored.note.source {
            Source::Found => "found",
            Source::Folder => "folder",
            Source::Rollback => "rollback",
            Source::Fixed => "fixed",
        },
        made: manifest.made.clone(),
        metrics: manifest.metrics.clone(),
        gate: manifest.gate.clone(),
    }
}
