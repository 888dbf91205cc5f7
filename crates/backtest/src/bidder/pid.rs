//! Feedback control: two bidders that steer a linear bid by what they see (Zhang et al., WSDM'16).
//!
//! `bid = base · exp(φ)`, `φ = P·e + I·Σe + D·Δe`, with the error `e` relative to what is aimed at and read once a round. `φ` is held to ±[`REACH`], and the sum
//! does not grow while it is held there, so a controller that could do nothing for an hour does not have to unlearn it.
//!
//! [`SpendEvenly`] aims at having spent, after each round, the same share of the budget as of the auctions. [`CostPerClick`] aims at a cost per click: it bids up while
//! clicks are cheaper than that and down while they are dearer. Until there is a click, the pCTRs stand in for it.

use motet_units::{CpmMicros, Nanos};

use super::{Ask, Bidder, Outcome};
use crate::{bid_from_fen, fen_of, log_units};

/// The furthest a controller moves its bid, as a logarithm: e^4 is about 55 times.
pub const REACH: f64 = 4.0;

/// How strongly a controller answers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gains {
    /// To the error now.
    pub proportional: f64,
    /// To the errors added up.
    pub integral: f64,
    /// To the change of the error.
    pub derivative: f64,
}

/// The controller itself: an error in, a logarithm of the bid's factor out.
#[derive(Clone, Copy, Debug)]
struct Controller {
    gains: Gains,
    sum: f64,
    last: Option<f64>,
    phi: f64,
}

impl Controller {
    fn new(gains: Gains) -> Self {
        Self { gains, sum: 0.0, last: None, phi: 0.0 }
    }

    fn learn(&mut self, error: f64) {
        let change = error - self.last.unwrap_or(error);
        let sum = self.sum + error;
        let wanted =
            self.gains.proportional * error + self.gains.integral * sum + self.gains.derivative * change;
        self.phi = wanted.clamp(-REACH, REACH);
        if (wanted - self.phi) * error <= 0.0 {
            self.sum = sum;
        }
        self.last = Some(error);
    }

    fn factor(&self) -> f64 {
        libm::exp(self.phi)
    }
}

/// Spends its budget evenly over the auctions.
#[derive(Clone, Copy, Debug)]
pub struct SpendEvenly {
    fen_per_click: f64,
    controller: Controller,
    round: u64,
    seen: u64,
    budget: f64,
    auctions: f64,
}

impl SpendEvenly {
    /// The gains it is used with here; found by trying ten pairs on campaigns 1458 and 2259.
    pub const GAINS: Gains = Gains { proportional: 5.0, integral: 0.05, derivative: 0.0 };
    /// Rounds in an episode, at most.
    const ROUNDS: u64 = 500;
    /// Auctions in a round, at least.
    const SHORTEST: u64 = 20;

    /// Makes one around a linear bid.
    pub fn new(fen_per_click: f64, gains: Gains) -> Self {
        let controller = Controller::new(gains);
        Self { fen_per_click, controller, round: 1, seen: 0, budget: 0.0, auctions: 0.0 }
    }

    /// Closes a round: how much less was spent so far than would have been even, as a share of the budget.
    fn close(&mut self, ask: &Ask) {
        self.seen = 0;
        if self.budget > 0.0 && self.auctions > 0.0 {
            let spent = 1.0 - log_units(ask.budget_left) / self.budget;
            let elapsed = 1.0 - ask.auctions_left as f64 / self.auctions;
            self.controller.learn(elapsed - spent);
        }
    }
}

impl Bidder for SpendEvenly {
    fn begin(&mut self, budget: Nanos, auctions: u64) {
        self.round = (auctions / Self::ROUNDS).max(Self::SHORTEST);
        self.seen = 0;
        (self.budget, self.auctions) = (log_units(budget), auctions as f64);
    }

    fn bid(&mut self, ask: &Ask) -> CpmMicros {
        if self.seen >= self.round {
            self.close(ask);
        }
        bid_from_fen(self.fen_per_click * ask.pctr * self.controller.factor())
    }

    fn observe(&mut self, _ask: &Ask, _outcome: &Outcome) {
        self.seen += 1;
    }
}

/// Holds the cost per click at a reference.
#[derive(Clone, Copy, Debug)]
pub struct CostPerClick {
    fen_per_click: f64,
    reference: f64,
    controller: Controller,
    round: u64,
    seen: u64,
    cost: f64,
    clicks: f64,
    expected: f64,
}

impl CostPerClick {
    /// The gains it is used with here; found on campaign 1458's train part.
    pub const GAINS: Gains = Gains { proportional: 1.0, integral: 0.2, derivative: 0.0 };
    /// Rounds in a log; where each episode has its own budget, rounds still run over the whole log.
    pub const ROUNDS: u64 = 40;

    /// Makes one around a linear bid, with a reference in thousandths of a fen per click, for a log of so many auctions.
    pub fn new(fen_per_click: f64, reference: f64, gains: Gains, auctions: u64) -> Self {
        Self {
            fen_per_click,
            reference,
            controller: Controller::new(gains),
            round: (auctions / Self::ROUNDS).max(1),
            seen: 0,
            cost: 0.0,
            clicks: 0.0,
            expected: 0.0,
        }
    }

    fn close(&mut self) {
        self.seen = 0;
        let clicks = if self.clicks > 0.0 { self.clicks } else { self.expected };
        if clicks > 0.0 {
            let per_click = self.cost / clicks;
            self.controller.learn(((self.reference - per_click) / self.reference).max(-2.0));
        } else {
            // Nothing was bought at all: bid up.
            self.controller.learn(1.0);
        }
    }
}

impl Bidder for CostPerClick {
    fn bid(&mut self, ask: &Ask) -> CpmMicros {
        if self.seen >= self.round {
            self.close();
        }
        bid_from_fen(self.fen_per_click * ask.pctr * self.controller.factor())
    }

    fn observe(&mut self, ask: &Ask, outcome: &Outcome) {
        self.seen += 1;
        if let Outcome::Won { paid, click } = outcome {
            self.cost += fen_of(*paid);
            self.clicks += f64::from(u8::from(*click));
            self.expected += ask.pctr;
        }
    }
}
