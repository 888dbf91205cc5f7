//! FTRL-Proximal: an online linear learner with a rate of its own per coordinate.
//!
//! `McMahan` et al., "Ad click prediction: a view from the trenches", KDD 2013, in the form of TensorFlow's `Ftrl`
//! with a rate power of −½. Per coordinate, with gradient `g`, rate `α` and the sum of squared gradients `n`:
//!
//! ```text
//! n' = n + g²;   z' = z + g − (√n' − √n) / α · w
//! w' = 0 where |z'| ≤ λ₁, else (sign(z')·λ₁ − z') / (√n' / α + 2·λ₂)
//! ```
//!
//! All in `f32`; square roots are exact by IEEE 754, so every machine gets the same bits.

use serde::{Deserialize, Serialize};

/// The learner's settings.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Ftrl {
    /// The learning rate α, above 0.
    pub rate: f32,
    /// What `n` starts at, above 0.
    pub start: f32,
    /// λ₁, at least 0.
    pub l1: f32,
    /// λ₂, at least 0.
    pub l2: f32,
}

impl Default for Ftrl {
    fn default() -> Self {
        Self { rate: 0.08, start: 1.0, l1: 0.0, l2: 0.05 }
    }
}

/// One coordinate's memory.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Coordinate {
    pub(super) z: f32,
    pub(super) n: f32,
}

impl Ftrl {
    /// Returns a coordinate whose weight is `weight` before anything is learned.
    pub(super) fn seeded(&self, weight: f32) -> Coordinate {
        Coordinate { z: -weight * (self.start.sqrt() / self.rate + 2.0 * self.l2), n: self.start }
    }

    /// Returns a coordinate's weight.
    pub(super) fn weight(&self, of: Coordinate) -> f32 {
        if of.z.abs() <= self.l1 {
            return 0.0;
        }
        (self.l1.copysign(of.z) - of.z) / (of.n.sqrt() / self.rate + 2.0 * self.l2)
    }

    /// Takes one gradient in and returns the weight after it.
    pub(super) fn learn(&self, of: &mut Coordinate, weight: f32, gradient: f32) -> f32 {
        let n = of.n + gradient * gradient;
        of.z += gradient - (n.sqrt() - of.n.sqrt()) / self.rate * weight;
        of.n = n;
        self.weight(*of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(ftrl: Ftrl, start: [f32; 2], gradients: [f32; 2], steps: usize) -> [f32; 2] {
        [0, 1].map(|i: usize| {
            let mut coordinate = Coordinate { z: 0.0, n: ftrl.start };
            (0..steps).fold(start[i], |weight, _| ftrl.learn(&mut coordinate, weight, gradients[i]))
        })
    }

    fn close(found: [f32; 2], expected: [f32; 2]) {
        for (f, e) in found.into_iter().zip(expected) {
            assert!((f - e).abs() <= 1e-6 * e.abs().max(1.0), "{found:?} against {expected:?}");
        }
    }

    /// The values of TensorFlow's own `ftrl_test.py`: rate 3, `n` starting at 0.1.
    #[test]
    fn the_published_values_of_tensorflow_come_out() {
        let ftrl = Ftrl { rate: 3.0, start: 0.1, l1: 0.0, l2: 0.0 };
        close(run(ftrl, [0.0, 0.0], [0.1, 0.2], 3), [-2.602_609_6, -4.296_985]);
        close(run(ftrl, [0.0, 0.0], [0.01, 0.02], 3), [-0.284_320_83, -0.566_948_95]);
        let l1 = Ftrl { l1: 0.001, ..ftrl };
        close(run(l1, [1.0, 2.0], [0.1, 0.2], 10), [-7.667_187_7, -10.912_737]);
        let both = Ftrl { l2: 2.0, ..l1 };
        close(run(both, [1.0, 2.0], [0.1, 0.2], 10), [-0.240_599_35, -0.468_293_52]);
    }

    #[test]
    fn a_seeded_weight_is_there_before_learning() {
        let ftrl = Ftrl::default();
        assert!((ftrl.weight(ftrl.seeded(-0.3)) + 0.3).abs() < 1e-6);
    }
}
