//! How long decisions take, measured around the engine's step. The only part of a simulation that reads a clock, and the only
//! part of its report that differs from run to run.

use std::time::Instant;

use motet_sim::{Watch, run::Decided};
use serde::Serialize;

use crate::clock;

/// Buckets an eighth of an octave wide, from 1 µs up.
const BUCKETS: usize = 200;

/// Times decisions.
#[derive(Debug)]
pub(crate) struct Latency {
    began: Instant,
    counts: Vec<u64>,
    total_us: f64,
    number: u64,
}

/// What was measured.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Measured {
    /// Decisions timed.
    pub(crate) decisions: u64,
    /// Mean time of a decision in microseconds.
    pub(crate) mean_us: f64,
    /// Median, to an eighth of an octave.
    pub(crate) p50_us: f64,
    /// 99th percentile, to an eighth of an octave.
    pub(crate) p99_us: f64,
    /// Time the whole run took in seconds.
    pub(crate) wall_s: f64,
    /// Simulated requests per second of the run.
    pub(crate) requests_per_s: f64,
}

impl Latency {
    pub(crate) fn new() -> Self {
        Self { began: clock::monotonic(), counts: vec![0; BUCKETS], total_us: 0.0, number: 0 }
    }

    pub(crate) fn finish(&self, wall_s: f64) -> Measured {
        Measured {
            decisions: self.number,
            mean_us: self.total_us / (self.number as f64).max(1.0),
            p50_us: self.quantile(0.5),
            p99_us: self.quantile(0.99),
            wall_s,
            requests_per_s: self.number as f64 / wall_s.max(1e-9),
        }
    }

    fn quantile(&self, share: f64) -> f64 {
        let wanted = (self.number as f64 * share).ceil().max(1.0) as u64;
        let mut seen = 0;
        for (bucket, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= wanted {
                return 2_f64.powf((bucket + 1) as f64 / 8.0);
            }
        }
        f64::NAN
    }
}

impl Watch for Latency {
    fn deciding(&mut self) {
        self.began = clock::monotonic();
    }

    fn decided(&mut self, _: &Decided<'_>) {
        let us = self.began.elapsed().as_secs_f64() * 1e6;
        let bucket = (us.max(1.0).log2() * 8.0) as usize;
        self.counts[bucket.min(BUCKETS - 1)] += 1;
        self.total_us += us;
        self.number += 1;
    }
}
