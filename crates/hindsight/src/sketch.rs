//! One budget, in bounded memory: both sides of the optimum of [`crate::budget`] without keeping the log.
//!
//! Opportunities are added up by value per price, in buckets whose edges grow by a fixed factor. At an edge `μ` the dual
//! `μ·budget + Σ max(0, value − μ·price)` is exact, because every opportunity lies wholly on one side of it; the lowest over the
//! edges is the upper bound. Buying all buckets above the one where the money ends, and of that one a proportional part, is
//! possible, and is the lower bound. The two differ by less than the factor's excess over 1.
//!
//! Edge cases: efficiencies outside the range of the buckets are held in the two outer ones. The upper outer one is charged no
//! multiplier above its lower edge; so bounds hold, only more loosely.

use motet_units::Nanos;

use crate::budget::Opportunity;

/// Both sides of an optimum.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sides {
    /// A value that can be reached, with opportunities bought in part.
    pub at_least: f64,
    /// A value that cannot be exceeded.
    pub at_most: f64,
    /// The multiplier that proves `at_most`, value per nano.
    pub multiplier: f64,
}

/// Sums of value and cost by value per price.
#[derive(Clone, Debug, PartialEq)]
pub struct Sketch {
    lowest: f64,
    log_factor: f64,
    free_value: f64,
    buckets: Vec<Sum>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Sum {
    value: f64,
    cost: Nanos,
}

impl Sketch {
    /// Makes an empty sketch over efficiencies (value per nano) from `lowest` up, each of `buckets` (at least 2) `factor` (above 1) wide.
    pub fn new(lowest: f64, factor: f64, buckets: usize) -> Self {
        Self {
            lowest: lowest.max(f64::MIN_POSITIVE),
            log_factor: libm::log(factor.max(1.0 + 1e-9)),
            free_value: 0.0,
            buckets: vec![Sum::default(); buckets.max(2)],
        }
    }

    /// Adds one opportunity.
    pub fn add(&mut self, opportunity: &Opportunity) {
        let Some(efficiency) = opportunity.efficiency() else { return };
        if efficiency.is_infinite() {
            self.free_value += opportunity.value;
            return;
        }
        let at = self.bucket(efficiency);
        self.buckets[at].value += opportunity.value;
        self.buckets[at].cost += opportunity.cost();
    }

    /// Finds the bucket: the last whose lower edge is at or below the efficiency.
    fn bucket(&self, efficiency: f64) -> usize {
        let guess = (libm::log(efficiency / self.lowest) / self.log_factor).floor().max(0.0) as usize;
        let mut at = guess.min(self.buckets.len() - 1);
        // The logarithm may be off by one in its last bit, and the proof needs exact sides.
        while at > 0 && efficiency < self.edge(at) {
            at -= 1;
        }
        while at + 1 < self.buckets.len() && efficiency >= self.edge(at + 1) {
            at += 1;
        }
        at
    }

    /// Returns the lower edge of a bucket, value per nano; the lowest bucket reaches down to 0.
    fn edge(&self, bucket: usize) -> f64 {
        if bucket == 0 { 0.0 } else { self.lowest * libm::exp(self.log_factor * bucket as f64) }
    }

    /// Returns both sides of the optimum for a budget.
    pub fn sides(&self, budget: Nanos) -> Sides {
        let budget = budget.max(Nanos::ZERO);
        let mut above = Sum { value: self.free_value, cost: Nanos::ZERO };
        let mut sides = Sides { at_least: 0.0, at_most: f64::INFINITY, multiplier: 0.0 };
        let mut reached = None;
        for (index, sum) in self.buckets.iter().enumerate().rev() {
            if reached.is_none() && above.cost + sum.cost > budget {
                let part = (budget - above.cost).as_f64() / sum.cost.as_f64();
                reached = Some(above.value + part * sum.value);
            }
            above = Sum { value: above.value + sum.value, cost: above.cost + sum.cost };
            let edge = self.edge(index);
            let bound = above.value + edge * (budget.as_f64() - above.cost.as_f64());
            if bound < sides.at_most {
                sides.at_most = bound;
                sides.multiplier = edge;
            }
        }
        sides.at_least = reached.unwrap_or(above.value);
        sides
    }
}
