//! The asymptotic confidence sequence of Waudby-Smith et al. (2021), two-sided and one-sided.
//!
//! With n units in all, standard error s and q = nρ² + 1:
//!
//! * two-sided reach: s·√( 2q/(nρ²) · ln(√q/α) ); e-value exp(z²nρ²/(2q))/√q;
//! * one-sided reach: s·√( 2q/(nρ²) · ln(1 + √q/(2α)) ).
//!
//! n cancels between units and tuning as long as both are counted the same way (both arms, or pairs). It is
//! asymptotic: with fewer than about a hundred units use [`StudentMixture`](super::StudentMixture).

use super::tuned_rho2;
use crate::sides::Sides;

/// A normal-mixture confidence sequence, tuned for one planned size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AsymptoticMixture {
    rho2: f64,
    sides: Sides,
}

impl AsymptoticMixture {
    /// Tunes the sequence to be tightest at `planned` units at this error rate.
    pub fn tuned(planned: f64, error_rate: f64, sides: Sides) -> Self {
        let at = match sides {
            Sides::Two => error_rate,
            Sides::One => 2.0 * error_rate,
        };
        Self { rho2: tuned_rho2(planned, at), sides }
    }

    /// Returns the number of standard errors that the interval reaches, after `units` units.
    pub fn critical(&self, units: f64, error_rate: f64) -> f64 {
        let information = units * self.rho2;
        let root = libm::sqrt(information + 1.0);
        let log = match self.sides {
            Sides::Two => libm::log(root / error_rate),
            Sides::One => libm::log1p(root / (2.0 * error_rate)),
        };
        libm::sqrt(2.0 * (information + 1.0) / information * log)
    }

    /// Returns the natural logarithm of the e-value of a statistic of `z` standard errors.
    pub fn ln_e_value(&self, z: f64, units: f64) -> f64 {
        let information = units * self.rho2;
        let growth = 0.5 * z * z * information / (information + 1.0);
        let price = 0.5 * libm::log1p(information);
        match self.sides {
            Sides::Two => growth - price,
            Sides::One if z <= 0.0 => f64::NEG_INFINITY,
            // The reach above, solved for α: 1/α = 2(exp(growth) − 1)/√q.
            Sides::One => core::f64::consts::LN_2 + ln_expm1(growth) - price,
        }
    }

    /// Returns the anytime p-value of this look; the smallest of all looks so far is valid as well.
    pub fn p_value(&self, z: f64, units: f64) -> f64 {
        libm::exp(-self.ln_e_value(z, units)).min(1.0)
    }
}

/// ln(eˣ − 1), without overflow.
fn ln_expm1(x: f64) -> f64 {
    if x > 30.0 { x } else { libm::log(libm::expm1(x)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_p_value_meets_the_error_rate_exactly_at_the_reach() {
        for sides in [Sides::One, Sides::Two] {
            for units in [3.0, 100.0, 1e6] {
                let mixture = AsymptoticMixture::tuned(5000.0, 0.05, sides);
                let reach = mixture.critical(units, 0.01);
                let p = mixture.p_value(reach, units);
                assert!((p - 0.01).abs() < 1e-12, "{sides:?} at {units}: {p}");
            }
        }
    }

    #[test]
    fn the_sequence_is_near_its_tightest_at_the_planned_size() {
        let reach = |planned: f64| AsymptoticMixture::tuned(planned, 0.05, Sides::Two).critical(1e4, 0.05);
        assert!(reach(1e4) < reach(2e3) && reach(1e4) < reach(5e4));
        assert!(reach(1e4) < 3.1, "about 1.55 times the fixed 1.96, was {}", reach(1e4));
    }

    #[test]
    fn a_one_sided_sequence_ignores_the_other_direction() {
        let mixture = AsymptoticMixture::tuned(1000.0, 0.05, Sides::One);
        assert_eq!(mixture.p_value(-9.0, 1000.0), 1.0);
        assert!(
            mixture.critical(1000.0, 0.05)
                < AsymptoticMixture::tuned(1000.0, 0.05, Sides::Two).critical(1000.0, 0.05)
        );
    }
}
