//! The normal distribution: Φ from `erfc`, its inverse by Halley's method.
//!
//! Φ(z) = erfc(−z/√2) / 2. The inverse starts from Abramowitz and Stegun 26.2.23 (error below 4.5e-4) and takes
//! Halley steps on the tail, each of which cubes the error.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

/// Returns the density of the standard normal distribution at `z`.
pub fn normal_density(z: f64) -> f64 {
    libm::exp(-0.5 * z * z) / libm::sqrt(2.0 * PI)
}

/// Returns P(Z ≤ z).
///
/// ```
/// # use motet_experiment::special::normal_cdf;
/// assert!((normal_cdf(1.96) - 0.975_002_104_851_780).abs() < 1e-15);
/// ```
pub fn normal_cdf(z: f64) -> f64 {
    0.5 * libm::erfc(-z * FRAC_1_SQRT_2)
}

/// Returns P(Z > z), exact to the last digits far into the tail.
pub fn normal_tail(z: f64) -> f64 {
    0.5 * libm::erfc(z * FRAC_1_SQRT_2)
}

/// Returns the z with P(Z > z) = `q`; infinite at 0 and 1.
///
/// ```
/// # use motet_experiment::special::normal_upper_quantile;
/// assert!((normal_upper_quantile(0.025) - 1.959_963_984_540_054).abs() < 1e-14);
/// ```
pub fn normal_upper_quantile(q: f64) -> f64 {
    if q <= 0.0 {
        return f64::INFINITY;
    }
    if q > 0.5 {
        return -normal_upper_quantile(1.0 - q);
    }
    let mut z = rough_upper_quantile(q);
    for _ in 0..4 {
        let density = normal_density(z);
        if density == 0.0 {
            break;
        }
        let step = (normal_tail(z) - q) / density;
        z += step / (1.0 - 0.5 * z * step);
    }
    z
}

/// Returns the z with P(Z ≤ z) = `p`.
pub fn normal_quantile(p: f64) -> f64 {
    -normal_upper_quantile(p)
}

fn rough_upper_quantile(q: f64) -> f64 {
    let t = libm::sqrt(-2.0 * libm::log(q));
    let top = 2.515_517 + t * (0.802_853 + t * 0.010_328);
    let bottom = 1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308));
    t - top / bottom
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quantile_undoes_the_tail_down_to_1e_minus_300() {
        for exponent in 1..=300 {
            let q = libm::pow(10.0, -f64::from(exponent)) * 0.7;
            let back = normal_tail(normal_upper_quantile(q));
            assert!((back / q - 1.0).abs() < 1e-11, "q {q} came back as {back}");
        }
    }

    #[test]
    fn the_quantile_is_odd_and_ends_at_infinity() {
        assert_eq!(normal_upper_quantile(0.0), f64::INFINITY);
        assert_eq!(normal_upper_quantile(1.0), f64::NEG_INFINITY);
        assert!(normal_upper_quantile(0.5).abs() < 1e-15);
        assert!((normal_quantile(0.8) - 0.841_621_233_572_914_3).abs() < 1e-14);
    }
}
