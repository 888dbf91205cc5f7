//! Adam, and the clipping of a gradient by its length.

use pulp::{Simd, WithSimd};
use serde::{Deserialize, Serialize};

use super::kernel::vectorize;

const FIRST_DECAY: f64 = 0.9;
const SECOND_DECAY: f64 = 0.999;
const LEAST: f32 = 1e-8;

/// Adam (Kingma and Ba 2015, algorithm 1) with decays 0.9 and 0.999 and ε = 1e-8.
///
/// `m ← 0.9 m + 0.1 g`, `v ← 0.999 v + 0.001 g²`, `x ← x − rate · m̂ / (√v̂ + ε)` with `m̂ = m / (1 − 0.9^t)` and
/// `v̂ = v / (1 − 0.999^t)`. The first step is therefore `rate` against the sign of the gradient:
///
/// ```
/// use motet_learn::nn::Adam;
/// let mut adam = Adam::new(2, 0.1);
/// let mut x = [1.0, 1.0];
/// adam.step(&mut x, &[4.0, 0.0]);
/// assert!((x[0] - 0.9).abs() < 1e-6);
/// assert_eq!(x[1], 1.0);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Adam {
    rate: f32,
    steps: u64,
    means: Vec<f32>,
    squares: Vec<f32>,
}

impl Adam {
    /// Starts for `count` numbers with a learning rate above 0.
    pub fn new(count: usize, rate: f32) -> Self {
        Self { rate, steps: 0, means: vec![0.0; count], squares: vec![0.0; count] }
    }

    /// Returns how many numbers it moves.
    pub const fn count(&self) -> usize {
        self.means.len()
    }

    /// Tells whether both of its moments are as long as `count` and finite.
    pub(crate) fn is_sound(&self, count: usize) -> bool {
        let finite = |numbers: &[f32]| numbers.iter().all(|number| number.is_finite());
        self.means.len() == count
            && self.squares.len() == count
            && finite(&self.means)
            && finite(&self.squares)
    }

    /// Moves numbers one step against a gradient.
    ///
    /// # Panics
    /// When the lengths are not [`Self::count`].
    pub fn step(&mut self, numbers: &mut [f32], gradient: &[f32]) {
        assert_eq!(
            (numbers.len(), gradient.len()),
            (self.count(), self.count()),
            "numbers and their gradient"
        );
        self.steps += 1;
        let steps = self.steps as f64;
        let first = 1.0 - libm::pow(FIRST_DECAY, steps);
        let second = 1.0 - libm::pow(SECOND_DECAY, steps);
        vectorize(Step {
            rate: (f64::from(self.rate) / first) as f32,
            root: (1.0 / libm::sqrt(second)) as f32,
            numbers,
            gradient,
            means: &mut self.means,
            squares: &mut self.squares,
        });
    }
}

struct Step<'a> {
    rate: f32,
    root: f32,
    numbers: &'a mut [f32],
    gradient: &'a [f32],
    means: &'a mut [f32],
    squares: &'a mut [f32],
}

impl WithSimd for Step<'_> {
    type Output = ();

    #[expect(clippy::inline_always, reason = "it takes its vector instructions from where it is inlined")]
    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let (first, second) = (FIRST_DECAY as f32, SECOND_DECAY as f32);
        let moments = self.means.iter_mut().zip(self.squares);
        for ((number, slope), (mean, square)) in self.numbers.iter_mut().zip(self.gradient).zip(moments) {
            *mean = first * *mean + (1.0 - first) * slope;
            *square = second * *square + (1.0 - second) * slope * slope;
            *number -= self.rate * *mean / (square.sqrt() * self.root + LEAST);
        }
    }
}

/// Shortens a gradient to at most `most` (its Euclidean length) and returns the length it had.
///
/// ```
/// let mut gradient = [3.0, 4.0];
/// assert_eq!(motet_learn::nn::clip(&mut gradient, 1.0), 5.0);
/// assert!((gradient[0] - 0.6).abs() < 1e-6 && (gradient[1] - 0.8).abs() < 1e-6);
/// assert!((motet_learn::nn::clip(&mut gradient, 2.0) - 1.0).abs() < 1e-6);
/// assert!((gradient[0] - 0.6).abs() < 1e-6, "a short one is left as it is");
/// ```
pub fn clip(gradient: &mut [f32], most: f64) -> f64 {
    let length = length(gradient);
    if length > most {
        let scale = (most / length) as f32;
        for slope in gradient {
            *slope *= scale;
        }
    }
    length
}

/// Sums in eight lanes, then the lanes in order, so that the order never depends on the machine.
fn length(gradient: &[f32]) -> f64 {
    let mut lanes = [0.0_f64; 8];
    let chunks = gradient.chunks_exact(8);
    for (lane, slope) in lanes.iter_mut().zip(chunks.remainder()) {
        *lane += f64::from(*slope) * f64::from(*slope);
    }
    for chunk in chunks {
        for (lane, slope) in lanes.iter_mut().zip(chunk) {
            *lane += f64::from(*slope) * f64::from(*slope);
        }
    }
    libm::sqrt(lanes.iter().sum())
}
