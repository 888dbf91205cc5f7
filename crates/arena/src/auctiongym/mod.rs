//! A market in AuctionGym's format (Amazon, `AdKDD` 2022): truthful oracles with catalogues in a second-price auction.
//!
//! Six advertisers have twelve items each. An item has a five-dimensional embedding, drawn standard normal, an intercept
//! even in −4 to −3, and a value per click, lognormal (0.1, 0.2). Per auction a context of five standard normals comes, two
//! advertisers drawn at random take part, and each knows the true `CTR = σ(context · embedding + intercept)` of its items: it
//! picks the item of the highest CTR × value and bids just that. The higher bid wins, pays the lower one, and
//! is clicked with its CTR.
//!
//! *Welfare* is the value of the clicks won; *revenue* the prices paid. This is the published `SP_Oracle` configuration. There are
//! no budgets; the figures are statistics, in the benchmark's own unit.
//!
//! Welfare depends on the catalogue far more than on the auctions: over catalogues it spreads by 6 %, over 10,000 auctions of one
//! by 1 %. The published figures are of one catalogue, which [`Catalogue::reference`] holds; [`Catalogue::drawn`] draws others.
//!
//! The market is written for arrays: a catalogue is twelve lanes wide, and the logistic function is `f32` arithmetic with error
//! below 1e-6, the same bits on every machine.

mod catalogue;
mod market;
mod reference;

pub use catalogue::Catalogue;
pub use market::{Market, Totals};

/// Advertisers.
pub const AGENTS: usize = 6;
/// Items of an advertiser.
pub const ITEMS: usize = 12;
/// Numbers in a context.
pub const CONTEXT: usize = 5;
