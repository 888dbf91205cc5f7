//! Calibration: predicted rates are brought in line with observed ones, and the two are tracked.
//!
//! Platt's map in the logit (Platt 1999), learned online: `logit' = base + a·(logit − base) + b`, `a` within 0.5 to
//! 2 so that the order of ads never turns, `b` within ±2. It starts as the identity and moves by `AdaGrad` on the
//! same corrected gradient as the model (see `model`). Predicted and observed counts fade with a half-life of
//! 20,000 examples; [`Calibration::ratio`] is their quotient, 1 when calibrated.

use serde::{Deserialize, Serialize};

use super::model::sigmoid;

/// What both rates of the map start from; smaller learns slower.
const RATE: f64 = 0.05;
/// The fading of the tracked counts per example: a half-life of 20,000.
const FADE: f64 = 1.0 - std::f64::consts::LN_2 / 20_000.0;
/// The expected count that is assumed right before anything is seen.
const PRIOR: f64 = 5.0;

/// The map and the tracked counts of one rate.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    slope: f64,
    shift: f64,
    squares: [f64; 2],
    predicted: f64,
    observed: f64,
}

impl Default for Calibration {
    fn default() -> Self {
        Self { slope: 1.0, shift: 0.0, squares: [1.0, 1.0], predicted: 0.0, observed: 0.0 }
    }
}

impl Calibration {
    /// Returns the calibrated rate of a logit stated relative to the base logit.
    pub(super) fn apply(&self, base: f64, relative: f64) -> f64 {
        sigmoid(base + self.slope * relative + self.shift)
    }

    /// Returns predicted over observed, both with a prior of 5 expected events; 1 when calibrated.
    ///
    /// 15 predicted and 5 observed: `(15 + 5) / (5 + 5) = 2`.
    pub fn ratio(&self) -> f64 {
        (self.predicted + PRIOR) / (self.observed + PRIOR)
    }

    /// Counts an example that is taken as negative until told otherwise.
    pub(super) fn shown(&mut self, base: f64, relative: f64) {
        let rate = self.apply(base, relative);
        self.predicted = self.predicted * FADE + rate;
        self.observed *= FADE;
        self.learn(relative, (1.0 - rate * rate) * rate);
    }

    /// Counts the event that turns an earlier example positive.
    pub(super) fn happened(&mut self, base: f64, relative: f64) {
        let rate = self.apply(base, relative);
        self.observed += 1.0;
        self.learn(relative, -(1.0 - rate * rate));
    }

    fn learn(&mut self, relative: f64, gradient: f64) {
        let [of_slope, of_shift] = [gradient * relative, gradient];
        self.squares[0] += of_slope * of_slope;
        self.squares[1] += of_shift * of_shift;
        self.slope = (self.slope - RATE * of_slope / self.squares[0].sqrt()).clamp(0.5, 2.0);
        self.shift = (self.shift - RATE * of_shift / self.squares[1].sqrt()).clamp(-2.0, 2.0);
    }
}

#[cfg(test)]
mod tests {
    use motet_units::Chance;

    use super::*;

    #[test]
    fn a_model_twice_too_high_is_brought_down() {
        let base = libm::log(0.05 / 0.95);
        let (mut calibration, mut chance) = (Calibration::default(), Chance::new(1, 1).stream("test"));
        let mut last = (0.0, 0.0);
        for n in 0..60_000 {
            // The model says 5 %; the truth is 2.5 %.
            let rate = calibration.apply(base, 0.0);
            calibration.shown(base, 0.0);
            let happened = chance.unit() < 0.025;
            if happened {
                calibration.happened(base, 0.0);
            }
            if n >= 30_000 {
                last = (last.0 + rate, last.1 + f64::from(u8::from(happened)));
            }
        }
        // 750 events expected; their standard error is 27, so 4 of them are 15 %.
        assert!((last.0 / last.1 - 1.0).abs() < 0.15, "{last:?}");
        assert!((calibration.ratio() - 1.0).abs() < 0.2, "{}", calibration.ratio());
    }
}
