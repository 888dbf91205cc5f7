//! The learned bidder in a market of AuctionNet's format.
//!
//! | part | module |
//! |---|---|
//! | a day as a table, on which a bidder plays in microseconds | `landscape`, `table` |
//! | what the market was like on the training days | `model` |
//! | the bidder: forecast and network | `pilot` |
//! | the controller to beat | `pid` |
//! | learning | `train` |
//! | on a seat of the market; driven over lines of JSON | `seat`, `wire` |
//! | judging on unseen episodes; liquid welfare | `judge`, `welfare` |
//! | as a folder | `saved` |

mod judge;
mod landscape;
mod model;
mod pace;
mod pid;
mod pilot;
mod saved;
mod seat;
mod table;
mod train;
mod welfare;
pub mod wire;

pub use judge::{Judged, Maker, Standing, judge, judge_holders, learned, sum_up, within};
pub use landscape::{Bend, Day, EDGES, Shape, Tick, edge, record};
pub use model::Model;
pub use pace::{Gone, Pace, Seen, Steady};
pub use pid::{Gains, Pid, tune};
pub use pilot::{Mind, Pilot, REACH};
pub use saved::{ACTION, OBSERVATION, kind};
pub use seat::{Account, Brought, Driven, Seated};
pub use table::{Luck, Played, mean_score, play};
pub use train::{CHOICE_SEED, Learnt, Recipe, TRAIN_SEED, learn, merit, record_all};
pub use welfare::{Optimum, optimum};
