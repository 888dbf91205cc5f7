//! The estimators, all in one form: V = mean(base) + mean(term) ÷ mean(norm).
//!
//! With w = target ÷ propensity the weight of a round, r its reward, q its predicted reward and b = Σ π(a) q(a) what the
//! target would be predicted to get:
//!
//! | estimator | base | term | norm | unbiased when |
//! |---|---|---|---|---|
//! | direct method | b | 0 | 1 | the reward model is right |
//! | inverse propensity scoring (IPS) | 0 | w r | 1 | propensities are right and cover the target |
//! | self-normalised IPS | 0 | w r | w | as IPS, in large samples |
//! | doubly robust (DR) | b | w (r − q) | 1 | either is right |
//! | self-normalised DR | b | w (r − q) | w | either, in large samples |
//! | SWITCH-DR, threshold τ | b | w (r − q) where w ≤ τ, else 0 | 1 | the model is right where w > τ |
//! | DR with optimistic shrinkage, λ | b | λ w ÷ (w² + λ) · (r − q) | 1 | the model is right where w is large |
//!
//! Sources: Horvitz and Thompson 1952; Swaminathan and Joachims, NIPS 2015; Dudík, Langford and Li, ICML 2011; Wang, Agarwal and
//! Dudík, ICML 2017; Su, Dimakopoulou, Krishnamurthy and Dudík, ICML 2020. SWITCH-DR at τ = 0 is the direct method, at ∞
//! doubly robust; so is shrinkage at λ = 0 and ∞.

use serde::{Serialize, Serializer};

/// A way to estimate what a policy is worth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Estimator {
    /// The reward model alone.
    DirectMethod,
    /// Rewards weighted by how much more often the target takes the action.
    Ips,
    /// The same over the sum of weights instead of the number of rounds.
    SelfNormalisedIps,
    /// The model, corrected by its weighted errors.
    DoublyRobust,
    /// The same, errors over the sum of weights.
    SelfNormalisedDoublyRobust,
    /// Doubly robust where the weight is at most the threshold, the model alone above it.
    SwitchDoublyRobust {
        /// The largest weight taken, at least 0.
        threshold: f64,
    },
    /// Doubly robust with weights shrunk, the large ones most.
    ShrunkDoublyRobust {
        /// λ, above 0; the largest weight left is √λ ÷ 2.
        lambda: f64,
    },
}

/// The seven, with the thresholds used where none is named.
pub const ALL: [Estimator; 7] = [
    Estimator::DirectMethod,
    Estimator::Ips,
    Estimator::SelfNormalisedIps,
    Estimator::DoublyRobust,
    Estimator::SelfNormalisedDoublyRobust,
    Estimator::SwitchDoublyRobust { threshold: 10.0 },
    Estimator::ShrunkDoublyRobust { lambda: 100.0 },
];

impl Estimator {
    /// Returns its short name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::DirectMethod => "dm",
            Self::Ips => "ips",
            Self::SelfNormalisedIps => "snips",
            Self::DoublyRobust => "dr",
            Self::SelfNormalisedDoublyRobust => "sndr",
            Self::SwitchDoublyRobust { .. } => "switch-dr",
            Self::ShrunkDoublyRobust { .. } => "dros",
        }
    }

    /// Returns what one round adds.
    pub(crate) fn parts(self, sample: &Sample) -> Parts {
        let Sample { weight, reward, expected, predicted } = *sample;
        let error = reward - predicted;
        match self {
            Self::DirectMethod => Parts::new(expected, 0.0),
            Self::Ips => Parts::new(0.0, weight * reward),
            Self::SelfNormalisedIps => Parts { base: 0.0, term: weight * reward, norm: weight },
            Self::DoublyRobust => Parts::new(expected, weight * error),
            Self::SelfNormalisedDoublyRobust => Parts { base: expected, term: weight * error, norm: weight },
            Self::SwitchDoublyRobust { threshold } => {
                Parts::new(expected, if weight <= threshold { weight * error } else { 0.0 })
            }
            Self::ShrunkDoublyRobust { lambda } => Parts::new(expected, shrunk(weight, lambda) * error),
        }
    }

    /// Returns how wide the range is that one round's part can fall in, given the bounds of weight, reward and prediction;
    /// `None` where the estimate is no mean of independent parts.
    pub(crate) fn range(self, bounds: &Bounds) -> Option<f64> {
        let Bounds { weight, reward: (low, high), predicted: (least, most) } = *bounds;
        let weighted = |weight: f64, low: f64, high: f64| (weight * high).max(0.0) - (weight * low).min(0.0);
        let corrected = |weight: f64| most - least + weighted(weight, low - most, high - least);
        match self {
            Self::DirectMethod | Self::SelfNormalisedIps | Self::SelfNormalisedDoublyRobust => None,
            Self::Ips => Some(weighted(weight, low, high)),
            Self::DoublyRobust => Some(corrected(weight)),
            Self::SwitchDoublyRobust { threshold } => Some(corrected(weight.min(threshold))),
            Self::ShrunkDoublyRobust { lambda } => Some(corrected(weight.min(libm::sqrt(lambda) / 2.0))),
        }
    }
}

