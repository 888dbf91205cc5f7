//! The learned bidder in a market of AuctionNet's format.

mod landscape;
mod model;
mod pace;
mod pid;
mod pilot;
mod table;

pub use landscape::{Bend, Day, EDGES, Tick, edge, record};
pub use model::Model;
pub use pace::{Gone, Pace, Seen, Steady};
pub use pid::{Gains, Pid, tune};
pub use pilot::{Mind, OBSERVATION, Pilot};
pub use table::{Played, mean_score, play};
