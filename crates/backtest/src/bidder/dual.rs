//! Dual mirror descent: bids pCTR ÷ μ and moves μ by how far each payment is from the even spend.
//!
//! `μ ← μ · exp(−η · (1 − paid / ρ))` with `ρ` the budget per auction (Balseiro, Lu and Mirrokni, ICML'20, with the entropy for a mirror).
//! μ converges to the multiplier of the hindsight optimum when the traffic does not drift, and follows it slowly when it does.
//! A small `η` forgets slowly and suits a long log; an episode of a thousand auctions needs a larger one. It starts at half the mean
//! pCTR per mean price, which is to bid twice what `linear` bids: too much at first, rather than to leave good impressions
//! unbought before anything is known. The multiplier is kept from one episode to the next.

use motet_units::{CpmMicros, Nanos};

use super::{Ask, Bidder, Outcome};
use crate::{Landscape, bid_from_fen, fen_of, log_units};

/// The step for one budget over a whole log.
pub const ETA_WHOLE_LOG: f64 = 0.002;
/// The step for a budget per episode of about a thousand auctions.
pub const ETA_EPISODE: f64 = 0.01;

/// The bidder.
#[derive(Clone, Copy, Debug)]
pub struct Dual {
    multiplier: f64,
    eta: f64,
    even_spend: f64,
}

impl Dual {
    /// Makes one that starts from what a log taught.
    pub fn new(learnt: &Landscape, eta: f64) -> Self {
        let start = 0.5 * learnt.mean_pctr() / learnt.mean_price().max(1.0);
        Self { multiplier: start.max(f64::MIN_POSITIVE), eta, even_spend: 0.0 }
    }

    /// Returns what a pCTR is worth now, in fen per thousand impressions.
    pub fn value(&self, pctr: f64) -> f64 {
        pctr / self.multiplier
    }

    /// Returns the multiplier: pCTR per fen.
    pub const fn multiplier(&self) -> f64 {
        self.multiplier
    }
}

impl Bidder for Dual {
    fn begin(&mut self, budget: Nanos, auctions: u64) {
        self.even_spend = log_units(budget) / auctions.max(1) as f64;
    }

    fn bid(&mut self, ask: &Ask) -> CpmMicros {
        bid_from_fen(self.value(ask.pctr))
    }

    fn observe(&mut self, _ask: &Ask, outcome: &Outcome) {
        let paid = match outcome {
            Outcome::Won { paid, .. } => fen_of(*paid),
            Outcome::Lost => 0.0,
        };
        // Without a budget nothing can be won, and there is nothing to learn.
        if self.even_spend > 0.0 {
            let moved = self.multiplier * libm::exp(-self.eta * (1.0 - paid / self.even_spend));
            self.multiplier = moved.clamp(1e-12, 1e12);
        }
    }
}
