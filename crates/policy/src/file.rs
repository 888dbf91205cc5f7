//! A policy folder: `manifest.json`, which a person can read, and `weights.safetensors`.
//!
//! The manifest says what each agent reads and moves, how it was made (learner, scenario, seed, a hash of what it was
//! trained on) and what was measured. Tensors are named `<agent>.means`, `<agent>.factors`, `<agent>.<layer>.weight`
//! (`[outputs, inputs]`) and `<agent>.<layer>.bias`, all `f32`. This module turns bytes into policies and back; who reads
//! the files is the caller.

use std::collections::BTreeMap;

use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use serde::{Deserialize, Serialize};

use crate::{AgentPolicy, Body, Error, LayerSpec, NetworkSpec, Number, PolicySet, TableSpec};

/// The manifest's name in a policy folder.
pub const MANIFEST_FILE: &str = "manifest.json";
/// The tensors' name in a policy folder.
pub const WEIGHTS_FILE: &str = "weights.safetensors";
/// The largest manifest and the largest file of tensors that are read, in bytes.
pub const MOST_MANIFEST_BYTES: u64 = 8 << 20;
/// As [`MOST_MANIFEST_BYTES`], for the tensors.
pub const MOST_WEIGHTS_BYTES: u64 = 64 << 20;
/// The version of the folder's form.
const FORMAT: u32 = 1;

/// What a policy folder says of itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The version of the folder's form.
    pub format: u32,
    /// The set's name and version, as `name@version`.
    pub version: String,
    /// How it was made.
    pub made: Made,
    /// What was measured, by name.
    #[serde(default)]
    pub metrics: BTreeMap<String, f64>,
    /// What the release gate said of it; absent while it was not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate: Option<Gate>,
    /// The agents' policies.
    pub agents: Vec<AgentEntry>,
}

/// How a set was made: enough to make it again.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Made {
    /// The learner: `q`, `maddpg`, `matd3`, `independent`, `offline`, or who brought it.
    pub learner: String,
    /// The scenario it was trained in, or what else.
    pub scenario: String,
    /// A hash of what it was trained on.
    pub data_hash: String,
    /// The seed.
    pub seed: u64,
    /// The command that makes it again.
    #[serde(default)]
    pub command: String,
}

/// What the release gate said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gate {
    /// Whether it may be shipped.
    pub shippable: bool,
    /// Why, a line each.
    pub reasons: Vec<String>,
}

/// One agent's part of a manifest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgentEntry {
    /// The agent's name.
    pub agent: String,
    /// The policy's name and version.
    pub version: String,
    /// What it is made of.
    pub kind: Kind,
    /// What it reads, in order.
    pub observation: Vec<Number>,
    /// What it moves, in order. -1, 0 and 1 of an action stand for the least, the default and the most.
    pub action: Vec<Number>,
}

/// What a policy is made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Kind {
    /// Always the same action.
    Constant {
        /// Within -1 and 1.
        action: Vec<f64>,
    },
    /// A look-up in a table.
    Table {
        /// For each input the edges between its bins, rising.
        edges: Vec<Vec<f64>>,
        /// The action of each cell, row-major, within -1 and 1.
        actions: Vec<Vec<f64>>,
    },
    /// A network; its tensors lie in the other file.
    Network {
        /// Widths, inputs first.
        widths: Vec<usize>,
    },
}

/// A folder's two files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    /// The manifest.
    pub manifest: String,
    /// The tensors.
    pub weights: Vec<u8>,
}

impl Manifest {
    /// Reads a manifest.
    ///
    /// # Errors
    /// When it is no such JSON, or of another form.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let manifest: Self = serde_json::from_str(text).map_err(|e| Error::Manifest(e.to_string()))?;
        if manifest.format != FORMAT {
            return Err(Error::Format { expected: FORMAT, found: manifest.format });
        }
        Ok(manifest)
    }

    /// Describes a set.
    pub fn of(set: &PolicySet, made: Made, metrics: BTreeMap<String, f64>) -> Self {
        let agents = set.agents.iter().map(entry).collect();
        Self { format: FORMAT, version: set.version.clone(), made, metrics, gate: None, agents }
    }

    /// Writes the manifest as indented JSON.
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("plain data always has a JSON form");
        text.push('\n');
        text
    }

    /// Takes the set from the manifest and the tensors, and checks it whole.
    ///
    /// # Errors
    /// When tensors are missing, truncated, of another shape or type, or not finite; when the set is not sound.
    pub fn take(&self, weights: &[u8]) -> Result<PolicySet, Error> {
        let any = self.agents.iter().any(|entry| matches!(entry.kind, Kind::Network { .. }));
        let read = || SafeTensors::deserialize(weights).map_err(|e| Error::Weights(e.to_string()));
        let tensors = any.then(read).transpose()?;
        let agents =
            self.agents.iter().map(|entry| take(entry, tensors.as_ref())).collect::<Result<_, _>>()?;
        let set = PolicySet { version: self.version.clone(), agents };
        set.check()?;
        Ok(set)
    }
}

