//! The three-state guardrail: roll back, advance, or hold.
//!
//! A guardrail that only looks for proven harm ships whatever it had too little data to convict. This one asks two
//! questions of the same estimate, each one-sided at its own error rate:
//!
//! * is harm proven: is the whole one-sided bound of the improvement below 0?
//! * is non-inferiority proven: is the whole bound above minus the margin?
//!
//! Non-inferiority advances, harm rolls back, neither holds. Where both are proven (a loss that is certain, and certainly
//! smaller than what was agreed to be acceptable) the margin decides and the ramp advances; a margin of 0 makes that
//! impossible. Read at every look it must be given [`Looks::Anytime`], or its error rates are fiction.

use crate::error::{Error, open_unit};
use crate::estimate::{Contrast, Fieller, Margin};
use crate::looks::{Looks, Statistic};
use crate::sides::Sides;
use serde::{Deserialize, Serialize};

/// Which way a metric should move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Goal {
    /// More is better: revenue, clicks.
    Higher,
    /// Less is better: cost per action, latency, complaints.
    Lower,
}

impl Goal {
    /// Returns 1 where more is better, −1 where less is.
    pub const fn direction(self) -> f64 {
        match self {
            Self::Higher => 1.0,
            Self::Lower => -1.0,
        }
    }
}

/// What a guardrail says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gate {
    /// Harm is proven: take the treatment back.
    RollBack,
    /// Non-inferiority is proven: the next stage may start.
    Advance,
    /// Neither is proven: stay at this stage and look again.
    Hold,
}

/// A guardrail's decision with its evidence.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Guard {
    /// The decision.
    pub gate: Gate,
    /// The p-value against "B does no harm".
    pub harm_p: f64,
    /// The p-value against "B is worse than A by the margin or more".
    pub margin_p: f64,
    /// The lower bound of the improvement in the metric's unit, one-sided; minus infinity is written as `null`.
    #[serde(with = "crate::interval::below")]
    pub worst_difference: f64,
    /// The same as a share of A's mean (Fieller); `None` where A's mean cannot be told from 0.
    pub worst_lift: Option<f64>,
}

impl Guard {
    /// Reads a guardrail.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for a negative margin or an error rate outside (0, 1).
    pub fn read(
        contrast: &Contrast,
        goal: Goal,
        margin: Margin,
        looks: &Looks,
        error_rate: f64,
    ) -> Result<Self, Error> {
        open_unit("an error rate", error_rate)?;
        let margin = margin.checked()?;
        looks.checked(error_rate)?;
        let direction = goal.direction();
        let at = |t| Statistic { t, units: contrast.units, degrees: contrast.degrees };
        let p = |t| looks.p_value(&at(t), error_rate, Sides::One);
        let harm_p = p(-direction * contrast.statistic());
        let margin_p = p(contrast.margin_statistic(margin, direction));
        let critical = looks.critical(&at(0.0), error_rate, error_rate, Sides::One);
        let gate = match (margin_p <= error_rate, harm_p <= error_rate) {
            (true, _) => Gate::Advance,
            (false, true) => Gate::RollBack,
            (false, false) => Gate::Hold,
        };
        let interval = contrast.interval(critical);
        let worst_difference = if goal == Goal::Higher { interval.low } else { -interval.high };
        Ok(Self {
            gate,
            harm_p,
            margin_p,
            worst_difference,
            worst_lift: worst_lift(contrast, goal, critical),
        })
    }
}

fn worst_lift(contrast: &Contrast, goal: Goal, critical: f64) -> Option<f64> {
    match contrast.fieller(critical) {
        // A control below 0 turns the lift round; its size is what the margin refers to.
        Fieller::Bounded(set) if (contrast.base > 0.0) == (goal == Goal::Higher) => Some(set.low),
        Fieller::Bounded(set) => Some(-set.high),
        Fieller::Unbounded => None,
    }
}

/// Joins the guardrails of one stage: any rollback rolls back, all must advance to advance.
///
/// `sound` is whether the checks on the data (sample ratio, exposure) passed; without it a stage cannot advance, but it
/// can still be rolled back.
///
/// ```
/// # use motet_experiment::gate::{Gate, Sound, join};
/// assert_eq!(join(&[Gate::Advance, Gate::Hold], Sound::Yes), Gate::Hold);
/// assert_eq!(join(&[Gate::Advance, Gate::Advance], Sound::No), Gate::Hold);
/// assert_eq!(join(&[Gate::Advance, Gate::RollBack], Sound::No), Gate::RollBack);
/// ```
pub fn join(gates: &[Gate], sound: Sound) -> Gate {
    if gates.contains(&Gate::RollBack) {
        Gate::RollBack
    } else if sound == Sound::Yes && !gates.is_empty() && gates.iter().all(|&g| g == Gate::Advance) {
        Gate::Advance
    } else {
        Gate::Hold
    }
}

/// Whether the data passed their checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sound {
    /// They did.
    Yes,
    /// At least one failed.
    No,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::Moments;

    fn guard(difference: f64, n: f64, goal: Goal, margin: f64) -> Guard {
        let a = Moments { n, mean: 10.0, variance: 4.0 };
        let b = Moments { n, mean: 10.0 + difference, variance: 4.0 };
        let looks = Looks::Anytime { planned: 2.0 * n };
        Guard::read(&Contrast::welch(&a, &b), goal, Margin::Relative(margin), &looks, 0.05).unwrap()
    }

    #[test]
    fn it_has_three_states() {
        assert_eq!(guard(0.0, 100.0, Goal::Higher, 0.02).gate, Gate::Hold);
        assert_eq!(guard(0.0, 10_000.0, Goal::Higher, 0.02).gate, Gate::Advance);
        assert_eq!(guard(-0.5, 10_000.0, Goal::Higher, 0.02).gate, Gate::RollBack);
    }

    #[test]
    fn less_is_better_turns_it_round() {
        assert_eq!(guard(0.5, 10_000.0, Goal::Lower, 0.02).gate, Gate::RollBack);
        assert_eq!(guard(-0.5, 10_000.0, Goal::Lower, 0.02).gate, Gate::Advance);
        assert!(guard(-0.5, 10_000.0, Goal::Lower, 0.02).worst_difference > 0.3);
    }

    #[test]
    fn a_certain_loss_within_the_margin_advances_and_without_a_margin_does_not() {
        assert_eq!(guard(-0.1, 40_000.0, Goal::Higher, 0.02).gate, Gate::Advance);
        assert_eq!(guard(-0.1, 40_000.0, Goal::Higher, 0.0).gate, Gate::RollBack);
    }

    #[test]
    fn a_negative_margin_is_refused() {
        let a = Moments { n: 9.0, mean: 1.0, variance: 1.0 };
        let contrast = Contrast::welch(&a, &a);
        let error =
            Guard::read(&contrast, Goal::Higher, Margin::Relative(-0.1), &Looks::Once, 0.05).unwrap_err();
        assert_eq!(error.to_string(), "a margin must be 0 or more, was -0.1");
    }

    #[test]
    fn no_guardrail_is_no_permission() {
        assert_eq!(join(&[], Sound::Yes), Gate::Hold);
    }
}
