//! Inference: an observation in, an action out.
//!
//! A policy moves an agent's parameters on control ticks; it never sees a request. This crate only serves
//! policies: it does not learn, draws no chance and allocates nothing in [`Policy::act`]. Shapes are checked when
//! a policy is built, and numbers each time it acts: an action that is not finite or leaves its range is refused
//! whole by [`check`], the caller keeps the parameters it had and counts the refusal ([`Steering`] does both).
//!
//! Edge cases: an observation of another length, or one holding NaN, makes an action of NaN, which is refused.

pub mod file;
mod fixed;
mod network;
mod number;
mod set;
mod steering;
mod table;

pub use fixed::Fixed;
pub use network::{CUT, LayerSpec, MOST_LAYERS, MOST_WIDE, Network, NetworkSpec};
pub use number::{Number, Ranged, Subject};
pub use set::{AgentPolicy, Body, PolicySet};
pub use steering::Steering;
pub use table::{Table, TableSpec};

/// Something that turns observations into actions.
pub trait Policy: Send + std::fmt::Debug {
    /// Names the policy and its version, as `name@version`.
    fn version(&self) -> &str;

    /// Writes the action for an observation of a subject. A policy in service answers equal observations with equal
    /// actions, whoever the subject is; one that explores while it is trained needs to know whose action it is.
    fn act(&self, subject: Subject, observation: &[f64], action: &mut [f64]);
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
    /// A network has no layers or too many.
    #[error("a network has 1 to {most} layers, was {found}")]
    Layers {
        /// The most layers.
        most: usize,
        /// How many there are.
        found: usize,
    },
    /// A layer does not fit the one before it.
    #[error(
        "layer {place} must take {expected} inputs and be no wider than a network may be, was {found:?} (outputs, inputs)"
    )]
    LayerShape {
        /// The layer's place, from 0.
        place: usize,
        /// The inputs expected.
        expected: usize,
        /// Outputs and inputs it has.
        found: (usize, usize),
    },
    /// A list of numbers has another length.
    #[error("{part} must hold {expected} numbers, was {found}")]
    Count {
        /// Which.
        part: &'static str,
        /// How many were expected, or allowed.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// A number is not finite.
    #[error("{part} must hold finite numbers, was {found} at {place}")]
    NotFinite {
        /// Which list.
        part: &'static str,
        /// The place in it, from 0.
        place: usize,
        /// What stands there.
        found: f32,
    },
    /// A policy reads and moves another count of numbers than it states.
    #[error("the policy states {expected:?} numbers (read, moved) and takes {found:?}")]
    Shape {
        /// Numbers stated: read, moved.
        expected: (usize, usize),
        /// Numbers taken.
        found: (usize, usize),
    },
    /// A number's range is not one.
    #[error("the range of '{name}' must be finite and hold its default")]
    Range {
        /// The number's name.
        name: String,
    },
    /// An agent has two policies in one set.
    #[error("the agent has two policies")]
    Twice,
    /// An agent's policy is wrong.
    #[error("the policy of agent '{agent}': {error}")]
    Agent {
        /// The agent.
        agent: String,
        /// What is wrong.
        #[source]
        error: Box<Error>,
    },
    /// The agent reads or moves something else.
    #[error("{part} {place} is {found}, the agent's card says {expected}")]
    Schema {
        /// `observation` or `action`.
        part: &'static str,
        /// The place, from 0.
        place: usize,
        /// What the card says.
        expected: String,
        /// What the policy says.
        found: String,
    },
    /// The agent takes no policy.
    #[error("the agent takes no policy")]
    NotSteered,
    /// There is no such agent.
    #[error("there is no agent of that name")]
    NoSuchAgent,
    /// The manifest cannot be read.
    #[error("the manifest cannot be read: {0}")]
    Manifest(String),
    /// The folder has another version's form.
    #[error("the policy folder has form {found}, this program reads {expected}")]
    Format {
        /// The form read.
        expected: u32,
        /// The form found.
        found: u32,
    },
    /// The file of tensors cannot be read.
    #[error("the weights cannot be read: {0}")]
    Weights(String),
    /// A tensor is missing.
    #[error("tensor '{name}' is missing")]
    NoTensor {
        /// Its name.
        name: String,
    },
    /// A tensor has another shape or type.
    #[error("tensor '{name}' must be F32 {expected:?}, was {found}")]
    Tensor {
        /// Its name.
        name: String,
        /// The shape expected.
        expected: Vec<usize>,
        /// Type and shape found.
        found: String,
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
