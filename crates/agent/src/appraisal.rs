//! What the bidder knows of a market, put so that others can use it: the seller with its floor, another buyer with its bid.

use motet_model::request::{MediaKind, Pricing};
use motet_units::CpmMicros;

use crate::MarketKey;

/// A slot somebody else sells or bids for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lot {
    /// The market it is sold on.
    pub market: MarketKey,
    /// The media kind.
    pub kind: MediaKind,
    /// The lowest price taken.
    pub floor: CpmMicros,
    /// How the seller prices the winner.
    pub pricing: Pricing,
    /// What it is worth to whoever bids: its bid before shading; 0 where nobody has bid.
    pub value: CpmMicros,
}

/// How prices lie where a lot is sold, as learned from won and lost bids.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Appraisal {
    /// How many outcomes it stands for, at least 0: those of wider markets included, older ones fading.
    pub evidence: f64,
    /// The bid with the highest expected profit at the lot's value, from the floor up to the value.
    pub bid: CpmMicros,
    /// The floor with the highest expected income to the seller: floor × P(the highest bid reaches it).
    pub floor: CpmMicros,
    /// What is best added to the lot's floor by whoever keeps the difference: added × P(the highest bid reaches the sum).
    pub markup: CpmMicros,
}
