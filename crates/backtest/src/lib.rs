//! One bidder against a log of real prices: replay of iPinYou campaigns and the bidders to beat there.
//!
//! A log of impressions says what each of them cost. Whoever would have bid more than that price would have had it, and in a
//! second-price auction for that price, so a day can be taken again under another bidder exactly. That is the rule of
//! the contest's organisers (Zhang et al., arXiv:1407.7073): *win if bid > payprice, pay payprice*.
//!
//! | to | start at |
//! |---|---|
//! | read a log | [`log::auctions`] for rows of click, price, pCTR, hour; [`log::rows`] for the contest's own 24, 27 or 29 columns |
//! | write a bidder | [`Bidder`]; the built-in ones are in [`bidder`], by name in [`BuiltIn`] |
//! | take the day again | [`replay()`] |
//! | know what was possible | [`ceiling`] |
//! | put all of it in one table | [`compare()`] |
//!
//! What it cannot know: whom the log's own bidder lost to. Prices above the logged bid (277 to 300) were never seen, so replay is
//! valid for bids up to it, and a bid above never meets a dearer auction. Other bidders do not react. pCTRs are those of the log,
//! whoever fitted them, and Σ pCTR is what bidders are compared on: clicks are too few (156 in 220,000).
//!
//! **Money.** The logs count in CPM fen. A price is [`motet_units::CpmMicros`] with the yuan for a unit, so one fen is [`FEN`] micros, one impression costs
//! exactly that many nanos, and the sum of a log's prices in fen is its cost divided by [`FEN`]. No bidder is trusted with its
//! budget: the replay refuses what cannot be paid.

pub mod bidder;
pub mod ceiling;
pub mod compare;
pub mod control;
pub mod landscape;
pub mod log;
pub mod model;
pub mod replay;
pub mod surplus;

mod error;

use motet_units::{CpmMicros, Nanos, Rounding};

pub use bidder::{Ask, Bidder, BuiltIn, Outcome};
pub use compare::{Comparison, Setting, Standing, compare};
pub use error::Error;
pub use landscape::Landscape;
pub use log::Auction;
pub use replay::{Budget, Paid, Rules, Tally, replay};

/// One fen per thousand impressions, in micros of a yuan per thousand impressions.
pub const FEN: i64 = 10_000;

/// Makes a price from whole fen per thousand impressions.
pub const fn price_from_fen(fen: u32) -> CpmMicros {
    CpmMicros::new(fen as i64 * FEN)
}

/// Makes a bid from real fen per thousand impressions, rounded down; NaN and negatives become zero.
pub fn bid_from_fen(fen: f64) -> CpmMicros {
    CpmMicros::from_f64(fen * FEN as f64, Rounding::Down)
}

/// Returns a price in fen per thousand impressions.
pub fn fen_of(price: CpmMicros) -> f64 {
    price.as_f64() / FEN as f64
}

/// Returns an amount in the log's unit: thousandths of a fen, so that one impression at a price of 80 costs 80.
///
/// ```
/// use motet_backtest::{log_units, price_from_fen};
/// assert_eq!(log_units(price_from_fen(80).per_impression()), 80.0);
/// ```
pub fn log_units(amount: Nanos) -> f64 {
    amount.as_f64() / FEN as f64
}
