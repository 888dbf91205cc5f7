//! The best that could have been done, known only afterwards: budgeted optima and their bounds; pure.
//!
//! Three questions, from the smallest up, each asked of a day that is over, when every value and price is known:
//!
//! | question | module | answer |
//! |---|---|---|
//! | one budget: what was the most to be had for it? | [`budget`] | exact optimum of the linear relaxation, its multiplier, bounds on the whole-number optimum |
//! | one budget and a target cost or return as well? | [`constrained`] | two multipliers by nested search, certified from both sides |
//! | many campaigns after the same opportunities? | [`market`] | certified upper bound by Lagrangian multipliers, a real assignment below it, the gap |
//!
//! [`sketch`] answers the first in bounded memory, for logs longer than memory.
//!
//! A bound is only worth its certificate: each upper bound here is a value of a dual function at multipliers that are
//! returned with it, so whoever doubts it evaluates that function once. By weak duality it then holds however the multipliers
//! were found.
//!
//! Values are `f64` in whatever the caller counts (clicks, money). Prices and budgets are [`motet_units::Nanos`]; a log in
//! another currency may be brought in one for one. A price is a fact of the log: what the winner would have paid. Nothing here
//! bids, knows of auctions, or draws at random.
//!
//! Edge cases: a value that is negative or NaN is never taken; a price of nothing or below is taken free; an empty log is worth 0.

pub mod budget;
pub mod constrained;
pub mod market;
pub mod sketch;

mod error;

pub use budget::{Opportunity, Optimum};
pub use error::Error;
pub use market::{Assignment, Bound, Candidate, Csr, Market};
