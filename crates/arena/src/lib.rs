//! The field's benchmark markets, rebuilt: AuctionNet's and AuctionGym's formats, with their rivals.
//!
//! | market | module | what is played |
//! |---|---|---|
//! | AuctionNet's format | [`auctionnet`] | 48 advertisers with budgets and target CPAs, 48 ticks, 500,000 impressions, GSP with three slots |
//! | AuctionGym's format | [`auctiongym`] | 6 truthful oracles with 12 items each, one slot, second price |
//!
//! Both are written from the published rules and figures, so that a bidder trained or judged here meets the market
//! others have reported on, hundreds of times sooner. They are not copies bit for bit: the published environments draw
//! from NumPy's generators, these from keyed streams ([`motet_units::Chance`]), so distributions and
//! not draws agree. What differs on purpose is listed on each module's page and in `docs/benchmark-markets.md`.
//!
//! Nothing here reads a clock. Threads appear in one place, [`worlds`], which plays independent episodes side by side;
//! each episode's chance is keyed by its seed, so the results are the same bytes for any number of threads.

pub mod auctiongym;
pub mod auctionnet;

mod chance;
mod error;
mod normal;
mod worlds;

pub use error::Error;
pub use worlds::worlds;
