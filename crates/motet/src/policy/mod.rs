//! `motet policy`: what a policy folder holds, and networks in and out of it.

mod inspect;
mod onnx;
mod write;

use std::path::Path;

use anyhow::{Context, Result};
use motet_agent::AgentCard;
use motet_engine::CARDS;
use motet_server::policies::{Found, read_folder};

use crate::cli::Policy;

/// Runs and prints.
pub(crate) fn command(options: &Policy) -> Result<()> {
    match options {
        Policy::Inspect { dir, json } => inspect::command(dir, *json),
        Policy::Export { dir, agent, to } => onnx::export(dir, agent, to),
        Policy::Import { file, agent, into, version, json } => {
            onnx::import(file, agent, into, version.as_deref(), *json)
        }
    }
}

fn read(dir: &Path) -> Result<Found> {
    read_folder(dir).with_context(|| format!("{} is no policy folder this program reads", dir.display()))
}

/// Finds the card of an agent that is steered by a policy.
fn card(agent: &str) -> Result<&'static AgentCard> {
    let steered = || CARDS.iter().filter(|card| !card.action.is_empty());
    let found = steered().find(|card| card.name.name() == agent);
    found.copied().with_context(|| {
        let names: Vec<_> = steered().map(|card| card.name.name()).collect();
        format!("no agent called '{agent}' takes a policy; {} do", names.join(", "))
    })
}

#[cfg(test)]
mod tests;
