//! The bidder: a forecast looks ahead, a network corrects it.
//!
//! Before each tick the forecast ([`Model`]) says what every multiplier, held to the end of the day, would still bring and cost. The one with the best
//! *expected score* is the forecast's choice: conversions already had count as they are, those to come as a normal around the forecast, and a
//! violated target costs `caution` conversions on top of what the score itself takes. A network of the observations below then moves
//! that choice by up to a factor of e^[`REACH`]. An unlearned network moves nothing, so learning starts from the forecast's choice.

use std::sync::Arc;

use motet_arena::auctionnet::{TICKS, TRAFFIC_SHARES, score};

use super::{
    landscape::Shape,
    model::{BLOCK, Model, Outlook, Standpoint},
    pace::{Pace, Seen},
};
use crate::net::{Net, soft_sign};

/// How far the network moves the forecast's choice, as a natural logarithm.
pub const REACH: f64 = 0.8;

/// Numbers the network sees; they are named in `saved::OBSERVATION`, in this order.
pub(crate) const INPUTS: usize = super::saved::OBSERVATION.len();

/// All that is learnt.
#[derive(Clone, Debug, PartialEq)]
pub struct Mind {
    /// The forecast.
    pub model: Model,
    /// What a violated target costs, as a share of budget ÷ target.
    pub caution: f64,
    /// How bids above the going price are lowered.
    pub shape: Shape,
    /// The network's shape.
    pub net: Net,
    /// Its weights.
    pub weights: Vec<f32>,
}

/// The bidder.
#[derive(Clone, Debug)]
pub struct Pilot {
    mind: Arc<Mind>,
    conversions: f64,
    expected: f64,
    impressions: f64,
    shares: f64,
    known: usize,
}

impl Pilot {
    /// Makes one for a day.
    pub const fn new(mind: Arc<Mind>) -> Self {
        Self { mind, conversions: 0.0, expected: 0.0, impressions: 0.0, shares: 0.0, known: 0 }
    }

    fn catch_up(&mut self, seen: &Seen<'_>) {
        for gone in &seen.past[self.known..] {
            self.conversions += gone.conversions;
            self.expected += gone.expected;
            self.impressions += gone.impressions;
        }
        self.known = seen.past.len();
        self.shares = TRAFFIC_SHARES[..seen.tick].iter().sum();
    }

    /// Forecasts the traffic: what is left of the block comes as this tick does, the day as so far, or as usual while little has been seen.
    fn standpoint(&self, seen: &Seen<'_>) -> Standpoint {
        let model = &self.mind.model;
        let share = |from: usize, to: usize| TRAFFIC_SHARES[from..to].iter().sum::<f64>();
        let tick = seen.tick;
        let rate = seen.impressions / TRAFFIC_SHARES[tick];
        let counted = (self.impressions + seen.impressions) / (self.shares + TRAFFIC_SHARES[tick]);
        let usual = f64::from(model.impressions);
        // A market of another size is recognised by half or twice the usual traffic, which four ticks' chance does not make.
        let trust = if (0.5..2.0).contains(&(counted / usual)) { 0.4 } else { 0.0 };
        let seen_share = self.shares + TRAFFIC_SHARES[tick];
        let day = (counted * seen_share + usual * trust) / (seen_share + trust);
        let (bend, end) = (((tick / 4 + 1) * 4).min(TICKS), (tick / BLOCK + 1) * BLOCK);
        let last = seen.past.last().filter(|gone| gone.price_mean > 0.0);
        let unusual = last.map_or(0.0, |gone| libm::log(gone.price_mean) - f64::from(model.usual[tick - 1]));
        let near = rate * share(tick, bend) + day * share(bend, end.max(bend));
        model.stand(tick, (near, day), seen.value_mean.max(1e-9), unusual.clamp(-4.0, 4.0))
    }

