//! What can come of a call: closed enums, counted and explained, never errors of the program.

use motet_model::ids::CampaignIx;
use motet_units::Nanos;
use serde::{Deserialize, Serialize};

/// Why a reservation or a budget was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, thiserror::Error)]
pub enum Refused {
    /// The campaign's whole budget has too little left.
    #[error("total budget used up")]
    NoTotal,
    /// The day's budget has too little left.
    #[error("daily budget used up")]
    NoDaily,
    /// The node's lease of the budget has too little left, or ends before the bid could be billed.
    #[error("not within the lease")]
    NoLease,
    /// The key is already known, open or not.
    #[error("bid already reserved")]
    Duplicate,
    /// The campaign has no budget on record.
    #[error("campaign unknown")]
    Unknown,
    /// Nothing, or too little, is withheld for a stray bid.
    #[error("nothing is withheld for the bid")]
    NotWithheld,
    /// As many keys as the limit allows are remembered.
    #[error("too many reservations remembered")]
    TooManyOpen,
    /// The expiry asked for has passed already.
    #[error("reservation already expired")]
    Expired,
    /// The day is older than the one before the newest.
    #[error("day closed")]
    DayClosed,
    /// The amount or budget is below zero.
    #[error("amount below zero")]
    Negative,
    /// The campaign's index is at or past the limit.
    #[error("too many campaigns")]
    TooManyCampaigns,
}

/// What came of a billing notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Settlement {
    /// Charged, once.
    Settled {
        /// Who paid.
        campaign: CampaignIx,
        /// What was charged: the price, at most the amount reserved.
        charged: Nanos,
        /// How far the price was above the amount reserved; not charged to anyone. Zero in good order.
        excess: Nanos,
    },
    /// Charged before; nothing changed.
    Duplicate {
        /// Who paid.
        campaign: CampaignIx,
        /// What was charged then.
        charged: Nanos,
    },
    /// Not charged; nothing changed.
    Refused(Unsettled),
}

/// Why a billing notice was not charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, thiserror::Error)]
pub enum Unsettled {
    /// The key was never reserved, or expired long enough ago to be forgotten.
    #[error("bid unknown")]
    Unknown,
    /// The billing window has passed.
    #[error("billing window passed")]
    Expired,
    /// The bid was reported lost before, and its money given back.
    #[error("bid already released")]
    Released,
    /// The price is below zero.
    #[error("price below zero")]
    Negative,
}

/// What came of a loss notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Released {
    /// The money is available again.
    Released {
        /// Whose money it is.
        campaign: CampaignIx,
        /// What was given back.
        amount: Nanos,
    },
    /// Given back before; nothing changed.
    Duplicate,
    /// Charged before; nothing changed.
    Settled,
    /// The billing window has passed; the money comes back, or came, by expiry.
    Expired,
    /// The key was never reserved, or expired long enough ago to be forgotten.
    Unknown,
}
