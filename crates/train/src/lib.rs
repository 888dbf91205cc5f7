//! Teams trained and judged in simulated worlds.
//!
//! An [`Env`] is a run of a world, stepped a control tick at a time: what agents see on a tick, what they were told to do and
//! what came of it until the next become rows to learn from. Agents act through the very seam they are served through (a
//! [`motet_policy::Policy`] in each agent's seat), so what is trained is what is served. [`Training`] lets a learner play
//! episodes in worlds side by side and learn from them; [`evaluate`] plays teams in worlds nobody trained in; [`gate`] says
//! whether a team may be shipped.
//!
//! The reward is the scenario's [`Objective`](motet_sim::scenario::Objective), metered from the truth of the world: it is known
//! in training only. Agents, served or trained, see what they are told, when they are told.
//!
//! What holds: one seed gives the same bytes, whatever the number of threads; a training saved and taken back goes on as if it
//! had never stopped. No clock, no file: bytes in, bytes out.

mod config;
mod env;
mod error;
mod evaluate;
pub mod events;
mod gate;
mod meter;
mod seats;
mod shaping;
mod team;
mod training;
pub mod tune;

pub use config::{Algo, Config, options_of};
pub use env::{Control, Env, Stage, Step, Still, control};
pub use error::Error;
pub use evaluate::{Components, Evaluation, Played, Summary, evaluate, play, summarise};
pub use gate::{Gate, Margins, Reason, gate};
pub use meter::{Meter, Parts};
pub use seats::{Hand, Taken};
pub use shaping::Shaping;
pub use team::{CONTEXT, Seated, seated, spec};
pub use training::{Groundwork, Progress, Training};
