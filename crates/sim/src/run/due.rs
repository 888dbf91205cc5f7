//! What is still to come, by time. Ties are broken by what it is and about whom, never by when it was put in, so that
//! adding a part of the world does not reorder the others.

use std::cmp::Ordering;

use motet_model::{
    decision::Bid,
    ids::{CampaignIx, CreativeIx},
    outcome::Notice,
};
use motet_units::{CpmMicros, Nanos, Timestamp};

use crate::world::{Visit, fraud::FakeKind};

/// One thing to come. It is moved about in the heap, and so small.
#[derive(Clone, Debug)]
pub(crate) struct Due {
    order: Order,
    pub(crate) what: What,
}

/// The order of things: moment, kind, visit and slot. Kept beside what it is made from, which lies elsewhere in memory.
type Order = (Timestamp, u8, u64, u16);

/// A served ad on its way to the visitor.
#[derive(Clone, Debug)]
pub(crate) struct Served {
    pub(crate) visit: Visit,
    pub(crate) place: u16,
    pub(crate) campaign: CampaignIx,
    pub(crate) creative: CreativeIx,
    pub(crate) bid: motet_model::ids::BidId,
    /// What the exchange will bill; `None` where the impression itself is charged.
    pub(crate) bill: Option<CpmMicros>,
}

impl Served {
    pub(crate) fn of(visit: &Visit, place: u16, bid: &Bid, bill: Option<CpmMicros>) -> Self {
        Self {
            visit: visit.clone(),
            place,
            campaign: bid.campaign,
            creative: bid.creative,
            bid: bid.id,
            bill,
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) enum What {
    /// The next request of a session.
    Visit(Box<Visit>),
    /// A notice of the exchange, about a visit and a campaign.
    Notice(Box<(Notice, Visit, CampaignIx)>),
    /// The ad reaches the visitor.
    Rendered(Box<Served>),
    /// The visitor clicks.
    Clicked(Box<Served>),
    /// The visitor buys; told later.
    Converted(Box<Served>, Nanos),
    /// An attack reports something that did not happen.
    Faked(Box<Served>, FakeKind),
}

impl Due {
    /// Puts something at a moment.
    pub(crate) fn new(at: Timestamp, what: What) -> Self {
        let (class, id, place) = match &what {
            What::Visit(visit) => (0, visit.id, 0),
            What::Notice(told) => (1, told.1.id, told.0.bid.imp),
            What::Rendered(served) => (2, served.visit.id, served.place),
            What::Clicked(served) => (3, served.visit.id, served.place),
            What::Converted(served, _) => (4, served.visit.id, served.place),
            What::Faked(served, kind) => (5 + *kind as u8, served.visit.id, served.place),
        };
        Self { order: (at, class, id, place), what }
    }

    /// Returns its moment.
    pub(crate) const fn at(&self) -> Timestamp {
        self.order.0
    }
}

impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        self.order == other.order
    }
}
impl Eq for Due {}
impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Due {
    /// The earliest is the greatest, as a heap takes the greatest first.
    fn cmp(&self, other: &Self) -> Ordering {
        other.order.cmp(&self.order)
    }
}
