//! What can go wrong.

/// A fit that could not be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The history cannot be read.
    #[error("the history cannot be read: {0}")]
    History(#[from] motet_history::Error),
    /// The fitted scenario makes no sense.
    #[error("the fitted world makes no sense: {0}")]
    Scenario(#[from] motet_sim::scenario::Error),
    /// There is too little to fit.
    #[error("the history has {rows} rows with a price or an hour; a fit needs {least} at least")]
    TooLittle {
        /// How many there are.
        rows: usize,
        /// How many are needed.
        least: usize,
    },
}
