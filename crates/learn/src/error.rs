//! What can be wrong with a team, with options, with what a learner is told, and with a saved state.

/// Why a learner cannot be made, told something, trained or taken back.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    /// A network's layers cannot have these sizes.
    #[error("a network needs an input and an output size, each of 1 to {most}, was {found:?}")]
    Sizes {
        /// The widest layer allowed.
        most: usize,
        /// What was asked for.
        found: Vec<usize>,
    },
    /// A layer's numbers do not fit its shape, or are not finite.
    #[error("layer {place} needs {outputs} rows of {inputs} finite weights and as many biases as rows")]
    Layer {
        /// Its place, from 0.
        place: usize,
        /// Its inputs.
        inputs: usize,
        /// Its outputs.
        outputs: usize,
    },
    /// A team is empty, or one of its agents has no name, no observation or no action.
    #[error("a team needs agents with names of their own, observations and actions: {what}")]
    Team {
        /// What is missing.
        what: String,
    },
    /// An option is outside its range.
    #[error("option {option} must be {range}, was {found}")]
    Option {
        /// Its name.
        option: &'static str,
        /// What is allowed.
        range: &'static str,
        /// What it was.
        found: f64,
    },
    /// Two options exclude each other.
    #[error("these options exclude each other: {what}")]
    Conflict {
        /// Which, and why.
        what: &'static str,
    },
    /// A part of a row has another length than the team says.
    #[error("a row's {part} must hold {expected} numbers, was {found}")]
    RowLength {
        /// Which part.
        part: &'static str,
        /// What the team says.
        expected: usize,
        /// What the row holds.
        found: usize,
    },
    /// A row holds a number that is not finite, or an action beyond -1 to 1.
    #[error("a row's {part} must be finite{bound}, was {found} at {place}", bound = if *part == "actions" { " and within -1 and 1" } else { "" })]
    RowNumber {
        /// Which part.
        part: &'static str,
        /// Where in it, from 0.
        place: usize,
        /// What it was.
        found: f32,
    },
    /// A row holds shaping terms, which one critic for the common reward cannot tell apart.
    #[error("shaping terms need a critic per agent; this learner has one for all")]
    ShapingNeedsOwnCritics,
    /// A loss stopped being finite; the learner is to be thrown away or taken back from a saved state.
    #[error("the {what} stopped being finite in update {update}")]
    Diverged {
        /// Which loss.
        what: &'static str,
        /// In which update, from 1.
        update: u64,
    },
    /// There are no rows to learn from.
    #[error("at least {needed} rows are needed, there were {found}")]
    TooFewRows {
        /// How many are needed.
        needed: usize,
        /// How many there were.
        found: usize,
    },
    /// A saved state is not one, or is damaged.
    #[error("this is not a whole saved state of a learner: {what}")]
    Damaged {
        /// What shows it.
        what: String,
    },
    /// A saved state is of another learner or team.
    #[error("the saved state is of {found}, this learner is {expected}")]
    OtherLearner {
        /// What this one is.
        expected: String,
        /// What was saved.
        found: String,
    },
    /// A table cannot be made.
    #[error("a table for agent '{agent}' cannot be made: {what}")]
    Table {
        /// Whose.
        agent: String,
        /// Why.
        what: String,
    },
}

/// Checks that a number is where an option's range says.
pub(crate) fn within(
    option: &'static str,
    found: f64,
    range: &'static str,
    holds: impl Fn(f64) -> bool,
) -> Result<(), Error> {
    if found.is_finite() && holds(found) { Ok(()) } else { Err(Error::Option { option, range, found }) }
}
