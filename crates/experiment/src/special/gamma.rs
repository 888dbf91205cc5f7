//! The gamma function's family: ln Γ, ln B, the incomplete gamma function and the chi-square tail.
//!
//! Q(a, x) by its series below x = a + 1 and by Lentz's continued fraction above (Press et al., Numerical Recipes,
//! 6.2). A chi-square with k degrees of freedom exceeds x with chance Q(k/2, x/2).

const TINY: f64 = 1e-300;
const ENOUGH: f64 = 1e-16;
const MOST_TERMS: usize = 100_000;

/// Returns ln Γ(x), for x above 0.
pub fn ln_gamma(x: f64) -> f64 {
    libm::lgamma(x)
}

/// Returns ln B(a, b) = ln Γ(a) + ln Γ(b) − ln Γ(a + b), for a and b above 0.
pub fn ln_beta(a: f64, b: f64) -> f64 {
    let (small, large) = if a < b { (a, b) } else { (b, a) };
    ln_gamma(small) - ln_gamma_rise(large, small)
}

/// ln Γ(a + b) − ln Γ(a). For large a by Stirling's series of the two, whose large parts cancel on paper first.
fn ln_gamma_rise(a: f64, b: f64) -> f64 {
    if a < 100.0 {
        return ln_gamma(a + b) - ln_gamma(a);
    }
    let sum = a + b;
    let correction = |x: f64| {
        let inverse = 1.0 / (x * x);
        (1.0 / 12.0 - inverse * (1.0 / 360.0 - inverse * (1.0 / 1260.0 - inverse / 1680.0))) / x
    };
    (a - 0.5) * libm::log1p(b / a) + b * libm::log(sum) - b + correction(sum) - correction(a)
}

/// Returns Q(a, x) = Γ(a, x) / Γ(a), for a above 0 and x of 0 or more.
pub fn regularised_gamma_tail(a: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 1.0;
    }
    let scale = libm::exp(a * libm::log(x) - x - ln_gamma(a));
    if x < a + 1.0 { 1.0 - scale * lower_series(a, x) } else { scale * upper_fraction(a, x) }
}

fn lower_series(a: f64, x: f64) -> f64 {
    let (mut term, mut sum, mut k) = (1.0 / a, 1.0 / a, a);
    for _ in 0..MOST_TERMS {
        k += 1.0;
        term *= x / k;
        sum += term;
        if term < sum * ENOUGH {
            break;
        }
    }
    sum
}

#[allow(clippy::many_single_char_names)] // The letters are the formula's.
fn upper_fraction(a: f64, x: f64) -> f64 {
    let mut b = x + 1.0 - a;
    let mut c = 1.0 / TINY;
    let mut d = 1.0 / b;
    let mut value = d;
    for i in 1..MOST_TERMS {
        let i = i as f64;
        let step = -i * (i - a);
        b += 2.0;
        d = 1.0 / away_from_zero(step * d + b);
        c = away_from_zero(b + step / c);
        value *= d * c;
        if (d * c - 1.0).abs() < ENOUGH {
            break;
        }
    }
    value
}

pub(super) fn away_from_zero(x: f64) -> f64 {
    if x.abs() < TINY { TINY } else { x }
}

/// Returns the chance that a chi-square with `degrees` degrees of freedom exceeds `x`.
///
/// ```
/// # use motet_experiment::special::chi_square_tail;
/// assert!((chi_square_tail(3.841_458_820_694_124, 1.0) - 0.05).abs() < 1e-13);
/// ```
pub fn chi_square_tail(x: f64, degrees: f64) -> f64 {
    regularised_gamma_tail(degrees / 2.0, x / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chi_square_tail_has_its_closed_form_at_two_degrees() {
        for i in 1..200 {
            let x = f64::from(i) * 0.3;
            let exact = libm::exp(-x / 2.0);
            assert!((chi_square_tail(x, 2.0) / exact - 1.0).abs() < 1e-12, "at {x}");
        }
    }

    #[test]
    fn ln_beta_has_its_closed_form_at_one_and_does_not_lose_digits_at_large_arguments() {
        // B(a, 1) = 1/a and B(a, 2) = 1/(a(a+1)).
        for a in [0.5, 3.0, 99.0, 101.0, 1e4, 1e8, 1e12] {
            assert!((ln_beta(a, 1.0) + libm::log(a)).abs() < 1e-12, "B({a}, 1)");
            assert!((ln_beta(a, 2.0) + libm::log(a) + libm::log(a + 1.0)).abs() < 1e-12, "B({a}, 2)");
        }
    }
}
