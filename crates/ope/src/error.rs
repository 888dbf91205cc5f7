//! What can be wrong with what an evaluation is given.

/// Why an evaluation cannot be set up. None of these is a verdict on a policy; those are [`crate::Refusal`].
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A log without actions or positions.
    #[error("a log needs at least one action and one position, got {actions} and {positions}")]
    Shape {
        /// Actions named.
        actions: usize,
        /// Positions named.
        positions: usize,
    },
    /// A vector of the wrong length.
    #[error("{what} has {found} values, expected {expected}")]
    Length {
        /// What was too long or too short.
        what: &'static str,
        /// Its length.
        found: usize,
        /// The length it should have.
        expected: usize,
    },
    /// A round that names something the log does not have.
    #[error("{what} {found} is out of range, the log has {limit}")]
    OutOfRange {
        /// Which part of the round.
        what: &'static str,
        /// What it named.
        found: usize,
        /// How many there are.
        limit: usize,
    },
    /// A propensity that is no probability, or zero: an action that cannot be taken is never logged.
    #[error("a propensity lies above 0 and at most at 1, was {0}")]
    Propensity(f64),
    /// A value that is infinite or not a number.
    #[error("{what} is finite, was {value}")]
    NotFinite {
        /// Which value.
        what: &'static str,
        /// The value.
        value: f64,
    },
    /// Probabilities of one position that do not sum to one.
    #[error("the probabilities of position {position} sum to {sum}, not to 1")]
    NotADistribution {
        /// The position, counted from 1.
        position: usize,
        /// What they sum to.
        sum: f64,
    },
    /// A probability outside 0 to 1.
    #[error("the probability of item {action} at position {position} lies in 0 to 1, was {value}")]
    NotAProbability {
        /// The position, counted from 1.
        position: usize,
        /// The item.
        action: usize,
        /// What was given.
        value: f64,
    },
    /// The logistic regression learns from rewards in 0 to 1.
    #[error("the logistic reward model learns from rewards in 0 to 1, found {0}")]
    Reward(f64),
    /// A Beta distribution needs two positive parameters.
    #[error("a Beta prior needs positive parameters, item {arm} has {alpha} and {beta}")]
    Prior {
        /// The arm.
        arm: usize,
        /// Its first parameter.
        alpha: f64,
        /// Its second parameter.
        beta: f64,
    },
    /// Cross-fitting needs at least two folds.
    #[error("cross-fitting needs 2 to 255 folds, none of them empty; asked for {0}")]
    Folds(usize),
    /// A file without a column that cannot be done without.
    #[error("the log has no column {0:?}")]
    MissingColumn(&'static str),
    /// A table that cannot be read.
    #[error("line {line} of the {what}: {reason}")]
    Line {
        /// Which table.
        what: &'static str,
        /// The line, counted from 1.
        line: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// A log of which nothing could be read.
    #[error("none of the {0} rows could be read")]
    NothingRead(u64),
    /// A policy file that is neither of the two known forms.
    #[error("cannot read the policy as JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// A file that is no CSV.
    #[error("cannot read CSV: {0}")]
    Csv(#[from] csv::Error),
}
