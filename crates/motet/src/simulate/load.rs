//! Scenarios and teams by name or file.

use std::path::Path;

use anyhow::{Context, Result, bail};
use motet_sim::{
    Scenario, Team,
    scenario::{SHIPPED, shipped},
};

/// Scenarios of another kind of market, which only `motet simulate` plays.
const OTHER_MARKETS: &[(&str, &str)] =
    &[("auctionnet", include_str!("../../../../scenarios/auctionnet.toml"))];

/// Returns a scenario's text: a shipped one by its name, or a file.
pub(crate) fn text(name: &str) -> Result<String> {
    let other = || OTHER_MARKETS.iter().find(|(shipped, _)| *shipped == name).map(|(_, text)| *text);
    if let Some(text) = shipped(name).or_else(other) {
        return Ok(text.to_owned());
    }
    let path = Path::new(name);
    if !path.exists() {
        let names: Vec<&str> = SHIPPED.iter().chain(OTHER_MARKETS).map(|(name, _)| *name).collect();
        bail!("there is no scenario '{name}': neither a file nor one of {}", names.join(", "));
    }
    std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

/// Loads a scenario of the simulated world.
pub(crate) fn scenario(name: &str) -> Result<Scenario> {
    Scenario::parse(&text(name)?).with_context(|| format!("in the scenario '{name}'"))
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
