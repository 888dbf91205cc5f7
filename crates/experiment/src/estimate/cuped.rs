//! CUPED: a covariate measured before the experiment takes away the variance that it explains.
//!
//! Deng, Xu, Kohavi and Walker (WSDM 2013): y − θ·x with θ = Cov(y, x)/Var(x). θ is pooled *within* arms,
//! θ = Σ Sxy / Σ Sxx, so that the effect itself cannot leak into it. A ratio's covariate is the linearised ratio of the
//! period before, which gives the ratio form of CUPED.
//!
//! In pairs the covariate is the difference before the start, `w = x_B − x_A`, whose expectation is 0 by design. The
//! adjusted difference is then the intercept of the regression of d on w: d̄ − θw̄, with variance
//! s²(1/n + w̄²/Sww) on n − 2 degrees of freedom.
//!
//! A covariate must be fixed before assignment. One that the treatment can move removes part of the effect. A covariate
//! that never varies explains nothing and is left out, which the report states.

use crate::error::{Error, all_finite, at_least, same_length};
use crate::estimate::{Contrast, Moments, covariance};

/// A contrast after adjustment, with what the adjustment did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adjusted {
    /// The adjusted contrast; its `base` stays the control's plain mean, which the relative lift refers to.
    pub contrast: Contrast,
    /// The coefficient θ; 0 where the covariate never varies.
    pub theta: f64,
    /// The share of the difference's variance that was removed; below 0 if the covariate only cost a degree of freedom.
    pub variance_removed: f64,
}

/// Adjusts independent arms: values and covariates of A, then of B.
///
/// # Errors
/// [`Error::Unequal`], [`Error::TooFew`] below three units an arm, [`Error::NotFinite`].
pub fn adjusted_independent(
    a: &[f64],
    before_a: &[f64],
    b: &[f64],
    before_b: &[f64],
) -> Result<Adjusted, Error> {
    check(a, before_a)?;
    check(b, before_b)?;
    let plain = Contrast::welch(&Moments::of(a)?, &Moments::of(b)?);
    let theta = pooled_theta(a, before_a, b, before_b);
    if theta == 0.0 {
        return Ok(Adjusted { contrast: plain, theta, variance_removed: 0.0 });
    }
    let (adjusted_a, adjusted_b) = (less(a, theta, before_a), less(b, theta, before_b));
    let mut contrast = Contrast::welch(&Moments::of(&adjusted_a)?, &Moments::of(&adjusted_b)?);
    contrast.base = plain.base;
    contrast.base_variance = plain.base_variance;
    contrast.covariance = -covariance(&adjusted_a, a) / a.len() as f64;
    contrast.degrees -= 1.0;
    Ok(Adjusted { contrast, theta, variance_removed: 1.0 - contrast.variance / plain.variance })
}

/// Adjusts pairs: values and covariates of A, then of B, in the same order of units.
///
/// # Errors
/// [`Error::Unequal`], [`Error::TooFew`] below four pairs, [`Error::NotFinite`].
#[allow(clippy::many_single_char_names)] // The letters are the formula's.
pub fn adjusted_paired(a: &[f64], before_a: &[f64], b: &[f64], before_b: &[f64]) -> Result<Adjusted, Error> {
    at_least("an adjusted comparison of pairs", 4, a.len())?;
    check(a, before_a)?;
    check(b, before_b)?;
    let plain = Contrast::paired(a, b)?;
    let n = a.len() as f64;
    let d: Vec<f64> = a.iter().zip(b).map(|(a, b)| b - a).collect();
    let w: Vec<f64> = before_a.iter().zip(before_b).map(|(a, b)| b - a).collect();
    let within = Moments::of(&w)?;
    if within.variance == 0.0 {
        return Ok(Adjusted { contrast: plain, theta: 0.0, variance_removed: 0.0 });
    }
    let theta = covariance(&d, &w) / within.variance;
    let residual = Moments::of(&less(&d, theta, &w))?;
    let noise = residual.variance * (n - 1.0) / (n - 2.0);
    let leverage = 1.0 / n + within.mean * within.mean / (within.variance * (n - 1.0));
    let contrast = Contrast {
        difference: residual.mean,
        variance: noise * leverage,
        covariance: covariance(&less(&d, theta, &w), a) / n,
        degrees: n - 2.0,
        ..plain
    };
    let variance_removed = 1.0 - contrast.variance / plain.variance;
    Ok(Adjusted { contrast, theta, variance_removed })
}

