//! Who bids: what an advertiser's mind sees before a tick, and how it answers.

use motet_units::Nanos;

use super::{roster::Advertiser, traffic::Traffic};

/// An advertiser's mind. One belongs to one advertiser for one episode.
pub trait Bidder: Send {
    /// Answers one tick. Equal views and equal pasts give equal answers.
    fn bid(&mut self, view: &View<'_>) -> Bids;
}

/// The answer of one advertiser to one tick.
#[derive(Clone, Debug, PartialEq)]
pub enum Bids {
    /// Bid this many times the value on every impression. Below 0 or not a number counts as 0.
    Multiplier(f32),
    /// Bid these, in units of money, one for each impression of the tick in its order.
    Each(Vec<f32>),
}

/// What an advertiser sees before it answers a tick.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// The tick, from 0.
    pub tick: usize,
    /// The advertiser: budget, target, category.
    pub advertiser: &'a Advertiser,
    /// What is left of its budget.
    pub remaining: Nanos,
    /// Its predicted conversion probability of each impression of this tick.
    pub values: &'a [f32],
    /// Its own ticks so far, oldest first.
    pub past: &'a [Past],
    pub(crate) traffic: &'a Traffic,
}

impl View<'_> {
    /// Returns the deviation of one value as a prediction; made when asked for.
    pub fn deviation(&self, impression: usize) -> f32 {
        self.traffic.deviation(self.tick, self.advertiser.index, impression, self.values[impression])
    }

    /// Returns the share of its budget that is left, 0 to 1.
    pub fn budget_left(&self) -> f64 {
        self.remaining.as_f64() / self.advertiser.budget.as_f64().max(1.0)
    }

    /// Returns the share of the ticks that is left, this one included: 1 at first, 1/48 at last.
    pub fn time_left(&self) -> f64 {
        (super::TICKS - self.tick) as f64 / super::TICKS as f64
    }

    /// Returns the mean of the tick's values; 0 for an empty tick.
    pub fn value_mean(&self) -> f64 {
        let sum: f64 = self.values.iter().map(|v| f64::from(*v)).sum();
        sum / self.values.len().max(1) as f64
    }
}

/// What one tick brought one advertiser.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Past {
    /// Impressions of the tick.
    pub impressions: usize,
    /// Slots won and sold.
    pub won: u32,
    /// Of these, shown and paid.
    pub shown: u32,
    /// Conversions.
    pub conversions: u32,
    /// Sum of the values of the shown: the conversions to expect.
    pub expected_conversions: f64,
    /// What it paid.
    pub cost: Nanos,
    /// The mean of the fourth bid, the least that would have won a slot, in units of money.
    pub least_winning_mean: f64,
}
