//! What was logged: for each round the context, the action taken, where it was shown, the reward, and the probability
//! with which the logging policy took it.
//!
//! Contexts are kept once each and named by number, because the same listener profile comes again and again: a round is
//! 32 bytes. A log too long for memory need not be a [`Log`] at all: [`crate::Evaluator`] takes rounds one at a time.

use crate::Error;

/// One logged decision at one position of a slate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Round {
    /// The context's number in the log.
    pub context: u32,
    /// The action taken, counted from 0.
    pub action: u32,
    /// The position it was shown at, counted from 0.
    pub position: u32,
    /// What came of it; any finite amount, 0 or 1 for a click.
    pub reward: f64,
    /// The probability with which the logging policy took this action here, above 0.
    pub propensity: f64,
}

/// Rounds over a fixed set of actions and positions.
#[derive(Clone, Debug)]
pub struct Log {
    actions: usize,
    positions: usize,
    context_width: usize,
    contexts: Vec<f64>,
    action_width: usize,
    action_features: Vec<f64>,
    rounds: Vec<Round>,
}

impl Log {
    /// Makes an empty log. Every action is described by its own indicator until
    /// [`Self::describe_actions`] says more.
    ///
    /// # Errors
    /// No actions or no positions.
    pub fn new(actions: usize, positions: usize, context_width: usize) -> Result<Self, Error> {
        if actions == 0 || positions == 0 {
            return Err(Error::Shape { actions, positions });
        }
        let mut action_features = vec![0.0; actions * actions];
        (0..actions).for_each(|action| action_features[action * (actions + 1)] = 1.0);
        Ok(Self {
            actions,
            positions,
            context_width,
            contexts: Vec::new(),
            action_width: actions,
            action_features,
            rounds: Vec::new(),
        })
    }

    /// Describes the actions by `width` features each, one action after another.
    ///
    /// # Errors
    /// The wrong number of features, or one that is not finite.
    pub fn describe_actions(&mut self, width: usize, features: Vec<f64>) -> Result<(), Error> {
        check_length("the description of actions", features.len(), self.actions * width)?;
        check_finite("a feature of an action", &features)?;
        self.action_width = width;
        self.action_features = features;
        Ok(())
    }

    /// Adds a context and returns its number.
    ///
    /// # Errors
    /// The wrong number of features, or one that is not finite.
    pub fn add_context(&mut self, features: &[f64]) -> Result<u32, Error> {
        check_length("a context", features.len(), self.context_width)?;
        check_finite("a feature of a context", features)?;
        let number = self.context_count();
        self.contexts.extend_from_slice(features);
        Ok(number as u32)
    }

    /// Adds a round.
    ///
    /// # Errors
    /// A part out of range, a propensity outside (0, 1], or a reward that is not finite.
    pub fn push(&mut self, round: Round) -> Result<(), Error> {
        within("the context", round.context as usize, self.context_count().max(self.implied_contexts()))?;
        within("the action", round.action as usize, self.actions)?;
        within("the position", round.position as usize, self.positions)?;
        if !(round.propensity > 0.0 && round.propensity <= 1.0) {
            return Err(Error::Propensity(round.propensity));
        }
        check_finite("a reward", &[round.reward])?;
        self.rounds.push(round);
        Ok(())
    }

    /// A log without context features has one context, number 0, that nobody needs to add.
    fn implied_contexts(&self) -> usize {
        usize::from(self.context_width == 0)
    }

    fn context_count(&self) -> usize {
        self.contexts.len().checked_div(self.context_width).unwrap_or(0)
    }

    /// Returns how many actions there are.
    pub const fn actions(&self) -> usize {
        self.actions
    }

    /// Returns how many positions there are.
    pub const fn positions(&self) -> usize {
        self.positions
    }

    /// Returns how many features a context has.
    pub const fn context_width(&self) -> usize {
        self.context_width
    }

    /// Returns how many features an action has.
    pub const fn action_width(&self) -> usize {
        self.action_width
    }

    /// Returns a context's features.
    pub fn context(&self, number: u32) -> &[f64] {
        let from = number as usize * self.context_width;
        &self.contexts[from..from + self.context_width]
    }

    /// Returns an action's features.
    pub fn action_features(&self, action: usize) -> &[f64] {
        &self.action_features[action * self.action_width..(action + 1) * self.action_width]
    }

    /// Returns the rounds, in the order they were added.
    pub fn rounds(&self) -> &[Round] {
        &self.rounds
    }

    /// Returns the mean reward: the logging policy's own value, on policy. 0 without rounds.
    pub fn mean_reward(&self) -> f64 {
        let sum: f64 = self.rounds.iter().map(|round| round.reward).sum();
        sum / self.rounds.len().max(1) as f64
    }
}

fn within(what: &'static str, found: usize, limit: usize) -> Result<(), Error> {
    if found < limit { Ok(()) } else { Err(Error::OutOfRange { what, found, limit }) }
}

pub(crate) fn check_length(what: &'static str, found: usize, expected: usize) -> Result<(), Error> {
    if found == expected { Ok(()) } else { Err(Error::Length { what, found, expected }) }
}

fn check_finite(what: &'static str, values: &[f64]) -> Result<(), Error> {
    match values.iter().find(|value| !value.is_finite()) {
        Some(&value) => Err(Error::NotFinite { what, value }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(action: u32, propensity: f64) -> Round {
        Round { context: 0, action, position: 0, reward: 0.0, propensity }
    }

    #[test]
    fn a_round_that_could_not_have_happened_is_turned_away() {
        let mut log = Log::new(2, 1, 0).unwrap();
        assert!(log.push(round(0, 0.5)).is_ok());
        assert!(matches!(log.push(round(2, 0.5)), Err(Error::OutOfRange { .. })));
        for propensity in [0.0, -0.1, 1.1, f64::NAN] {
            assert!(matches!(log.push(round(0, propensity)), Err(Error::Propensity(_))), "{propensity}");
        }
        assert_eq!(log.rounds().len(), 1);
    }

    #[test]
    fn a_context_must_be_added_before_it_is_named() {
        let mut log = Log::new(2, 1, 1).unwrap();
        assert!(log.push(round(0, 0.5)).is_err());
        assert_eq!(log.add_context(&[3.0]).unwrap(), 0);
        assert!(log.push(round(0, 0.5)).is_ok());
        assert!(log.add_context(&[1.0, 2.0]).is_err());
        assert!(log.add_context(&[f64::NAN]).is_err());
    }
}
