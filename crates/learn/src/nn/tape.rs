//! The room that one network needs for one batch.

use super::{
    kernel::padded,
    mlp::{Mlp, Output},
};

/// A batch of inputs: `rows` rows, `stride` numbers from one to the next.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a> {
    /// The numbers, row-major.
    pub numbers: &'a [f32],
    /// How many numbers from one row to the next, at least the network's inputs.
    pub stride: usize,
    /// How many rows.
    pub rows: usize,
}

/// What a forward pass leaves and a backward pass takes up. Made once, used for every batch.
#[derive(Clone, Debug)]
pub struct Tape {
    pub(super) rows: usize,
    /// Per layer what it gave: hidden layers after `max(0, ·)`, the last before its [`Output`].
    pub(super) sums: Vec<Vec<f32>>,
    /// The outputs after `tanh`; unused where the output is linear.
    squashed: Vec<f32>,
    /// The slope of the loss in what is being carried back, and the room for the next.
    pub(super) slope: Vec<f32>,
    pub(super) other: Vec<f32>,
    pub(super) flipped: Vec<f32>,
    pub(super) room: Vec<f32>,
    output: Output,
    stride: usize,
    /// What is added to the slope of each last sum, times the sum.
    pull: f32,
}

impl Tape {
    /// Makes the room for batches of up to `rows` rows.
    pub fn new(net: &Mlp, rows: usize) -> Self {
        Self::pulling(net, rows, 0.0)
    }

    /// Makes the room for batches whose loss has a further term `pull / 2 · Σ z²` over the sums `z` before `tanh`.
    pub fn pulling(net: &Mlp, rows: usize, pull: f32) -> Self {
        let sizes = net.sizes();
        let widest = sizes.iter().map(|&size| padded(size)).max().expect("a network has a layer");
        let flipped =
            sizes.windows(2).map(|pair| padded(pair[0]) * pair[1]).max().expect("a network has a layer");
        let stride = padded(net.outputs());
        Self {
            rows: 0,
            sums: sizes[1..].iter().map(|&size| vec![0.0; rows * padded(size)]).collect(),
            squashed: vec![0.0; rows * stride],
            slope: vec![0.0; rows * widest],
            other: vec![0.0; rows * widest],
            flipped: vec![0.0; flipped],
            room: vec![0.0; rows * 16],
            output: net.output,
            stride,
            pull,
        }
    }

    fn sums_out(&self) -> &[f32] {
        self.sums.last().expect("a network has a layer")
    }

    /// Returns how many numbers lie from one row of outputs to the next; those beyond the network's outputs are fillings.
    pub const fn stride(&self) -> usize {
        self.stride
    }

    /// Returns the outputs of the last forward pass, `[rows, stride]`.
    pub fn outputs(&self) -> &[f32] {
        let from = if self.output == Output::Tanh { &self.squashed } else { self.sums_out() };
        &from[..self.rows * self.stride]
    }

    /// Returns the last layer's sums before `tanh`, `[rows, stride]`.
    pub fn sums(&self) -> &[f32] {
        &self.sums_out()[..self.rows * self.stride]
    }

    /// Clears and returns the loss's slope in the outputs, `[rows, stride]`, for the caller to fill. Fillings stay 0.
    pub fn slope_mut(&mut self) -> &mut [f32] {
        self.outputs_and_slope().1
    }

    /// Returns the outputs beside their cleared slope, both `[rows, stride]`.
    pub fn outputs_and_slope(&mut self) -> (&[f32], &mut [f32]) {
        let count = self.rows * self.stride;
        let slope = &mut self.slope[..count];
        slope.fill(0.0);
        let sums = self.sums.last().expect("a network has a layer");
        let outputs = if self.output == Output::Tanh { &self.squashed } else { sums };
        (&outputs[..count], slope)
    }

    /// Returns the slope in the `count` inputs that a backward pass was asked for, and how far its rows lie apart.
    pub fn input_slope(&self, count: usize) -> (&[f32], usize) {
        (&self.slope[..self.rows * padded(count)], padded(count))
    }

    pub(super) fn squash(&mut self, outputs: usize) {
        let sums = self.sums.last().expect("a network has a layer");
        let rows = sums.chunks_exact(self.stride).zip(self.squashed.chunks_exact_mut(self.stride));
        for (from, to) in rows.take(self.rows) {
            to[..outputs].iter_mut().zip(from).for_each(|(to, from)| *to = libm::tanhf(*from));
        }
    }

    /// Turns the slope in the outputs into that in the sums before `tanh`.
    pub(super) fn unsquash(&mut self, outputs: usize) {
        let sums = self.sums.last().expect("a network has a layer");
        let given = self.squashed.chunks_exact(self.stride).zip(sums.chunks_exact(self.stride));
        for (slope, (out, sum)) in self.slope.chunks_exact_mut(self.stride).zip(given).take(self.rows) {
            for (slope, (out, sum)) in slope[..outputs].iter_mut().zip(out.iter().zip(sum)) {
                *slope = *slope * (1.0 - out * out) + self.pull * sum;
            }
        }
    }

    /// Lets no slope through where a hidden layer's sum was cut to zero.
    pub(super) fn cut(&mut self, place: usize, wide: usize) {
        let count = self.rows * wide;
        for (slope, sum) in self.slope[..count].iter_mut().zip(&self.sums[place][..count]) {
            *slope = if *sum > 0.0 { *slope } else { 0.0 };
        }
    }
}
