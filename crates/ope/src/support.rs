//! Whether the log can answer for the target at all, and the refusal where it cannot.
//!
//! What is looked at, and from where on there is no answer ([`Limits`], every bound a choice and written here):
//!
//! | refusal | looked at | refused | why |
//! |---|---|---|---|
//! | [`Refusal::TooFewRounds`] | rounds | < 100 | no interval means anything |
//! | [`Refusal::ZeroPropensity`] | share of the target on actions the logging policy never takes, where its whole distribution is known | > 0.001 | nothing was or will be seen of them |
//! | [`Refusal::NeverLogged`] | share of the target on (position, action) pairs not in the log | > 0.05 | nothing was seen of them |
//! | [`Refusal::FewEffectiveRounds`] | effective sample size (Σw)² ÷ Σw² | < 100 | the estimate rests on a few rounds |
//! | [`Refusal::OneRoundDecides`] | largest weight ÷ Σw | > 0.1 | one click more or less moves the estimate by a tenth of a reward |
//! | [`Refusal::WeightsOff`] | mean weight, 1 in expectation | off by > 0.1 and by > 5 standard errors | propensities are wrong, or part of the target is not covered |
//!
//! A refusal is for all estimators: the direct method would still print a figure, but where nothing was seen it is an
//! extrapolation. The effective sample size says how many rounds logged by the target itself would be worth as much; it says
//! nothing about rewards, so few rewarded rounds are reported as a caution.

use std::fmt;

use serde::{Deserialize, Serialize};

/// From where on there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// The fewest rounds.
    pub min_rounds: u64,
    /// The largest share of the target on actions with propensity 0.
    pub max_zero_propensity: f64,
    /// The largest share of the target on pairs of position and action that were never logged.
    pub max_never_logged: f64,
    /// The smallest effective sample size, in rounds.
    pub min_effective_rounds: f64,
    /// The largest share of all weight on one round.
    pub max_single_share: f64,
    /// How far the mean weight may be from 1, beyond chance.
    pub max_mean_weight_error: f64,
    /// Fewer rewarded rounds than this are a caution, not a refusal.
    pub caution_rewarded: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            min_rounds: 100,
            max_zero_propensity: 0.001,
            max_never_logged: 0.05,
            min_effective_rounds: 100.0,
            max_single_share: 0.1,
            max_mean_weight_error: 0.1,
            caution_rewarded: 30,
        }
    }
}

/// How many standard errors the mean weight may be off.
const MEAN_WEIGHT_ERRORS: f64 = 5.0;

/// What the log says about the target, before any estimate.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Support {
    /// Rounds seen.
    pub rounds: u64,
    /// (Σw)² ÷ Σw²; 0 without weight.
    pub effective_rounds: f64,
    /// Σw ÷ n.
    pub mean_weight: f64,
    /// The standard error of the mean weight.
    pub mean_weight_error: f64,
    /// The largest weight.
    pub max_weight: f64,
    /// The largest weight ÷ Σw; 0 without weight.
    pub max_weight_share: f64,
    /// The target's share on actions the logging policy never takes; `None` where its distribution is not known.
    pub zero_propensity: Option<f64>,
    /// The target's share on pairs of position and action that were never logged.
    pub never_logged: f64,
    /// Rounds with a reward other than 0 and a weight above 0.
    pub rewarded: u64,
}

