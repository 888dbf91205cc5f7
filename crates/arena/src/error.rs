//! What can be wrong with a request to a market.

/// Why a market could not be made or moved on.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The number of advertisers is outside 1 to 63.
    #[error("a market takes 1 to 63 advertisers, was {0}")]
    Advertisers(usize),
    /// The number of impressions is outside 48 to 100 million.
    #[error("an episode takes 48 to 100000000 impressions, was {0}")]
    Impressions(u32),
    /// The reserve price is negative or not a number.
    #[error("the reserve price must be 0 or more, was {0}")]
    Reserve(f32),
    /// There is not one answer for every advertiser.
    #[error("{expected} advertisers bid, but {found} answers came")]
    Answers {
        /// Advertisers in the market.
        expected: usize,
        /// Answers given.
        found: usize,
    },
    /// There is not one bid for every impression of the tick.
    #[error("advertiser {advertiser} must bid on {expected} impressions, was {found}")]
    Bids {
        /// The advertiser's index.
        advertiser: usize,
        /// Impressions of the tick.
        expected: usize,
        /// Bids given.
        found: usize,
    },
    /// The tick was answered before it was opened, twice, or after the last.
    #[error("no tick is open: open one before answering it")]
    NotOpen,
    /// The seat is not in the league.
    #[error("the league has {seats} seats, was {seat}")]
    Seat {
        /// The seat asked for.
        seat: usize,
        /// Seats there are.
        seats: usize,
    },
}
