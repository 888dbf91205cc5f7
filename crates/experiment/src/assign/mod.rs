//! Who sees which arm, and whose money it is.
//!
//! A [`Layer`] turns a unit (a user, a campaign) into one of a million buckets by a keyed hash, so that assignment is pure,
//! needs no store and can be repeated from the log. A [`Ramp`] gives bucket ranges to the arms; growing it never moves a
//! unit from one arm to the other. A [`BudgetSplit`] makes two markets of one: users are split, and each campaign's
//! budget is split in the same ratio, to the nano.
//!
//! **User split or budget split.** When a budget is shared, an arm that spends faster takes money from the other: if A would
//! buy 100 and B 120 from a budget that pays for 200, the user split reads 109 against 91, +20 %, and the launch of B still
//! buys 200. Under a budget split each arm has its own 100 and B's speed gains nothing, which is the truth (Liu, Mao and Kang,
//! KDD 2021). So the budget split is the default wherever budgets bind.

mod budget;
pub mod compat;
mod layer;
mod ramp;

pub use budget::{BudgetSplit, split_budget};
pub use layer::{BUCKETS, Bucket, Layer};
pub use ramp::{Arm, Ramp};
