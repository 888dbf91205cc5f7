//! Inference: an observation in, an action out.
//!
//! A policy moves an agent's parameters on control ticks; it never sees a request. This crate only serves
//! policies: it does not learn, draws no chance and allocates nothing in [`Policy::act`]. Shapes are checked when
//! a policy is built, and numbers each time it acts: an action that is not finite or leaves its range is refused
//! whole by [`check`], the caller keeps the parameters it had and counts the refusal ([`Steering`] does both).
//!
//! Edge cases: an observation of another length, or one holding NaN, makes an action of NaN, which is refused.

mod fixed;
mod steering;
mod table;

pub use fixed::Fixed;
pub use steering::Steering;
pub use table::{Table, TableSpec};

/// Something that turns observations into actions.
pub trait Policy: Send + std::fmt::Debug {
    /// Names the policy and its version, as `name@version`.
    fn version(&self) -> &str;

    /// Writes the action for an observation. Equal observations give equal actions.
    fn act(&self, observation: &[f64], action: &mut [f64]);
}

/// Why a policy cannot be built or an action not be taken.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    /// The policy has no name.
    #[error("a policy needs a version such as 'pacer-fixed@1', was empty")]
    NoVersion,
    /// The action holds another count of numbers than expected.
    #[error("an action of {expected} numbers was expected, was {found}")]
    ActionLength {
        /// How many were expected.
        expected: usize,
        /// How many there were.
        found: usize,
    },
    /// An action is not finite or outside its range.
    #[error("action {place} must be within {least} and {most}, was {value}")]
    OutOfRange {
        /// Its place, from 0.
        place: usize,
        /// The lowest value.
        least: f64,
        /// The highest value.
        most: f64,
        /// What it was.
        value: f64,
    },
    /// The bin edges of an input do not rise, or are not finite.
    #[error("the edges of input {input} must be finite and rise, were {edges:?}")]
    Edges {
        /// The input's place, from 0.
        input: usize,
        /// Its edges.
        edges: Vec<f64>,
    },
    /// The table has another count of rows than its bins make.
    #[error("the bins make {expected} rows, the table has {found}")]
    Rows {
        /// How many the bins make.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// The bins make more rows than a table may have.
    #[error("a table may have {most} rows at most, the bins make more")]
    TooManyRows {
        /// The most rows.
        most: usize,
    },
    /// A row of actions is of another length than the first, or holds a number that is not finite.
    #[error("row {row} must hold {outputs} finite numbers, was {found:?}")]
    Row {
        /// The row's place, from 0.
        row: usize,
        /// How many numbers each row holds.
        outputs: usize,
        /// What it holds.
        found: Vec<f64>,
    },
}

/// Checks an action against the range of each of its numbers, both ends allowed.
///
/// ```
/// use motet_policy::check;
/// assert!(check(&[0.5], &[(0.0, 1.0)]).is_ok());
/// assert!(check(&[f64::NAN], &[(0.0, 1.0)]).is_err());
/// assert!(check(&[1.5], &[(0.0, 1.0)]).is_err());
/// ```
///
/// # Errors
/// The first number that is not within its range, or a count of numbers other than that of the ranges.
pub fn check(action: &[f64], ranges: &[(f64, f64)]) -> Result<(), Error> {
    if action.len() != ranges.len() {
        return Err(Error::ActionLength { expected: ranges.len(), found: action.len() });
    }
    for (place, (&value, &(least, most))) in action.iter().zip(ranges).enumerate() {
        // NaN lies in no range.
        if !(least..=most).contains(&value) {
            return Err(Error::OutOfRange { place, least, most, value });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