/// Why there is no answer. Each holds what was found and the limit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum Refusal {
    /// The log is too short.
    TooFewRounds {
        /// Rounds.
        found: u64,
        /// The fewest.
        limit: u64,
    },
    /// The target wants actions the logging policy never takes.
    ZeroPropensity {
        /// The share of the target on them.
        found: f64,
        /// The largest.
        limit: f64,
    },
    /// The target wants actions that were never logged where it wants them.
    NeverLogged {
        /// The share of the target on them.
        found: f64,
        /// The largest.
        limit: f64,
    },
    /// The weighted log is worth too few rounds.
    FewEffectiveRounds {
        /// The effective sample size.
        found: f64,
        /// The smallest.
        limit: f64,
    },
    /// One round holds too much of all weight.
    OneRoundDecides {
        /// Its share.
        found: f64,
        /// The largest.
        limit: f64,
    },
    /// The weights do not average to one.
    WeightsOff {
        /// The mean weight.
        found: f64,
        /// How far it may be from 1.
        limit: f64,
    },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::TooFewRounds { found, limit } => {
                write!(f, "the log has {found} rounds, and {limit} are the fewest to answer from")
            }
            Self::ZeroPropensity { found, limit } => write!(
                f,
                "{found:.4} of the policy's choices are actions the logging policy never takes (at most {limit})"
            ),
            Self::NeverLogged { found, limit } => write!(
                f,
                "{found:.4} of the policy's choices were never logged at their position (at most {limit})"
            ),
            Self::FewEffectiveRounds { found, limit } => write!(
                f,
                "the weighted log is worth {found:.1} rounds, and {limit:.0} are the fewest to answer from"
            ),
            Self::OneRoundDecides { found, limit } => {
                write!(f, "one round holds {found:.3} of all weight (at most {limit})")
            }
            Self::WeightsOff { found, limit } => write!(
                f,
                "the weights average {found:.3} where 1 is expected (within {limit}): \
                 the propensities are wrong, or part of the policy is not covered"
            ),
        }
    }
}

impl Support {
    /// Returns every reason not to answer; none means the log can.
    pub fn refusals(&self, limits: &Limits) -> Vec<Refusal> {
        let mut refusals = Vec::new();
        if self.rounds < limits.min_rounds {
            refusals.push(Refusal::TooFewRounds { found: self.rounds, limit: limits.min_rounds });
        }
        if let Some(found) = self.zero_propensity.filter(|&share| share > limits.max_zero_propensity) {
            refusals.push(Refusal::ZeroPropensity { found, limit: limits.max_zero_propensity });
        }
        if self.never_logged > limits.max_never_logged {
            refusals.push(Refusal::NeverLogged { found: self.never_logged, limit: limits.max_never_logged });
        }
        if self.effective_rounds < limits.min_effective_rounds {
            let (found, limit) = (self.effective_rounds, limits.min_effective_rounds);
            refusals.push(Refusal::FewEffectiveRounds { found, limit });
        }
        if self.max_weight_share > limits.max_single_share {
            refusals.push(Refusal::OneRoundDecides {
                found: self.max_weight_share,
                limit: limits.max_single_share,
            });
        }
        let off = (self.mean_weight - 1.0).abs();
        if off > limits.max_mean_weight_error && off > MEAN_WEIGHT_ERRORS * self.mean_weight_error {
            refusals
                .push(Refusal::WeightsOff { found: self.mean_weight, limit: limits.max_mean_weight_error });
        }
        refusals
    }
}

/// Counts up what [`Support`] says.
#[derive(Clone, Debug)]
pub(crate) struct Tally {
    actions: usize,
    rounds: u64,
    weight: f64,
    weight_squared: f64,
    max_weight: f64,
    rewarded: u64,
    zero_propensity: Option<f64>,
    /// Per position and action: rounds logged, and the target's probability summed over rounds at that position.
    pairs: Vec<(u64, f64)>,
}

impl Tally {
    pub(crate) fn new(positions: usize, actions: usize) -> Self {
        Self {
            actions,
            rounds: 0,
            weight: 0.0,
            weight_squared: 0.0,
            max_weight: 0.0,
            rewarded: 0,
            zero_propensity: None,
            pairs: vec![(0, 0.0); positions * actions],
        }
    }

