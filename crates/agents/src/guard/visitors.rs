//! Where else a visitor is met: who goes about, and who works for one seller.
//!
//! People who come to a small seller come to others too; machines that work for a seller are met there and hardly anywhere
//! else, by their user or by their address. (Shared visitors as evidence: Stitelman et al., KDD 2013.) Of each user and each
//! address the two sellers where it was met first are held by name, with counts, and all others as one count. A visitor's
//! *standing* at a seller is where its earlier requests went:
//!
//! | standing | earlier requests |
//! |---|---|
//! | unknown | fewer than a half (counts halve in a week), or no user, or a shortened address |
//! | elsewhere | less than a quarter to this seller |
//! | partly here | a quarter or more |
//! | here | six in ten or more |
//!
//! User and address together make one of sixteen kinds of visitor. A kind proves nothing by itself: regulars of a page are
//! met there alone as well. What a seller's visitors of one kind do is judged in `crowds`.
//!
//! A table has four places for a key; the least met gives way. A table too small for its traffic knows fewer visitors, and
//! the unknown pass.

use std::net::IpAddr;

use motet_agent::{BidRecord, MarketKey};
use motet_model::{
    ids::UserKey,
    request::{AdRequest, Inventory, MediaKind},
};
use motet_units::{Span, Timestamp};
use serde::{Deserialize, Serialize};

use super::habits::{Notes, bid_key, mix, one_line};

const HALF_LIFE: Span = Span::from_secs(7 * 86_400);
const WAYS: usize = 4;
const PARTLY: f32 = 0.25;
const HERE: f32 = 0.6;
/// Counts below which nothing is known of a visitor.
const LEAST: f32 = 0.5;

/// Kinds of visitor: four standings of the user times four of the address.
pub(super) const KINDS: usize = 16;

/// A kind of visitor at a seller, below [`KINDS`]: the user's standing times four plus the address's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Visitor(pub(super) u8);

/// Where a user's or an address's earlier requests went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Unknown,
    Elsewhere,
    PartlyHere,
    Here,
}

impl Visitor {
    pub(super) const fn of(user: Standing, address: Standing) -> Self {
        Self(user as u8 * 4 + address as u8)
    }
}

/// Where one key was met: two sellers by name, and the others.
#[derive(Clone, Copy, Debug, PartialEq, Default, Serialize, Deserialize)]
struct Met {
    key: u64,
    at: Timestamp,
    named: [(u32, f32); 2],
    others: f32,
}

impl Met {
    fn faded(&self, now: Timestamp) -> Self {
        let age = (now - self.at).as_secs_f64().max(0.0) / HALF_LIFE.as_secs_f64();
        let keep = libm::exp2(-age) as f32;
        let named = self.named.map(|(seller, count)| (seller, count * keep));
        Self { key: self.key, at: now, named, others: self.others * keep }
    }

    fn total(&self) -> f32 {
        self.named[0].1 + self.named[1].1 + self.others
    }

    fn meet(&mut self, seller: MarketKey) {
        let place = self.named.iter().position(|(named, count)| *named == seller.0 && *count > 0.0);
        match place.or_else(|| self.named.iter().position(|(_, count)| *count <= 0.0)) {
            Some(place) => self.named[place] = (seller.0, self.named[place].1 + 1.0),
            None => self.others += 1.0,
        }
    }

    fn standing(&self, seller: MarketKey) -> Standing {
        let total = self.total();
        if total < LEAST {
            return Standing::Unknown;
        }
        let here: f32 =
            self.named.iter().filter(|(named, _)| *named == seller.0).map(|(_, count)| count).sum();
        match here / total {
            share if share >= HERE => Standing::Here,
            share if share >= PARTLY => Standing::PartlyHere,
            _ => Standing::Elsewhere,
        }
    }
}

/// Users or addresses, and the sellers each was met at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Table(Vec<Met>);

impl Table {
    fn new(places: usize) -> Self {
        Self(vec![Met::default(); places.clamp(WAYS, 1 << 24).next_power_of_two()])
    }

    fn set(&self, key: u64) -> std::ops::Range<usize> {
        let start = (mix(key) >> 20) as usize % (self.0.len() / WAYS) * WAYS;
        start..start + WAYS
    }

    fn standing(&self, key: Option<u64>, seller: MarketKey, now: Timestamp) -> Standing {
        let held = key.and_then(|key| self.0[self.set(key)].iter().find(|met| met.key == key));
        held.map_or(Standing::Unknown, |met| met.faded(now).standing(seller))
    }

    fn meet(&mut self, key: u64, seller: MarketKey, now: Timestamp) {
        let set = self.set(key);
        let set = &mut self.0[set];
        let rank = |met: &Met| if met.key == key { -1.0 } else { met.faded(now).total() };
        let place = set.iter_mut().min_by(|a, b| rank(a).total_cmp(&rank(b)));
        let Some(met) = place else { return };
        let before = if met.key == key { met.faded(now) } else { Met::default() };
        *met = Met { key, at: now, ..before };
        met.meet(seller);
    }
}

