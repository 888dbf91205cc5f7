//! Auctions by the block.

use motet_units::{Chance, Stream};
use serde::Serialize;

use super::{AGENTS, CONTEXT, Catalogue, ITEMS, catalogue::Shelf};
use crate::{chance::unit, normal::fill_standard};

/// Auctions that share one keyed block of contexts.
const BLOCK: usize = 256;
const UNORDERED_PAIRS: u64 = (AGENTS * (AGENTS - 1) / 2) as u64;

/// What the auctions came to.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Totals {
    /// Auctions held.
    pub auctions: u64,
    /// Clicks.
    pub clicks: u64,
    /// The value of the clicks.
    pub welfare: f64,
    /// The value to expect: CTR × value of what was shown.
    pub expected_welfare: f64,
    /// The prices paid.
    pub revenue: f64,
    /// The value of each advertiser's clicks.
    pub gross: [f64; AGENTS],
    /// What each advertiser paid.
    pub paid: [f64; AGENTS],
}

/// One market: a catalogue, and auctions keyed by a seed.
#[derive(Clone, Debug)]
pub struct Market {
    catalogue: Catalogue,
    seed: u64,
    blocks: u64,
    totals: Totals,
}

/// What an advertiser offers in an auction.
#[derive(Clone, Copy, Debug)]
struct Offer {
    agent: usize,
    bid: f32,
    value: f32,
}

impl Market {
    /// Opens a market.
    pub fn new(catalogue: Catalogue, seed: u64) -> Self {
        Self { catalogue, seed, blocks: 0, totals: Totals::default() }
    }

    /// Holds this many auctions more. Blocks are keyed: two runs of 1,024 equal one of 2,048.
    pub fn run(&mut self, auctions: u64) {
        let mut left = auctions;
        while left > 0 {
            let many = left.min(BLOCK as u64);
            self.block(many as usize);
            left -= many;
        }
    }

    /// Returns what the auctions so far came to.
    pub const fn totals(&self) -> &Totals {
        &self.totals
    }

    fn block(&mut self, many: usize) {
        let chance = Chance::new(self.seed, self.blocks);
        let mut contexts = [[0.0; BLOCK]; CONTEXT];
        for (dimension, context) in contexts.iter_mut().enumerate() {
            fill_standard(context, Chance::new(chance.key(), dimension as u64).key());
        }
        let mut stream = chance.stream("auction");
        for auction in 0..many {
            self.auction(contexts.map(|context| context[auction]), &mut stream);
        }
        self.blocks += 1;
    }

    fn auction(&mut self, context: [f32; CONTEXT], stream: &mut Stream) {
        let bits = stream.bits();
        let [first, second] =
            participants(bits & 0xffff_ffff).map(|agent| offer(&self.catalogue, agent, &context));
        let (winner, price) = if first.bid >= second.bid { (first, second.bid) } else { (second, first.bid) };
        // bid = CTR × value, so a click is a draw below bid ÷ value. The pair took the low bits, the draw takes the high ones.
        let clicked = unit(bits) * winner.value < winner.bid;
        let gained = if clicked { f64::from(winner.value) } else { 0.0 };
        self.totals.auctions += 1;
        self.totals.clicks += u64::from(clicked);
        self.totals.welfare += gained;
        self.totals.expected_welfare += f64::from(winner.bid);
        self.totals.revenue += f64::from(price);
        self.totals.gross[winner.agent] += gained;
        self.totals.paid[winner.agent] += f64::from(price);
    }
}

/// Returns two different advertisers, every pair equally likely, of 32 random bits.
fn participants(bits: u64) -> [usize; 2] {
    let pair = ((bits * UNORDERED_PAIRS) >> 32) as usize;
    // The triangle of pairs folded into three rows of five: row r holds its own columns and, in front, those of row 5 − r.
    let (row, column) = (pair / (AGENTS - 1), pair % (AGENTS - 1));
    if column >= row { [row, column + 1] } else { [AGENTS - 1 - row, AGENTS - 1 - column] }
}

