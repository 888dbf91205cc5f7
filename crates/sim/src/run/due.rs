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

/// One thing to come.
#[derive(Clone, Debug)]
pub(crate) struct Due {
    pub(crate) at: Timestamp,
    pub(crate) what: What,
}

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
    Visit(Visit),
    /// A notice of the exchange.
    Notice(Notice, Box<(Visit, CampaignIx)>),
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
    /// The order of things at one moment.
    fn key(&self) -> (Timestamp, u8, u64, u16) {
        let (class, id, place) = match &self.what {
            What::Visit(visit) => (0, visit.id, 0),
            What::Notice(notice, about) => (1, about.0.id, notice.bid.imp),
            What::Rendered(served) => (2, served.visit.id, served.place),
            What::Clicked(served) => (3, served.visit.id, served.place),
            What::Converted(served, _) => (4, served.visit.id, served.place),
            What::Faked(served, kind) => (5 + *kind as u8, served.visit.id, served.place),
        };
        (self.at, class, id, place)
    }
}

impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
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
        other.key().cmp(&self.key())
    }
}
