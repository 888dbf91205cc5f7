//! A pace on a seat of the market: sums up its ticks for it, and bids what it says.

use std::sync::Arc;

use motet_arena::auctionnet::{Bidder, Bids, View};

use super::{
    landscape::{Bend, Shape},
    pace::{Gone, Pace, Seen},
    pilot::{Mind, Pilot},
};

/// A bidder of the market made of a pace and the shape of its bids.
#[derive(Clone, Debug)]
pub struct Seated<P> {
    pace: P,
    shape: Shape,
    /// The going price before any is known.
    first_price: f64,
    past: Vec<Gone>,
    bid: Option<Gone>,
}

impl<P: Pace> Seated<P> {
    /// Seats a pace whose bids are in proportion to the values.
    pub const fn straight(pace: P) -> Self {
        Self { pace, shape: Shape::STRAIGHT, first_price: 0.0, past: Vec::new(), bid: None }
    }

    /// Returns the multiple for a tick and the bend of its bids.
    fn answer(&mut self, seen: &Seen<'_>) -> (f64, Bend) {
        let multiple = self.pace.multiple(seen);
        let going = seen.past.last().map_or(self.first_price, |gone| gone.price_mean);
        (multiple, self.shape.at(going))
    }
}

impl Seated<Pilot> {
    /// Seats the learned bidder.
    pub fn learned(mind: &Arc<Mind>) -> Self {
        Self {
            pace: Pilot::new(Arc::clone(mind)),
            shape: mind.shape,
            first_price: mind.model.first_price(),
            past: Vec::new(),
            bid: None,
        }
    }
}

impl<P: Pace + Send> Bidder for Seated<P> {
    fn bid(&mut self, view: &View<'_>) -> Bids {
        if let (Some(bid), Some(last)) = (self.bid.take(), view.past.last()) {
            self.past.push(Gone {
                cost: last.cost.units(),
                conversions: f64::from(last.conversions),
                expected: last.expected_conversions,
                price_mean: last.least_winning_mean,
                ..bid
            });
        }
        let past = core::mem::take(&mut self.past);
        let seen = Seen {
            tick: view.tick,
            budget: view.advertiser.budget.units(),
            remaining: view.remaining.units(),
            target: view.advertiser.target_cpa,
            impressions: view.values.len() as f64,
            value_mean: view.value_mean(),
            past: &past,
        };
        let (multiple, bend) = self.answer(&seen);
        let full = multiple * seen.target;
        self.bid = Some(Gone {
            impressions: seen.impressions,
            value_mean: seen.value_mean,
            multiple,
            ..Gone::default()
        });
        self.past = past;
        if bend.strength > 0.0 {
            Bids::Each(view.values.iter().map(|value| bend.bid(full * f64::from(*value)) as f32).collect())
        } else {
            Bids::Multiplier(full as f32)
        }
    }
}

/// The learned bidder driven from outside, tick by tick.
#[derive(Clone, Debug)]
pub struct Driven {
    mind: Arc<Mind>,
    seated: Seated<Pilot>,
}

impl Driven {
    /// Makes one at the start of an episode.
    pub fn new(mind: Arc<Mind>) -> Self {
        Self { seated: Seated::learned(&mind), mind }
    }

    /// Starts another episode.
    pub fn restart(&mut self) {
        self.seated = Seated::learned(&self.mind);
    }

    /// Answers a tick with a bid for each value; `last` is what the tick before brought, `None` for the first.
    pub fn bids(&mut self, tick: &Account, values: &[f64], last: Option<Brought>) -> Vec<f64> {
        if let (Some(bid), Some(last)) = (self.seated.bid.take(), last) {
            let Brought { cost, conversions, expected, price_mean } = last;
            self.seated.past.push(Gone { cost, conversions, expected, price_mean, ..bid });
        }
        let past = core::mem::take(&mut self.seated.past);
        let impressions = values.len() as f64;
        let value_mean = values.iter().sum::<f64>() / impressions.max(1.0);
        let Account { tick, budget, remaining, target } = *tick;
        let seen = Seen { tick, budget, remaining, target, impressions, value_mean, past: &past };
        let (multiple, bend) = self.seated.answer(&seen);
        self.seated.bid = Some(Gone { impressions, value_mean, multiple, ..Gone::default() });
        self.seated.past = past;
        values.iter().map(|value| bend.bid(multiple * target * value)).collect()
    }
}

/// An account at the start of a tick.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Account {
    /// The tick, 0 to 47.
    pub tick: usize,
    /// The budget, above 0.
    pub budget: f64,
    /// What is left of it.
    pub remaining: f64,
    /// The target CPA, above 0.
    pub target: f64,
}

/// What a tick brought.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Brought {
    /// What was paid.
    pub cost: f64,
    /// Conversions.
    pub conversions: f64,
    /// Conversions that the values of what was paid for promised.
    pub expected: f64,
    /// The mean least winning cost.
    pub price_mean: f64,
}
