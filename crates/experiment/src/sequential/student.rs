//! The anytime-valid t test: exact for normal values of unknown variance, from the second unit on.
//!
//! Under the prior δ = μ/σ ~ N(0, ρ²) and the right Haar prior on σ, the Bayes factor of n values is a test martingale
//! for μ = 0 whatever σ is (Lai 1976; Wang and Ramdas 2024; for regressions Lindon, Ham, Tingley and Bojinov 2022). In terms
//! of the t statistic on ν degrees of freedom, with r = 1/(1 + nρ²):
//!
//! e = √r · ( (ν + t²) / (ν + r·t²) )^((ν+1)/2).
//!
//! As ν grows this becomes the known-variance mixture, [`AsymptoticMixture`](super::AsymptoticMixture). The interval is all values
//! whose e stays below 1/α: |t| ≤ √( ν(K−1)/(1−Kr) ), K = (1/(α√r))^(2/(ν+1)), and the whole line while K·r ≥ 1: with
//! very few units no finite interval is honest.
//!
//! One-sided, the prior is the half of δ > 0: e₊ = 2·e·P(μ > 0 | data), where the posterior of μ is Student with ν + 1
//! degrees and P = T(t·√((1−r)(ν+1)/(ν + r·t²))).
//!
//! With Welch's degrees of freedom for independent arms the exactness is approximate, as it is for Welch's test.

use super::tuned_rho2;
use crate::sides::Sides;
use crate::special::student_tail;

/// A t-mixture confidence sequence, tuned for one planned size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StudentMixture {
    rho2: f64,
    sides: Sides,
}

impl StudentMixture {
    /// Tunes the sequence to be about tightest at `planned` units at this error rate.
    pub fn tuned(planned: f64, error_rate: f64, sides: Sides) -> Self {
        let at = match sides {
            Sides::Two => error_rate,
            Sides::One => (2.0 * error_rate).min(0.99),
        };
        Self { rho2: tuned_rho2(planned, at), sides }
    }

    /// Returns the natural logarithm of the e-value of `t` on `degrees` degrees of freedom after `units` units.
    pub fn ln_e_value(&self, t: f64, units: f64, degrees: f64) -> f64 {
        let shrink = 1.0 / (1.0 + units * self.rho2);
        let both = two_sided(t, degrees, shrink);
        if self.sides == Sides::Two {
            return both;
        }
        let odds = if t.is_infinite() {
            t.signum() * libm::sqrt((1.0 - shrink) * (degrees + 1.0) / shrink)
        } else {
            t * libm::sqrt((1.0 - shrink) * (degrees + 1.0) / (degrees + shrink * t * t))
        };
        core::f64::consts::LN_2 + both + libm::log(student_tail(-odds, degrees + 1.0))
    }

    /// Returns the anytime p-value of this look; the smallest of all looks so far is valid as well.
    pub fn p_value(&self, t: f64, units: f64, degrees: f64) -> f64 {
        libm::exp(-self.ln_e_value(t, units, degrees)).min(1.0)
    }

    /// Returns the number of standard errors that the interval reaches; infinite while no finite one is valid.
    pub fn critical(&self, units: f64, degrees: f64, error_rate: f64) -> f64 {
        let two_sided = self.two_sided_critical(units, degrees, error_rate);
        match self.sides {
            Sides::Two => two_sided,
            Sides::One => self.one_sided_critical(units, degrees, error_rate, two_sided),
        }
    }

    fn two_sided_critical(&self, units: f64, degrees: f64, error_rate: f64) -> f64 {
        let shrink = 1.0 / (1.0 + units * self.rho2);
        let ln_k = -2.0 / (degrees + 1.0) * (libm::log(error_rate) + 0.5 * libm::log(shrink));
        let room = 1.0 - libm::exp(ln_k) * shrink;
        if room <= 0.0 {
            return f64::INFINITY;
        }
        libm::sqrt(degrees * libm::expm1(ln_k) / room)
    }

