//! Bids whose outcome may still come. A bid is kept until its window passes, an impression until a click can no
//! longer count, a click until a conversion can no longer count; then it is forgotten, so memory is bounded by
//! traffic and windows, not by time.

use std::collections::{BTreeMap, BTreeSet};

use motet_agent::{BidRecord, History};
use motet_model::ids::BidId;
use motet_units::Timestamp;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::Arm;

/// A bid with what has been told of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct OpenBid {
    pub(crate) record: BidRecord,
    pub(crate) history: History,
    /// Whose bid it is.
    pub(crate) arm: Arm,
    /// Keys of the conversions counted.
    pub(crate) conversions: SmallVec<[u64; 2]>,
    /// Until when it is kept.
    until: Timestamp,
}

/// All of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct OpenBids {
    /// Ordered, not hashed: a hash table that doubles stops the world for as long as it moves its entries.
    by_id: BTreeMap<BidId, Box<OpenBid>>,
    queue: BTreeSet<(Timestamp, BidId)>,
}

impl OpenBids {
    pub(crate) fn open(&mut self, record: BidRecord, arm: Arm) {
        let (id, until) = (record.bid.id, record.bid.expires);
        let bid = OpenBid { record, arm, history: History::default(), conversions: SmallVec::new(), until };
        self.insert(id, bid);
    }

    fn insert(&mut self, id: BidId, bid: OpenBid) {
        self.queue.insert((bid.until, id));
        self.by_id.insert(id, Box::new(bid));
    }

    pub(crate) fn get(&self, id: BidId) -> Option<&OpenBid> {
        self.by_id.get(&id).map(|bid| &**bid)
    }

    pub(crate) fn get_mut(&mut self, id: BidId) -> Option<&mut OpenBid> {
        self.by_id.get_mut(&id).map(|bid| &mut **bid)
    }

    /// Keeps a bid at least until a moment.
    pub(crate) fn keep_until(&mut self, id: BidId, until: Timestamp) {
        let Some(bid) = self.by_id.get_mut(&id) else { return };
        if until > bid.until {
            self.queue.remove(&(bid.until, id));
            self.queue.insert((until, id));
            bid.until = until;
        }
    }

    /// Takes out one bid whose time is over, earliest first.
    pub(crate) fn pop_expired(&mut self, now: Timestamp) -> Option<OpenBid> {
        let first = *self.queue.first()?;
        if first.0 > now {
            return None;
        }
        self.queue.remove(&first);
        self.by_id.remove(&first.1).map(|bid| *bid)
    }

    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Returns all bids in a fixed order, for a snapshot.
    pub(crate) fn to_sorted(&self) -> Vec<&OpenBid> {
        self.queue.iter().filter_map(|(_, id)| self.get(*id)).collect()
    }

    /// Takes back what [`OpenBids::to_sorted`] gave.
    pub(crate) fn from_sorted(bids: Vec<OpenBid>) -> Self {
        let mut all = Self::default();
        for bid in bids {
            all.insert(bid.record.bid.id, bid);
        }
        all
    }
}
