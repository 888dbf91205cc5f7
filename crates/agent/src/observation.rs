//! What agents learn from: everything that happened, told between decisions, when it is known.

use motet_model::{
    catalog::{Catalog, Change},
    decision::Bid,
    ids::{CampaignIx, UserKey},
    outcome::{Notice, NoticeVerdict},
    request::{AdRequest, Pricing},
};
use motet_units::{CpmMicros, Nanos, Probability, Timestamp};
use serde::{Deserialize, Serialize};

use crate::features::{Features, MarketKey};

/// Something that happened.
#[derive(Clone, Copy, Debug)]
pub enum Observation<'a> {
    /// A request was decided.
    Decided {
        /// The request.
        request: &'a AdRequest,
        /// The bids made.
        bids: &'a [BidRecord],
        /// When.
        at: Timestamp,
    },
    /// A notice about a bid came in.
    Noticed {
        /// The bid.
        bid: &'a BidRecord,
        /// The notice.
        notice: &'a Notice,
        /// What it led to. Learn from [`NoticeVerdict::Counted`] alone.
        verdict: NoticeVerdict,
        /// When it became known.
        known_at: Timestamp,
    },
    /// A bid's window passed; whatever was not told by then did not happen.
    Expired {
        /// The bid.
        bid: &'a BidRecord,
        /// When.
        at: Timestamp,
    },
    /// The catalog changed.
    Changed {
        /// The catalog after the changes.
        catalog: &'a Catalog,
        /// The changes.
        changes: &'a [Change],
        /// When.
        at: Timestamp,
    },
    /// A campaign can no longer, or again, pay for an impression.
    Budget {
        /// The campaign.
        campaign: CampaignIx,
        /// Which of the two.
        state: BudgetState,
    },
}

/// Whether a campaign can pay for another impression.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum BudgetState {
    /// It can.
    Available,
    /// It cannot, until money comes back or the day turns.
    Exhausted,
}

/// A bid with what is needed to learn from its outcome. Kept until its window passes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BidRecord {
    /// The bid.
    pub bid: Bid,
    /// When it was made.
    pub made_at: Timestamp,
    /// The user, if identity may be used.
    pub user: Option<UserKey>,
    /// What one impression was worth, as CPM.
    pub value: CpmMicros,
    /// The lowest price taken.
    pub floor: CpmMicros,
    /// How the seller prices the winner.
    pub pricing: Pricing,
    /// The market it competes in.
    pub market: MarketKey,
    /// P(click given impression).
    pub p_click: Probability,
    /// P(conversion given click).
    pub p_conversion: Probability,
    /// The features behind them.
    pub features: Features,
    /// The content's categories, for interest profiles; empty where identity may not be used.
    pub categories: smallvec::SmallVec<[motet_model::codes::CategoryId; 6]>,
}

/// What was told of a bid before, with the moments it became known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct History {
    /// The win.
    pub won: Option<Timestamp>,
    /// The billing notice.
    pub billed: Option<Timestamp>,
    /// The loss.
    pub lost: Option<Timestamp>,
    /// The impression.
    pub impressed: Option<Timestamp>,
    /// The first click.
    pub clicked: Option<Timestamp>,
}

/// A campaign's money as the pacer sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Whose.
    pub campaign: CampaignIx,
    /// The daily budget, if any.
    pub daily: Option<Nanos>,
    /// The total budget, if any.
    pub total: Option<Nanos>,
    /// Spent today, in the campaign's clock.
    pub spent_today: Nanos,
    /// Held for open bids made today.
    pub reserved_today: Nanos,
    /// Spent over the whole flight.
    pub spent: Nanos,
    /// Held for open bids.
    pub reserved: Nanos,
    /// What may still be held right now.
    pub room: Nanos,
}

/// A control tick.
#[derive(Clone, Copy, Debug)]
pub struct Tick<'a> {
    /// What time it is.
    pub now: Timestamp,
    /// The catalog.
    pub catalog: &'a Catalog,
    /// The accounts of campaigns in service, in turn: all of them, or the first thousands where there are more; these
    /// follow by [`Agent::control_more`](crate::Agent::control_more).
    pub accounts: &'a [Account],
}
