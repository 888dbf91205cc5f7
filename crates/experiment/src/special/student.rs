//! Student's t distribution, for any degrees of freedom above 0, whole or not.
//!
//! P(T > t) = I(ν/2, 1/2; ν/(ν+t²)) / 2 for t ≥ 0. The quantile is found by Newton steps kept inside a bracket.
//! Above 1e7 degrees of freedom the normal tail of t(1 − 1/4ν)/√(1 + t²/2ν) stands in (Abramowitz and Stegun
//! 26.7.8), whose error there is below 1e-13.

use super::beta::regularised_beta;
use super::gamma::ln_beta;
use super::normal::{normal_tail, normal_upper_quantile};

const AS_GOOD_AS_NORMAL: f64 = 1e7;

/// Returns the density of Student's t with `degrees` degrees of freedom at `t`.
pub fn student_density(t: f64, degrees: f64) -> f64 {
    let power = -0.5 * (degrees + 1.0) * libm::log1p(t * t / degrees);
    libm::exp(power - 0.5 * libm::log(degrees) - ln_beta(degrees / 2.0, 0.5))
}

/// Returns P(T > t) with `degrees` degrees of freedom.
///
/// ```
/// # use motet_experiment::special::student_tail;
/// // One degree is the Cauchy distribution: P(T > 1) is a quarter.
/// assert!((student_tail(1.0, 1.0) - 0.25).abs() < 1e-15);
/// ```
pub fn student_tail(t: f64, degrees: f64) -> f64 {
    if t < 0.0 {
        return 1.0 - student_tail(-t, degrees);
    }
    if t.is_infinite() {
        return 0.0;
    }
    if degrees > AS_GOOD_AS_NORMAL {
        let shrunk = t * (1.0 - 0.25 / degrees) / libm::sqrt(1.0 + t * t / (2.0 * degrees));
        return normal_tail(shrunk);
    }
    let whole = degrees + t * t;
    0.5 * regularised_beta(degrees / 2.0, 0.5, degrees / whole, t * t / whole)
}

/// Returns the t with P(T > t) = `q`; infinite at 0 and 1.
///
/// ```
/// # use motet_experiment::special::student_upper_quantile;
/// assert!((student_upper_quantile(0.025, 19.0) - 2.093_024_054_408_263).abs() < 1e-12);
/// ```
pub fn student_upper_quantile(q: f64, degrees: f64) -> f64 {
    if q <= 0.0 {
        return f64::INFINITY;
    }
    if q > 0.5 {
        return -student_upper_quantile(1.0 - q, degrees);
    }
    let (mut low, mut high) = bracket(q, degrees);
    let mut t = start(q, degrees).clamp(low, high);
    for _ in 0..200 {
        let excess = student_tail(t, degrees) - q;
        if excess > 0.0 {
            low = t;
        } else {
            high = t;
        }
        let newton = t + excess / student_density(t, degrees);
        let next = if newton > low && newton < high { newton } else { 0.5 * (low + high) };
        if (next - t).abs() <= 1e-15 * t.abs() {
            return next;
        }
        t = next;
    }
    t
}

/// Returns the t with P(T ≤ t) = `p`.
pub fn student_quantile(p: f64, degrees: f64) -> f64 {
    -student_upper_quantile(p, degrees)
}

/// The normal quantile with its first correction for finite degrees (Abramowitz and Stegun 26.7.5).
fn start(q: f64, degrees: f64) -> f64 {
    let z = normal_upper_quantile(q);
    z + z * (z * z + 1.0) / (4.0 * degrees)
}

fn bracket(q: f64, degrees: f64) -> (f64, f64) {
    let mut high = 1.0_f64.max(start(q, degrees));
    while student_tail(high, degrees) > q && high < 1e300 {
        high *= 4.0;
    }
    (0.0, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_and_two_degrees_have_their_closed_forms() {
        for i in 1..100 {
            let t = f64::from(i) * 0.37;
            let cauchy = 0.5 - libm::atan(t) / std::f64::consts::PI;
            assert!((student_tail(t, 1.0) / cauchy - 1.0).abs() < 1e-11, "one degree at {t}");
            let two = 0.5 - 0.5 * t / libm::sqrt(2.0 + t * t);
            assert!((student_tail(t, 2.0) - two).abs() < 1e-14, "two degrees at {t}");
        }
    }

    #[test]
    fn the_quantile_undoes_the_tail() {
        for degrees in [1.0, 1.5, 2.0, 7.3, 30.0, 5841.74, 1e6, 1e9] {
            for q in [1e-12, 1e-6, 0.001, 0.025, 0.2, 0.49] {
                let back = student_tail(student_upper_quantile(q, degrees), degrees);
                assert!((back / q - 1.0).abs() < 1e-9, "{degrees} degrees: {q} came back as {back}");
            }
        }
    }

    #[test]
    fn many_degrees_meet_the_normal_without_a_step() {
        let below = student_tail(2.5, 0.999 * AS_GOOD_AS_NORMAL);
        let above = student_tail(2.5, 1.001 * AS_GOOD_AS_NORMAL);
        // Two thousandths apart in degrees, the two differ by 2.6e-9 in truth.
        assert!((below / above - 1.0).abs() < 3e-9);
    }

    #[test]
    fn the_density_is_the_slope_of_the_tail() {
        let h = 1e-5;
        let slope = (student_tail(1.2 - h, 8.0) - student_tail(1.2 + h, 8.0)) / (2.0 * h);
        assert!((slope - student_density(1.2, 8.0)).abs() < 1e-9);
    }
}
