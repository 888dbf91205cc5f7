//! Ratio metrics (CTR, CPA, ROAS) by the delta method, at the level of the unit that was randomised.
//!
//! R = ΣY / ΣX over units. Impressions of one user are not independent, so p(1 − p)/n over impressions is too small;
//! the delta method over units is right (Deng, Knoblich and Lu, KDD 2018):
//! Var R = (Var Y − 2R·Cov(Y, X) + R²·Var X) / (n·X̄²).
//!
//! [`linearised`] gives each unit the value R + (Yᵢ − R·Xᵢ)/X̄. Their mean is R exactly and their sample variance over
//! n is the formula above exactly, so a ratio goes through the same door as a mean, also in pairs and under CUPED.

use crate::error::{Error, all_finite, at_least, same_length};
use crate::estimate::Moments;

/// Returns one value per unit whose mean is the ratio and whose variance is the delta method's.
///
/// ```
/// # use motet_experiment::estimate::linearised;
/// let clicks = [1.0, 0.0, 3.0];
/// let impressions = [10.0, 20.0, 10.0];
/// let values = linearised("ctr", &clicks, &impressions)?;
/// assert!((values.iter().sum::<f64>() / 3.0 - 4.0 / 40.0).abs() < 1e-15);
/// # Ok::<(), motet_experiment::Error>(())
/// ```
///
/// # Errors
/// [`Error::Unequal`], [`Error::TooFew`] below two units, [`Error::NotFinite`], [`Error::NoDenominator`].
pub fn linearised(what: &'static str, numerators: &[f64], denominators: &[f64]) -> Result<Vec<f64>, Error> {
    same_length("numerators and denominators", numerators, denominators)?;
    at_least("a ratio", 2, numerators.len())?;
    all_finite("numerators", numerators)?;
    all_finite("denominators", denominators)?;
    let below: f64 = denominators.iter().sum();
    if below == 0.0 {
        return Err(Error::NoDenominator { what, sum: below });
    }
    let ratio = numerators.iter().sum::<f64>() / below;
    let mean = below / denominators.len() as f64;
    Ok(numerators.iter().zip(denominators).map(|(y, x)| ratio + (y - ratio * x) / mean).collect())
}

/// A ratio kept as sums: numerator, denominator and the sum of their products.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RatioMoments {
    /// The numerator's moments over units.
    pub numerator: Moments,
    /// The denominator's moments over the same units.
    pub denominator: Moments,
    /// The sample covariance of the two.
    pub covariance: f64,
}

impl RatioMoments {
    /// Computes the sample covariance from the sum of products.
    pub fn from_sums(numerator: Moments, denominator: Moments, sum_of_products: f64) -> Self {
        let n = numerator.n;
        let covariance = (sum_of_products - n * numerator.mean * denominator.mean) / (n - 1.0);
        Self { numerator, denominator, covariance }
    }

    /// Returns the ratio as moments: its value, and the delta method's variance of one unit.
    pub fn moments(&self) -> Moments {
        let ratio = self.numerator.mean / self.denominator.mean;
        let spread = self.numerator.variance - 2.0 * ratio * self.covariance
            + ratio * ratio * self.denominator.variance;
        let variance = spread.max(0.0) / (self.denominator.mean * self.denominator.mean);
        Moments { n: self.numerator.n, mean: ratio, variance }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::covariance;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn linearised_values_have_the_delta_methods_mean_and_variance(
            units in prop::collection::vec((-50.0..50.0_f64, 0.5..20.0_f64), 2..40)
        ) {
            let (y, x): (Vec<f64>, Vec<f64>) = units.into_iter().unzip();
            let direct = Moments::of(&linearised("r", &y, &x).unwrap()).unwrap();
            let (my, mx) = (Moments::of(&y).unwrap(), Moments::of(&x).unwrap());
            let sums = RatioMoments { numerator: my, denominator: mx, covariance: covariance(&y, &x) };
            prop_assert!((direct.mean - sums.moments().mean).abs() < 1e-9);
            prop_assert!((direct.variance - sums.moments().variance).abs() < 1e-7 * (1.0 + direct.variance));
        }
    }

    #[test]
    fn a_ratio_over_nothing_is_an_error() {
        let error = linearised("cpa", &[1.0, 2.0], &[0.0, 0.0]).unwrap_err();
        assert_eq!(error.to_string(), "cpa: the denominators add up to 0, so the ratio has no value");
    }
}
