//! Intervals around an estimate: normal, bootstrap and empirical Bernstein.
//!
//! * *Normal*: estimate ± z × standard error. Good when many rounds carry the weight.
//! * *Bootstrap* (Poisson, in one pass): percentiles of the estimate over resampled rounds.
//! * *Empirical Bernstein* (Maurer and Pontil, COLT 2009, theorem 4, both sides): holds at every sample size for a mean of
//!   independent rounds, estimate ± (√(2 V ln(4 ÷ δ) ÷ n) + 7 R ln(4 ÷ δ) ÷ (3 (n − 1))), with V the variance, R the width of
//!   the range and δ = 1 − level. It is wide, and honest where the normal one is not. R needs a bound on the weights: the
//!   caller's where given, else the largest weight seen, which is then an assumption.
//!
//! All of them are about chance alone. The bias of the direct method, SWITCH-DR and shrinkage is in none of them.

use serde::Serialize;

/// Two ends.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl Interval {
    /// Makes the interval that reaches as far to both sides.
    pub const fn around(middle: f64, reach: f64) -> Self {
        Self { low: middle - reach, high: middle + reach }
    }

    /// Returns whether a value lies in it, ends included.
    pub fn covers(self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }
}

/// Returns z such that a standard normal stays within ±z with the chance `level`, in 0 to 1.
///
/// ```
/// assert!((motet_ope::interval::normal_reach(0.95) - 1.959_963_984_540_054).abs() < 1e-12);
/// ```
pub fn normal_reach(level: f64) -> f64 {
    let (mut low, mut high) = (0.0, 38.0);
    for _ in 0..80 {
        let middle = f64::midpoint(low, high);
        // P(|Z| > z) = erfc(z ÷ √2).
        if libm::erfc(middle / std::f64::consts::SQRT_2) > 1.0 - level { low = middle } else { high = middle }
    }
    f64::midpoint(low, high)
}

/// Returns how far the empirical Bernstein interval reaches to each side.
///
/// ```
/// // 10,000 rounds in 0 to 1 with variance 0.25: ±0.0151, where the normal interval says ±0.0098.
/// let reach = motet_ope::interval::bernstein_reach(0.25, 1.0, 10_000.0, 0.95);
/// assert!((reach - 0.015_824).abs() < 1e-5, "{reach}");
/// ```
pub fn bernstein_reach(variance: f64, range: f64, rounds: f64, level: f64) -> f64 {
    let log = libm::log(4.0 / (1.0 - level));
    libm::sqrt(2.0 * variance * log / rounds) + 7.0 * range * log / (3.0 * (rounds - 1.0).max(1.0))
}
