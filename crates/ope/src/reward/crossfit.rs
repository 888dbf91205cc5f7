//! Cross-fitting: a logistic model per fold and position, learned from the other folds, as the Open Bandit Pipeline's
//! `RegressionModel` does it: the row of features is the context's followed by the action's.
//!
//! A position with no round outside a fold has nothing to learn from; its model says the mean reward of the other positions'
//! rounds outside the fold.

use super::logistic::{Logistic, logistic};
use super::{Folds, RewardModel};
use crate::Error;
use crate::log::{Log, Round, check_length};

/// Reward models that never saw the round they predict.
#[derive(Clone, Debug)]
pub struct CrossFitted {
    folds: Folds,
    positions: usize,
    /// One model per fold and position.
    models: Vec<Model>,
}

/// A fitted model with its action's share of the log odds added up once.
#[derive(Clone, Debug)]
struct Model {
    logistic: Logistic,
    /// Per action: intercept plus the part of the log odds that comes from the action's features.
    of_action: Vec<f64>,
}

impl CrossFitted {
    /// Learns from a log.
    ///
    /// # Errors
    /// Folds dealt for another number of rounds, or rewards outside 0 to 1.
    pub fn fit(log: &Log, folds: Folds) -> Result<Self, Error> {
        check_length("the list of folds", folds.rounds(), log.rounds().len())?;
        let mut models = Vec::with_capacity(folds.count() * log.positions());
        for fold in 0..folds.count() {
            for position in 0..log.positions() {
                models.push(Model::new(log, learn(log, &folds, fold, position)?));
            }
        }
        Ok(Self { folds, positions: log.positions(), models })
    }
}

impl RewardModel for CrossFitted {
    fn predict(&self, log: &Log, index: usize, round: &Round, out: &mut [f64]) {
        let model = &self.models[self.folds.of(index) * self.positions + round.position as usize];
        let context = log.context(round.context);
        let of_context: f64 = model.logistic.coefficients.iter().zip(context).map(|(c, x)| c * x).sum();
        for (value, of_action) in out.iter_mut().zip(&model.of_action) {
            *value = logistic(of_context + of_action);
        }
    }
}

impl Model {
    fn new(log: &Log, fitted: Logistic) -> Self {
        let coefficients = &fitted.coefficients[log.context_width()..];
        let share = |action| {
            let features: &[f64] = log.action_features(action);
            fitted.intercept + coefficients.iter().zip(features).map(|(c, x)| c * x).sum::<f64>()
        };
        Self { of_action: (0..log.actions()).map(share).collect(), logistic: fitted }
    }
}

fn learn(log: &Log, folds: &Folds, fold: usize, position: usize) -> Result<Logistic, Error> {
    let width = log.context_width() + log.action_width();
    let (mut features, mut rewards) = (Vec::new(), Vec::new());
    let mut elsewhere = Vec::new();
    for (index, round) in log.rounds().iter().enumerate() {
        if folds.of(index) == fold {
            continue;
        }
        if round.position as usize == position {
            features.extend_from_slice(log.context(round.context));
            features.extend_from_slice(log.action_features(round.action as usize));
            rewards.push(round.reward);
        }
        elsewhere.push(round.reward);
    }
    if rewards.is_empty() {
        let mean = elsewhere.iter().sum::<f64>() / elsewhere.len().max(1) as f64;
        return Logistic::fit(width, &vec![0.0; width], &[mean]);
    }
    Logistic::fit(width, &features, &rewards)
}