/// Whom users and addresses were met at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Visitors {
    users: Table,
    addresses: Table,
    /// The visitor that each recent bid was made for.
    bids: Notes,
}

impl Visitors {
    /// Makes tables of so many places each, rounded up to a power of two.
    pub(super) fn new(places: usize) -> Self {
        Self { users: Table::new(places), addresses: Table::new(places), bids: Notes::new(places) }
    }

    /// Returns what kind of visitor comes to a seller.
    pub(super) fn kind(
        &self,
        user: Option<UserKey>,
        ip: Option<IpAddr>,
        inventory: &Inventory,
        now: Timestamp,
    ) -> Visitor {
        let seller = seller(inventory);
        let user = self.users.standing(user.map(|user| user.0), seller, now);
        Visitor::of(user, self.addresses.standing(ip.and_then(one_line), seller, now))
    }

    /// Learns that a visitor came and what was bid for, and tells what kind of visitor it was.
    pub(super) fn meet(&mut self, request: &AdRequest, bids: &[BidRecord], now: Timestamp) -> Visitor {
        let (user, ip, inventory) = (request.user.key, request.device.ip, &request.inventory);
        let visitor = self.kind(user, ip, inventory, now);
        let seller = seller(inventory);
        if let Some(user) = user {
            self.users.meet(user.0, seller, now);
        }
        if let Some(address) = ip.and_then(one_line) {
            self.addresses.meet(address, seller, now);
        }
        for bid in bids {
            self.bids.put(bid_key(bid.bid.id), u64::from(visitor.0));
        }
        visitor
    }

    /// Returns whom a bid was made for, if it is remembered.
    pub(super) fn of_bid(&self, bid: &BidRecord) -> Option<Visitor> {
        let kind = self.bids.get(bid_key(bid.bid.id))?;
        u8::try_from(kind).ok().filter(|kind| usize::from(*kind) < KINDS).map(Visitor)
    }

    /// Tells whether saved tables have this one's shape.
    pub(super) fn fits(&self, other: &Self) -> bool {
        self.users.0.len() == other.users.0.len()
            && self.addresses.0.len() == other.addresses.0.len()
            && self.bids.fits(&other.bids)
    }
}

/// Returns a seller's name, whatever kind of media it sells.
fn seller(inventory: &Inventory) -> MarketKey {
    MarketKey::of_inventory(inventory, MediaKind::ALL[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seller(number: u32) -> MarketKey {
        MarketKey(1_000 + number)
    }

    fn at(day: i64) -> Timestamp {
        Timestamp::from_secs(day * 86_400)
    }

    /// Lets a user come to these sellers in turn, and returns its standing at the last of them just before.
    fn standing(sellers: &[u32]) -> Standing {
        let mut table = Table::new(64);
        let (last, before) = sellers.split_last().unwrap();
        for number in before {
            table.meet(7, seller(*number), at(0));
        }
        table.standing(Some(7), seller(*last), at(0))
    }

    #[test]
    fn a_visitor_stands_where_its_earlier_requests_went() {
        assert_eq!(standing(&[1]), Standing::Unknown);
        assert_eq!(standing(&[1, 1]), Standing::Here);
        assert_eq!(standing(&[1, 2]), Standing::Elsewhere);
        assert_eq!(standing(&[1, 2, 1, 2, 1]), Standing::PartlyHere);
        assert_eq!(standing(&[2, 3, 4, 5, 1, 1, 1, 1, 1]), Standing::Elsewhere, "not among the two named");
        assert_eq!(standing(&[1, 2, 2, 2, 3, 3, 4, 1]), Standing::Elsewhere);
    }

    #[test]
    fn nothing_is_known_of_nobody_and_after_a_week_of_one_request() {
        let mut table = Table::new(64);
        table.meet(7, seller(1), at(0));
        assert_eq!(table.standing(Some(7), seller(1), at(6)), Standing::Here);
        assert_eq!(table.standing(Some(7), seller(1), at(8)), Standing::Unknown);
        assert_eq!(table.standing(None, seller(1), at(0)), Standing::Unknown);
    }

    #[test]
    fn in_a_full_table_the_least_met_give_way() {
        let mut table = Table::new(64);
        for number in 1..=5_000_u64 {
            table.meet(77_777, seller(1), at(0));
            table.meet(number, seller(2), at(0));
        }
        assert_eq!(table.0.len(), 64);
        assert_eq!(table.standing(Some(77_777), seller(1), at(0)), Standing::Here);
        let known =
            (1..=5_000).filter(|key| table.standing(Some(*key), seller(2), at(0)) != Standing::Unknown);
        assert!(known.count() < 64);
    }
}