    pub(crate) fn add(&mut self, round: &crate::Round, weight: f64, target: &[f64], logging: Option<&[f64]>) {
        self.rounds += 1;
        self.weight += weight;
        self.weight_squared += weight * weight;
        self.max_weight = self.max_weight.max(weight);
        self.rewarded += u64::from(weight > 0.0 && round.reward != 0.0);
        let from = round.position as usize * self.actions;
        let pairs = &mut self.pairs[from..from + self.actions];
        pairs[round.action as usize].0 += 1;
        pairs.iter_mut().zip(target).for_each(|((_, wanted), p)| *wanted += p);
        if let Some(logging) = logging {
            let never = |&(_, &propensity): &(&f64, &f64)| propensity <= 0.0;
            let share: f64 = target.iter().zip(logging).filter(never).map(|(p, _)| p).sum();
            *self.zero_propensity.get_or_insert(0.0) += share;
        }
    }

    pub(crate) fn max_weight(&self) -> f64 {
        self.max_weight
    }

    pub(crate) fn support(&self) -> Support {
        let rounds = (self.rounds as f64).max(1.0);
        let mean_weight = self.weight / rounds;
        let variance = (self.weight_squared / rounds - mean_weight * mean_weight).max(0.0);
        let ratio = |over: f64, under: f64| if under > 0.0 { over / under } else { 0.0 };
        let unseen: f64 =
            self.pairs.iter().filter(|(logged, _)| *logged == 0).map(|(_, wanted)| wanted).sum();
        Support {
            rounds: self.rounds,
            effective_rounds: ratio(self.weight * self.weight, self.weight_squared),
            mean_weight,
            mean_weight_error: libm::sqrt(variance / rounds),
            max_weight: self.max_weight,
            max_weight_share: ratio(self.max_weight, self.weight),
            zero_propensity: self.zero_propensity.map(|share| share / rounds),
            // An empty sum is -0, which reads oddly.
            never_logged: (unseen / rounds).max(0.0),
            rewarded: self.rewarded,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Round;

    fn tally(weights: &[f64]) -> Tally {
        let mut tally = Tally::new(1, 2);
        for (index, &weight) in weights.iter().enumerate() {
            let action = (index % 2) as u32;
            let round = Round { context: 0, action, position: 0, reward: 1.0, propensity: 0.5 };
            tally.add(&round, weight, &[0.5, 0.5], None);
        }
        tally
    }

    #[test]
    fn equal_weights_are_worth_every_round() {
        let support = tally(&[1.0; 200]).support();
        assert!((support.effective_rounds - 200.0).abs() < 1e-9);
        assert_eq!(support.refusals(&Limits::default()), []);
    }

    #[test]
    fn one_heavy_round_is_refused_three_ways() {
        let mut weights = vec![0.1; 200];
        weights[7] = 5_000.0;
        let refusals = tally(&weights).support().refusals(&Limits::default());
        assert!(matches!(
            refusals[..],
            [Refusal::FewEffectiveRounds { .. }, Refusal::OneRoundDecides { .. }]
        ));
        assert!(refusals[1].to_string().starts_with("one round holds 0.996 of all weight"));
    }

    #[test]
    fn weights_that_cannot_average_to_one_are_refused() {
        let refusals = tally(&[0.5; 400]).support().refusals(&Limits::default());
        assert!(matches!(refusals[..], [Refusal::WeightsOff { .. }]), "{refusals:?}");
    }

    #[test]
    fn an_action_wanted_but_never_seen_is_refused() {
        let mut tally = Tally::new(1, 3);
        for _ in 0..200 {
            let round = Round { context: 0, action: 0, position: 0, reward: 0.0, propensity: 0.9 };
            tally.add(&round, 1.0, &[0.9, 0.1, 0.0], Some(&[0.99, 0.0, 0.01]));
        }
        let refusals = tally.support().refusals(&Limits::default());
        assert!(matches!(refusals[..], [Refusal::ZeroPropensity { .. }, Refusal::NeverLogged { .. }]));
        assert!((tally.support().never_logged - 0.1).abs() < 1e-12);
    }

    #[test]
    fn an_empty_log_answers_nothing() {
        let refusals = Tally::new(1, 1).support().refusals(&Limits::default());
        assert!(matches!(refusals[0], Refusal::TooFewRounds { found: 0, limit: 100 }));
    }
}
