//! Power, sample size, minimum detectable effect.
//!
//! By the normal approximation: a test that rejects beyond c standard errors finds an effect δ with chance Φ(δ/se − c). So an
//! arm of n units with standard deviation σ needs `n = 2σ²(z_α + z_β)²/δ²`. For a comparison that is under way the
//! standard error is scaled by √(n/n'), and c is asked from the design at every n', so the answer is right for
//! confidence sequences and group-sequential bounds too, whose c changes with n.

use crate::error::{Error, open_unit};
use crate::looks::{Looks, Statistic, power_of, power_quantile};
use crate::sides::Sides;
use crate::special::normal_upper_quantile;

/// The sample beyond which a search is given up: the effect is too small for any affordable sample.
pub const LARGEST_SAMPLE: f64 = 1e12;

/// Returns the units per arm for a fixed test to find `effect` with chance `power`, given the standard deviation.
///
/// ```
/// # use motet_experiment::{Sides, power::units_per_arm};
/// // Non-inferiority of a 1 % rate, margin 5 % of it, one-sided 5 %, power 80 %.
/// let sd = (0.01_f64 * 0.99).sqrt();
/// let n = units_per_arm(sd, 0.05 * 0.01, 0.05, 0.8, Sides::One)?;
/// assert!((n / 490_000.0 - 1.0).abs() < 0.002);
/// # Ok::<(), motet_experiment::Error>(())
/// ```
///
/// # Errors
/// [`Error::OutOfRange`] for a rate outside (0, 1), an effect of 0 or a deviation below 0.
pub fn units_per_arm(
    deviation: f64,
    effect: f64,
    error_rate: f64,
    power: f64,
    sides: Sides,
) -> Result<f64, Error> {
    open_unit("an error rate", error_rate)?;
    open_unit("the power", power)?;
    if effect == 0.0 || !effect.is_finite() {
        return Err(Error::OutOfRange {
            what: "the effect to find",
            value: effect,
            range: "finite and not 0",
        });
    }
    if !(deviation >= 0.0 && deviation.is_finite()) {
        return Err(Error::OutOfRange {
            what: "the standard deviation",
            value: deviation,
            range: "0 or more",
        });
    }
    let reach = normal_upper_quantile(sides.per_side(error_rate)) + power_quantile(power);
    Ok(libm::ceil(2.0 * (deviation * reach / effect).powi(2)).max(2.0))
}

/// Returns the least effect that `units` per arm find with chance `power`.
///
/// # Errors
/// [`Error::OutOfRange`] for a rate outside (0, 1).
pub fn minimum_effect(
    deviation: f64,
    units: f64,
    error_rate: f64,
    power: f64,
    sides: Sides,
) -> Result<f64, Error> {
    open_unit("an error rate", error_rate)?;
    open_unit("the power", power)?;
    let reach = normal_upper_quantile(sides.per_side(error_rate)) + power_quantile(power);
    Ok(deviation * libm::sqrt(2.0 / units) * reach)
}

/// A comparison under way, as far as planning needs it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress<'a> {
    /// The design.
    pub looks: &'a Looks,
    /// The error rate of this metric now.
    pub error_rate: f64,
    /// The error rate the design was tuned for.
    pub tuning: f64,
    /// One-sided or two-sided.
    pub sides: Sides,
    /// The units so far.
    pub units: f64,
    /// The degrees of freedom so far.
    pub degrees: f64,
    /// The standard error so far.
    pub standard_error: f64,
}

impl Progress<'_> {
    /// Returns the number of units, from now's upwards, at which an effect of `effect` is found with chance `power`.
    ///
    /// `None` if no sample up to [`LARGEST_SAMPLE`] does, in particular for an effect of 0.
    pub fn units_needed(&self, effect: f64, power: f64) -> Option<f64> {
        if !(effect.abs() > 0.0 && self.standard_error.is_finite()) {
            return None;
        }
        let (mut low, mut high) = (self.units, self.units);
        while self.power_at(high, effect) < power {
            low = high;
            high *= 2.0;
            if high > LARGEST_SAMPLE {
                return None;
            }
        }
        while high - low > 0.5 && high - low > 1e-4 * high {
            let middle = 0.5 * (low + high);
            if self.power_at(middle, effect) < power { low = middle } else { high = middle }
        }
        Some(libm::ceil(high))
    }

    /// Returns the least effect that the present sample finds with chance `power`; infinite while nothing can be found.
    pub fn minimum_effect(&self, power: f64) -> f64 {
        (self.critical_at(self.units) + power_quantile(power)) * self.standard_error
    }

    fn power_at(&self, units: f64, effect: f64) -> f64 {
        let error = self.standard_error * libm::sqrt(self.units / units);
        if error == 0.0 {
            return 1.0;
        }
        power_of(effect.abs() / error, self.critical_at(units), self.sides)
    }

    fn critical_at(&self, units: f64) -> f64 {
        let degrees = self.degrees + (units - self.units);
        let at = Statistic { t: 0.0, units, degrees };
        self.looks.critical(&at, self.error_rate, self.tuning, self.sides)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_non_inferiority_table_comes_out() {
        let cases = [
            (0.01, 0.05, 490e3),
            (0.01, 0.02, 3.06e6),
            (0.01, 0.01, 12.2e6),
            (0.05, 0.05, 94e3),
            (0.05, 0.02, 587e3),
            (0.05, 0.01, 2.35e6),
        ];
        for (rate, margin, expected) in cases {
            let deviation = libm::sqrt(rate * (1.0 - rate));
            let n = units_per_arm(deviation, margin * rate, 0.05, 0.8, Sides::One).unwrap();
            assert!((n / expected - 1.0).abs() < 0.005, "{rate} {margin}: {n}");
        }
    }

    #[test]
    fn sample_size_and_minimum_effect_undo_each_other() {
        let n = units_per_arm(3.0, 0.1, 0.05, 0.9, Sides::Two).unwrap();
        let effect = minimum_effect(3.0, n, 0.05, 0.9, Sides::Two).unwrap();
        assert!((effect - 0.1).abs() < 1e-5);
    }

    #[test]
    fn the_sample_still_needed_has_the_power_asked_for_under_every_design() {
        for looks in [Looks::Once, Looks::Anytime { planned: 200.0 }] {
            let progress = Progress {
                looks: &looks,
                error_rate: 0.05,
                tuning: 0.05,
                sides: Sides::Two,
                units: 20.0,
                degrees: 19.0,
                standard_error: 1.0,
            };
            let needed = progress.units_needed(0.8, 0.8).unwrap();
            assert!(progress.power_at(needed, 0.8) >= 0.8);
            assert!(progress.power_at(needed - 2.0, 0.8) < 0.8);
            assert_eq!(progress.units_needed(0.0, 0.8), None);
        }
    }
}
