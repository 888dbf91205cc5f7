//! The regularised incomplete beta function by Lentz's continued fraction (Numerical Recipes, 6.4).

use super::gamma::{away_from_zero, ln_beta};

const ENOUGH: f64 = 1e-16;
const MOST_TERMS: usize = 100_000;

/// Returns Iₓ(a, b), given x and `rest` = 1 − x.
///
/// Both are asked for because 1 − x loses its digits where x is near 1. a and b are above 0, x is from 0 to 1.
///
/// ```
/// # use motet_experiment::special::regularised_beta;
/// // I(a, 1) is x to the power a.
/// assert!((regularised_beta(3.0, 1.0, 0.2, 0.8) - 0.008).abs() < 1e-16);
/// ```
pub fn regularised_beta(a: f64, b: f64, x: f64, rest: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if rest <= 0.0 {
        return 1.0;
    }
    if x < (a + 1.0) / (a + b + 2.0) { head(a, b, x, rest) } else { 1.0 - head(b, a, rest, x) }
}

fn head(a: f64, b: f64, x: f64, rest: f64) -> f64 {
    let ln_x = if rest < 0.5 { libm::log1p(-rest) } else { libm::log(x) };
    let ln_rest = if x < 0.5 { libm::log1p(-x) } else { libm::log(rest) };
    libm::exp(a * ln_x + b * ln_rest - ln_beta(a, b)) * fraction(a, b, x) / a
}

#[allow(clippy::many_single_char_names)] // The letters are the formula's.
fn fraction(a: f64, b: f64, x: f64) -> f64 {
    let mut c = 1.0;
    let mut d = 1.0 / away_from_zero(1.0 - (a + b) * x / (a + 1.0));
    let mut value = d;
    for m in 1..MOST_TERMS {
        let m = m as f64;
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let mut change = 1.0;
        for step in [even, odd] {
            d = 1.0 / away_from_zero(1.0 + step * d);
            c = away_from_zero(1.0 + step / c);
            change = c * d;
            value *= change;
        }
        if (change - 1.0).abs() < ENOUGH {
            break;
        }
    }
    value
}
