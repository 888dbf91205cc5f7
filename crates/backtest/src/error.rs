//! What may go wrong outside of us: unreadable logs and words that mean nothing here.

/// Why a backtest did not run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The log could not be read on.
    #[error("cannot read the log after line {line}")]
    Read {
        /// Lines read before.
        line: u64,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// No such bidder.
    #[error("no bidder is called '{0}'; there are {names}", names = crate::BuiltIn::names())]
    UnknownBidder(String),
    /// A budget that is neither an amount nor a share.
    #[error(
        "expected a budget as a whole amount such as 120000, or a share of the log's price such as 1/16 or 0.25, was '{0}'"
    )]
    Budget(String),
    /// Nothing to replay.
    #[error("the log has no auction that could be read")]
    Empty,
    /// A bidder that has to have seen clicks before.
    #[error("the bidder '{0}' needs a log with clicks to learn what a click costs")]
    NoClicks(&'static str),
}
