//! `OnlineLP`: how dear a conversion must be for the rest of a day like a past one to use up what is left.

use std::sync::Arc;

use super::super::{
    TICKS,
    bidder::{Bidder, Bids, View},
    episode::TickResult,
};

const BUCKETS: usize = 512;
/// The highest cost per conversion kept apart, in units of money.
const HIGHEST: f64 = 512.0;

/// A past day: what winning cost, by category, tick and cost per conversion.
///
/// Of each category one advertiser, the first, is looked at: an impression of value `v` that took at least `c` to win
/// has the cost per conversion `c ÷ v`.
#[derive(Clone, Debug)]
pub struct PastDay {
    /// Cost of the impressions from a tick to the day's end, by category and tick in one row, and cost per conversion.
    costs: Vec<[f32; BUCKETS]>,
}

impl PastDay {
    /// Starts a day with this many categories.
    pub fn new(categories: usize) -> Self {
        Self { costs: vec![[0.0; BUCKETS]; TICKS * categories] }
    }

    /// Takes in one tick, seen by one advertiser of the category.
    pub fn observe(&mut self, category: usize, advertiser: usize, result: &TickResult<'_>) {
        let row = &mut self.costs[category * TICKS + result.tick()];
        for (value, cost) in result.values(advertiser).iter().zip(result.least_winning_costs()) {
            let bucket = f64::from(cost) / f64::from(*value) / HIGHEST * BUCKETS as f64;
            if bucket < BUCKETS as f64 {
                row[bucket as usize] += cost;
            }
        }
    }

    /// Closes the day: from now on each tick holds the cost of itself and all later ones.
    pub fn close(&mut self) {
        for ticks in self.costs.chunks_mut(TICKS) {
            for tick in (0..TICKS - 1).rev() {
                let later = ticks[tick + 1];
                ticks[tick].iter_mut().zip(later).for_each(|(cost, later)| *cost += later);
            }
        }
    }

    /// Returns the cost per conversion at which the rest of the day costs more than this; nothing when it never does.
    pub fn cost_per_conversion(&self, category: usize, tick: usize, budget: f64) -> Option<f64> {
        let mut spent = 0.0;
        let over = |cost: &f32| {
            spent += f64::from(*cost);
            spent > budget
        };
        let bucket = self.costs.get(category * TICKS + tick)?.iter().position(over)?;
        Some((bucket as f64 + 0.5) * HIGHEST / BUCKETS as f64)
    }
}

/// The published `OnlineLP` rule: that cost per conversion, at most 1.5 times the target CPA; the target itself when the budget suffices for all.
#[derive(Clone, Debug)]
pub struct OnlineLp {
    /// The day it remembers.
    pub day: Arc<PastDay>,
}

impl Bidder for OnlineLp {
    fn bid(&mut self, view: &View<'_>) -> Bids {
        let (target, category) = (view.advertiser.target_cpa, view.advertiser.category);
        let asked =
            self.day.cost_per_conversion(category, view.tick, view.remaining.units()).unwrap_or(target);
        Bids::Multiplier(asked.min(1.5 * target) as f32)
    }
}
