//! A band around the whole distribution that holds at every look: all percentiles of latency at once.
//!
//! Howard and Ramdas (Bernoulli 2022): P( ∃ n ≥ 1: sup|F̂ₙ − F| > 0.85·√((ln ln(e·n) + 0.8·ln(1612/α))/n) ) ≤ α. A mean
//! misses a tail that got worse; the band does not.

use crate::error::{Error, all_finite, at_least, open_unit};
use crate::interval::Interval;

/// Returns how far the empirical distribution of `n` values may lie from the truth, at any look.
pub fn quantile_band(n: f64, error_rate: f64) -> f64 {
    let iterated = libm::log(1.0 + libm::log(n));
    0.85 * libm::sqrt((iterated + 0.8 * libm::log(1612.0 / error_rate)) / n)
}

/// Returns the interval of the `quantile` of sorted values; ends are infinite where the band passes 0 or 1.
///
/// Intervals of several quantiles from one call's `error_rate` hold together.
///
/// # Errors
/// [`Error::TooFew`] without values, [`Error::OutOfRange`] unless quantile and error rate are inside (0, 1),
/// [`Error::NotFinite`].
pub fn quantile_interval(sorted: &[f64], quantile: f64, error_rate: f64) -> Result<Interval, Error> {
    at_least("a quantile", 1, sorted.len())?;
    all_finite("values", sorted)?;
    open_unit("a quantile", quantile)?;
    open_unit("an error rate", error_rate)?;
    let n = sorted.len() as f64;
    let band = quantile_band(n, error_rate);
    let lowest = libm::ceil((quantile - band) * n);
    let highest = libm::floor((quantile + band) * n) + 1.0;
    let low = if lowest >= 1.0 { sorted[lowest as usize - 1] } else { f64::NEG_INFINITY };
    let high = if highest <= n { sorted[highest as usize - 1] } else { f64::INFINITY };
    Ok(Interval::new(low, high))
}

#[cfg(test)]
mod tests {
    use super::*;
    use motet_units::Chance;

    #[test]
    fn it_covers_the_median_and_the_tail_at_every_tenth_look() {
        let missed = (0..100)
            .filter(|&run| {
                let mut draws = Chance::new(8, run).stream("band");
                let mut sorted: Vec<f64> = Vec::new();
                (1..=1000).any(|n| {
                    let x = draws.unit();
                    sorted.insert(sorted.partition_point(|&v| v < x), x);
                    n % 10 == 0
                        && [0.5, 0.95]
                            .iter()
                            .any(|&q| !quantile_interval(&sorted, q, 0.05).unwrap().covers(q))
                })
            })
            .count();
        assert!(missed <= 5, "missed in {missed} of 100 runs");
    }

    #[test]
    fn a_short_sample_has_no_upper_end_for_the_tail() {
        let sorted: Vec<f64> = (0..200).map(f64::from).collect();
        let tail = quantile_interval(&sorted, 0.99, 0.05).unwrap();
        assert_eq!(tail.high, f64::INFINITY);
        assert!(tail.low > 100.0);
    }
}
