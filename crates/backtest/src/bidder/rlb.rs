//! RLB: bidding as dynamic programming over auctions and money left (Cai et al., WSDM'17).
//!
//! With the chance `m(δ)` of each whole price and the mean pCTR `θ̄` of the train part, the clicks to be expected from `t` auctions and budget `b` are
//!
//! `V(t, b) = V(t−1, b) + Σ_{δ ≤ b} m(δ) · max(0, θ̄ + V(t−1, b−δ) − V(t−1, b))`, `V(0, ·) = 0`,
//!
//! and an impression of pCTR `θ` is worth the highest `δ` with `θ + V(t−1, b−δ) ≥ V(t−1, b)`. The bid is just above it, for a bid at the price loses. `V`
//! grows in `b`, so the gain falls in `δ`: the sum stops at its first negative term, and the bid is found by bisection.
//!
//! **Large budgets.** A table of `t × b` cells is only made up to [`CELLS`] of them. A state outside it is mapped to the longest row that has room
//! for it at the same budget per auction, `b'/t' = b/t`, as the paper does for its large-scale variant (action mapping).
//!
//! All that is known of the pCTRs to come is their mean. Where few impressions are worth many times the mean, as in campaign 1458, money is
//! therefore kept from them for no reason or spent on ordinary ones; the figures show it.
//!
//! Money is counted in whole fen here, as the log's prices are; what is left is rounded down.

use motet_units::{CpmMicros, Nanos};

use super::{Ask, Bidder};
use crate::{Landscape, log_units, price_from_fen};

/// The most cells a table has: 32 million, 128 MB.
pub const CELLS: usize = 32_000_000;

/// How much more money per auction than at the start the last row of a mapped table has room for.
const ROOM: f64 = 1.5;

/// `V(t, b)` for all `t` and `b` up to a bound.
#[derive(Clone, Debug)]
pub struct ValueTable {
    width: usize,
    auctions: usize,
    values: Vec<f32>,
}

impl ValueTable {
    /// Fills a table for `0..=auctions` and `0..=budget` (fen), given the chance of each whole price and the mean pCTR.
    pub fn new(chances: &[f64], mean_pctr: f64, auctions: usize, budget: usize) -> Self {
        let width = budget + 1;
        let mut values = Vec::with_capacity((auctions + 1) * width);
        values.resize(width, 0.0_f32);
        let mut before = vec![0.0_f64; width];
        let mut now = vec![0.0_f64; width];
        for _ in 0..auctions {
            for b in 0..width {
                now[b] = before[b] + gain(chances, mean_pctr, &before[..=b]);
            }
            values.extend(now.iter().map(|value| *value as f32));
            std::mem::swap(&mut before, &mut now);
        }
        Self { width, auctions, values }
    }

    /// Returns the clicks to be expected from `auctions` and a budget in fen, both held to the table's.
    pub fn value(&self, auctions: usize, budget: usize) -> f64 {
        f64::from(self.row(auctions)[budget.min(self.width - 1)])
    }

    /// Finds a state of the table with as much money per auction as this one has.
    fn place(&self, later: usize, units: f64) -> (usize, usize) {
        if later <= self.auctions && units < self.width as f64 {
            return (later, units as usize);
        }
        let per_auction = units / later.max(1) as f64;
        let room = (self.width - 1) as f64 / per_auction.max(1e-9);
        let row = room.min(self.auctions as f64).min(later as f64).floor();
        (row as usize, (row * per_auction) as usize)
    }

    fn row(&self, auctions: usize) -> &[f32] {
        let at = auctions.min(self.auctions) * self.width;
        &self.values[at..at + self.width]
    }

