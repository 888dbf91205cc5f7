//! The difference between two arms, beside the control's mean, with everything that an interval needs.
//!
//! A contrast holds `D = m_B − m_A`, the control's mean `m = m_A`, their variances and their covariance. From these:
//!
//! * difference: `D ± c·√V_D`, where c is whatever the design demands: a t quantile, a group-sequential bound, the
//!   radius of a confidence sequence.
//! * relative lift L = D/m, by the delta method: `se² = (V_D − 2L·C + L²·V_m)/m²`. For independent arms this is the
//!   usual `V_B/m_A² + V_A·m_B²/m_A⁴`.
//! * relative lift by Fieller (1954): all L with `|D − L·m| ≤ c·√(V_D − 2L·C + L²·V_m)`. It needs no linearisation, so
//!   it holds where m is noisy; when m cannot be told from 0 it is the whole line, and says so.
//! * a margin: for "no worse than r of the control", the contrast D + r·|m| is tested against 0, so the noise of
//!   the control's mean counts too; treating r·m as a known number understates it.
//!
//! Degrees of freedom: n − 1 for pairs, Welch–Satterthwaite for independent arms.

use crate::error::{Error, all_finite, at_least, same_length};
use crate::estimate::Moments;
use crate::interval::Interval;
use serde::{Deserialize, Serialize};

/// A difference between two arms and the control's mean, with variances.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Contrast {
    /// The mean of the control, A.
    pub base: f64,
    /// The mean of B less the mean of A.
    pub difference: f64,
    /// The variance of `base`.
    pub base_variance: f64,
    /// The variance of `difference`.
    pub variance: f64,
    /// The covariance of `difference` with `base`.
    pub covariance: f64,
    /// The number of units behind it: pairs, or units of both arms together. Confidence sequences count in it.
    pub units: f64,
    /// The degrees of freedom of the variance.
    pub degrees: f64,
}

/// How much worse than the control is still acceptable.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Margin {
    /// In the metric's own unit, 0 or more.
    Absolute(f64),
    /// As a share of the control's mean, 0 or more: 0.02 is two per cent.
    Relative(f64),
}

/// The set of relative lifts that the data do not refute.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fieller {
    /// An interval.
    Bounded(Interval),
    /// The control's mean cannot be told from 0, so that no finite interval is honest.
    Unbounded,
}

impl Contrast {
    /// Compares independent arms by their moments, with unequal variances (Welch 1947).
    pub fn welch(a: &Moments, b: &Moments) -> Self {
        let (var_a, var_b) = (a.variance_of_mean(), b.variance_of_mean());
        let spread = var_a * var_a / (a.n - 1.0) + var_b * var_b / (b.n - 1.0);
        let degrees = if spread > 0.0 { (var_a + var_b).powi(2) / spread } else { a.n + b.n - 2.0 };
        Self {
            base: a.mean,
            difference: b.mean - a.mean,
            base_variance: var_a,
            variance: var_a + var_b,
            covariance: -var_a,
            units: a.n + b.n,
            degrees,
        }
    }

    /// Compares pairs: the value of each unit (a seed, a campaign-day) under A and under B.
    ///
    /// # Errors
    /// [`Error::Unequal`], [`Error::TooFew`] below two pairs, [`Error::NotFinite`].
    #[allow(clippy::many_single_char_names)] // The letters are the formula's.
    pub fn paired(a: &[f64], b: &[f64]) -> Result<Self, Error> {
        same_length("pairs", a, b)?;
        at_least("a comparison of pairs", 2, a.len())?;
        all_finite("values of A", a)?;
        all_finite("values of B", b)?;
        let n = a.len() as f64;
        let differences: Vec<f64> = a.iter().zip(b).map(|(a, b)| b - a).collect();
        let (d, m) = (Moments::of(&differences)?, Moments::of(a)?);
        Ok(Self {
            base: m.mean,
            difference: d.mean,
            base_variance: m.variance / n,
            variance: d.variance / n,
            covariance: super::covariance(&differences, a) / n,
            units: n,
            degrees: n - 1.0,
        })
    }

    /// Returns the standard error of the difference.
    pub fn standard_error(&self) -> f64 {
        libm::sqrt(self.variance)
    }

    /// Returns the difference in standard errors; 0 where both are 0, infinite where only the error is.
    pub fn statistic(&self) -> f64 {
        over(self.difference, self.standard_error())
    }

    /// Returns the interval D ± `critical` standard errors.
    pub fn interval(&self, critical: f64) -> Interval {
        Interval::around(self.difference, reach(critical, self.standard_error()))
    }

    /// Returns the relative lift D/m, unless m is 0.
    pub fn lift(&self) -> Option<f64> {
        (self.base != 0.0).then(|| self.difference / self.base)
    }

    /// Returns the delta-method standard error of the relative lift, unless m is 0.
    pub fn lift_standard_error(&self) -> Option<f64> {
        self.lift().map(|lift| libm::sqrt(self.lifted_variance(lift)) / self.base.abs())
    }

    /// Returns the relative lift ± `critical` delta-method standard errors, unless m is 0.
    pub fn lift_interval(&self, critical: f64) -> Option<Interval> {
        let (lift, error) = (self.lift()?, self.lift_standard_error()?);
        Some(Interval::around(lift, reach(critical, error)))
    }

