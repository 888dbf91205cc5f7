//! What may be wrong with a market that is handed in.

/// Why a market was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A row ends before it begins, or past the candidates.
    #[error("row {row} of the market ends at {end}, expected {from} to {candidates}")]
    Row {
        /// The row.
        row: usize,
        /// Where it begins.
        from: usize,
        /// Where it ends.
        end: usize,
        /// How many candidates there are.
        candidates: usize,
    },
    /// A candidate names a campaign without a budget.
    #[error("candidate {candidate} names campaign {campaign}, and there are {campaigns} budgets")]
    Campaign {
        /// The candidate.
        candidate: usize,
        /// The campaign it names.
        campaign: u32,
        /// How many budgets there are.
        campaigns: usize,
    },
}
