//! A trained actor: scale the observation, run a small dense network, get an action within -1 and 1.
//!
//! `x = clamp((o − mean) · factor, −10, 10)`, hidden layers `max(0, W x + b)`, and `tanh` after the last. Sums are taken in
//! a stated order and `tanh` is `libm`'s, so the same observation gives the same bits on every machine. Nothing is
//! allocated when it acts: the widest layer allowed fits a buffer on the stack.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Error, Policy, Subject};

/// The widest layer a network may have, inputs included.
pub const MOST_WIDE: usize = 512;
/// The most layers it may have. Together these bound what one action costs.
pub const MOST_LAYERS: usize = 8;
/// How far a scaled input may lie from 0.
pub const CUT: f32 = 10.0;
/// Sums are taken in so many lanes, which are then added in order.
const LANES: usize = 8;

/// One dense layer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayerSpec {
    /// How many inputs.
    pub inputs: usize,
    /// How many outputs.
    pub outputs: usize,
    /// `[outputs, inputs]`, row-major.
    pub weight: Vec<f32>,
    /// `[outputs]`.
    pub bias: Vec<f32>,
}

/// A network as it is written to a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NetworkSpec {
    /// What is taken off each input.
    pub means: Vec<f32>,
    /// What each input is then multiplied with.
    pub factors: Vec<f32>,
    /// The layers, first to last.
    pub layers: Vec<LayerSpec>,
}

impl NetworkSpec {
    /// Checks shapes and numbers.
    ///
    /// # Errors
    /// The first part whose shape is wrong or that holds a number that is not finite.
    pub fn check(&self) -> Result<(), Error> {
        let inputs = self.means.len();
        finite("means", &self.means, inputs)?;
        finite("factors", &self.factors, inputs)?;
        if self.layers.is_empty() || self.layers.len() > MOST_LAYERS {
            return Err(Error::Layers { most: MOST_LAYERS, found: self.layers.len() });
        }
        let mut width = inputs;
        for (place, layer) in self.layers.iter().enumerate() {
            let sound =
                layer.inputs == width && (1..=MOST_WIDE).contains(&layer.outputs) && width <= MOST_WIDE;
            if !sound || width == 0 {
                return Err(Error::LayerShape {
                    place,
                    expected: width,
                    found: (layer.outputs, layer.inputs),
                });
            }
            finite("weight", &layer.weight, layer.inputs * layer.outputs)?;
            finite("bias", &layer.bias, layer.outputs)?;
            width = layer.outputs;
        }
        Ok(())
    }

    /// Returns how many numbers an observation holds.
    pub fn inputs(&self) -> usize {
        self.means.len()
    }

    /// Returns how many numbers an action holds.
    pub fn outputs(&self) -> usize {
        self.layers.last().map_or(0, |layer| layer.outputs)
    }
}

fn finite(part: &'static str, numbers: &[f32], expected: usize) -> Result<(), Error> {
    if numbers.len() != expected {
        return Err(Error::Count { part, expected, found: numbers.len() });
    }
    match numbers.iter().position(|number| !number.is_finite()) {
        Some(place) => Err(Error::NotFinite { part, place, found: numbers[place] }),
        None => Ok(()),
    }
}

/// A checked network with its name.
///
/// ```
/// use motet_policy::{LayerSpec, Network, NetworkSpec, Policy, Subject};
/// let layer = LayerSpec { inputs: 2, outputs: 1, weight: vec![0.5, -0.25], bias: vec![0.1] };
/// let spec = NetworkSpec { means: vec![1.0, 0.0], factors: vec![1.0, 2.0], layers: vec![layer] };
/// let network = Network::build("pacer-net@1", spec).unwrap();
/// let mut action = [0.0];
/// network.act(Subject::Platform, &[3.0, 1.0], &mut action);
/// // tanh(0.5 · 2 − 0.25 · 2 + 0.1)
/// assert!((action[0] - 0.6_f64.tanh()).abs() < 1e-6);
/// ```
#[derive(Clone, Debug)]
pub struct Network {
    version: String,
    spec: Arc<NetworkSpec>,
}

impl Network {
    /// Checks a network.
    ///
    /// # Errors
    /// As [`NetworkSpec::check`], or when it has no name.
    pub fn build(version: impl Into<String>, spec: NetworkSpec) -> Result<Self, Error> {
        let version = version.into();
        if version.is_empty() {
            return Err(Error::NoVersion);
        }
        spec.check()?;
        Ok(Self { version, spec: Arc::new(spec) })
    }

    fn run(&self, observation: &[f64], action: &mut [f64]) {
        let (mut now, mut next) = ([0.0_f32; MOST_WIDE], [0.0_f32; MOST_WIDE]);
        let scales = self.spec.means.iter().zip(&self.spec.factors);
        for ((value, (mean, factor)), raw) in now.iter_mut().zip(scales).zip(observation) {
            *value = ((*raw as f32 - mean) * factor).clamp(-CUT, CUT);
        }
        let last = self.spec.layers.len() - 1;
        for (place, layer) in self.spec.layers.iter().enumerate() {
            let rows = layer.weight.chunks_exact(layer.inputs).zip(&layer.bias);
            for (out, (row, bias)) in next.iter_mut().zip(rows) {
                let sum = dot(row, &now[..layer.inputs]) + bias;
                *out = if place == last { sum } else { sum.max(0.0) };
            }
            std::mem::swap(&mut now, &mut next);
        }
        for (out, sum) in action.iter_mut().zip(now) {
            *out = f64::from(libm::tanhf(sum));
        }
    }
}

/// Adds up products in [`LANES`] lanes, the lanes in order, then what is left over.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; LANES];
    let (mut of_a, mut of_b) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    for (a, b) in of_a.by_ref().zip(of_b.by_ref()) {
        for ((lane, a), b) in lanes.iter_mut().zip(a).zip(b) {
            *lane += a * b;
        }
    }
    let rest: f32 = of_a.remainder().iter().zip(of_b.remainder()).map(|(a, b)| a * b).sum();
    lanes.iter().sum::<f32>() + rest
}

impl Policy for Network {
    fn version(&self) -> &str {
        &self.version
    }

    fn act(&self, _subject: Subject, observation: &[f64], action: &mut [f64]) {
        let fits = observation.len() == self.spec.inputs() && action.len() == self.spec.outputs();
        if !fits || observation.iter().any(|value| value.is_nan()) {
            action.fill(f64::NAN);
            return;
        }
        self.run(observation, action);
    }
}
