//! How often the data are looked at, which decides how many standard errors an interval must reach.
//!
//! Every engine answers the same three questions for a t statistic: how far an interval reaches, what the p-value is,
//! and (where there is one) what the e-value is. A comparison therefore reads the same whichever is used.
//!
//! * [`Looks::Once`]: Student's t. Valid for a single look at a size fixed before.
//! * [`Looks::Anytime`]: the t mixture. Valid at every look; stop whenever.
//! * [`Looks::Planned`]: a group-sequential bound, turned into a t quantile by its nominal level. The p-value is
//!   the smallest overall error rate at which this look's bound is crossed (Jennison and Turnbull's repeated p-value).

use crate::error::{Error, at_least};
use crate::group::{GroupPlan, Spending};
use crate::sequential::StudentMixture;
use crate::sides::Sides;
use crate::special::{normal_upper_quantile, student_tail, student_upper_quantile};
use serde::{Deserialize, Serialize};

/// When the data are looked at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Looks {
    /// One look, at a size fixed before the start.
    Once,
    /// Any number of looks at any time. Fixed at the start and never retuned.
    Anytime {
        /// The number of units (pairs, or units of both arms) at which the interval should be tightest.
        planned: f64,
    },
    /// A planned number of looks; this is the last of those in `fractions`.
    Planned {
        /// How the error rate is spent.
        spending: Spending,
        /// The information fractions of the looks so far, the current one last.
        fractions: Vec<f64>,
    },
}

/// A t statistic with what its distribution depends on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Statistic {
    /// The estimate in standard errors.
    pub t: f64,
    /// The number of units.
    pub units: f64,
    /// The degrees of freedom.
    pub degrees: f64,
}

impl Looks {
    /// Checks the settings.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for a planned size that is not above 0 or fractions that do not rise within (0, 1].
    pub fn checked(&self, error_rate: f64) -> Result<(), Error> {
        match self {
            Self::Once => Ok(()),
            Self::Anytime { planned } if *planned > 0.0 && planned.is_finite() => Ok(()),
            Self::Anytime { planned } => Err(Error::OutOfRange {
                what: "the planned number of units",
                value: *planned,
                range: "above 0",
            }),
            Self::Planned { spending, fractions } => {
                at_least("a group-sequential test", 1, fractions.len())?;
                GroupPlan::new(*spending, fractions, error_rate, Sides::Two).map(|_| ())
            }
        }
    }

    /// Returns how many standard errors an interval reaches at this look. `tuning` is the comparison's own error rate,
    /// fixed at the start; `error_rate` is the one wanted now, which a correction for several metrics may lower.
    pub fn critical(&self, at: &Statistic, error_rate: f64, tuning: f64, sides: Sides) -> f64 {
        match self {
            Self::Once => student_upper_quantile(sides.per_side(error_rate), at.degrees),
            Self::Anytime { planned } => {
                StudentMixture::tuned(*planned, tuning, sides).critical(at.units, at.degrees, error_rate)
            }
            Self::Planned { .. } => student_upper_quantile(self.nominal_rate(error_rate, sides), at.degrees),
        }
    }

    /// Returns the p-value at this look: of a difference either way, or of a large `t`.
    pub fn p_value(&self, at: &Statistic, tuning: f64, sides: Sides) -> f64 {
        match self {
            Self::Once => fixed_p_value(at, sides),
            Self::Anytime { planned } => {
                StudentMixture::tuned(*planned, tuning, sides).p_value(at.t, at.units, at.degrees)
            }
            Self::Planned { .. } => self.repeated_p_value(at, sides),
        }
    }

    /// Returns the e-value, where the engine has one.
    pub fn e_value(&self, at: &Statistic, tuning: f64, sides: Sides) -> Option<f64> {
        let Self::Anytime { planned } = self else { return None };
        let ln = StudentMixture::tuned(*planned, tuning, sides).ln_e_value(at.t, at.units, at.degrees);
        Some(libm::exp(ln).min(f64::MAX))
    }

    /// The one-sided level of this look's bound.
    fn nominal_rate(&self, error_rate: f64, sides: Sides) -> f64 {
        let Self::Planned { spending, fractions } = self else { return sides.per_side(error_rate) };
        let plan = GroupPlan::new(*spending, fractions, error_rate, sides);
        let rates = plan.expect("the fractions were checked when the comparison was built").nominal_rates();
        rates[rates.len() - 1]
    }

    /// The bound falls as the error rate rises, so the rate at which it is just crossed is found by halving.
    fn repeated_p_value(&self, at: &Statistic, sides: Sides) -> f64 {
        let t = if sides == Sides::Two { at.t.abs() } else { at.t };
        let nominal = student_tail(t, at.degrees);
        let (mut low, mut high) = (-300.0 * core::f64::consts::LN_10, 0.0);
        for _ in 0..48 {
            let middle = 0.5 * (low + high);
            let rate = libm::exp(middle).min(0.999);
            if self.nominal_rate(rate, sides) < nominal { low = middle } else { high = middle }
        }
        libm::exp(high)
    }

    /// Says in words what an interval of this engine means.
    pub const fn in_words(&self) -> &'static str {
        match self {
            Self::Once => "valid for this one look",
            Self::Anytime { .. } => "valid at every look",
            Self::Planned { .. } => "valid at the planned looks",
        }
    }
}

fn fixed_p_value(at: &Statistic, sides: Sides) -> f64 {
    match sides {
        Sides::One => student_tail(at.t, at.degrees),
        Sides::Two => (2.0 * student_tail(at.t.abs(), at.degrees)).min(1.0),
    }
}

/// Returns the power of a test that rejects beyond `critical` standard errors, for a true effect of `effect` standard
/// errors, by the normal approximation; both tails count where the test has two sides.
pub(crate) fn power_of(effect: f64, critical: f64, sides: Sides) -> f64 {
    let upper = crate::special::normal_cdf(effect - critical);
    match sides {
        Sides::One => upper,
        Sides::Two => upper + crate::special::normal_cdf(-effect - critical),
    }
}

/// Returns z with P(Z ≤ z) = power.
pub(crate) fn power_quantile(power: f64) -> f64 {
    -normal_upper_quantile(power)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::group::equal_looks;

    const AT: Statistic = Statistic { t: 2.4, units: 40.0, degrees: 39.0 };

    fn engines() -> [Looks; 3] {
        let planned =
            Looks::Planned { spending: Spending::ObrienFleming, fractions: equal_looks(3)[..2].to_vec() };
        [Looks::Once, Looks::Anytime { planned: 50.0 }, planned]
    }

    #[test]
    fn a_p_value_is_the_error_rate_at_which_the_interval_just_reaches() {
        for looks in engines() {
            for sides in [Sides::One, Sides::Two] {
                let p = looks.p_value(&AT, 0.05, sides);
                let reach = looks.critical(&AT, p, 0.05, sides);
                assert!((reach - AT.t).abs() < 1e-6, "{looks:?} {sides:?}: p {p} reaches {reach}");
            }
        }
    }

    #[test]
    fn more_looks_need_more_evidence() {
        let [once, anytime, planned] = engines().map(|looks| looks.critical(&AT, 0.05, 0.05, Sides::Two));
        assert!(once < planned && planned < anytime, "{once} {planned} {anytime}");
    }

    #[test]
    fn settings_without_sense_are_refused() {
        assert!(Looks::Anytime { planned: 0.0 }.checked(0.05).is_err());
        let none = Looks::Planned { spending: Spending::Pocock, fractions: vec![] };
        assert!(none.checked(0.05).is_err());
    }
}
