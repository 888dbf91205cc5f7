//! The Open Bandit Data (Saito, Aihara, Matsutani and Narita, 2021): real slates of a fashion shop, logged by uniform chance
//! and by Thompson sampling, with true propensities.
//!
//! A log is a CSV of `timestamp`, `item_id`, `position` (from 1), `click`, `propensity_score`, `user_feature_*` and
//! `user-item_affinity_*`, beside an `item_context.csv`. [`Rows`] reads it line by line; [`load`] makes a [`crate::Log`] with the
//! features the Open Bandit Pipeline makes: user features one-hot with the first category left out, item categories
//! by their rank, and the item's number. The affinities are checked to be numbers and not used, as there.
//!
//! A line that cannot be read is counted by reason, the first hundred are kept with their number, and none is repaired.

mod bad;
mod items;
mod load;
mod rows;
mod time;

pub use bad::{BadLine, BadLines, BadReason};
pub use items::Items;
pub use load::{Loaded, Reading, load};
pub use rows::{Row, Rows};