/// Writes a set's tensors.
pub fn weights(set: &PolicySet) -> Vec<u8> {
    let mut named: Vec<(String, Vec<usize>, Vec<u8>)> = Vec::new();
    for policy in &set.agents {
        let Body::Network(network) = &policy.body else { continue };
        let mut add = |name: String, shape: Vec<usize>, numbers: &[f32]| {
            let bytes = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
            named.push((format!("{}.{name}", policy.agent), shape, bytes));
        };
        add("means".to_owned(), vec![network.means.len()], &network.means);
        add("factors".to_owned(), vec![network.factors.len()], &network.factors);
        for (place, layer) in network.layers.iter().enumerate() {
            add(format!("{place}.weight"), vec![layer.outputs, layer.inputs], &layer.weight);
            add(format!("{place}.bias"), vec![layer.outputs], &layer.bias);
        }
    }
    let views = named.iter().map(|(name, shape, bytes)| {
        let view =
            TensorView::new(Dtype::F32, shape.clone(), bytes).expect("shape and bytes are made together");
        (name.clone(), view)
    });
    safetensors::serialize(views, None).expect("names are unique and shapes fit")
}

fn entry(policy: &AgentPolicy) -> AgentEntry {
    let kind = match &policy.body {
        Body::Constant(action) => Kind::Constant { action: action.clone() },
        Body::Table(spec) => Kind::Table { edges: spec.edges.clone(), actions: spec.actions.clone() },
        Body::Network(spec) => {
            let outputs = spec.layers.iter().map(|layer| layer.outputs);
            Kind::Network { widths: std::iter::once(spec.inputs()).chain(outputs).collect() }
        }
    };
    AgentEntry {
        agent: policy.agent.clone(),
        version: policy.version.clone(),
        kind,
        observation: policy.observation.clone(),
        action: policy.action.clone(),
    }
}

fn take(entry: &AgentEntry, tensors: Option<&SafeTensors<'_>>) -> Result<AgentPolicy, Error> {
    let body = match &entry.kind {
        Kind::Constant { action } => Body::Constant(action.clone()),
        Kind::Table { edges, actions } => Body::Table(TableSpec {
            version: entry.version.clone(),
            edges: edges.clone(),
            actions: actions.clone(),
        }),
        Kind::Network { widths } => {
            let tensors = tensors.ok_or_else(|| Error::Weights("there are none".to_owned()))?;
            Body::Network(take_network(&entry.agent, widths, tensors)?)
        }
    };
    Ok(AgentPolicy {
        agent: entry.agent.clone(),
        version: entry.version.clone(),
        observation: entry.observation.clone(),
        action: entry.action.clone(),
        body,
    })
}

fn take_network(agent: &str, widths: &[usize], tensors: &SafeTensors<'_>) -> Result<NetworkSpec, Error> {
    let inputs = widths.first().copied().unwrap_or(0);
    let read = |name: String, shape: &[usize]| read_tensor(tensors, &format!("{agent}.{name}"), shape);
    let mut layers = Vec::new();
    for (place, pair) in widths.windows(2).enumerate() {
        let (inputs, outputs) = (pair[0], pair[1]);
        let weight = read(format!("{place}.weight"), &[outputs, inputs])?;
        layers.push(LayerSpec { inputs, outputs, weight, bias: read(format!("{place}.bias"), &[outputs])? });
    }
    Ok(NetworkSpec {
        means: read("means".to_owned(), &[inputs])?,
        factors: read("factors".to_owned(), &[inputs])?,
        layers,
    })
}

fn read_tensor(tensors: &SafeTensors<'_>, name: &str, shape: &[usize]) -> Result<Vec<f32>, Error> {
    let tensor = tensors.tensor(name).map_err(|_| Error::NoTensor { name: name.to_owned() })?;
    if tensor.dtype() != Dtype::F32 || tensor.shape() != shape {
        return Err(Error::Tensor {
            name: name.to_owned(),
            expected: shape.to_vec(),
            found: format!("{:?} {:?}", tensor.dtype(), tensor.shape()),
        });
    }
    let numbers = tensor.data().chunks_exact(4);
    Ok(numbers.map(|four| f32::from_le_bytes([four[0], four[1], four[2], four[3]])).collect())
}

/// Writes a folder's two files.
pub fn files(set: &PolicySet, manifest: &Manifest) -> Files {
    Files { manifest: manifest.to_json(), weights: weights(set) }
}
