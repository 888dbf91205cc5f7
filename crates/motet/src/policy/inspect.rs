//! `motet policy inspect`.

use std::{fmt::Write as _, path::Path, sync::Arc};

use anyhow::Result;
use motet_policy::{AgentPolicy, Body, Number};
use motet_server::policies::{Found, fits};
use serde_json::{Value, json};

use super::read;

/// Reads a folder and says what it holds.
pub(super) fn command(dir: &Path, json: bool) -> Result<()> {
    let found = read(dir)?;
    let fit = fits(&Arc::new(found.set.clone()));
    if json {
        println!("{}", to_json(&found, &fit));
    } else {
        print!("{}", to_text(&found, &fit));
    }
    Ok(())
}

pub(super) fn to_json(found: &Found, fit: &Result<(), String>) -> Value {
    let agents: Vec<_> = found.set.agents.iter().map(agent_json).collect();
    let manifest = &found.manifest;
    json!({
        "version": manifest.version, "format": manifest.format, "made": manifest.made, "metrics": manifest.metrics,
        "gate": manifest.gate, "hash": found.digest(), "manifest_bytes": found.files.manifest.len(),
        "weights_bytes": found.files.weights.len(), "agents": agents, "fits": fit.is_ok(),
        "misfit": fit.as_ref().err(),
    })
}

fn agent_json(policy: &AgentPolicy) -> Value {
    let (kind, widths) = kind(policy);
    json!({
        "agent": policy.agent, "version": policy.version, "kind": kind, "widths": widths,
        "parameters": parameters(policy), "observation": policy.observation, "action": policy.action,
    })
}

fn kind(policy: &AgentPolicy) -> (&'static str, Vec<usize>) {
    match &policy.body {
        Body::Constant(_) => ("constant", Vec::new()),
        Body::Table(table) => ("table", table.edges.iter().map(|edges| edges.len() + 1).collect()),
        Body::Network(network) => {
            let outputs = network.layers.iter().map(|layer| layer.outputs);
            ("network", std::iter::once(network.inputs()).chain(outputs).collect())
        }
    }
}

/// Counts the numbers that were, or could be, learned.
fn parameters(policy: &AgentPolicy) -> usize {
    match &policy.body {
        Body::Constant(action) => action.len(),
        Body::Table(table) => table.actions.iter().map(Vec::len).sum(),
        Body::Network(network) => {
            network.layers.iter().map(|layer| layer.weight.len() + layer.bias.len()).sum::<usize>()
                + 2 * network.inputs()
        }
    }
}

pub(super) fn to_text(found: &Found, fit: &Result<(), String>) -> String {
    let (manifest, files, mut text) = (&found.manifest, &found.files, String::new());
    let made = &manifest.made;
    let mut line = |title: &str, said: String| {
        let _ = writeln!(text, "{title:<10} {said}");
    };
    line("set", manifest.version.clone());
    line("made by", format!("{}, scenario '{}', seed {}", made.learner, made.scenario, made.seed));
    line("from", format!("data {}; {}", or_dash(&made.data_hash), or_dash(&made.command)));
    for (name, value) in &manifest.metrics {
        line("measured", format!("{name} = {value}"));
    }
    line(
        "gate",
        match &manifest.gate {
            None => "was never asked (motet evaluate --gate)".to_owned(),
            Some(gate) if gate.shippable => format!("may be shipped: {}", gate.reasons.join("; ")),
            Some(gate) => format!("NOT to be shipped: {}", gate.reasons.join("; ")),
        },
    );
    line("hash", found.digest());
    line("size", format!("manifest {} bytes, weights {} bytes", files.manifest.len(), files.weights.len()));
    for policy in &found.set.agents {
        let (kind, widths) = kind(policy);
        let widths: Vec<_> = widths.iter().map(ToString::to_string).collect();
        let count = parameters(policy);
        line(&policy.agent, format!("{}, {kind} {}, {count} parameters", policy.version, widths.join(" × ")));
        line("  reads", numbers(&policy.observation));
        line("  moves", numbers(&policy.action));
    }
    line(
        "fits",
        match fit {
            Ok(()) => "this program can serve it".to_owned(),
            Err(reason) => format!("NO: {reason}"),
        },
    );
    text
}

fn or_dash(text: &str) -> &str {
    if text.is_empty() { "-" } else { text }
}

fn numbers(numbers: &[Number]) -> String {
    let said = numbers.iter().map(|number| format!("{} [{}, {}]", number.name, number.least, number.most));
    said.collect::<Vec<_>>().join(", ")
}
