//! Two controllers of spend.

use super::super::{
    TICKS, TRAFFIC_SHARES,
    bidder::{Bidder, Bids, View},
};

/// The published environment's PID rule.
///
/// It starts at 15 per conversion whatever its target. Each tick it compares the last tick's cost, stretched over the ticks that
/// are left, with the budget that is left: below 0.7 of it the multiplier goes up by a fifth, above 1.1 down by three tenths.
/// It knows nothing of its target CPA.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepPid {
    multiplier: f64,
}

impl Default for StepPid {
    fn default() -> Self {
        Self { multiplier: 15.0 }
    }
}

impl Bidder for StepPid {
    fn bid(&mut self, view: &View<'_>) -> Bids {
        if let Some(last) = view.past.last() {
            let stretched = last.cost.as_f64() * (TICKS - view.tick) as f64;
            let left = view.remaining.as_f64();
            if stretched < 0.7 * left {
                self.multiplier *= 1.2;
            } else if stretched > 1.1 * left {
                self.multiplier *= 0.7;
            }
        }
        Bids::Multiplier(self.multiplier as f32)
    }
}

/// A budget pacer: spend follows the day's usual traffic.
///
/// With `e` the planned less the actual spend, as a share of the budget, the bid per conversion is
/// `target × exp(4 e + 2 Σe + 1 Δe)`, held between a tenth of the target and `ceiling` times it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PidPacer {
    /// The highest multiple of the target CPA it will bid.
    pub ceiling: f64,
    sum: f64,
    last: f64,
}

impl PidPacer {
    /// Makes a pacer that bids at most this multiple of its target CPA.
    pub const fn new(ceiling: f64) -> Self {
        Self { ceiling, sum: 0.0, last: 0.0 }
    }
}

impl Bidder for PidPacer {
    fn bid(&mut self, view: &View<'_>) -> Bids {
        let planned: f64 = TRAFFIC_SHARES[..view.tick].iter().sum();
        let error = planned - (1.0 - view.budget_left());
        let drive = 4.0 * error + 2.0 * self.sum + (error - self.last);
        // The sum stops while the output is at its end, so that it does not wind up.
        let multiple = libm::exp(drive).clamp(0.1, self.ceiling);
        if multiple > 0.1 && multiple < self.ceiling {
            self.sum += error;
        }
        self.last = error;
        Bids::Multiplier((multiple * view.advertiser.target_cpa) as f32)
    }
}
