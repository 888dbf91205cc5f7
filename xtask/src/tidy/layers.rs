//! Dependencies point only to a lower layer; the server links no simulator and no learner.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    process::Command,
};

use anyhow::{Context as _, ensure};
use serde_json::Value;

use super::Problem;

/// Every room of the house with its layer. A new crate is entered here first.
const LAYERS: [(&str, u8); 36] = [
    ("motet-services", 0),
    ("motet-units", 0),
    ("motet-model", 1),
    ("motet-lease", 1),
    ("motet-plot", 1),
    ("motet-policy", 1),
    ("motet-agent", 2),
    ("motet-auction", 2),
    ("motet-ledger", 2),
    ("motet-onnx", 2),
    ("motet-agents", 3),
    ("motet-baseline", 3),
    ("motet-coordinator", 3),
    ("motet-experiment", 3),
    ("motet-hindsight", 3),
    ("motet-messages", 3),
    ("motet-engine", 4),
    ("motet-ope", 4),
    ("motet-arena", 5),
    ("motet-backtest", 5),
    ("motet-history", 5),
    ("motet-sim", 5),
    ("motet-store", 5),
    ("motet-artf", 6),
    ("motet-autobid", 6),
    ("motet-calibrate", 6),
    ("motet-learn", 6),
    ("motet-openrtb", 6),
    ("motet-bus", 6),
    ("motet-postgres", 6),
    ("motet-insight", 6),
    ("motet-placement", 7),
    ("motet-train", 7),
    ("motet-server", 8),
    ("motet", 9),
    ("xtask", 10),
];

/// What the server never links: a trained policy reaches it as a versioned file.
const NOT_IN_SERVER: [&str; 7] = [
    "motet-sim",
    "motet-learn",
    "motet-train",
    "motet-arena",
    "motet-autobid",
    "motet-backtest",
    "motet-calibrate",
];

/// A package of the workspace with the workspace packages it is built from.
#[derive(Clone, Debug)]
pub(super) struct Package {
    pub(super) name: String,
    /// Its folder, relative to the root.
    pub(super) folder: String,
    /// Normal and build dependencies within the workspace. Tests may look further up.
    pub(super) dependencies: BTreeSet<String>,
}

/// Asks Cargo for the packages of the workspace.
pub(super) fn packages(root: &Path) -> anyhow::Result<Vec<Package>> {
    let mut command = Command::new(env!("CARGO"));
    command.args(["metadata", "--format-version", "1", "--no-deps", "--offline"]).current_dir(root);
    let output = command.output().context("cannot run cargo metadata")?;
    ensure!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).context("cargo metadata is no JSON")?;
    read_packages(&metadata).context("cargo metadata has another form than expected")
}

fn read_packages(metadata: &Value) -> Option<Vec<Package>> {
    let root = metadata["workspace_root"].as_str()?;
    metadata["packages"].as_array()?.iter().map(|package| read_package(root, package)).collect()
}

fn read_package(root: &str, package: &Value) -> Option<Package> {
    let manifest = package["manifest_path"].as_str()?;
    let folder = manifest.strip_prefix(root)?.trim_start_matches('/').trim_end_matches("/Cargo.toml");
    let dependencies = package["dependencies"].as_array()?.iter();
    let built_from = dependencies.filter(|dependency| dependency["kind"] != "dev");
    let names = built_from.filter_map(|dependency| dependency["name"].as_str());
    Some(Package {
        name: package["name"].as_str()?.to_owned(),
        folder: folder.to_owned(),
        dependencies: names.filter(|name| is_ours(name)).map(str::to_owned).collect(),
    })
}

fn is_ours(name: &str) -> bool {
    name == "motet" || name.starts_with("motet-")
}

fn layer(name: &str) -> Option<u8> {
    LAYERS.iter().find(|(known, _)| *known == name).map(|(_, layer)| *layer)
}

pub(super) fn check(packages: &[Package]) -> Vec<Problem> {
    let mut problems: Vec<Problem> = packages.iter().flat_map(check_package).collect();
    problems.extend(check_server(packages));
    problems
}

fn check_package(package: &Package) -> Vec<Problem> {
    let problem = |text: String| Problem { place: package.name.clone(), line: 0, text };
    let Some(own) = layer(&package.name) else {
        return vec![problem("has no layer; enter it in xtask/src/tidy/layers.rs".to_owned())];
    };
    let too_high = |name: &&String| layer(name).is_none_or(|layer| layer >= own);
    let wrong = package.dependencies.iter().filter(too_high);
    wrong.map(|name| problem(format!("depends on {name}, which is not on a lower layer"))).collect()
}

fn check_server(packages: &[Package]) -> Vec<Problem> {
    let linked = reach("motet-server", packages);
    let wrong = NOT_IN_SERVER.into_iter().filter(|name| linked.contains(*name));
    let text = |name| format!("links {name}; a trained policy reaches the server as a file");
    wrong.map(|name| Problem { place: "motet-server".to_owned(), line: 0, text: text(name) }).collect()
}

/// Returns every package that one is built from, however far away.
fn reach(from: &str, packages: &[Package]) -> BTreeSet<String> {
    let by_name: BTreeMap<&str, &Package> = packages.iter().map(|p| (p.name.as_str(), p)).collect();
    let mut reached = BTreeSet::new();
    let mut open = vec![from.to_owned()];
    while let Some(name) = open.pop() {
        let Some(package) = by_name.get(name.as_str()) else { continue };
        for dependency in &package.dependencies {
            if reached.insert(dependency.clone()) {
                open.push(dependency.clone());
            }
        }
    }
    reached
}
