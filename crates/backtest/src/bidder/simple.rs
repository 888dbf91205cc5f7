//! Bidders with one number and no memory.

use motet_units::{Chance, CpmMicros, Stream};

use super::{Ask, Bidder};
use crate::bid_from_fen;

/// Bids one price for everything.
#[derive(Clone, Copy, Debug)]
pub struct Constant(CpmMicros);

impl Constant {
    /// Makes one that bids this.
    pub const fn new(price: CpmMicros) -> Self {
        Self(price)
    }
}

impl Bidder for Constant {
    fn bid(&mut self, _ask: &Ask) -> CpmMicros {
        self.0
    }
}

/// Bids evenly from nothing up to a top.
#[derive(Clone, Debug)]
pub struct Random {
    top_fen: f64,
    stream: Stream,
}

impl Random {
    /// Makes one with its own stream of a seed.
    pub fn new(top_fen: f64, seed: u64) -> Self {
        Self { top_fen, stream: Chance::new(seed, 0).stream("random bidder") }
    }
}

impl Bidder for Random {
    fn bid(&mut self, _ask: &Ask) -> CpmMicros {
        bid_from_fen(self.top_fen * self.stream.unit())
    }
}

/// Bids in proportion to the pCTR.
#[derive(Clone, Copy, Debug)]
pub struct Linear {
    fen_per_click: f64,
}

impl Linear {
    /// Makes one that bids so many fen per thousand impressions for a pCTR of 1.
    pub const fn new(fen_per_click: f64) -> Self {
        Self { fen_per_click }
    }
}

impl Bidder for Linear {
    fn bid(&mut self, ask: &Ask) -> CpmMicros {
        bid_from_fen(self.fen_per_click * ask.pctr)
    }
}