    /// Returns the expected score of what is had and what an outlook adds, less the price of violating the target.
    fn merit(&self, seen: &Seen<'_>, outlook: &Outlook) -> f64 {
        // Points and weights of Gauss and Hermite for a standard normal.
        const POINTS: [(f64, f64); 5] =
            [(-2.857, 0.01126), (-1.3556, 0.22208), (0.0, 0.53333), (1.3556, 0.22208), (2.857, 0.01126)];
        let spent = seen.budget - seen.remaining;
        let payable = (seen.remaining / outlook.cost.max(1e-9)).min(1.0);
        let (cost, brings) = (spent + payable * outlook.cost, payable * outlook.brings);
        let spread = libm::sqrt(brings + 0.25);
        let size = seen.budget / seen.target;
        let of = |(z, weight): (f64, f64)| {
            let conversions = (self.conversions + brings + z * spread).max(0.0);
            let over = cost / (seen.target * conversions.max(0.5)) - 1.0;
            // A step softened over a few percent, so that the best multiplier does not hang on one conversion.
            let violates = 0.5 + 0.5 * soft_sign(12.0 * over);
            weight * (score(conversions, cost, seen.target) - self.mind.caution * size * violates)
        };
        POINTS.into_iter().map(of).sum()
    }

    /// Finds the multiple of best merit, from an eighth to four times the target, and its outlook.
    fn choose(&self, seen: &Seen<'_>, from: &Standpoint) -> (f64, Outlook) {
        let target = libm::log2(seen.target);
        let of = |log: f64| {
            let outlook = self.mind.model.outlook(from, log + target);
            (self.merit(seen, &outlook), log, outlook)
        };
        let better =
            |best: (f64, f64, Outlook), one: (f64, f64, Outlook)| if one.0 > best.0 { one } else { best };
        let coarse = (0..=10).map(|step| of(f64::from(step) * 0.5 - 3.0));
        let mut best = coarse.fold((f64::NEG_INFINITY, 0.0, Outlook::default()), better);
        for step in [0.25, 0.12, 0.06] {
            let centre = best.1;
            best = [centre - step, centre + step].map(of).into_iter().fold(best, better);
        }
        (libm::exp2(best.1), best.2)
    }

    /// Returns the observation, each number about −2 to 2.
    fn observe(&self, seen: &Seen<'_>, from: &Standpoint, chosen: f64, ahead: &Outlook) -> [f64; INPUTS] {
        let model = &self.mind.model;
        let spent = seen.budget - seen.remaining;
        let size = seen.budget / seen.target;
        let level = model.levels.iter().map(|l| f64::from(*l)).sum::<f64>() / model.levels.len() as f64;
        let log = |x: f64| libm::log(x.max(1e-6)).clamp(-3.0, 3.0);
        let final_conversions = self.conversions + ahead.brings;
        [
            (TICKS - seen.tick) as f64 / TICKS as f64 * 2.0 - 1.0,
            seen.remaining / seen.budget * 2.0 - 1.0,
            5.0 * (self.shares - spent / seen.budget).clamp(-0.4, 0.4),
            log(size / 30.0),
            self.conversions / size * 2.0 - 1.0,
            log((spent / seen.target + 1.0) / (self.conversions + 1.0)),
            ((self.conversions - self.expected) / libm::sqrt(self.expected + 1.0)).clamp(-3.0, 3.0) / 1.5,
            log(chosen),
            log(chosen * seen.target * from.value / from.near_price),
            from.unusual.clamp(-2.0, 2.0),
            2.0 * log(from.value / level),
            2.0 * log((spent + ahead.cost).min(seen.budget) / (seen.target * final_conversions.max(0.5))),
            log(ahead.cost / seen.remaining.max(1e-6)),
            (BLOCK - seen.tick % BLOCK) as f64 / BLOCK as f64 * 2.0 - 1.0,
        ]
    }
}

impl Pace for Pilot {
    fn multiple(&mut self, seen: &Seen<'_>) -> f64 {
        self.catch_up(seen);
        if seen.impressions <= 0.0 || seen.remaining <= 0.0 {
            return 0.0;
        }
        let from = self.standpoint(seen);
        let (chosen, ahead) = self.choose(seen, &from);
        let inputs = self.observe(seen, &from, chosen, &ahead);
        let mut moved = [0.0];
        self.mind.net.answer(&self.mind.weights, &inputs, &mut moved);
        chosen * libm::exp(REACH * soft_sign(moved[0]))
    }
}
