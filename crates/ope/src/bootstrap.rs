//! The bootstrap, in one pass: instead of drawing rounds with replacement, each round enters each replicate a Poisson(1) number
//! of times (Chamandy, Muralidharan, Najmi and Naidu, 2012). For more than a hundred rounds or so the two agree, and nothing has
//! to be kept but three sums per replicate.
//!
//! The draws are keyed by (seed, round), so the interval is the same on every machine and adding rounds leaves earlier draws
//! alone. Self-normalised estimators are normalised anew in every replicate.

use motet_units::Chance;

use crate::estimator::Parts;
use crate::interval::Interval;
use crate::moments::combine;

/// Cumulative Poisson(1) chances in units of 2^-32: 1/e, 2/e, 2.5/e, …
const POISSON: [u32; 12] = [
    1_580_030_168,
    3_160_060_337,
    3_950_075_421,
    4_213_413_783,
    4_279_248_373,
    4_292_415_291,
    4_294_609_777,
    4_294_923_275,
    4_294_962_463,
    4_294_966_817,
    4_294_967_252,
    4_294_967_292,
];

/// Replicates of several estimators over the same resampled rounds.
#[derive(Clone, Debug)]
pub(crate) struct Bootstrap {
    seed: u64,
    replicates: usize,
    estimators: usize,
    rounds: u64,
    /// Per replicate: how many rounds entered it.
    counts: Vec<u32>,
    /// Per replicate and estimator: sums of base, term and norm.
    sums: Vec<[f64; 3]>,
}

impl Bootstrap {
    pub(crate) fn new(seed: u64, replicates: usize, estimators: usize) -> Self {
        let sums = vec![[0.0; 3]; replicates * estimators];
        Self { seed, replicates, estimators, rounds: 0, counts: vec![0; replicates], sums }
    }

    /// Adds one round, given what it adds to each estimator.
    pub(crate) fn add(&mut self, parts: &[Parts]) {
        let mut stream = Chance::new(self.seed, self.rounds).stream("ope.bootstrap");
        self.rounds += 1;
        let mut bits = 0;
        for replicate in 0..self.replicates {
            bits = if replicate % 2 == 0 { stream.bits() } else { bits >> 32 };
            let times = poisson(bits as u32);
            if times == 0 {
                continue;
            }
            self.counts[replicate] += times;
            let sums = &mut self.sums[replicate * self.estimators..(replicate + 1) * self.estimators];
            let times = f64::from(times);
            for (sum, part) in sums.iter_mut().zip(parts) {
                sum[0] += times * part.base;
                sum[1] += times * part.term;
                sum[2] += times * part.norm;
            }
        }
    }

    /// Returns the percentile interval of one estimator; `None` without replicates or rounds.
    pub(crate) fn interval(&self, estimator: usize, level: f64) -> Option<Interval> {
        let value = |replicate: usize| {
            let count = f64::from(self.counts[replicate]);
            let [base, term, norm] = self.sums[replicate * self.estimators + estimator];
            (count > 0.0).then(|| combine(base / count, term / count, norm / count))
        };
        let mut values: Vec<f64> = (0..self.replicates).filter_map(value).collect();
        values.sort_by(f64::total_cmp);
        let tail = (1.0 - level) / 2.0;
        Some(Interval { low: percentile(&values, tail)?, high: percentile(&values, 1.0 - tail)? })
    }
}

fn poisson(bits: u32) -> u32 {
    POISSON.iter().take_while(|&&limit| bits >= limit).count() as u32
}

/// The share's percentile of sorted values, with straight lines between neighbours.
fn percentile(sorted: &[f64], share: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let place = share * last as f64;
    let below = (place as usize).min(last);
    let above = (below + 1).min(last);
    Some(sorted[below] + (place - below as f64) * (sorted[above] - sorted[below]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_poisson_table_is_the_poisson_distribution() {
        let (mut chance, mut sum) = ((-1.0_f64).exp(), 0.0);
        for (k, &limit) in POISSON.iter().enumerate() {
            sum += chance;
            chance /= k as f64 + 1.0;
            let exact = sum * 4_294_967_296.0;
            assert!((f64::from(limit) - exact).abs() < 2.0, "{k}: {limit} for {exact}");
        }
    }

    #[test]
    fn the_bootstrap_of_a_mean_is_as_wide_as_its_standard_error_says() {
        let mut bootstrap = Bootstrap::new(5, 1_000, 1);
        let mut stream = Chance::new(1, 1).stream("test");
        let draws: Vec<f64> = (0..1_000).map(|_| stream.unit()).collect();
        for &x in &draws {
            bootstrap.add(&[Parts { base: 0.0, term: x, norm: 1.0 }]);
        }
        let interval = bootstrap.interval(0, 0.95).unwrap();
        // The standard deviation of a uniform draw is √(1/12); the ends themselves have a spread of some 5 %.
        let expected = 2.0 * 1.96 * (1.0_f64 / 12.0 / 1_000.0).sqrt();
        let width = interval.high - interval.low;
        assert!((width / expected - 1.0).abs() < 0.15, "{width} for {expected}");
    }

    #[test]
    fn every_replicate_is_normalised_by_its_own_weights() {
        let mut bootstrap = Bootstrap::new(5, 200, 1);
        for round in 0..100_u32 {
            let weight = f64::from(round % 9);
            bootstrap.add(&[Parts { base: 0.0, term: 0.3 * weight, norm: weight }]);
        }
        let interval = bootstrap.interval(0, 0.95).unwrap();
        assert!((interval.low - 0.3).abs() < 1e-12 && (interval.high - 0.3).abs() < 1e-12, "{interval:?}");
    }

    #[test]
    fn nothing_resampled_is_no_interval() {
        assert_eq!(Bootstrap::new(1, 0, 1).interval(0, 0.95), None);
        assert_eq!(Bootstrap::new(1, 100, 1).interval(0, 0.95), None);
        assert_eq!(percentile(&[1.0, 2.0, 3.0], 0.75), Some(2.5));
    }
}
