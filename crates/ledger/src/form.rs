//! The written form of a ledger: sorted, so equal ledgers give equal bytes, and audited when read.

use std::collections::BTreeMap;

use motet_model::ids::{BidId, DecisionId};
use motet_units::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::{Funding, Ledger, Limits, Reservation, campaign::Campaign, withheld::Withholding};

#[derive(Serialize)]
struct Written<'a> {
    limits: &'a Limits,
    funding: Funding,
    campaigns: &'a [Option<Campaign>],
    reservations: Vec<(&'a BidId, &'a Reservation)>,
    withheld: &'a BTreeMap<DecisionId, Withholding>,
    expired_through: Option<Timestamp>,
    reserved_nanos: i128,
    returned_nanos: i128,
    spent_nanos: i128,
    open: u64,
}

#[derive(Deserialize)]
struct Read {
    limits: Limits,
    funding: Funding,
    campaigns: Vec<Option<Campaign>>,
    reservations: Vec<(BidId, Reservation)>,
    withheld: BTreeMap<DecisionId, Withholding>,
    expired_through: Option<Timestamp>,
    reserved_nanos: i128,
    returned_nanos: i128,
    spent_nanos: i128,
    open: u64,
}

impl Serialize for Ledger {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let written = Written {
            limits: &self.limits,
            funding: self.funding,
            campaigns: &self.campaigns,
            reservations: self.reservations.iter().collect(),
            withheld: &self.withheld,
            expired_through: self.expired_through,
            reserved_nanos: self.reserved_nanos,
            returned_nanos: self.returned_nanos,
            spent_nanos: self.spent_nanos,
            open: self.open,
        };
        written.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Ledger {
    /// Reads a ledger and audits it: one that breaks an invariant is refused, not served from.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = Read::deserialize(deserializer)?;
        let keys = read.reservations.len();
        let queue = read.reservations.iter().map(|&(bid, reservation)| (reservation.expires, bid)).collect();
        let reservations: BTreeMap<_, _> = read.reservations.into_iter().collect();
        if reservations.len() != keys {
            return Err(D::Error::custom("a bid is reserved twice"));
        }
        let ledger = Self {
            limits: read.limits,
            funding: read.funding,
            campaigns: read.campaigns,
            reservations,
            queue,
            withheld: read.withheld,
            expired_through: read.expired_through,
            reserved_nanos: read.reserved_nanos,
            returned_nanos: read.returned_nanos,
            spent_nanos: read.spent_nanos,
            open: read.open,
        };
        ledger.check().map_err(D::Error::custom)?;
        Ok(ledger)
    }
}
