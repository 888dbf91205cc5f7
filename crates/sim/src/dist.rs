//! Draws from distributions, and the models of delay. All arithmetic is `libm`'s, so that draws are the same bits on
//! every machine.

use motet_units::{Span, Stream};
use serde::{Deserialize, Serialize};

/// Draws from the standard normal distribution (Box and Muller, 1958; the second of the pair is not used).
pub fn normal(draw: &mut Stream) -> f64 {
    let radius = libm::sqrt(-2.0 * libm::log(1.0 - draw.unit()));
    radius * libm::cos(std::f64::consts::TAU * draw.unit())
}

/// Draws from the log-normal distribution with a median and the standard deviation of its logarithm.
pub fn log_normal(draw: &mut Stream, median: f64, sigma: f64) -> f64 {
    median * libm::exp(sigma * normal(draw))
}

/// Draws from the exponential distribution with a mean.
pub fn exponential(draw: &mut Stream, mean: f64) -> f64 {
    -mean * libm::log(1.0 - draw.unit())
}

/// Draws from the Poisson distribution: by multiplication up to a mean of 30 (Knuth), above it by the rounded normal,
/// whose error in the mean is below half a per mille there.
pub fn poisson(draw: &mut Stream, mean: f64) -> u64 {
    if mean <= 0.0 {
        return 0;
    }
    if mean > 30.0 {
        return (mean + libm::sqrt(mean) * normal(draw) + 0.5).max(0.0) as u64;
    }
    let (limit, mut product, mut count) = (libm::exp(-mean), draw.unit(), 0);
    while product > limit {
        product *= draw.unit();
        count += 1;
    }
    count
}

/// Draws how many there are of something there is at least one of, with a mean of at least 1 (shifted geometric).
pub fn geometric(draw: &mut Stream, mean: f64) -> u32 {
    if mean <= 1.0 {
        return 1;
    }
    let stay = 1.0 - 1.0 / mean;
    1 + (libm::log(1.0 - draw.unit()) / libm::log(stay)) as u32
}

/// Draws places of a list in proportion to weights, in constant time (Walker 1977, by Vose's construction).
#[derive(Clone, Debug)]
pub struct Alias {
    keep: Vec<f64>,
    other: Vec<u32>,
}

impl Alias {
    /// Prepares the draw. Weights that are not above 0 are never drawn; when none is, all are drawn alike.
    pub fn new(weights: &[f64]) -> Self {
        let sum: f64 = weights.iter().filter(|weight| **weight > 0.0).sum();
        let count = weights.len();
        let scaled = |weight: &f64| if sum > 0.0 { weight.max(0.0) / sum * count as f64 } else { 1.0 };
        let mut keep: Vec<f64> = weights.iter().map(scaled).collect();
        let mut other: Vec<u32> = (0..count as u32).collect();
        let (mut small, mut large): (Vec<u32>, Vec<u32>) =
            (0..count as u32).partition(|place| keep[*place as usize] < 1.0);
        while let (Some(low), Some(high)) = (small.pop(), large.pop()) {
            other[low as usize] = high;
            keep[high as usize] -= 1.0 - keep[low as usize];
            if keep[high as usize] < 1.0 { small.push(high) } else { large.push(high) }
        }
        // What rounding leaves over is as good as full.
        for place in small.into_iter().chain(large) {
            keep[place as usize] = if keep[place as usize] > 1e-9 { 1.0 } else { 0.0 };
        }
        Self { keep, other }
    }

    /// Draws one place.
    pub fn draw(&self, stream: &mut Stream) -> usize {
        let place = stream.below(self.keep.len() as u64) as usize;
        if stream.unit() < self.keep[place] { place } else { self.other[place] as usize }
    }
}

/// How long something takes, by the name of its model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "model", rename_all = "snake_case", deny_unknown_fields)]
pub enum Delay {
    /// Always the same.
    Fixed {
        /// Seconds.
        seconds: f64,
    },
    /// Without memory: the next moment is as likely as the last.
    Exponential {
        /// The mean in seconds.
        mean_s: f64,
    },
    /// Many small causes multiplied.
    LogNormal {
        /// The median in seconds.
        median_s: f64,
        /// The standard deviation of the logarithm.
        sigma: f64,
    },
    /// As observed: quantiles at even steps from 0 to 1, joined by straight lines.
    Quantiles {
        /// Seconds, rising, at least two.
        seconds: Vec<f64>,
    },
}

