//! Bidders: what one is, and the built-in ones to beat.
//!
//! | name | bids | learns from the train part | source |
//! |---|---|---|---|
//! | `const` | one price | the price that did best | |
//! | `random` | evenly from nothing to a top | the top that did best | |
//! | `truthful` | pCTR × what a click cost | cost per click | mcpc in Zhang et al., arXiv:1407.7073 |
//! | `linear` | pCTR × mean price ÷ mean pCTR | the two means | same, without tuning |
//! | `lin` | the same, × a factor | the factor that did best | same, tuned |
//! | `pid` | `lin`'s, steered to spend evenly | the two means | Zhang et al., WSDM'16; Geyik et al. on pacing |
//! | `pid-ecpc` | `linear`'s, steered to a cost per click | means, cost per click | Zhang et al., WSDM'16 |
//! | `dual` | pCTR ÷ multiplier, the multiplier learnt on the way | the two means, to start from | Balseiro, Lu and Mirrokni, ICML'20 |
//! | `rlb` | the price at which money is worth as much later | distribution of prices, mean pCTR | Cai et al., WSDM'17 |
//! | `shaded` | `dual`'s value, less what the market need not be paid | distribution of prices | winning-rate shading (Pan and others, 2020) |
//!
//! The last is of use where the winner pays its own bid.

mod built_in;
mod dual;
mod pid;
mod rlb;
mod shaded;
mod simple;
mod tune;

use motet_units::{CpmMicros, Nanos};

pub use built_in::BuiltIn;
pub use dual::{Dual, ETA_EPISODE, ETA_WHOLE_LOG};
pub use pid::{CostPerClick, Gains, REACH, SpendEvenly};
pub use rlb::{CELLS, Rlb, ValueTable};
pub use shaded::Shaded;
pub use simple::{Constant, Linear, Random};

/// What a bidder is asked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ask {
    /// What is left of the budget.
    pub budget_left: Nanos,
    /// Auctions left, with this one.
    pub auctions_left: u64,
    /// The chance of a click on this one.
    pub pctr: f64,
    /// The hour, where the log knows it.
    pub hour: Option<u32>,
}

/// How an auction ended for the bidder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It has the impression.
    Won {
        /// What it paid.
        paid: CpmMicros,
        /// Whether it was clicked.
        click: bool,
    },
    /// Another has it, for a price that is not told.
    Lost,
}

/// Whoever bids in a replay.
pub trait Bidder {
    /// A budget is given for so many auctions. What was learnt before may be kept.
    fn begin(&mut self, _budget: Nanos, _auctions: u64) {}
    /// Bids. What cannot be paid is not won, so a bid may be above what is left.
    fn bid(&mut self, ask: &Ask) -> CpmMicros;
    /// Learns how it ended.
    fn observe(&mut self, _ask: &Ask, _outcome: &Outcome) {}
}
