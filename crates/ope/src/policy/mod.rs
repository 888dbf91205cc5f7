//! The policy asked about: for a context and a position, the probability of each action.
//!
//! A [`Table`] does not look at the context; it is the form in which most production policies can be written down, and the
//! form of a policy file ([`mod@file`]). A policy that does look implements [`Policy`].

pub mod file;

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::log::check_length;

/// How far the probabilities of one position may sum away from one.
const SUM_TOLERANCE: f64 = 1e-6;

/// A stationary policy.
pub trait Policy {
    /// Fills `out` with the probability of each action for this context at this position (counted from 0).
    fn probabilities(&self, context: &[f64], position: usize, out: &mut [f64]);
}

/// A policy that draws from the same distribution whatever the context: positions × actions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Table {
    actions: usize,
    probabilities: Vec<f64>,
}

impl Table {
    /// Makes a table from one distribution per position.
    ///
    /// # Errors
    /// No position or action, positions of different lengths, a value outside 0 to 1, or a sum away from 1 by more than
    /// a millionth.
    pub fn new(positions: &[Vec<f64>]) -> Result<Self, Error> {
        let actions = positions.first().map_or(0, Vec::len);
        if actions == 0 {
            return Err(Error::Shape { actions, positions: positions.len() });
        }
        for (index, row) in positions.iter().enumerate() {
            check_length("a position of the policy", row.len(), actions)?;
            check_distribution(index + 1, row)?;
        }
        Ok(Self { actions, probabilities: positions.concat() })
    }

    /// Makes the policy that takes every action equally often.
    ///
    /// ```
    /// let random = motet_ope::Table::uniform(3, 80)?;
    /// assert_eq!(random.at(2)[7], 1.0 / 80.0);
    /// # Ok::<(), motet_ope::Error>(())
    /// ```
    ///
    /// # Errors
    /// No position or action.
    pub fn uniform(positions: usize, actions: usize) -> Result<Self, Error> {
        Self::new(&vec![vec![1.0 / actions as f64; actions]; positions])
    }

    /// Returns how many actions the policy knows.
    pub const fn actions(&self) -> usize {
        self.actions
    }

    /// Returns how many positions the policy fills.
    pub const fn positions(&self) -> usize {
        self.probabilities.len() / self.actions
    }

    /// Returns the distribution at a position, counted from 0.
    pub fn at(&self, position: usize) -> &[f64] {
        &self.probabilities[position * self.actions..(position + 1) * self.actions]
    }
}

impl Policy for Table {
    fn probabilities(&self, _context: &[f64], position: usize, out: &mut [f64]) {
        out.copy_from_slice(self.at(position));
    }
}

fn check_distribution(position: usize, row: &[f64]) -> Result<(), Error> {
    for (action, &value) in row.iter().enumerate() {
        if !(0.0..=1.0).contains(&value) {
            return Err(Error::NotAProbability { position, action, value });
        }
    }
    let sum: f64 = row.iter().sum();
    if (sum - 1.0).abs() > SUM_TOLERANCE {
        return Err(Error::NotADistribution { position, sum });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_distributions_are_taken() {
        assert!(Table::new(&[vec![0.5, 0.5], vec![0.0, 1.0]]).is_ok());
        assert!(matches!(Table::new(&[vec![0.5, 0.4]]), Err(Error::NotADistribution { position: 1, .. })));
        assert!(matches!(Table::new(&[vec![1.5, -0.5]]), Err(Error::NotAProbability { .. })));
        assert!(matches!(Table::new(&[vec![f64::NAN, 1.0]]), Err(Error::NotAProbability { .. })));
        assert!(matches!(Table::new(&[vec![1.0], vec![0.5, 0.5]]), Err(Error::Length { .. })));
        assert!(matches!(Table::new(&[]), Err(Error::Shape { .. })));
    }
}