    /// Returns the dearest price worth paying with `later` auctions to come after this one, at most `dearest`.
    pub fn worth(&self, pctr: f64, later: usize, budget: usize, dearest: usize) -> usize {
        let row = self.row(later);
        let budget = budget.min(self.width - 1);
        let keep = f64::from(row[budget]);
        let affordable = dearest.min(budget);
        // The number of prices above 0 that are worth paying: the gain falls with the price.
        let mut low = 0;
        let mut high = affordable;
        while low < high {
            let middle = (low + high).div_ceil(2);
            if pctr + f64::from(row[budget - middle]) >= keep {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        low
    }
}

/// The gain of one auction: over all prices worth paying, their chance times what paying them is better than not.
fn gain(chances: &[f64], mean_pctr: f64, values: &[f64]) -> f64 {
    let keep = values[values.len() - 1];
    let mut sum = 0.0;
    for (chance, after) in chances.iter().zip(values.iter().rev()) {
        let better = mean_pctr + after - keep;
        if better < 0.0 {
            break;
        }
        sum += chance * better;
    }
    sum
}

/// The bidder.
#[derive(Clone, Debug)]
pub struct Rlb {
    table: ValueTable,
    dearest: usize,
}

impl Rlb {
    /// Makes one for episodes of so many auctions with such a budget.
    pub fn new(learnt: &Landscape, auctions: u64, budget: Nanos) -> Self {
        Self::within(learnt, auctions, budget, CELLS)
    }

    /// Makes one whose table has at most about `cells` cells.
    pub fn within(learnt: &Landscape, auctions: u64, budget: Nanos, cells: usize) -> Self {
        let dearest = learnt.counts().len() - 1;
        // No more can be spent than the dearest price in each auction.
        let most = dearest as f64 * auctions as f64;
        let units = log_units(budget).min(most);
        let (rows, width) = if (auctions as f64 + 1.0) * (units + 1.0) <= cells as f64 {
            (auctions as usize, units as usize)
        } else {
            let per_auction = (units / auctions.max(1) as f64).max(1e-9) * ROOM;
            let rows = (cells as f64 / per_auction).sqrt().min(auctions as f64).min(MAPPED);
            (rows as usize, (rows * per_auction) as usize)
        };
        let table = ValueTable::new(&learnt.chances(), learnt.mean_pctr(), rows, width);
        Self { table, dearest }
    }
}

/// The longest table that is made when states have to be mapped: a longer one says little more, and takes longer to fill.
const MAPPED: f64 = 1_000.0;

impl Bidder for Rlb {
    fn bid(&mut self, ask: &Ask) -> CpmMicros {
        let later = ask.auctions_left.saturating_sub(1) as usize;
        let (row, budget) = self.table.place(later, log_units(ask.budget_left));
        let worth = self.table.worth(ask.pctr, row, budget, self.dearest);
        // A mapped state knows less money than there is; what can be paid is seen to by the replay.
        price_from_fen(worth as u32).next_up()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The most clicks to be expected, over every rule that says for each state which prices to pay.
    fn brute_force(chances: &[f64], mean: f64, auctions: usize, budget: usize) -> f64 {
        if auctions == 0 {
            return 0.0;
        }
        let bids = 0..=budget.min(chances.len() - 1);
        let keep = brute_force(chances, mean, auctions - 1, budget);
        // Bidding b wins every price up to b: try each b, and not bidding.
        let of = |bid: usize| -> f64 {
            let won: f64 = (0..=bid)
                .map(|price| {
                    chances[price] * (mean + brute_force(chances, mean, auctions - 1, budget - price))
                })
                .sum();
            won + chances[bid + 1..].iter().sum::<f64>() * keep
        };
        bids.map(of).fold(keep, f64::max)
    }

    #[test]
    fn the_table_equals_trying_every_bid() {
        for (chances, mean) in
            [(vec![0.1, 0.4, 0.2, 0.3], 0.2), (vec![0.0, 0.0, 0.5, 0.25, 0.25], 0.7), (vec![1.0], 0.1)]
        {
            let table = ValueTable::new(&chances, mean, 5, 7);
            for auctions in 0..=5 {
                for budget in 0..=7 {
                    let exact = brute_force(&chances, mean, auctions, budget);
                    let found = table.value(auctions, budget);
                    assert!((found - exact).abs() < 1e-6, "V({auctions}, {budget}) = {found}, not {exact}");
                }
            }
        }
    }

    #[test]
    fn the_last_auction_is_worth_all_that_is_left() {
        let table = ValueTable::new(&[0.25; 4], 0.5, 3, 9);
        assert_eq!(table.worth(0.001, 0, 2, 3), 2);
        assert_eq!(table.worth(0.001, 0, 9, 3), 3);
    }

    #[test]
    fn with_money_short_a_poor_impression_is_left() {
        let table = ValueTable::new(&[0.0, 0.5, 0.5], 0.5, 20, 10);
        assert_eq!(table.worth(0.05, 19, 3, 2), 0);
        assert_eq!(table.worth(2.0, 19, 3, 2), 2);
    }
}
