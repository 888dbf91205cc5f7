//! A small click model for logs that bring no pCTR: logistic regression over hashed features, learnt row by row with steps that shrink per weight.
//!
//! It exists so that the contest's own rows can be replayed at all. It is no match for a model fitted with care: a few thousand
//! rows with a handful of clicks teach it little beyond the base rate, which is why it starts from the base rate of what it is taught
//! and moves away only as far as the evidence of each feature goes. `pCTR = 1 / (1 + exp(−(bias + Σ weight)))` (as in the ad click paper of KDD'13, for
//! hashed features with per-coordinate steps).

use crate::log::rows::Row;

const BITS: u32 = 18;
const STEP: f64 = 0.05;
const SHRINK: f64 = 1e-6;

/// Hashes a column's content to 64 bits (FNV-1a, then the finisher of `SplitMix64`).
pub fn fingerprint(column: usize, content: &[u8]) -> u64 {
    let start = 0xcbf2_9ce4_8422_2325_u64 ^ (column as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let hash = content
        .iter()
        .fold(start, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3));
    let hash = (hash ^ (hash >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    hash ^ (hash >> 31)
}

/// The model.
#[derive(Clone, Debug)]
pub struct ClickModel {
    bias: f64,
    weights: Vec<f64>,
    squares: Vec<f64>,
}

impl ClickModel {
    /// Makes a model that predicts a base rate, held to 1e-6 to 1 − 1e-6, whatever it sees.
    pub fn with_base_rate(rate: f64) -> Self {
        let rate = if rate.is_nan() { 1e-6 } else { rate.clamp(1e-6, 1.0 - 1e-6) };
        let size = 1 << BITS;
        Self { bias: libm::log(rate / (1.0 - rate)), weights: vec![0.0; size], squares: vec![0.0; size] }
    }

    /// Returns the slots of a row's features.
    pub fn slots(row: &Row<'_>) -> Vec<u32> {
        let mut slots = Vec::with_capacity(32);
        row.features(|column, content| {
            slots.push((fingerprint(column, content) >> (64 - BITS)) as u32);
        });
        slots
    }

    /// Predicts the chance of a click.
    pub fn predict(&self, slots: &[u32]) -> f64 {
        let sum: f64 = slots.iter().map(|slot| self.weights[*slot as usize]).sum();
        1.0 / (1.0 + libm::exp(-(self.bias + sum).clamp(-30.0, 30.0)))
    }

    /// Learns one row.
    pub fn learn(&mut self, slots: &[u32], click: bool) {
        let slope = self.predict(slots) - f64::from(u8::from(click));
        for slot in slots {
            let at = *slot as usize;
            let slope = slope + SHRINK * self.weights[at];
            self.squares[at] += slope * slope;
            self.weights[at] -= STEP * slope / (1.0 + self.squares[at]).sqrt();
        }
    }
}
