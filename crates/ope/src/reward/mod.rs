//! Reward models: what an action would have brought, for the direct method and the doubly robust estimators.
//!
//! A model must not have learned from the round it predicts, or the doubly robust estimators lose their unbiasedness:
//! [`CrossFitted`] sees to that by folds. A model may be wrong; then the direct method is wrong with it, while the doubly
//! robust estimators only spread more.

mod crossfit;
mod folds;
mod logistic;

pub use crossfit::CrossFitted;
pub use folds::Folds;
pub use logistic::Logistic;

use crate::log::{Log, Round, check_length};
use crate::{Error, Table};

/// Predicts the reward of every action where one round stood.
pub trait RewardModel {
    /// Fills `out` with the expected reward of each action in the context and at the position of round `index`.
    fn predict(&self, log: &Log, index: usize, round: &Round, out: &mut [f64]);
}

/// Expected rewards that depend on position and action alone.
#[derive(Clone, Debug, PartialEq)]
pub struct Rewards {
    actions: usize,
    values: Vec<f64>,
}

impl Rewards {
    /// Makes the model from one list of expected rewards per position.
    ///
    /// # Errors
    /// Positions of different lengths, or a value that is not finite.
    pub fn new(positions: &[Vec<f64>]) -> Result<Self, Error> {
        let actions = positions.first().map_or(0, Vec::len);
        for row in positions {
            check_length("a position of the rewards", row.len(), actions)?;
            if let Some(&value) = row.iter().find(|value| !value.is_finite()) {
                return Err(Error::NotFinite { what: "an expected reward", value });
            }
        }
        Ok(Self { actions, values: positions.concat() })
    }

    /// Makes the model that expects nothing of anything, under which doubly robust is inverse propensity scoring.
    pub fn zero(policy: &Table) -> Self {
        Self { actions: policy.actions(), values: vec![0.0; policy.actions() * policy.positions()] }
    }
}

impl RewardModel for Rewards {
    fn predict(&self, _log: &Log, _index: usize, round: &Round, out: &mut [f64]) {
        let from = round.position as usize * self.actions;
        out.copy_from_slice(&self.values[from..from + self.actions]);
    }
}
