//! Scenarios and teams by name or file.

use std::path::Path;

use anyhow::{Context, Result, bail};
use motet_sim::{
    Scenario, Team,
    scenario::{SHIPPED, shipped},
};

/// Loads a scenario: a shipped one by its name, or a file.
pub(crate) fn scenario(name: &str) -> Result<Scenario> {
    if let Some(text) = shipped(name) {
        return Scenario::parse(text).with_context(|| format!("in the shipped scenario '{name}'"));
    }
    let path = Path::new(name);
    if !path.exists() {
        let names: Vec<&str> = SHIPPED.iter().map(|(name, _)| *name).collect();
        bail!("there is no scenario '{name}': neither a file nor one of {}", names.join(", "));
    }
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    Scenario::parse(&text).with_context(|| format!("in {}", path.display()))
}

/// Loads a team: `baseline`, `agents`, or a folder with a `team.toml`.
pub(crate) fn team(name: &str) -> Result<Team> {
    match name {
        "baseline" => return Ok(Team::Baseline),
        "agents" => return Ok(Team::Agents),
        _ => {}
    }
    let path = Path::new(name).join("team.toml");
    let text = std::fs::read_to_string(&path).with_context(|| {
        format!("'{name}' is neither baseline nor agents, and {} cannot be read", path.display())
    })?;
    Team::parse(&text).with_context(|| format!("in {}", path.display()))
}
