//! Count, mean and variance of one arm, from values or from sums.

use crate::error::{Error, all_finite, at_least};

/// Count, mean and variance of one list of values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moments {
    /// The number of units.
    pub n: f64,
    /// The mean.
    pub mean: f64,
    /// The variance of one value: sum of squares about the mean over n − 1, or p(1 − p) for a proportion.
    pub variance: f64,
}

impl Moments {
    /// Computes the moments in two passes, so that a large mean costs no digits.
    ///
    /// # Errors
    /// [`Error::TooFew`] below two values, [`Error::NotFinite`] for a value that is not a number.
    pub fn of(values: &[f64]) -> Result<Self, Error> {
        at_least("a variance", 2, values.len())?;
        all_finite("values", values)?;
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let squares: f64 = values.iter().map(|v| (v - mean) * (v - mean)).sum();
        Ok(Self { n, mean, variance: squares / (n - 1.0) })
    }

    /// Computes the moments from sums kept elsewhere; values far from 0 lose digits, [`Moments::of`] does not.
    ///
    /// ```
    /// # use motet_experiment::estimate::Moments;
    /// let m = Moments::from_sums(4, 10.0, 30.0); // 1, 2, 3, 4
    /// assert_eq!((m.mean, m.variance), (2.5, 5.0 / 3.0));
    /// ```
    pub fn from_sums(n: u64, sum: f64, sum_of_squares: f64) -> Self {
        let n = n as f64;
        let mean = sum / n;
        Self { n, mean, variance: ((sum_of_squares - sum * mean) / (n - 1.0)).max(0.0) }
    }

    /// Describes a proportion: `successes` of `n`, with variance p(1 − p).
    pub fn proportion(successes: u64, n: u64) -> Self {
        let mean = successes as f64 / n as f64;
        Self { n: n as f64, mean, variance: mean * (1.0 - mean) }
    }

    /// Returns the variance of the mean.
    pub fn variance_of_mean(&self) -> f64 {
        self.variance / self.n
    }
}

/// Returns the sample covariance (over n − 1) of two lists of equal length of two or more.
pub fn covariance(x: &[f64], y: &[f64]) -> f64 {
    let n = x.len() as f64;
    let (mean_x, mean_y) = (x.iter().sum::<f64>() / n, y.iter().sum::<f64>() / n);
    x.iter().zip(y).map(|(x, y)| (x - mean_x) * (y - mean_y)).sum::<f64>() / (n - 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_and_values_agree() {
        let values = [0.3, 0.5, 0.9, 22.0];
        let sums = Moments::from_sums(4, values.iter().sum(), values.iter().map(|v| v * v).sum());
        let direct = Moments::of(&values).unwrap();
        assert!((sums.mean - direct.mean).abs() < 1e-14);
        assert!((sums.variance - direct.variance).abs() < 1e-11);
    }

    #[test]
    fn a_large_mean_costs_no_digits() {
        let values: Vec<f64> = (0..10).map(|i| 1e9 + f64::from(i)).collect();
        assert!((Moments::of(&values).unwrap().variance - 55.0 / 6.0).abs() < 1e-9);
    }

    #[test]
    fn a_value_that_is_no_number_is_named() {
        let error = Moments::of(&[1.0, f64::NAN]).unwrap_err();
        assert_eq!(error.to_string(), "values: value 1 is NaN, not a finite number");
    }

    #[test]
    fn the_covariance_is_the_textbook_one() {
        let c = covariance(&[0.3, 0.5, 0.9, 22.0], &[2.0, 1.0, 5.0, 3.0]);
        assert!((c - 2.141_666_666_666_667).abs() < 1e-12, "was {c}");
    }
}