fn pooled_theta(a: &[f64], before_a: &[f64], b: &[f64], before_b: &[f64]) -> f64 {
    let weight = |x: &[f64]| x.len() as f64 - 1.0;
    let together = weight(a) * covariance(a, before_a) + weight(b) * covariance(b, before_b);
    let spread = weight(a) * covariance(before_a, before_a) + weight(b) * covariance(before_b, before_b);
    if spread > 0.0 { together / spread } else { 0.0 }
}

fn less(values: &[f64], theta: f64, covariate: &[f64]) -> Vec<f64> {
    values.iter().zip(covariate).map(|(y, x)| y - theta * x).collect()
}

fn check(values: &[f64], covariate: &[f64]) -> Result<(), Error> {
    same_length("values and covariates", values, covariate)?;
    at_least("an adjusted comparison", 3, values.len())?;
    all_finite("values", values)?;
    all_finite("covariates", covariate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_covariate_that_never_varies_changes_nothing() {
        let (a, b) = ([1.0, 2.0, 4.0, 3.0], [2.0, 3.0, 4.0, 6.0]);
        let paired = adjusted_paired(&a, &[1.0; 4], &b, &[2.0; 4]).unwrap();
        assert_eq!(paired.contrast, Contrast::paired(&a, &b).unwrap());
        let split = adjusted_independent(&a, &[1.0; 4], &b, &[1.0; 4]).unwrap();
        assert_eq!(split.contrast, Contrast::welch(&Moments::of(&a).unwrap(), &Moments::of(&b).unwrap()));
    }

    #[test]
    fn the_effect_does_not_leak_into_theta() {
        // The covariate differs between the arms by chance; a pooled regression without arm means would blame it.
        let before_a: Vec<f64> = (0..50).map(|i| f64::from(i % 10)).collect();
        let before_b: Vec<f64> = before_a.iter().map(|x| x + 1.0).collect();
        let a: Vec<f64> = before_a.iter().map(|x| 3.0 * x).collect();
        let b: Vec<f64> = before_b.iter().map(|x| 3.0 * x + 100.0).collect();
        let adjusted = adjusted_independent(&a, &before_a, &b, &before_b).unwrap();
        assert!((adjusted.theta - 3.0).abs() < 1e-12);
        assert!((adjusted.contrast.difference - 100.0).abs() < 1e-9);
    }

    #[test]
    fn paired_adjustment_is_the_intercept_of_the_regression() {
        let a = [1.0, 2.0, 1.5, 3.0, 2.5];
        let b = [2.1, 2.9, 2.4, 4.5, 3.0];
        let (before_a, before_b) = ([0.0; 5], [0.3, -0.1, 0.0, 0.5, -0.4]);
        let adjusted = adjusted_paired(&a, &before_a, &b, &before_b).unwrap();
        // The differences have mean 0.98, the covariates 0.06; the intercept is the first less slope times the second.
        let d: Vec<f64> = a.iter().zip(&b).map(|(a, b)| b - a).collect();
        let slope = covariance(&d, &before_b) / covariance(&before_b, &before_b);
        assert!((adjusted.theta - slope).abs() < 1e-12);
        assert!((adjusted.contrast.difference - (0.98 - slope * 0.06)).abs() < 1e-12);
        assert_eq!(adjusted.contrast.degrees, 3.0);
    }
}
