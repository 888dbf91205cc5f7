//! Learners: how a team's policies are trained. Pure: no simulator, no file, no clock, no chance without a key.
//!
//! A [`Team`] says who learns together, a [`Row`] is one campaign in one control tick, and a [`Learner`] takes rows and
//! gives actions. There are two families:
//!
//! * [`ActorCritic`], one code under several [`Options`]: [`maddpg`] and [`matd3`] with a critic that sees the joint observation
//!   and action, [`independent`] whose critics see only their own agent's, and [`offline`] (behaviour cloning, TD3+BC) from
//!   recorded rows. What they differ in is an option, so a comparison between them compares that and nothing else.
//! * [`q`], one table per agent.
//!
//! Training is centralised, acting is not: an actor sees only its own agent's observation, and leaves as an
//! [`Exported`] policy of plain numbers that the server can read without this crate.
//!
//! **Equal seeds give equal bytes**, on every machine and for every number of threads: chance is drawn by key (seed and count
//! of updates or rows), sums have a stated order, and what runs side by side shares nothing. [`Learner::save`] keeps every
//! bit that the future depends on; a run that is stopped and taken back goes on as if it had not been.
//!
//! What it never does: act in the world, read a clock, start a thread that it was not told to, or go on when a loss
//! is no longer finite.

mod actor_critic;
mod error;
pub mod independent;
mod learner;
pub mod maddpg;
pub mod matd3;
pub mod nn;
pub mod noise;
pub mod normalise;
pub mod offline;
pub mod q;
pub mod replay;
mod saved;
mod team;

pub use actor_critic::{ActorCritic, Cloning, Critics, Options, Others, Sight};
pub use error::Error;
pub use learner::{Exported, Learner, Losses, Net};
pub use team::{End, Level, Member, Row, Team};
