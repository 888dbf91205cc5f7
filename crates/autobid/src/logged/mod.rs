//! The learned bidder on a log of real prices.
//!
//! | part | module |
//! |---|---|
//! | what the market asks, from won and lost auctions | `prices` |
//! | how good impressions are | `worths` |
//! | what money is worth later | `plan` |
//! | the bidder: plan and network | `pilot` |
//! | learning | `train` |
//! | as a folder | `saved` |

mod pilot;
mod plan;
mod prices;
mod saved;
mod train;
mod worths;

pub use pilot::{Mind, Pilot, REACH};
pub use prices::TOP;
pub use saved::{ACTION, OBSERVATION, kind};
pub use train::{Learnt, Recipe, learn};
