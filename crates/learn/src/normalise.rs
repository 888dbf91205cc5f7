//! Observations brought to a common scale: `(x − mean) / deviation`, cut to ±[`CUT`].
//!
//! Means and deviations run with the rows told (Welford 1962) and can be frozen. Rows are kept raw and scaled when they are
//! drawn, so that all of a batch is on one scale. An export takes the scale of its moment with it.

use serde::{Deserialize, Serialize};

/// How far from the mean an observation may lie, in deviations.
pub const CUT: f32 = 10.0;

/// A deviation below this counts as none: the input is constant, and is left at 0 after its mean is taken off.
const LEAST: f64 = 1e-6;

/// Running means and squares of some inputs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Normaliser {
    running: Running,
    count: u64,
    means: Vec<f64>,
    squares: Vec<f64>,
}

/// Whether a normaliser moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Running {
    /// It takes in every row told.
    On,
    /// It stays as it is; one that has seen nothing leaves observations as they are, but for the cut.
    Off,
}

impl Normaliser {
    /// Starts for `inputs` numbers.
    pub fn new(inputs: usize, running: Running) -> Self {
        Self { running, count: 0, means: vec![0.0; inputs], squares: vec![0.0; inputs] }
    }

    /// Takes in one observation, unless it is frozen.
    pub fn see<'a>(&mut self, observation: impl IntoIterator<Item = &'a f32>) {
        if self.running == Running::Off {
            return;
        }
        self.count += 1;
        let count = self.count as f64;
        let moments = self.means.iter_mut().zip(&mut self.squares);
        for ((mean, square), value) in moments.zip(observation) {
            let before = f64::from(*value) - *mean;
            *mean += before / count;
            *square += before * (f64::from(*value) - *mean);
        }
    }

    /// Stops it from moving.
    pub const fn freeze(&mut self) {
        self.running = Running::Off;
    }

    /// Returns the scale as it is now.
    pub fn scale(&self) -> Scale {
        let mut scale = Scale::plain(self.means.len());
        self.write(&mut scale);
        scale
    }

    /// Writes the scale as it is now over an older one.
    pub(crate) fn write(&self, scale: &mut Scale) {
        if self.count < 2 {
            return;
        }
        for (place, (mean, square)) in self.means.iter().zip(&self.squares).enumerate() {
            let deviation = libm::sqrt(square / (self.count - 1) as f64);
            scale.means[place] = *mean as f32;
            scale.factors[place] = if deviation < LEAST { 0.0 } else { (1.0 / deviation) as f32 };
        }
    }

    pub(crate) fn is_sound(&self, inputs: usize) -> bool {
        let finite = |numbers: &[f64]| numbers.iter().all(|number| number.is_finite());
        self.means.len() == inputs
            && self.squares.len() == inputs
            && finite(&self.means)
            && finite(&self.squares)
    }
}

/// A frozen scale: `clamp((x − mean) · factor, −10, 10)` for each input.
///
/// ```
/// let mut normaliser = motet_learn::normalise::Normaliser::new(1, motet_learn::normalise::Running::On);
/// for value in [1.0, 2.0, 3.0] { normaliser.see(&[value]); }
/// let mut scaled = [4.0];
/// normaliser.scale().apply(&mut scaled);
/// assert_eq!(scaled, [2.0], "the mean is 2 and the deviation 1");
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scale {
    /// What is taken off each input.
    pub means: Vec<f32>,
    /// What each is multiplied with.
    pub factors: Vec<f32>,
}

impl Scale {
    /// Leaves `inputs` numbers as they are, but for the cut.
    pub fn plain(inputs: usize) -> Self {
        Self { means: vec![0.0; inputs], factors: vec![1.0; inputs] }
    }

    /// Scales an observation in place.
    ///
    /// # Panics
    /// When the lengths differ.
    pub fn apply(&self, observation: &mut [f32]) {
        assert_eq!(observation.len(), self.means.len(), "an observation's length");
        apply(&self.means, &self.factors, observation);
    }
}

impl Scale {
    pub(crate) fn is_sound(&self, inputs: usize) -> bool {
        let finite = |numbers: &[f32]| numbers.iter().all(|number| number.is_finite());
        self.means.len() == inputs
            && self.factors.len() == inputs
            && finite(&self.means)
            && finite(&self.factors)
    }
}

/// Scales numbers in place.
pub(crate) fn apply(means: &[f32], factors: &[f32], numbers: &mut [f32]) {
    for (value, (mean, factor)) in numbers.iter_mut().zip(means.iter().zip(factors)) {
        *value = ((*value - mean) * factor).clamp(-CUT, CUT);
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "equal bits are what is claimed")]
mod tests {
    use super::*;

    #[test]
    fn what_has_seen_nothing_leaves_numbers_alone() {
        let mut value = [3.0];
        Normaliser::new(1, Running::On).scale().apply(&mut value);
        assert_eq!(value, [3.0]);
    }

    #[test]
    fn a_constant_input_becomes_zero_and_a_far_one_is_cut() {
        let mut normaliser = Normaliser::new(2, Running::On);
        for step in 0..10 {
            normaliser.see(&[5.0, step as f32]);
        }
        let mut value = [6.0, 1e9];
        normaliser.scale().apply(&mut value);
        assert_eq!(value, [0.0, CUT]);
    }

    #[test]
    fn a_frozen_one_does_not_move() {
        let mut normaliser = Normaliser::new(1, Running::On);
        normaliser.see(&[1.0]);
        normaliser.see(&[2.0]);
        normaliser.freeze();
        let before = normaliser.clone();
        normaliser.see(&[100.0]);
        assert_eq!(normaliser, before);
    }
}
