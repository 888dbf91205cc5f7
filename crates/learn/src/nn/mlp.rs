//! A dense network and how it is run.

use motet_units::Stream;
use serde::{Deserialize, Serialize};

use super::{
    kernel::{Finish, Outer, Product, padded, panel_width, transpose, vectorize},
    tape::{Inputs, Tape},
};
use crate::Error;

/// The widest layer a network may have, inputs included.
pub const MOST_WIDE: usize = 512;

/// What the last layer's sums go through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Output {
    /// Nothing: a value.
    Linear,
    /// `tanh`: an action within -1 and 1.
    Tanh,
}

/// One dense layer as it is written to a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayerParameters {
    /// How many inputs.
    pub inputs: usize,
    /// How many outputs.
    pub outputs: usize,
    /// `[outputs, inputs]`, row-major.
    pub weight: Vec<f32>,
    /// `[outputs]`.
    pub bias: Vec<f32>,
}

/// A network as it is written to a file: plain matrices, any reader's own business how it lays them out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Parameters {
    /// What the last layer's sums go through; all others go through `max(0, ·)`.
    pub output: Output,
    /// The layers, first to last.
    pub layers: Vec<LayerParameters>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Dense {
    pub(super) inputs: usize,
    pub(super) outputs: usize,
    /// Where its weights begin among the network's numbers; its biases follow them.
    at: usize,
}

impl Dense {
    const fn weights(self) -> usize {
        self.inputs * padded(self.outputs)
    }

    const fn end(self) -> usize {
        self.at + self.weights() + padded(self.outputs)
    }

    /// Where the weight from an input to an output lies among the network's numbers.
    const fn place(self, input: usize, output: usize) -> usize {
        let width = panel_width(self.outputs);
        self.at + (output / width) * self.inputs * width + input * width + output % width
    }
}

/// A dense network: `max(0, W x + b)` in every hidden layer, [`Output`] after the last.
///
/// Its numbers lie in one vector, in the layout of the products, filled up with zeros that stay zero. [`Parameters`]
/// is its form for everyone else: serde reads and writes that, bit for bit.
///
/// ```
/// use motet_learn::nn::{LayerParameters, Mlp, Output, Parameters};
/// let layer = |weight: &[f32], bias: &[f32]| LayerParameters {
///     inputs: 2, outputs: bias.len(), weight: weight.to_vec(), bias: bias.to_vec(),
/// };
/// let net = Mlp::try_from(Parameters {
///     output: Output::Linear,
///     layers: vec![layer(&[1.0, 2.0, -1.0, 0.0], &[0.5, 0.0]), layer(&[2.0, 3.0], &[1.0])],
/// }).unwrap();
/// let mut value = [0.0];
/// net.run(&[1.0, 1.0], &mut value);
/// // The hidden sums are 3.5 and -1, of which the second is cut to 0: 2 * 3.5 + 1.
/// assert_eq!(value, [8.0]);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(into = "Parameters", try_from = "Parameters")]
pub struct Mlp {
    pub(super) layers: Vec<Dense>,
    pub(super) output: Output,
    numbers: Vec<f32>,
}

impl Mlp {
    /// Draws a network with layers of these sizes, inputs first: weights and biases even within ±1/√inputs, those of
    /// the last layer times `last`.
    ///
    /// # Errors
    /// When there are fewer than two sizes, or one is 0 or more than [`MOST_WIDE`].
    pub fn draw(sizes: &[usize], output: Output, last: f32, stream: &mut Stream) -> Result<Self, Error> {
        let mut net = Self::zeros(sizes, output)?;
        for (place, layer) in net.layers.clone().into_iter().enumerate() {
            let scale = if place + 1 == net.layers.len() { last } else { 1.0 };
            let bound = scale / (layer.inputs as f32).sqrt();
            let mut draw = || (2.0 * stream.unit() as f32 - 1.0) * bound;
            for out in 0..layer.outputs {
                (0..layer.inputs).for_each(|input| net.numbers[layer.place(input, out)] = draw());
            }
            let bias = layer.at + layer.weights();
            net.numbers[bias..][..layer.outputs].fill_with(draw);
        }
        Ok(net)
    }