    /// e₊ grows with t and is at least e where t ≥ 0, so the root lies below the two-sided one.
    fn one_sided_critical(&self, units: f64, degrees: f64, error_rate: f64, upper: f64) -> f64 {
        let goal = -libm::log(error_rate);
        let lack = |t: f64| self.ln_e_value(t, units, degrees) - goal;
        let mut high = if upper.is_finite() { upper } else { 1e9 };
        if lack(high) < 0.0 {
            return f64::INFINITY;
        }
        let mut low = 0.0;
        for _ in 0..60 {
            let middle = 0.5 * (low + high);
            if lack(middle) < 0.0 {
                low = middle;
            } else {
                high = middle;
            }
            if high - low < 1e-10 * high {
                break;
            }
        }
        high
    }
}

fn two_sided(t: f64, degrees: f64, shrink: f64) -> f64 {
    let power = 0.5 * (degrees + 1.0);
    if t.is_infinite() {
        return 0.5 * libm::log(shrink) - power * libm::log(shrink);
    }
    let t2 = t * t / degrees;
    0.5 * libm::log(shrink) + power * (libm::log1p(t2) - libm::log1p(shrink * t2))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sequential::AsymptoticMixture;

    #[test]
    fn the_p_value_meets_the_error_rate_exactly_at_the_reach() {
        for sides in [Sides::One, Sides::Two] {
            for (units, degrees) in [(8.0, 7.0), (20.0, 18.0), (1e5, 99_998.0)] {
                let mixture = StudentMixture::tuned(20.0, 0.05, sides);
                let reach = mixture.critical(units, degrees, 0.05);
                let p = mixture.p_value(reach, units, degrees);
                assert!((p - 0.05).abs() < 1e-8, "{sides:?} at {units}: {p}");
            }
        }
    }

    #[test]
    fn with_many_units_it_is_the_asymptotic_sequence() {
        let student = StudentMixture::tuned(1e6, 0.05, Sides::Two);
        let normal = AsymptoticMixture::tuned(1e6, 0.05, Sides::Two);
        assert!((student.critical(1e6, 1e6, 0.05) / normal.critical(1e6, 0.05) - 1.0).abs() < 1e-5);
        assert!((student.ln_e_value(2.5, 1e6, 1e6) - normal.ln_e_value(2.5, 1e6)).abs() < 1e-4);
    }

    #[test]
    fn the_e_value_is_the_ratio_of_marginal_likelihoods() {
        // From the values themselves: √r · (Σx² / (Σx² − S²/(n + 1/ρ²)))^(n/2).
        let x = [0.4, 1.2, -0.3, 0.9, 1.1, 0.2];
        let mixture = StudentMixture::tuned(10.0, 0.05, Sides::Two);
        let (n, s) = (6.0, x.iter().sum::<f64>());
        let v: f64 = x.iter().map(|x| x * x).sum();
        let direct = 0.5 * libm::log(1.0 / (1.0 + n * mixture.rho2))
            + n / 2.0 * libm::log(v / (v - s * s / (n + 1.0 / mixture.rho2)));
        let t = (s / n) / libm::sqrt((v - s * s / n) / (n - 1.0) / n);
        assert!((mixture.ln_e_value(t, n, n - 1.0) - direct).abs() < 1e-12);
    }

    #[test]
    fn two_units_give_no_finite_interval() {
        let mixture = StudentMixture::tuned(20.0, 0.05, Sides::Two);
        assert_eq!(mixture.critical(2.0, 1.0, 0.05), f64::INFINITY);
        assert!(mixture.critical(10.0, 9.0, 0.05).is_finite());
    }

    #[test]
    fn one_sided_evidence_of_no_effect_averages_to_one() {
        // e₊(t) + e₋(t) = 2e(t), so the halves are one mixture.
        let one = StudentMixture::tuned(30.0, 0.05, Sides::One);
        let two = StudentMixture { sides: Sides::Two, ..one };
        let halves = |t| libm::exp(one.ln_e_value(t, 25.0, 24.0)) + libm::exp(one.ln_e_value(-t, 25.0, 24.0));
        for t in [0.0, 0.7, 2.2, 5.0] {
            let whole = 2.0 * libm::exp(two.ln_e_value(t, 25.0, 24.0));
            assert!((halves(t) / whole - 1.0).abs() < 1e-10, "at {t}");
        }
    }
}
