//! Scenarios and teams by name or file.

use std::{path::Path, sync::Arc};

use anyhow::{Context, Result, bail};
use motet_policy::{
    PolicySet,
    file::{MANIFEST_FILE, Manifest, WEIGHTS_FILE},
};
use motet_server::policies::read_folder;
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

/// Reads a policy folder.
pub(crate) fn policies(folder: &Path) -> Result<(Manifest, PolicySet)> {
    let of_folder = || format!("in the policy folder {}", folder.display());
    let found = read_folder(folder).with_context(of_folder)?;
    motet_engine::check_policies(&found.set).with_context(of_folder)?;
    Ok((found.manifest, found.set))
}

/// Writes a policy folder: both files are whole before the folder has its name.
pub(crate) fn write_policies(folder: &Path, policies: &PolicySet, manifest: &Manifest) -> Result<()> {
    let files = motet_policy::file::files(policies, manifest);
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    for (name, bytes) in
        [(WEIGHTS_FILE, files.weights.as_slice()), (MANIFEST_FILE, files.manifest.as_bytes())]
    {
        let (path, unfinished) = (folder.join(name), folder.join(format!("{name}.tmp")));
        std::fs::write(&unfinished, bytes)
            .with_context(|| format!("cannot write {}", unfinished.display()))?;
        std::fs::rename(&unfinished, &path).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

/// Loads a team: `baseline`, `agents`, `truthful`, `equal-split`, a folder with a `team.toml`, or a policy folder.
pub(crate) fn team(name: &str) -> Result<Team> {
    match name {
        "baseline" => return Ok(Team::Baseline),
        "agents" => return Ok(Team::Agents),
        "truthful" => return Ok(Team::Truthful),
        "equal-split" => return Ok(Team::EqualSplit),
        _ => {}
    }
    if Path::new(name).join(MANIFEST_FILE).exists() {
        return Ok(Team::Steered(Arc::new(policies(Path::new(name))?.1)));
    }
    let path = Path::new(name).join("team.toml");
    let text = std::fs::read_to_string(&path).with_context(|| {
        format!(
            "'{name}' is neither baseline, agents, truthful, equal-split nor a policy folder, and {} cannot be read",
            path.display()
        )
    })?;
    Team::parse(&text).with_context(|| format!("in {}", path.display()))
}