    fn zeros(sizes: &[usize], output: Output) -> Result<Self, Error> {
        if sizes.len() < 2 || sizes.iter().any(|&size| size == 0 || size > MOST_WIDE) {
            return Err(Error::Sizes { most: MOST_WIDE, found: sizes.to_vec() });
        }
        let mut layers = Vec::with_capacity(sizes.len() - 1);
        let mut at = 0;
        for pair in sizes.windows(2) {
            let layer = Dense { inputs: pair[0], outputs: pair[1], at };
            at = layer.end();
            layers.push(layer);
        }
        Ok(Self { layers, output, numbers: vec![0.0; at] })
    }

    /// Returns the sizes of its layers, inputs first.
    pub fn sizes(&self) -> Vec<usize> {
        let first = self.layers[0].inputs;
        std::iter::once(first).chain(self.layers.iter().map(|layer| layer.outputs)).collect()
    }

    /// Returns how many inputs it takes.
    pub fn inputs(&self) -> usize {
        self.layers[0].inputs
    }

    /// Returns how many outputs it gives.
    pub fn outputs(&self) -> usize {
        self.last().outputs
    }

    /// Returns all its numbers, fillings of zeros included. A gradient has the same length and layout.
    pub fn numbers(&self) -> &[f32] {
        &self.numbers
    }

    /// Returns all its numbers to be changed in place.
    pub fn numbers_mut(&mut self) -> &mut [f32] {
        &mut self.numbers
    }

    fn last(&self) -> Dense {
        *self.layers.last().expect("a network has a layer, or it is not made")
    }

    fn part(&self, layer: Dense) -> (&[f32], &[f32]) {
        self.numbers[layer.at..layer.end()].split_at(layer.weights())
    }

    /// Runs the network on one observation, without allocating.
    ///
    /// # Panics
    /// When `input` or `output` has another length than [`Self::inputs`] or [`Self::outputs`].
    pub fn run(&self, input: &[f32], output: &mut [f32]) {
        assert_eq!((input.len(), output.len()), (self.inputs(), self.outputs()), "inputs and outputs");
        let (mut from, mut to) = ([0.0_f32; MOST_WIDE], [0.0_f32; MOST_WIDE]);
        from[..input.len()].copy_from_slice(input);
        for &layer in &self.layers {
            self.layer(layer, Inputs { numbers: &from, stride: MOST_WIDE, rows: 1 }, &mut to);
            std::mem::swap(&mut from, &mut to);
        }
        output.copy_from_slice(&from[..output.len()]);
        if self.output == Output::Tanh {
            for value in output {
                *value = libm::tanhf(*value);
            }
        }
    }

    fn layer(&self, layer: Dense, left: Inputs<'_>, out: &mut [f32]) {
        let (weights, bias) = self.part(layer);
        let finish = if layer == self.last() { Finish::Keep } else { Finish::Relu };
        vectorize(Product {
            left: left.numbers,
            stride: left.stride,
            rows: left.rows,
            depth: layer.inputs,
            right: weights,
            width: panel_width(layer.outputs),
            bias: Some(bias),
            finish,
            out,
            out_stride: padded(layer.outputs),
        });
    }

    /// Runs the network on a batch; what it gives and what a backward pass needs lie in the tape.
    ///
    /// # Panics
    /// When the batch is larger than the tape, or the tape was made for another shape.
    pub fn forward(&self, inputs: Inputs<'_>, tape: &mut Tape) {
        tape.rows = inputs.rows;
        for (place, &layer) in self.layers.iter().enumerate() {
            let (before, after) = tape.sums.split_at_mut(place);
            let left = before.last().map_or(inputs, |sums| Inputs {
                numbers: sums,
                stride: padded(layer.inputs),
                rows: inputs.rows,
            });
            self.layer(layer, left, &mut after[0]);
        }
        if self.output == Output::Tanh {
            tape.squash(self.outputs());
        }
    }

    /// Carries the loss's gradient back from the outputs of the last forward pass.
    ///
    /// `tape` holds the gradient in the outputs ([`Tape::slope_mut`]). `gradient` receives the gradient in the network's
    /// numbers, and [`Tape::input_slope`] that in the inputs `wanted`; what is not asked for is not worked out.
    ///
    /// # Panics
    /// When a shape is another than in the forward pass.
    pub fn backward(
        &self,
        inputs: Inputs<'_>,
        tape: &mut Tape,
        mut gradient: Option<&mut [f32]>,
        wanted: std::ops::Range<usize>,
    ) {
        if self.output == Output::Tanh {
            tape.unsquash(self.outputs());
        }
        for (place, &layer) in self.layers.iter().enumerate().rev() {
            if let Some(gradient) = &mut gradient {
                self.weigh(place, inputs, tape, &mut gradient[layer.at..layer.end()]);
            }
            if place > 0 {
                self.carry(layer, tape, 0..layer.inputs);
                tape.cut(place - 1, padded(layer.inputs));
            } else if !wanted.is_empty() {
                self.carry(layer, tape, wanted.clone());
            }
        }
    }

