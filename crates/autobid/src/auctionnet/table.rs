//! A day played on its table: microseconds, for learning and tuning.
//!
//! Conversions are drawn (Poisson) around what the values promise, times the advertiser's own bias: the market draws a conversion's probability from a
//! normal cut off at up to two deviations on either side, differently for each advertiser, so that some convert up to a tenth more than
//! promised and some less. The draws belong to (seed, episode, seat, tick), so two bidders meet the same luck.
//!
//! Learning may play with *smooth* luck: conversions come in fractions, normal with the same mean and variance, and a target is violated by degrees. A small move
//! of the weights then moves the score a little, where with whole conversions it mostly moves nothing and sometimes much.

use motet_arena::auctionnet::{TICKS, score};
use motet_units::{Chance, Stream};

use super::{
    landscape::Day,
    pace::{Gone, Pace, Seen},
};
use crate::{
    chance::{normal, poisson},
    net::soft_sign,
};

/// What a day came to.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Played {
    /// What was paid.
    pub cost: f64,
    /// Conversions.
    pub conversions: f64,
    /// The score.
    pub score: f64,
    /// Whether a conversion cost more than the target; by degrees, 0 to 1, under smooth luck.
    pub violates: f64,
}

/// How conversions are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Luck {
    /// Whole conversions.
    Whole,
    /// Fractions of them.
    Smooth,
}

impl Luck {
    fn draw(self, stream: &mut Stream, mean: f64) -> f64 {
        match self {
            Self::Whole => poisson(stream, mean),
            Self::Smooth => (mean + libm::sqrt(mean) * normal(stream)).max(0.0),
        }
    }

    fn violation(self, over: f64) -> f64 {
        match self {
            Self::Whole => f64::from(u8::from(over > 0.0)),
            Self::Smooth => 0.5 + 0.5 * soft_sign(20.0 * over),
        }
    }
}

/// An advertiser with less than this left does not bid, as in the market.
const LEAST: f64 = 0.1;

/// Plays a day on its table.
pub fn play(day: &Day, seed: u64, luck: Luck, pace: &mut impl Pace) -> Played {
    let key = Chance::new(seed, day.seed << 8 | day.seat as u64);
    let bias = bias(&mut key.stream("bias"));
    let (mut draws, mut past) = (key.stream("conversions"), Vec::with_capacity(TICKS));
    let (mut remaining, mut conversions) = (day.budget, 0.0);
    for (number, tick) in day.ticks.iter().enumerate() {
        let seen = Seen {
            tick: number,
            budget: day.budget,
            remaining,
            target: day.target,
            impressions: tick.impressions,
            value_mean: tick.value_mean,
            past: &past,
        };
        let multiple = pace.multiple(&seen);
        let (cost, expected) = if remaining < LEAST { (0.0, 0.0) } else { tick.at(multiple) };
        let payable = (remaining / cost.max(1e-12)).min(1.0);
        let brought = luck.draw(&mut draws, payable * expected * bias);
        past.push(Gone {
            impressions: tick.impressions,
            value_mean: tick.value_mean,
            multiple,
            cost: payable * cost,
            conversions: brought,
            expected: payable * expected,
            price_mean: tick.price_mean,
        });
        remaining -= payable * cost;
        conversions += brought;
    }
    let cost = day.budget - remaining;
    Played {
        cost,
        conversions,
        score: score(conversions, cost, day.target),
        violates: luck.violation(cost / (day.target * conversions).max(1e-9) - 1.0),
    }
}

/// Returns the mean score over days.
pub fn mean_score<P: Pace>(days: &[Day], seed: u64, make: impl Fn(&Day) -> P) -> f64 {
    let sum: f64 = days.iter().map(|day| play(day, seed, Luck::Whole, &mut make(day)).score).sum();
    sum / days.len().max(1) as f64
}

/// Draws how many conversions an advertiser gets for one that its values promise.
fn bias(stream: &mut Stream) -> f64 {
    let doubt = (0.15 + 0.06 * normal(stream)).abs().min(0.3);
    let (below, above) = (2.0 * stream.unit(), 2.0 * stream.unit());
    let density = |z: f64| libm::exp(-z * z / 2.0) / libm::sqrt(core::f64::consts::TAU);
    let below_z = |z: f64| 0.5 * libm::erfc(-z / core::f64::consts::SQRT_2);
    let between = (below_z(above) - below_z(-below)).max(1e-9);
    1.0 + doubt * (density(below) - density(above)) / between
}
