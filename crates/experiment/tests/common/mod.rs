//! Draws for simulations, all keyed.

use motet_units::{Chance, Stream};

/// The draws of one run of one simulation.
#[derive(Debug)]
pub(crate) struct Draws(Stream);

impl Draws {
    pub(crate) fn new(simulation: &str, run: u64) -> Self {
        Self(Chance::new(20_240_601, run).stream(simulation))
    }

    pub(crate) fn unit(&mut self) -> f64 {
        self.0.unit()
    }

    /// A standard normal value (Box and Muller 1958).
    pub(crate) fn normal(&mut self) -> f64 {
        let radius = libm::sqrt(-2.0 * libm::log(1.0 - self.unit()));
        radius * libm::cos(core::f64::consts::TAU * self.unit())
    }

    /// A value of mean 1 from the exponential distribution.
    pub(crate) fn exponential(&mut self) -> f64 {
        -libm::log(1.0 - self.unit())
    }

    /// A list of normal values.
    pub(crate) fn normals(&mut self, n: usize, mean: f64, deviation: f64) -> Vec<f64> {
        (0..n).map(|_| mean + deviation * self.normal()).collect()
    }
}

/// The share of runs in which something happened.
pub(crate) fn share(runs: u64, happened: impl Fn(u64) -> bool) -> f64 {
    (0..runs).filter(|&run| happened(run)).count() as f64 / runs as f64
}
