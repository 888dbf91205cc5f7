//! The simulated world that drives the engine: listeners, publishers, rivals, outcomes, fraud, shocks.
//!
//! A [`Scenario`] (a TOML file) says what the world is made of, each assumption by the name of its model. A
//! [`World`] is the scenario drawn under a seed: who the listeners are, which campaigns there are, what clicks.
//! A [`Run`] lets time pass in it: visits come in, the engine decides, the outside market bids against it, and
//! what happened becomes known later, through the same events a server takes. Whoever wants to know something of a
//! run [watches](Watch) it.
//!
//! What holds: one seed gives the same run to the bit, whatever runs beside it. Every part draws from a stream of
//! its own, keyed by (seed, part, entity, number), so that adding a part shifts no other and two teams meet the very
//! same visits, rivals and moods. Memory is bounded by the world's size, not by its length. Truth (what would be
//! clicked, what it is worth) is never shown to the engine.

pub mod dist;
pub mod fraud_score;
pub mod parallel;
pub mod regret;
pub mod report;
pub mod run;
pub mod scenario;
pub mod team;
pub mod versus;
pub mod world;

pub use parallel::parallel;
pub use run::{Run, Watch};
pub use scenario::Scenario;
pub use team::Team;
pub use world::World;