    /// Returns Fieller's set for the relative lift.
    pub fn fieller(&self, critical: f64) -> Fieller {
        let c2 = critical * critical;
        if !c2.is_finite() {
            return Fieller::Unbounded;
        }
        let square = self.base * self.base - c2 * self.base_variance;
        let half = self.difference * self.base - c2 * self.covariance;
        let rest = self.difference * self.difference - c2 * self.variance;
        if square <= 0.0 {
            return Fieller::Unbounded;
        }
        let root = libm::sqrt((half * half - square * rest).max(0.0));
        Fieller::Bounded(Interval::new((half - root) / square, (half + root) / square))
    }

    /// Returns the statistic of "B is no worse than A by more than the margin", large when that is proven.
    ///
    /// `direction` is 1 where more is better and −1 where less is.
    pub fn margin_statistic(&self, margin: Margin, direction: f64) -> f64 {
        match margin {
            Margin::Absolute(allowed) => over(direction * self.difference + allowed, self.standard_error()),
            Margin::Relative(share) => {
                let allowed = share * self.base.abs();
                let pull = direction * share * self.base.signum();
                let variance =
                    self.variance + 2.0 * pull * self.covariance + share * share * self.base_variance;
                over(direction * self.difference + allowed, libm::sqrt(variance.max(0.0)))
            }
        }
    }

    fn lifted_variance(&self, lift: f64) -> f64 {
        (self.variance - 2.0 * lift * self.covariance + lift * lift * self.base_variance).max(0.0)
    }
}

impl Margin {
    /// Returns the margin in the metric's own unit, given the control's mean.
    pub fn in_units(self, base: f64) -> f64 {
        match self {
            Self::Absolute(allowed) => allowed,
            Self::Relative(share) => share * base.abs(),
        }
    }

    pub(crate) fn checked(self) -> Result<Self, Error> {
        let (Self::Absolute(value) | Self::Relative(value)) = self;
        if value >= 0.0 && value.is_finite() {
            Ok(self)
        } else {
            Err(Error::OutOfRange { what: "a margin", value, range: "0 or more" })
        }
    }
}

/// Divides, taking 0/0 as no evidence.
fn over(value: f64, error: f64) -> f64 {
    if value == 0.0 { 0.0 } else { value / error }
}

/// Half a width; a unit that never varied has none, however wide the design's multiplier.
fn reach(critical: f64, error: f64) -> f64 {
    if error == 0.0 && critical.is_finite() { 0.0 } else { critical * error }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairing_removes_what_the_pairs_share() {
        let a: Vec<f64> = (0..20).map(|i| f64::from(i) * 10.0).collect();
        let b: Vec<f64> = a.iter().enumerate().map(|(i, a)| a + 1.0 + 0.1 * (i % 3) as f64).collect();
        let paired = Contrast::paired(&a, &b).unwrap();
        let welch = Contrast::welch(&Moments::of(&a).unwrap(), &Moments::of(&b).unwrap());
        assert!((paired.difference - welch.difference).abs() < 1e-12);
        assert!(paired.standard_error() < 0.01 * welch.standard_error());
    }

    #[test]
    fn fieller_meets_the_delta_interval_when_the_control_is_known_well() {
        let a = Moments { n: 1e6, mean: 10.0, variance: 4.0 };
        let b = Moments { n: 1e6, mean: 10.2, variance: 4.0 };
        let contrast = Contrast::welch(&a, &b);
        let delta = contrast.lift_interval(1.96).unwrap();
        let Fieller::Bounded(fieller) = contrast.fieller(1.96) else { panic!("bounded") };
        assert!((delta.low - fieller.low).abs() < 1e-6 && (delta.high - fieller.high).abs() < 1e-6);
    }

    #[test]
    fn fieller_refuses_where_the_control_may_be_zero() {
        let a = Moments { n: 10.0, mean: 0.1, variance: 4.0 };
        assert_eq!(Contrast::welch(&a, &a).fieller(1.96), Fieller::Unbounded);
    }

    #[test]
    fn a_relative_margin_is_met_exactly_where_fiellers_bound_meets_it() {
        // The two are the same inequality solved for different unknowns.
        let a = Moments { n: 400.0, mean: 5.0, variance: 9.0 };
        let b = Moments { n: 300.0, mean: 4.9, variance: 7.0 };
        let contrast = Contrast::welch(&a, &b);
        let Fieller::Bounded(set) = contrast.fieller(1.645) else { panic!("bounded") };
        let at_bound = contrast.margin_statistic(Margin::Relative(-set.low), 1.0);
        assert!((at_bound - 1.645).abs() < 1e-9, "was {at_bound}");
        let lower_is_better = contrast.margin_statistic(Margin::Relative(set.high), -1.0);
        assert!((lower_is_better - 1.645).abs() < 1e-9, "was {lower_is_better}");
    }

    #[test]
    fn units_that_never_vary_prove_a_difference_and_nothing_proves_none() {
        let contrast = Contrast::paired(&[1.0, 2.0, 3.0], &[2.0, 3.0, 4.0]).unwrap();
        assert_eq!(contrast.statistic(), f64::INFINITY);
        let same = Contrast::paired(&[1.0, 2.0], &[1.0, 2.0]).unwrap();
        assert_eq!(same.statistic(), 0.0);
    }
}
