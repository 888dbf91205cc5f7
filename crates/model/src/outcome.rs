//! What happened after a decision. Every outcome has *happened at* and *known at*; the second is the event's.

use motet_units::{CpmMicros, Nanos, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    decision::{Bid, Charge},
    ids::{BidId, CreativeIx},
};

/// A notice about one bid, checked and converted at the edge.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    /// The bid it is about.
    pub bid: BidId,
    /// What is told.
    pub kind: NoticeKind,
    /// When it happened, as far as told; never after it is known.
    pub happened_at: Timestamp,
    /// Tells apart several events of one kind on one bid (two sales); 0 where only one can be.
    pub key: u64,
}

/// What a bid's signed token states of it: all that is known of a bid whose record was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stated {
    /// What was shown; whose it is follows from it.
    pub creative: CreativeIx,
    /// The price offered.
    pub price: CpmMicros,
    /// The money held: the most the bid can ever cost; nothing for a test bid.
    pub reserved: Nanos,
    /// What makes it chargeable; a test bid's may be either.
    pub charge: Charge,
    /// Until when notices count, rounded up to a whole second.
    pub expires: Timestamp,
}

impl From<&Bid> for Stated {
    fn from(bid: &Bid) -> Self {
        Self {
            creative: bid.creative,
            price: bid.price,
            reserved: bid.reserved,
            charge: bid.charge,
            expires: bid.expires,
        }
    }
}

/// What a notice tells.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum NoticeKind {
    /// The bid cleared (`nurl`). Not yet chargeable.
    Won {
        /// The clearing price, if told.
        price: Option<CpmMicros>,
        /// The lowest bid that would have won, if told.
        minimum_to_win: Option<CpmMicros>,
    },
    /// The win became chargeable (`burl`).
    Billed {
        /// The clearing price, if told.
        price: Option<CpmMicros>,
    },
    /// The bid lost (`lurl`).
    Lost {
        /// The standard's loss reason code; 0 when not told.
        reason: u16,
        /// The lowest bid that would have won, if told.
        minimum_to_win: Option<CpmMicros>,
    },
    /// The ad was shown.
    Impression,
    /// It was clicked.
    Click,
    /// It led to a conversion.
    Conversion {
        /// What the conversion brought, if told.
        value: Option<Nanos>,
    },
}

impl NoticeKind {
    /// Returns the lower-case name used in paths, metrics and the API.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Won { .. } => "win",
            Self::Billed { .. } => "billing",
            Self::Lost { .. } => "loss",
            Self::Impression => "impression",
            Self::Click => "click",
            Self::Conversion { .. } => "conversion",
        }
    }
}

/// What a notice led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeVerdict {
    /// It counted.
    Counted,
    /// It had been counted before; nothing changed.
    Duplicate,
    /// It came after the bid's window, or the bid is not known; nothing changed.
    Expired,
    /// It contradicts what is known (a click without impression, a bill after a loss); nothing was charged.
    Contradicts,
    /// Its traffic is invalid; it was recorded and not charged or learned from.
    Filtered,
}

impl NoticeVerdict {
    /// Returns the snake-case name used in metrics and the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Counted => "counted",
            Self::Duplicate => "duplicate",
            Self::Expired => "expired",
            Self::Contradicts => "contradicts",
            Self::Filtered => "filtered",
        }
    }
}
