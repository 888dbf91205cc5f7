//! A market in AuctionNet's format (Alimama, `NeurIPS` 2024): budgets, target CPAs, and a ranked sale of three slots.
//!
//! Forty-eight advertisers in six categories of eight bid for about 500,000 impressions in 48 ticks. Before each tick an
//! advertiser sees its predicted conversion probability of every impression in it (its *value*) and answers with one
//! multiplier (bid = multiplier × value) or with a bid for each. Per impression:
//!
//! 1. the three highest bids take slots 1, 2, 3; each pays the next bid below it, never less than the reserve, and a slot
//!    whose price is not above the reserve stays unsold;
//! 2. slot 1 is always shown, slot 2 with probability 0.8, slot 3 with 0.6 and only if slot 2 is; only a shown slot pays;
//! 3. a shown slot converts with a probability drawn around the value (a normal with the value's own deviation, truncated).
//!
//! Where a tick would cost an advertiser more than it has left, a random share of its wins, the share that is too much, is
//! taken from it and the tick's auctions are run again, until nobody overspends. An advertiser's score is
//! `conversions × min(1, (target CPA ÷ CPA)²)`.
//!
//! | part | module |
//! |---|---|
//! | who is at the table: budgets, targets | `roster` |
//! | impressions by tick, values and their deviations | `traffic` |
//! | the four highest bids of each impression | `rank` |
//! | prices, exposure, overspend | `sale` |
//! | the episode, tick by tick | `episode` |
//! | who bids | [`Bidder`], [`rivals`], [`League`] |
//! | what the best constant multiplier would have earned | [`hindsight`](mod@hindsight) |
//!
//! # Where it differs from the published environment, on purpose
//!
//! * Draws come from keyed streams, so distributions agree and single draws do not.
//! * The published environment restarts its noise in every pass *and* every tick. Here the noise of a cell (tick, impression,
//!   advertiser) is the same in all passes of its tick, and fresh in the next tick.
//! * A bid is rounded down to 18 significant bits (at most 8 in a million), so that a bid and its bidder are ranked as one
//!   machine word. Equal bids rank by the advertiser's index.
//! * Prices are charged in whole nanos, rounded down, so accounts add up exactly.
//!
//! Money here is in the benchmark's own unit; values and scores are statistics, not money.

mod bidder;
mod episode;
pub mod hindsight;
mod league;
mod rank;
pub mod rivals;
mod roster;
mod sale;
mod score;
mod traffic;

pub use bidder::{Bidder, Bids, Past, View};
pub use episode::{AgentTick, Episode, Options, TickResult, Win};
pub use hindsight::{BestConstant, Hindsight};
pub use league::{EpisodeReport, League, Seat, SeatReport};
pub use roster::{Advertiser, roster};
pub use score::score;
pub use traffic::{TICKS, TRAFFIC_SHARES};
