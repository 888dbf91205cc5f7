//! A policy in its seat: it acts, its action is checked, and a refused one changes nothing.

use crate::{Error, Policy, Subject, check};

/// A policy with the ranges its agent's card allows.
#[derive(Debug)]
pub struct Steering {
    policy: Box<dyn Policy>,
    ranges: Vec<(f64, f64)>,
    action: Vec<f64>,
    refused: u64,
}

impl Steering {
    /// Seats a policy. It is tried once, on an observation of `inputs` zeros, so that a wrong shape is found now.
    ///
    /// # Errors
    /// When the trial action leaves its ranges or has another length.
    pub fn build(policy: Box<dyn Policy>, inputs: usize, ranges: Vec<(f64, f64)>) -> Result<Self, Error> {
        if policy.version().is_empty() {
            return Err(Error::NoVersion);
        }
        let mut action = vec![0.0; ranges.len()];
        policy.act(Subject::Platform, &vec![0.0; inputs], &mut action);
        check(&action, &ranges)?;
        Ok(Self { policy, ranges, action, refused: 0 })
    }

    /// Seats another policy in place of the one in service, which stays where the new one does not fit. What was refused
    /// before stays counted.
    ///
    /// # Errors
    /// As [`Steering::build`].
    pub fn reseat(&mut self, policy: Box<dyn Policy>, inputs: usize) -> Result<(), Error> {
        let refused = self.refused;
        *self = Self::build(policy, inputs, self.ranges.clone())?;
        self.refused = refused;
        Ok(())
    }

    /// Names the policy in service.
    pub fn version(&self) -> &str {
        self.policy.version()
    }

    /// Returns the action for an observation, or `None` when it was refused and counted.
    pub fn steer(&mut self, subject: Subject, observation: &[f64]) -> Option<&[f64]> {
        self.policy.act(subject, observation, &mut self.action);
        if check(&self.action, &self.ranges).is_err() {
            self.refused += 1;
            return None;
        }
        Some(&self.action)
    }

    /// Returns how many actions were refused.
    pub const fn refused(&self) -> u64 {
        self.refused
    }
}
