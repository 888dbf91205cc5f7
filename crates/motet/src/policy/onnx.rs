//! `motet policy export` and `motet policy import`.

use std::{fs, io::Read as _, path::Path, sync::Arc};

use anyhow::{Context, Result, bail};
use motet_agent::AgentCard;
use motet_onnx::{MOST_BYTES, Shape};
use motet_policy::{
    AgentPolicy, Body, NetworkSpec, PolicySet,
    file::{Made, Manifest, files},
};
use motet_server::policies::fits;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::{card, read, write::replace_folder};

/// Writes an agent's network as an ONNX file.
pub(super) fn export(dir: &Path, agent: &str, to: &Path) -> Result<()> {
    let found = read(dir)?;
    let policy = found.set.of(agent).with_context(|| {
        let names: Vec<_> = found.set.agents.iter().map(|policy| policy.agent.as_str()).collect();
        format!("{} has no policy for '{agent}'; it has some for: {}", dir.display(), names.join(", "))
    })?;
    let Body::Network(network) = &policy.body else {
        bail!("the policy of '{agent}' is no network; only networks have an ONNX form");
    };
    let bytes = motet_onnx::write(network, &policy.version);
    fs::write(to, &bytes).with_context(|| format!("cannot write {}", to.display()))?;
    println!("wrote {} ({} bytes, {})", to.display(), bytes.len(), policy.version);
    Ok(())
}

/// Takes an agent's network from an ONNX file.
pub(super) fn import(file: &Path, agent: &str, into: &Path, version: Option<&str>, json: bool) -> Result<()> {
    let card = card(agent)?;
    let bytes = read_file(file)?;
    let shape = Shape { read: card.observation.len(), moved: card.action.len() };
    let network = motet_onnx::read(&bytes, shape)
        .with_context(|| format!("{} cannot serve the {agent} agent", file.display()))?;
    let hash = hex(&Sha256::digest(&bytes));
    let version = version.map_or_else(|| format!("imported@{}", &hash[..12]), str::to_owned);
    let set = with_policy(into, &version, policy_of(card, &version, network))?;
    fits(&Arc::new(set.clone())).map_err(anyhow::Error::msg)?;
    let command = format!("motet policy import {} --agent {agent}", file.display());
    let made = Made {
        learner: "imported".to_owned(),
        data_hash: format!("sha256:{hash}"),
        command,
        ..Made::default()
    };
    // What was measured, and what the gate said, were said of another set.
    let manifest = Manifest::of(&set, made, std::collections::BTreeMap::new());
    replace_folder(into, &files(&set, &manifest))?;
    let agents: Vec<_> = set.agents.iter().map(|policy| policy.agent.as_str()).collect();
    if json {
        println!("{}", json!({ "folder": into, "version": version, "agents": agents, "gate": null }));
    } else {
        println!("{} holds {version} for: {}", into.display(), agents.join(", "));
        println!("it is served once the release gate has passed it: motet evaluate --gate");
    }
    Ok(())
}

fn policy_of(card: &AgentCard, version: &str, network: NetworkSpec) -> AgentPolicy {
    AgentPolicy {
        agent: card.name.name().to_owned(),
        version: version.to_owned(),
        observation: card.observation_numbers(),
        action: card.action_numbers(),
        body: Body::Network(network),
    }
}

/// Puts a policy into the set a folder holds, or into a new one where there is no folder.
fn with_policy(into: &Path, version: &str, policy: AgentPolicy) -> Result<PolicySet> {
    let mut set = if into.exists() {
        read(into)?.set
    } else {
        PolicySet { version: String::new(), agents: Vec::new() }
    };
    version.clone_into(&mut set.version);
    match set.agents.iter_mut().find(|other| other.agent == policy.agent) {
        Some(other) => *other = policy,
        None => set.agents.push(policy),
    }
    Ok(set)
}

fn read_file(file: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // One byte more than is taken, so that a file that is too large is told as such.
    let most = MOST_BYTES as u64 + 1;
    let read = fs::File::open(file).and_then(|open| open.take(most).read_to_end(&mut bytes));
    read.with_context(|| format!("cannot read {}", file.display()))?;
    Ok(bytes)
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