    /// Works out the gradient of one layer's numbers from the slope of its sums.
    fn weigh(&self, place: usize, inputs: Inputs<'_>, tape: &mut Tape, gradient: &mut [f32]) {
        let layer = self.layers[place];
        let (weights, bias) = gradient.split_at_mut(layer.weights());
        let rows = tape.rows;
        let (left, stride) = match place {
            0 => (inputs.numbers, inputs.stride),
            _ => (tape.sums[place - 1].as_slice(), padded(layer.inputs)),
        };
        let wide = padded(layer.outputs);
        bias.fill(0.0);
        for row in tape.slope.chunks_exact(wide).take(rows) {
            bias.iter_mut().zip(row).for_each(|(sum, slope)| *sum += slope);
        }
        vectorize(Outer {
            left,
            stride,
            rows,
            depth: layer.inputs,
            right: &tape.slope,
            right_stride: wide,
            width: panel_width(layer.outputs),
            room: &mut tape.room,
            out: weights,
        });
    }

    /// Turns the slope of a layer's sums into that of some of its inputs.
    fn carry(&self, layer: Dense, tape: &mut Tape, wanted: std::ops::Range<usize>) {
        let (weights, _) = self.part(layer);
        let count = wanted.len();
        transpose(weights, layer.inputs, layer.outputs, wanted.start, count, &mut tape.flipped);
        vectorize(Product {
            left: &tape.slope,
            stride: padded(layer.outputs),
            rows: tape.rows,
            depth: layer.outputs,
            right: &tape.flipped[..padded(count) * layer.outputs],
            width: panel_width(count),
            bias: None,
            finish: Finish::Keep,
            out: &mut tape.other,
            out_stride: padded(count),
        });
        std::mem::swap(&mut tape.slope, &mut tape.other);
    }
}

/// Moves a target network towards a network: `target ← target + share (network − target)`, `share` within 0 and 1.
///
/// # Panics
/// When the two differ in shape.
pub fn blend(target: &mut Mlp, network: &Mlp, share: f32) {
    assert_eq!(target.layers, network.layers, "a target has its network's shape");
    for (slow, fast) in target.numbers.iter_mut().zip(&network.numbers) {
        *slow += share * (fast - *slow);
    }
}

impl From<Mlp> for Parameters {
    fn from(net: Mlp) -> Self {
        let layers = net.layers.iter().map(|&layer| {
            let row = |out| (0..layer.inputs).map(move |input| layer.place(input, out));
            LayerParameters {
                inputs: layer.inputs,
                outputs: layer.outputs,
                weight: (0..layer.outputs).flat_map(row).map(|place| net.numbers[place]).collect(),
                bias: net.numbers[layer.at + layer.weights()..][..layer.outputs].to_vec(),
            }
        });
        Self { output: net.output, layers: layers.collect() }
    }
}

impl TryFrom<Parameters> for Mlp {
    type Error = Error;

    fn try_from(parameters: Parameters) -> Result<Self, Error> {
        let first = parameters.layers.first().map(|layer| layer.inputs);
        let sizes: Vec<usize> =
            first.into_iter().chain(parameters.layers.iter().map(|layer| layer.outputs)).collect();
        let mut net = Self::zeros(&sizes, parameters.output)?;
        for (place, (layer, from)) in net.layers.clone().into_iter().zip(&parameters.layers).enumerate() {
            let fits = from.inputs == layer.inputs
                && from.weight.len() == layer.inputs * layer.outputs
                && from.bias.len() == layer.outputs;
            if !fits || from.weight.iter().chain(&from.bias).any(|number| !number.is_finite()) {
                return Err(Error::Layer { place, inputs: layer.inputs, outputs: layer.outputs });
            }
            for (out, row) in from.weight.chunks_exact(layer.inputs).enumerate() {
                row.iter()
                    .enumerate()
                    .for_each(|(input, weight)| net.numbers[layer.place(input, out)] = *weight);
            }
            net.numbers[layer.at + layer.weights()..][..layer.outputs].copy_from_slice(&from.bias);
        }
        Ok(net)
    }
}