impl Delay {
    /// Draws a delay, never negative and at most 90 days.
    pub fn draw(&self, draw: &mut Stream) -> Span {
        let seconds = match self {
            Self::Fixed { seconds } => *seconds,
            Self::Exponential { mean_s } => exponential(draw, *mean_s),
            Self::LogNormal { median_s, sigma } => log_normal(draw, *median_s, *sigma),
            Self::Quantiles { seconds } => between(seconds, draw.unit()),
        };
        Span::from_micros((seconds.clamp(0.0, 90.0 * 86_400.0) * 1e6) as i64)
    }

    /// Tells what is wrong with the parameters, if anything.
    pub fn fault(&self) -> Option<&'static str> {
        let positive = |x: &f64| x.is_finite() && *x >= 0.0;
        match self {
            Self::Fixed { seconds } if !positive(seconds) => Some("seconds is negative"),
            Self::Exponential { mean_s } if !positive(mean_s) => Some("mean_s is negative"),
            Self::LogNormal { median_s, sigma } if !positive(median_s) || !positive(sigma) => {
                Some("median_s or sigma is negative")
            }
            Self::Quantiles { seconds } if seconds.len() < 2 => Some("seconds needs two quantiles at least"),
            Self::Quantiles { seconds } if !seconds.is_sorted() || !seconds.iter().all(positive) => {
                Some("seconds is not rising")
            }
            _ => None,
        }
    }
}

/// Returns the value at a share of a list of quantiles at even steps.
pub fn between(quantiles: &[f64], share: f64) -> f64 {
    let Some(last) = quantiles.len().checked_sub(1) else { return 0.0 };
    let place = share.clamp(0.0, 1.0) * last as f64;
    let low = (place as usize).min(last);
    let high = (low + 1).min(last);
    quantiles[low] + (quantiles[high] - quantiles[low]) * (place - low as f64)
}

#[cfg(test)]
mod tests {
    use motet_units::Chance;

    use super::*;

    fn mean(count: u64, mut of: impl FnMut(&mut Stream) -> f64) -> f64 {
        let mut draw = Chance::new(3, 9).stream("test");
        (0..count).map(|_| of(&mut draw)).sum::<f64>() / count as f64
    }

    // Each tolerance is five standard errors of the mean of 200,000 draws.
    #[test]
    fn means_are_those_of_the_formulas() {
        let n = 200_000;
        assert!(mean(n, normal).abs() < 0.012);
        assert!((mean(n, |d| exponential(d, 4.0)) - 4.0).abs() < 0.045);
        assert!((mean(n, |d| poisson(d, 3.5) as f64) - 3.5).abs() < 0.022);
        assert!((mean(n, |d| poisson(d, 80.0) as f64) - 80.0).abs() < 0.11);
        assert!((mean(n, |d| f64::from(geometric(d, 5.0))) - 5.0).abs() < 0.051);
        let expected = libm::exp(0.5 * 0.25);
        assert!((mean(n, |d| log_normal(d, 1.0, 0.5)) - expected).abs() < 0.008);
    }

    #[test]
    fn an_alias_draws_in_proportion() {
        let alias = Alias::new(&[1.0, 0.0, 3.0, 6.0]);
        let mut counts = [0_u32; 4];
        let mut draw = Chance::new(5, 5).stream("alias");
        for _ in 0..100_000 {
            counts[alias.draw(&mut draw)] += 1;
        }
        assert_eq!(counts[1], 0);
        for (place, expected) in [(0, 10_000.0), (2, 30_000.0), (3, 60_000.0)] {
            assert!((f64::from(counts[place]) - expected).abs() < 700.0, "{counts:?}");
        }
    }

    #[test]
    fn quantiles_are_joined_by_straight_lines() {
        assert!((between(&[0.0, 10.0, 40.0], 0.75) - 25.0).abs() < 1e-12);
        assert!((between(&[0.0, 10.0, 40.0], 1.0) - 40.0).abs() < 1e-12);
    }
}
