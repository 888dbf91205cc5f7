//! The bidder: a plan made from what is known so far, and a network that corrects it.
//!
//! It meets a campaign it knows nothing of. From the auctions it has seen it estimates how prices and pCTRs are spread, plans on that ([`Plan`]) what
//! money is worth later, and makes the plan anew as it learns more: often at first, eight times in an episode later, and with every new budget. The plan takes the
//! estimates for the truth. A network sees how young they are and where the episode stands (the observation below), and makes a pCTR count for up to
//! e^[`REACH`] times more or less. Unlearned, it changes nothing.

use std::sync::Arc;

use motet_backtest::{Ask, Bidder, Outcome, bid_from_fen, fen_of, log_units};
use motet_units::{CpmMicros, Nanos};

use super::{
    plan::Plan,
    prices::{Prices, TOP},
    worths::Worths,
};
use crate::net::{Net, soft_sign};

/// How far the network moves the forecast's choice, as a natural logarithm.
pub const REACH: f64 = 0.7;

/// Numbers the network sees; they are named in `saved::OBSERVATION`, in this order.
pub(crate) const INPUTS: usize = super::saved::OBSERVATION.len();

/// All that is learnt.
#[derive(Clone, Debug, PartialEq)]
pub struct Mind {
    /// The chance of each whole price in fen on the training log.
    pub chances: Vec<f32>,
    /// How many auctions that counts as.
    pub usual: f64,
    /// After how many auctions what was seen counts half.
    pub memory: f64,
    /// The network's shape.
    pub net: Net,
    /// Its weights.
    pub weights: Vec<f32>,
}

/// The bidder.
#[derive(Clone, Debug)]
pub struct Pilot {
    mind: Arc<Mind>,
    prices: Prices,
    worths: Worths,
    /// Auctions seen since it was made.
    seen: f64,
    budget: f64,
    auctions: f64,
    /// Auctions until the next look.
    wait: u32,
    plan: Option<Plan>,
    /// The number of auctions seen at which the plan is made anew.
    next_plan: f64,
    /// What the network makes of a pCTR.
    factor: f64,
    bid: f64,
}

/// Auctions between two looks, at most.
const LOOK: u32 = 16;

impl Pilot {
    /// Makes one that knows only what it has learnt.
    pub fn new(mind: Arc<Mind>) -> Self {
        Self {
            prices: Prices::new(&mind.chances, mind.usual, mind.memory),
            worths: Worths::new(mind.memory),
            seen: 0.0,
            budget: 0.0,
            auctions: 1.0,
            wait: 0,
            plan: None,
            next_plan: 0.0,
            factor: 1.0,
            bid: 0.0,
            mind,
        }
    }

    /// Makes the plan anew, from what is known now.
    fn replan(&mut self, ask: &Ask) {
        self.prices.settle();
        self.worths.settle();
        let left = log_units(ask.budget_left);
        self.plan =
            Some(Plan::new(&self.prices.chances(), &self.worths.cells, ask.auctions_left as f64, left));
        self.next_plan = self.seen + (self.seen * 0.3).max(4.0).min((self.auctions / 8.0).max(50.0));
    }

    /// Lets the network answer to where the episode stands.
    fn correct(&mut self, ask: &Ask, plan: &Plan) {
        let inputs = self.observation(ask, plan);
        let mut answers = [0.0];
        self.mind.net.answer(&self.mind.weights, &inputs, &mut answers);
        self.factor = libm::exp(REACH * soft_sign(answers[0]));
        self.wait = (ask.auctions_left / 16).clamp(1, u64::from(LOOK)) as u32;
    }

    /// Returns the observation, each number about −2 to 2. What grows with the length of an episode is held to the longest that was learnt
    /// on, so that a longer one is corrected like that one and not by extrapolation.
    fn observation(&self, ask: &Ask, plan: &Plan) -> [f64; INPUTS] {
        let left = log_units(ask.budget_left);
        let auctions = ask.auctions_left as f64;
        let all = self.prices.pays[TOP].max(1e-9);
        let log = |x: f64| libm::log(x.max(1e-9));
        let elapsed = 1.0 - auctions / self.auctions.max(1.0);
        let spent = 1.0 - left / self.budget.max(1e-9);
        let (value, half) = (plan.value(auctions, left).max(1e-12), plan.value(auctions, 0.5 * left));
        [
            ((log(auctions) - 6.0) / 3.0).min(0.55),
            ((log(left / all) - 3.0) / 2.0).min(2.5),
            f64::midpoint(log(left / auctions / all), 2.0),
            4.0 * (half / value - 0.75),
            (log(self.worths.unlike) - 1.5) / 1.5,
            ((log(self.seen + 1.0) - 6.0) / 3.0).min(1.0),
            2.0 * elapsed - 1.0,
            (4.0 * (elapsed - spent)).clamp(-2.0, 2.0),
        ]
    }
}

impl Bidder for Pilot {
    fn begin(&mut self, budget: Nanos, auctions: u64) {
        (self.budget, self.auctions) = (log_units(budget), auctions as f64);
        (self.wait, self.plan) = (0, None);
    }

    fn bid(&mut self, ask: &Ask) -> CpmMicros {
        self.worths.saw(ask.pctr);
        if self.plan.is_none() || self.seen >= self.next_plan {
            self.replan(ask);
        }
        let Some(plan) = self.plan.take() else { return CpmMicros::ZERO };
        if self.wait == 0 {
            self.correct(ask, &plan);
        }
        self.wait -= 1;
        let later = ask.auctions_left.saturating_sub(1) as f64;
        let worth = plan.worth(self.factor * ask.pctr, later, log_units(ask.budget_left));
        self.plan = Some(plan);
        // A bid at the price loses, so it goes just above the dearest price worth paying.
        self.bid = worth.floor() + 1.0;
        bid_from_fen(self.bid)
    }

    fn observe(&mut self, _ask: &Ask, outcome: &Outcome) {
        self.seen += 1.0;
        match outcome {
            Outcome::Won { paid, .. } => self.prices.won(fen_of(*paid)),
            Outcome::Lost => self.prices.lost(self.bid),
        }
    }
}