fn offer(catalogue: &Catalogue, agent: usize, context: &[f32; CONTEXT]) -> Offer {
    let shelf = &catalogue.shelves[agent];
    let worth = worth(shelf, context);
    let (mut bid, mut value) = (worth[0], shelf.values[0]);
    for (&worth, &its_value) in worth.iter().zip(&shelf.values).skip(1) {
        let better = worth > bid;
        bid = if better { worth } else { bid };
        value = if better { its_value } else { value };
    }
    Offer { agent, bid, value }
}

/// Returns CTR × value of every item.
fn worth(shelf: &Shelf, context: &[f32; CONTEXT]) -> [f32; ITEMS] {
    let mut logits = shelf.intercepts;
    for (weights, x) in shelf.weights.iter().zip(context) {
        for (logit, weight) in logits.iter_mut().zip(weights) {
            *logit += weight * x;
        }
    }
    let mut worth = [0.0; ITEMS];
    for item in 0..ITEMS {
        worth[item] = shelf.values[item] / (1.0 + exp(-logits[item]));
    }
    worth
}

/// Returns e to the power of `x`, for −60 ≤ x ≤ 60 (beyond: as at the end), relative error below 1e-6.
#[inline]
fn exp(x: f32) -> f32 {
    const SHIFT: f32 = 12_582_912.0; // 1.5 × 2^23: adding it rounds to a whole number.
    let x = if x > -60.0 { x } else { -60.0 };
    let x = if x < 60.0 { x } else { 60.0 };
    let shifted = x * core::f32::consts::LOG2_E + SHIFT;
    let whole = shifted - SHIFT;
    let r = (x - whole * 0.693_359_4) + whole * 2.121_944_4e-4;
    let series = 1.0
        + r * (1.0 + r * (0.5 + r * (1.0 / 6.0 + r * (1.0 / 24.0 + r * (1.0 / 120.0 + r * (1.0 / 720.0))))));
    let power = f32::from_bits(shifted.to_bits().wrapping_add(127) << 23);
    series * power
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn the_exponential_equals_the_library_one() {
        for i in -5_900..5_900 {
            let x = i as f32 / 100.0;
            let (ours, theirs) = (f64::from(exp(x)), libm::exp(f64::from(x)));
            assert!((ours / theirs - 1.0).abs() < 1e-6, "{x}: {ours} {theirs}");
        }
    }

    #[test]
    fn every_pair_of_advertisers_is_equally_likely() {
        let mut counts = BTreeMap::new();
        for i in 0..15_u64 {
            let [a, b] = participants((i << 32) / 15 + 1);
            assert_ne!(a, b);
            *counts.entry((a.min(b), a.max(b))).or_insert(0) += 1;
        }
        assert_eq!(counts.len(), 15);
        assert!(counts.values().all(|n| *n == 1));
    }

    #[test]
    fn an_offer_is_the_best_item_at_its_worth() {
        let catalogue = Catalogue::reference();
        let mut stream = Chance::new(2, 0).stream("context");
        for _ in 0..2_000 {
            let context: [f32; CONTEXT] = core::array::from_fn(|_| 4.0 * stream.unit() as f32 - 2.0);
            for (agent, shelf) in catalogue.shelves.iter().enumerate() {
                let plain = |item: usize| {
                    let dot: f64 = (0..CONTEXT).map(|d| f64::from(shelf.weights[d][item] * context[d])).sum();
                    let logit = dot + f64::from(shelf.intercepts[item]);
                    f64::from(shelf.values[item]) / (1.0 + libm::exp(-logit))
                };
                let best = (0..ITEMS).map(plain).fold(0.0, f64::max);
                let bid = f64::from(offer(&catalogue, agent, &context).bid);
                assert!((bid / best - 1.0).abs() < 1e-5, "{bid} {best}");
            }
        }
    }
}
