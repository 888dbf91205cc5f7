//! Off-policy evaluation: what another policy would have earned, from logged decisions.
//!
//! A [`Log`] holds what was done, with which probability, and what came of it. A [`Policy`] says what would be done instead. A
//! [`RewardModel`](reward::RewardModel) says what an action would bring. [`evaluate`] gives an estimate per [`Estimator`] with
//! three intervals each, or says why it refuses ([`Refusal`]). [`obd`] reads the logs of the Open Bandit Data, [`Thompson`] is
//! the policy half of them were logged with.
//!
//! A slate is taken position by position, as the Open Bandit Data log it: each position is a round of its own, its value is per
//! position, and what one position does to another is not modelled.
//!
//! What it never does: draw unkeyed chance, drop a round, guess a propensity, or answer where the log holds no support for an
//! answer. Without logged propensities there is no off-policy evaluation, and deterministic auctions have none to log: explore,
//! and log the probability.

mod bootstrap;
mod error;
mod estimator;
mod evaluate;
pub mod interval;
mod log;
mod moments;
pub mod obd;
pub mod policy;
pub mod reward;
mod support;
mod thompson;

pub use error::Error;
pub use estimator::{ALL, Estimator, Sample};
pub use evaluate::{Estimate, Evaluation, Evaluator, Observation, Options, evaluate};
pub use log::{Log, Round};
pub use policy::{Policy, Table};
pub use support::{Limits, Refusal, Support};
pub use thompson::{Campaign, Thompson};
