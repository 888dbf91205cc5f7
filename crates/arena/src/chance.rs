//! Draws by key, for single cells of a market.

use motet_units::{Chance, Stream};

/// Returns 64 bits belonging to one cell of one keyed table.
pub(crate) const fn cell(key: u64, index: u64) -> u64 {
    Chance::new(key, index).key()
}

/// Returns a draw from 0 up to but not including 1, on a grid of 2^-24.
pub(crate) fn unit(bits: u64) -> f32 {
    (bits >> 40) as f32 * (1.0 / 16_777_216.0)
}

/// Draws evenly from `low` to `high`.
pub(crate) fn even(stream: &mut Stream, low: f64, high: f64) -> f64 {
    low + (high - low) * stream.unit()
}

/// Draws one normal, by Box and Muller's method.
pub(crate) fn normal(stream: &mut Stream, mean: f64, deviation: f64) -> f64 {
    let radius = libm::sqrt(-2.0 * libm::log(1.0 - stream.unit()));
    mean + deviation * radius * libm::cos(core::f64::consts::TAU * stream.unit())
}
