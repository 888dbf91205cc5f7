//! The mixture sequential probability ratio test of Johari, Koomen, Pekelis and Walsh (2017).
//!
//! With n values of mean x̄ and variance σ², and the prior N(0, τ²) on the mean:
//! Λ = √(σ²/(σ² + nτ²)) · exp( n²τ²x̄² / (2σ²(σ² + nτ²)) ). Reject when Λ ≥ 1/α; 1/Λ is an anytime p-value.
//! For clicks in two arms the variance is `p_A(1−p_A) + p_B(1−p_B)`, which makes it asymptotic.

/// Returns Λ for `n` values of mean `mean` and known variance `variance`, with prior variance `prior`.
///
/// ```
/// # use motet_experiment::sequential::msprt_normal;
/// let ratio = msprt_normal(100.0, 0.3, 2.0, 0.01);
/// assert!((ratio - 1.728_523).abs() < 1e-6);
/// ```
pub fn msprt_normal(n: f64, mean: f64, variance: f64, prior: f64) -> f64 {
    let whole = variance + n * prior;
    let exponent = n * n * prior * mean * mean / (2.0 * variance * whole);
    libm::sqrt(variance / whole) * libm::exp(exponent)
}

/// Returns Λ for click rates `rate_a` and `rate_b` over `n` units in each arm; 1 while neither arm varies.
pub fn msprt_bernoulli(n: f64, rate_a: f64, rate_b: f64, prior: f64) -> f64 {
    let variance = rate_a * (1.0 - rate_a) + rate_b * (1.0 - rate_b);
    if variance <= 0.0 { 1.0 } else { msprt_normal(n, rate_b - rate_a, variance, prior) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_values_come_out() {
        let cases = [
            (100.0, 0.3, 1.728_523, 0.578_53),
            (1000.0, 0.15, 44.328_166, 0.022_56),
            (10_000.0, 0.04, 7.068_553, 0.141_47),
        ];
        for (n, mean, ratio, p) in cases {
            let got = msprt_normal(n, mean, 2.0, 0.01);
            assert!((got - ratio).abs() < 5e-7, "n {n}: {got}");
            assert!((1.0 / got - p).abs() < 5e-6, "n {n}: p {}", 1.0 / got);
        }
    }

    #[test]
    fn clicks_use_the_variance_of_both_arms() {
        assert_eq!(msprt_bernoulli(10.0, 0.0, 0.0, 0.01), 1.0);
        let direct = msprt_normal(500.0, 0.1, 0.25 + 0.24, 0.01);
        assert!((msprt_bernoulli(500.0, 0.5, 0.6, 0.01) - direct).abs() < 1e-12);
    }
}