/// The weight after optimistic shrinkage.
fn shrunk(weight: f64, lambda: f64) -> f64 {
    if lambda.is_infinite() { weight } else { lambda * weight / (weight * weight + lambda) }
}

impl Serialize for Estimator {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// One round as the estimators see it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// Target ÷ logging probability of the action taken.
    pub weight: f64,
    /// The reward.
    pub reward: f64,
    /// The mean of the model's rewards under the target.
    pub expected: f64,
    /// The model's reward of the action taken.
    pub predicted: f64,
}

/// What a round adds to base, term and norm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Parts {
    pub(crate) base: f64,
    pub(crate) term: f64,
    pub(crate) norm: f64,
}

impl Parts {
    const fn new(base: f64, term: f64) -> Self {
        Self { base, term, norm: 1.0 }
    }
}

/// How large a weight, a reward and a prediction can be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) weight: f64,
    pub(crate) reward: (f64, f64),
    pub(crate) predicted: (f64, f64),
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: Sample = Sample { weight: 3.0, reward: 1.0, expected: 0.2, predicted: 0.4 };

    #[test]
    fn at_their_limits_the_blends_are_what_they_blend() {
        let direct = Estimator::DirectMethod.parts(&SAMPLE);
        let robust = Estimator::DoublyRobust.parts(&SAMPLE);
        assert_eq!(Estimator::SwitchDoublyRobust { threshold: 0.0 }.parts(&SAMPLE), direct);
        assert_eq!(Estimator::SwitchDoublyRobust { threshold: f64::INFINITY }.parts(&SAMPLE), robust);
        assert_eq!(Estimator::ShrunkDoublyRobust { lambda: 0.0 }.parts(&SAMPLE), direct);
        assert_eq!(Estimator::ShrunkDoublyRobust { lambda: f64::INFINITY }.parts(&SAMPLE), robust);
    }

    #[test]
    fn the_threshold_itself_is_still_taken() {
        let at = Estimator::SwitchDoublyRobust { threshold: 3.0 }.parts(&SAMPLE);
        assert_eq!(at, Estimator::DoublyRobust.parts(&SAMPLE));
    }

    #[test]
    fn no_part_falls_outside_its_range() {
        let bounds = Bounds { weight: 4.0, reward: (0.0, 1.0), predicted: (0.1, 0.6) };
        for estimator in ALL {
            let Some(range) = estimator.range(&bounds) else { continue };
            let mut found = (f64::INFINITY, f64::NEG_INFINITY);
            for weight in [0.0, 1.0, 4.0] {
                for reward in [0.0, 1.0] {
                    for (expected, predicted) in [(0.1, 0.1), (0.1, 0.6), (0.6, 0.1), (0.6, 0.6)] {
                        let parts = estimator.parts(&Sample { weight, reward, expected, predicted });
                        found = (found.0.min(parts.base + parts.term), found.1.max(parts.base + parts.term));
                    }
                }
            }
            assert!(found.1 - found.0 <= range + 1e-12, "{}: {found:?} over {range}", estimator.name());
        }
    }
}
