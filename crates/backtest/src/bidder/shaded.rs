//! Shading for auctions in which the winner pays its own bid: bids where the expected surplus is largest.
//!
//! Of a value `v` it bids the `b` that maximises `(v − b) · P(price < b)`, with the distribution of prices from the train part. `v` is a
//! fixed worth of a click × pCTR where money is no object, and pCTR ÷ μ of the dual descent where a budget binds. One table
//! of best bids by value is made at the start, so a bid is a look-up.

use motet_units::{CpmMicros, Nanos};

use super::{Ask, Bidder, Dual, Outcome};
use crate::{Landscape, bid_from_fen};

/// Best bids by value.
#[derive(Clone, Debug)]
struct Table {
    /// `from[i]` is the value in fen above which bidding above price `prices[i]` is best.
    steps: Vec<(f64, f64)>,
}

impl Table {
    /// Finds, from the lowest price up, the values at which the next bid becomes the better one. These are the corners of the upper
    /// envelope of the lines `v ↦ (v − b)·F(b)`, which only grow steeper.
    fn new(learnt: &Landscape) -> Self {
        let mut lines: Vec<(f64, f64)> = Vec::new();
        let mut share = 0.0;
        for (fen, chance) in learnt.chances().iter().enumerate().filter(|(_, chance)| **chance > 0.0) {
            share += chance;
            lines.push((fen as f64 + EDGE, share));
        }
        let mut steps: Vec<(f64, f64)> = Vec::new();
        let mut kept: Vec<(f64, f64)> = Vec::new();
        for (bid, share) in lines {
            let corner = loop {
                let Some(&(before, less)) = kept.last() else { break bid };
                let corner = (bid * share - before * less) / (share - less);
                let from = steps.last().map_or(0.0, |step: &(f64, f64)| step.0);
                if corner > from || kept.len() == 1 {
                    break corner.max(from);
                }
                kept.pop();
                steps.pop();
            };
            kept.push((bid, share));
            steps.push((corner, bid));
        }
        Self { steps }
    }

    fn bid(&self, value: f64) -> f64 {
        let at = self.steps.partition_point(|(from, _)| *from <= value);
        at.checked_sub(1).map_or(0.0, |at| self.steps[at].1)
    }
}

/// How far above a price a bid has to be, in fen: the smallest step a price can make.
const EDGE: f64 = 1.0 / crate::FEN as f64;

/// What a click is worth.
#[derive(Clone, Copy, Debug)]
enum Worth {
    Fixed(f64),
    Paced(Dual),
}

/// The bidder.
#[derive(Clone, Debug)]
pub struct Shaded {
    worth: Worth,
    table: Table,
}

impl Shaded {
    /// Makes one to whom a click is worth so many fen per thousand.
    pub fn of_fixed_worth(learnt: &Landscape, fen_per_click: f64) -> Self {
        Self { worth: Worth::Fixed(fen_per_click), table: Table::new(learnt) }
    }

    /// Makes one that learns what a click is worth from its budget.
    pub fn paced(learnt: &Landscape, eta: f64) -> Self {
        Self { worth: Worth::Paced(Dual::new(learnt, eta)), table: Table::new(learnt) }
    }
}

impl Bidder for Shaded {
    fn begin(&mut self, budget: Nanos, auctions: u64) {
        if let Worth::Paced(dual) = &mut self.worth {
            dual.begin(budget, auctions);
        }
    }

    fn bid(&mut self, ask: &Ask) -> CpmMicros {
        let value = match &self.worth {
            Worth::Fixed(fen_per_click) => fen_per_click * ask.pctr,
            Worth::Paced(dual) => dual.value(ask.pctr),
        };
        // To the nearest step of a price, so that the edge above a whole fen survives.
        bid_from_fen(self.table.bid(value) + 0.5 * EDGE)
    }

    fn observe(&mut self, ask: &Ask, outcome: &Outcome) {
        if let Worth::Paced(dual) = &mut self.worth {
            dual.observe(ask, outcome);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Auction, price_from_fen};

    #[test]
    fn the_table_finds_the_bid_of_largest_surplus() {
        let prices = [3_u32, 3, 10, 11, 11, 11, 40, 41, 80, 300];
        let auction =
            |fen: &u32| Auction { price: price_from_fen(*fen), pctr: 0.1, hour: None, click: false };
        let learnt = Landscape::learn(&prices.iter().map(auction).collect::<Vec<_>>()).unwrap();
        let table = Table::new(&learnt);
        let surplus = |value: f64, bid: f64| {
            (value - bid) * prices.iter().filter(|p| f64::from(**p) < bid).count() as f64
        };
        for value in 0..900 {
            let value = f64::from(value) + 0.5;
            let best = prices.iter().map(|p| surplus(value, f64::from(*p) + EDGE)).fold(0.0, f64::max);
            let found = surplus(value, table.bid(value));
            assert!((found - best).abs() < 1e-6, "value {value}: {found} against {best}");
        }
    }
}
