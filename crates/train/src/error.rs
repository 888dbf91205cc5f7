//! What can go wrong.

/// A training or evaluation that cannot begin or go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The scenario or the team's options make no sense.
    #[error(transparent)]
    Scenario(#[from] motet_sim::scenario::Error),
    /// A policy does not fit its agent.
    #[error(transparent)]
    Policy(#[from] motet_policy::Error),
    /// The learner refused something, or its losses are no longer finite.
    #[error(transparent)]
    Learner(#[from] motet_learn::Error),
    /// A setting makes no sense.
    #[error("{name} must be {wanted}, was {found}")]
    Setting {
        /// Which.
        name: &'static str,
        /// What it must be.
        wanted: &'static str,
        /// What it was.
        found: String,
    },
    /// A saved training cannot be taken back.
    #[error("the saved training cannot be read: {0}")]
    Saved(String),
    /// The saved training is of another configuration.
    #[error("the saved training was made with another {what}; remove it, or train with the same settings")]
    Other {
        /// What differs.
        what: &'static str,
    },
}
