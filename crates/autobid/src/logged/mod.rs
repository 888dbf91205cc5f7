//! The learned bidder on a log of real prices.

mod pilot;
mod plan;
mod prices;
mod worths;

pub use pilot::{Mind, OBSERVATION, Pilot, REACH};
pub use prices::TOP;
