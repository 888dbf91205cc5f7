//! The policy that always does the same: the default of every agent, and the control learned ones must beat.

use crate::{Policy, Subject};

/// Always the same action, whatever is observed.
///
/// ```
/// use motet_policy::{Fixed, Policy, Subject};
/// let policy = Fixed::new("pacer-fixed@1", vec![40.0, 400.0]);
/// let mut action = [0.0; 2];
/// policy.act(Subject::Platform, &[0.3], &mut action);
/// assert_eq!(action, [40.0, 400.0]);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Fixed {
    version: String,
    action: Vec<f64>,
}

impl Fixed {
    /// Makes a policy of one action. Whether it fits its agent is checked where it is seated, by
    /// [`crate::Steering::build`].
    pub fn new(version: impl Into<String>, action: Vec<f64>) -> Self {
        Self { version: version.into(), action }
    }
}

impl Policy for Fixed {
    fn version(&self) -> &str {
        &self.version
    }

    fn act(&self, _subject: Subject, _observation: &[f64], action: &mut [f64]) {
        if action.len() == self.action.len() {
            action.copy_from_slice(&self.action);
        } else {
            action.fill(f64::NAN);
        }
    }
}
