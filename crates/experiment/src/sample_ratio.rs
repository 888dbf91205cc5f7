//! Sample-ratio mismatch: did the arms get the shares of units that were intended?
//!
//! If not, something between assignment and analysis lost units of one arm (a crash, a bot filter that is not blind to
//! the arm, late logs), and no comparison of the rest is fair. Two checks:
//!
//! * Pearson's chi-square, for one look: Σ (observed − expected)²/expected on k − 1 degrees.
//! * anytime (Lindon and Malek 2022): the Bayes factor of a Dirichlet prior around the intended shares against the shares
//!   themselves. It depends on the counts so far only: B(α + x)/B(α) · Π pᵢ^(−xᵢ). Its inverse is valid at every look.
//!
//! A mismatch blocks a promotion, never a rollback.

use crate::error::{Error, at_least, open_unit};
use crate::special::{chi_square_tail, ln_gamma};
use serde::{Deserialize, Serialize};

/// Below this p-value the arms are held to be mismatched.
pub const MISMATCH_LIMIT: f64 = 0.001;

/// How firmly the Dirichlet prior holds to the intended shares: the weight of this many units.
pub const PRIOR_UNITS: f64 = 10_000.0;

/// The outcome of a chi-square check.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RatioCheck {
    /// The chi-square statistic.
    pub chi_square: f64,
    /// The chance of a statistic as large if the shares were as intended.
    pub p_value: f64,
}

/// Compares counts with intended shares by chi-square.
///
/// ```
/// # use motet_experiment::sample_ratio::check_ratio;
/// let check = check_ratio(&[821_588, 815_482], &[0.5, 0.5])?;
/// assert!((check.chi_square - 22.7744).abs() < 5e-5);
/// # Ok::<(), motet_experiment::Error>(())
/// ```
///
/// # Errors
/// [`Error::TooFew`] below two arms, [`Error::Unequal`], [`Error::OutOfRange`] for a share outside (0, 1).
pub fn check_ratio(counts: &[u64], shares: &[f64]) -> Result<RatioCheck, Error> {
    let shares = normalised(counts, shares)?;
    let total: f64 = counts.iter().map(|&c| c as f64).sum();
    if total == 0.0 {
        return Ok(RatioCheck { chi_square: 0.0, p_value: 1.0 });
    }
    let distance = |(&count, share): (&u64, &f64)| {
        let expected = total * share;
        (count as f64 - expected) * (count as f64 - expected) / expected
    };
    let chi_square: f64 = counts.iter().zip(&shares).map(distance).sum();
    Ok(RatioCheck { chi_square, p_value: chi_square_tail(chi_square, counts.len() as f64 - 1.0) })
}

/// Watches the ratio as units arrive; its p-value is valid at every look.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RatioWatch {
    shares: Vec<f64>,
    prior_units: f64,
    p_value: f64,
}

impl RatioWatch {
    /// Starts a watch over the intended shares; the prior weighs [`PRIOR_UNITS`].
    ///
    /// # Errors
    /// [`Error::TooFew`] below two arms, [`Error::OutOfRange`] for a share outside (0, 1).
    pub fn new(shares: &[f64]) -> Result<Self, Error> {
        let shares = normalised(&vec![0; shares.len()], shares)?;
        Ok(Self { shares, prior_units: PRIOR_UNITS, p_value: 1.0 })
    }

    /// Looks at the counts so far and returns the smallest p-value of all looks.
    ///
    /// # Errors
    /// [`Error::Unequal`] unless there is one count per share.
    pub fn look(&mut self, counts: &[u64]) -> Result<f64, Error> {
        same_arms(counts, &self.shares)?;
        self.p_value = self.p_value.min(libm::exp(-self.ln_bayes_factor(counts)));
        Ok(self.p_value)
    }

    /// Returns the smallest p-value so far.
    pub const fn p_value(&self) -> f64 {
        self.p_value
    }

    fn ln_bayes_factor(&self, counts: &[u64]) -> f64 {
        let total: f64 = counts.iter().map(|&c| c as f64).sum();
        let mut ln = ln_gamma(self.prior_units) - ln_gamma(self.prior_units + total);
        for (&count, share) in counts.iter().zip(&self.shares) {
            let prior = share * self.prior_units;
            ln += ln_gamma(prior + count as f64) - ln_gamma(prior) - count as f64 * libm::log(*share);
        }
        ln
    }
}

fn normalised(counts: &[u64], shares: &[f64]) -> Result<Vec<f64>, Error> {
    at_least("a sample-ratio check", 2, shares.len())?;
    same_arms(counts, shares)?;
    let total: f64 = shares.iter().sum();
    let normal: Vec<f64> = shares.iter().map(|s| s / total).collect();
    normal.iter().try_for_each(|&s| open_unit("a share", s))?;
    Ok(normal)
}

fn same_arms(counts: &[u64], shares: &[f64]) -> Result<(), Error> {
    if counts.len() == shares.len() {
        Ok(())
    } else {
        Err(Error::Unequal { what: "counts and shares", left: counts.len(), right: shares.len() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use motet_units::Chance;

    #[test]
    fn the_published_checks_come_out() {
        let p = |counts: [u64; 2], shares: [f64; 2]| check_ratio(&counts, &shares).unwrap().p_value;
        let first = p([821_588, 815_482], [0.5, 0.5]);
        assert!((first / 1.82e-6 - 1.0).abs() < 5e-3, "was {first}");
        assert!((p([500, 600], [0.5, 0.5]) - 0.002_568_8).abs() < 5e-8);
        assert!((p([10_000, 10_200], [0.5, 0.5]) - 0.159_370).abs() < 5e-7);
        assert!((p([99_000, 1_100], [0.99, 0.01]) - 0.001_661_69).abs() < 5e-9);
    }

    #[test]
    fn one_per_cent_too_many_is_found_at_a_million() {
        let mut watch = RatioWatch::new(&[0.5, 0.5]).unwrap();
        assert!(watch.look(&[502_500, 497_500]).unwrap() < MISMATCH_LIMIT);
    }

    #[test]
    fn a_watch_of_a_hundred_looks_rarely_cries_wolf() {
        // A limit of 5 % instead of 0.1 % so that 400 runs can tell.
        let alarms = (0..400)
            .filter(|&run| {
                let mut draws = Chance::new(3, run).stream("ratio");
                let mut watch = RatioWatch::new(&[0.9, 0.1]).unwrap();
                let mut counts = [0_u64; 2];
                (0..100).any(|_| {
                    for _ in 0..200 {
                        counts[usize::from(draws.unit() < 0.1)] += 1;
                    }
                    watch.look(&counts).unwrap() < 0.05
                })
            })
            .count();
        assert!(alarms <= 20, "{alarms} of 400");
    }

    #[test]
    fn the_watch_does_not_forget() {
        let mut watch = RatioWatch::new(&[0.5, 0.5]).unwrap();
        let found = watch.look(&[60_000, 40_000]).unwrap();
        assert_eq!(watch.look(&[60_000, 60_000]).unwrap(), found);
    }

    #[test]
    fn nothing_seen_is_no_mismatch() {
        assert_eq!(check_ratio(&[0, 0], &[0.5, 0.5]).unwrap().p_value, 1.0);
        assert!(check_ratio(&[1, 2], &[1.0, 0.0]).is_err());
    }
}
