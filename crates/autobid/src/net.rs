//! A small network: layers of weighted sums, a soft sign between them, nothing after the last.
//!
//! `soft sign(x) = x ÷ (1 + |x|)`: it bends like a hyperbolic tangent and needs no exponential, so equal weights and equal inputs give
//! equal bits on every machine. Sums run in the order of the inputs.

use motet_units::Chance;

use crate::chance::normal;

/// Widths of the layers, the inputs first and the outputs last.
pub type Sizes = Vec<usize>;

/// A network's shape; its weights travel apart, as one row of numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Net {
    sizes: Sizes,
}

/// The widest layer there may be.
pub const WIDEST: usize = 64;

impl Net {
    /// Makes a shape; `None` unless there are two layers or more, each of 1 to [`WIDEST`] units.
    pub fn new(sizes: Sizes) -> Option<Self> {
        let fits = sizes.len() >= 2 && sizes.iter().all(|size| (1..=WIDEST).contains(size));
        fits.then_some(Self { sizes })
    }

    /// Returns the widths of the layers.
    pub fn sizes(&self) -> &[usize] {
        &self.sizes
    }

    /// Returns how many weights the shape takes: for each layer, outputs × (inputs + 1).
    ///
    /// ```
    /// let net = motet_autobid::net::Net::new(vec![3, 4, 2]).unwrap();
    /// assert_eq!(net.weights(), 4 * (3 + 1) + 2 * (4 + 1));
    /// ```
    pub fn weights(&self) -> usize {
        self.sizes.windows(2).map(|pair| pair[1] * (pair[0] + 1)).sum()
    }

    /// Draws weights to start from: normal with a deviation of 1 ÷ √inputs, no offsets, and nothing at all in the last layer, so
    /// that an unlearned network answers 0.
    pub fn start(&self, seed: u64) -> Vec<f32> {
        let mut stream = Chance::new(seed, 0).stream("first weights");
        let mut weights = Vec::with_capacity(self.weights());
        let last = self.sizes.len() - 2;
        for (layer, pair) in self.sizes.windows(2).enumerate() {
            let scale = if layer == last { 0.0 } else { 1.0 / (pair[0] as f64).sqrt() };
            for _ in 0..pair[1] {
                weights.extend((0..pair[0]).map(|_| (scale * normal(&mut stream)) as f32));
                weights.push(0.0);
            }
        }
        weights
    }

    /// Answers: reads one number for each input unit and writes one for each output unit.
    ///
    /// # Panics
    ///
    /// When inputs, outputs or weights are of another length than the shape says; whoever loads weights checks them.
    pub fn answer(&self, weights: &[f32], inputs: &[f64], outputs: &mut [f64]) {
        assert!(weights.len() == self.weights() && inputs.len() == self.sizes[0]);
        let (mut now, mut next) = ([0.0; WIDEST], [0.0; WIDEST]);
        now[..inputs.len()].copy_from_slice(inputs);
        let (mut at, last) = (0, self.sizes.len() - 2);
        for (layer, pair) in self.sizes.windows(2).enumerate() {
            for unit in &mut next[..pair[1]] {
                let row = &weights[at..=at + pair[0]];
                let sum = row.iter().zip(&now[..pair[0]]).map(|(w, x)| f64::from(*w) * x).sum::<f64>();
                let sum = sum + f64::from(row[pair[0]]);
                *unit = if layer == last { sum } else { soft_sign(sum) };
                at += pair[0] + 1;
            }
            core::mem::swap(&mut now, &mut next);
        }
        outputs.copy_from_slice(&now[..self.sizes[last + 1]]);
    }
}

/// Returns `x ÷ (1 + |x|)`, between −1 and 1.
pub fn soft_sign(x: f64) -> f64 {
    x / (1.0 + x.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_by_hand_answers_what_pen_and_paper_say() {
        let net = Net::new(vec![2, 1, 1]).unwrap();
        // Hidden: 1·3 + 2·(−1) + 0 = 1, soft sign ½; output: 4·½ − 1 = 1.
        let mut out = [0.0];
        net.answer(&[1.0, 2.0, 0.0, 4.0, -1.0], &[3.0, -1.0], &mut out);
        assert_eq!(out[0].to_bits(), 1.0_f64.to_bits());
    }

    #[test]
    fn an_unlearned_network_answers_nothing() {
        let net = Net::new(vec![3, 8, 2]).unwrap();
        let mut out = [9.0; 2];
        net.answer(&net.start(5), &[1.0, -2.0, 0.5], &mut out);
        assert_eq!(out.map(f64::to_bits), [0.0_f64.to_bits(); 2]);
        assert_ne!(net.start(5), net.start(6));
    }

    #[test]
    fn a_shape_without_layers_or_too_wide_is_refused() {
        assert!(Net::new(vec![3]).is_none());
        assert!(Net::new(vec![3, 0, 1]).is_none());
        assert!(Net::new(vec![3, WIDEST + 1]).is_none());
    }
}
