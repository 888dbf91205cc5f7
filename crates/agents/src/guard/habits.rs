//! What comes of addresses and users over a day: whether ever new people come from one address, and whether they click
//! as no person does.
//!
//! *Strangers.* People come again: of the requests of an address, those that bring a user never met there are the first
//! of each session at most, about one in two where sessions are short. An address is suspected when the strangers among
//! its `n` requests exceed a share `p` (half, or one and a half times the whole platform's share, whichever is more) by
//! four standard deviations, `4 √(n p (1 − p))`: sixteen requests, all strangers', are the least. Who was met is held in
//! two Bloom filters that take turns, so memory is bounded; a full one takes strangers for people met and so lets pass.
//!
//! *Clicks.* A user is suspected with five clicks that are more than a fifth of the ads shown, an address with eight
//! that are more than an eighth: people click on one ad in a hundred, and the most eager on one in fifteen.
//!
//! *Repeats.* A request is a repeat when id, user and address together were heard before.
//!
//! Counts halve each day. Shortened addresses and requests without a user count for none of this.

use std::net::IpAddr;

use motet_agent::BidRecord;
use motet_model::{
    decision::Finding,
    ids::{BidId, UserKey},
    outcome::{NoticeKind, NoticeVerdict},
    request::AdRequest,
};
use motet_units::{Span, Timestamp};
use serde::{Deserialize, Serialize};

use super::counters::Counters;

const HALF_LIFE: Span = Span::from_secs(86_400);
/// The share of strangers that is never suspect.
const STRANGERS: f64 = 0.5;
/// How far above the platform's own share of strangers an address may lie.
const STRANGERS_TIMES: f64 = 1.5;
const DEVIATIONS: f64 = 4.0;
const USER_CLICKS: (f64, f64) = (5.0, 0.2);
const ADDRESS_CLICKS: (f64, f64) = (8.0, 0.125);
/// People take longer from click to purchase.
const QUICK: Span = Span::from_secs(30);
/// Bits of a Bloom filter for each place in a table of counts.
const BITS_A_PLACE: usize = 64;

pub(super) fn mix(key: u64) -> u64 {
    let mut z = key.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Who was met: two Bloom filters with four bits a key; the older is emptied when the newer is an eighth full of keys.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Met {
    new: Vec<u64>,
    old: Vec<u64>,
    keys: usize,
}

impl Met {
    fn new(bits: usize) -> Self {
        let words = bits.div_ceil(64).next_power_of_two();
        Self { new: vec![0; words], old: vec![0; words], keys: 0 }
    }

    fn bits(&self, key: u64) -> impl Iterator<Item = (usize, u64)> + use<> {
        let (hash, words) = (mix(key), self.new.len());
        let step = hash >> 32 | 1;
        let bit = move |n: u64| hash.wrapping_add(n.wrapping_mul(step)) as usize % (words * 64);
        (0..4).map(move |n| (bit(n) / 64, 1 << (bit(n) % 64)))
    }

    /// Remembers a key and tells whether it was met before.
    fn meet(&mut self, key: u64) -> bool {
        let held = |filter: &[u64]| self.bits(key).all(|(word, bit)| filter[word] & bit != 0);
        if held(&self.new) {
            return true;
        }
        let met = held(&self.old);
        for (word, bit) in self.bits(key) {
            self.new[word] |= bit;
        }
        self.keys += 1;
        if self.keys * 8 > self.new.len() * 64 {
            std::mem::swap(&mut self.new, &mut self.old);
            self.new.fill(0);
            self.keys = 0;
        }
        met
    }
}

/// Notes by key, each in the one place its hash gives; a newer one takes an older one's place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Notes {
    places: Vec<(u64, u64)>,
}

impl Notes {
    pub(super) fn new(places: usize) -> Self {
        Self { places: vec![(0, 0); places.next_power_of_two()] }
    }

    fn place(&self, key: u64) -> usize {
        mix(key) as usize % self.places.len()
    }

    pub(super) fn get(&self, key: u64) -> Option<u64> {
        let (held, note) = self.places[self.place(key)];
        (held == key && key != 0).then_some(note)
    }

    pub(super) fn put(&mut self, key: u64, note: u64) {
        let place = self.place(key);
        self.places[place] = (key, note);
    }

    pub(super) fn fits(&self, other: &Self) -> bool {
        self.places.len() == other.places.len()
    }
}

/// Returns the key of a bid.
pub(super) fn bid_key(bid: BidId) -> u64 {
    mix(bid.decision.0) ^ u64::from(bid.imp)
}

/// Habits of addresses and users.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Habits {
    met: Met,
    /// By address: requests with a user, and those whose user was never met there.
    arrivals: Counters,
    strangers: Counters,
    /// By user and by address: ads shown and clicked.
    shown: Counters,
    clicked: Counters,
    /// The address of each recent bid.
    addresses: Notes,
    /// When each recent click was told, in microseconds, by its bid.
    clicks: Notes,
    /// Recent requests.
    requests: Notes,
    /// Of the whole platform, fading at ticks.
    all_arrivals: f64,
    all_strangers: f64,
}

impl Habits {
    pub(super) fn new(places: usize) -> Self {
        let table = || Counters::new(places, HALF_LIFE);
        Self {
            met: Met::new(places * BITS_A_PLACE),
            arrivals: table(),
            strangers: table(),
            shown: table(),
            clicked: table(),
            addresses: Notes::new(places),
            clicks: Notes::new(places / 4),
            requests: Notes::new(places * 4),
            all_arrivals: 0.0,
            all_strangers: 0.0,
        }
    }

    /// Finds what is wrong with a user or an address.
    pub(super) fn find(&self, user: Option<UserKey>, ip: Option<IpAddr>, now: Timestamp) -> Option<Finding> {
        let address = ip.and_then(one_line);
        let clicks = user.is_some_and(|user| self.clicks_too_much(mix(user.0), USER_CLICKS, now))
            || address.is_some_and(|key| self.clicks_too_much(key, ADDRESS_CLICKS, now));
        if clicks {
            return Some(Finding::KnownInvalid);
        }
        address.is_some_and(|key| self.brings_strangers(key, now)).then_some(Finding::RateExceeded)
    }

    fn clicks_too_much(&self, key: u64, (least, share): (f64, f64), now: Timestamp) -> bool {
        let clicks = self.clicked.count(key, now);
        // The counts fade a little between the clicks, so the least is met a little early.
        clicks > least - 0.5 && clicks > share * self.shown.count(key, now)
    }

    fn brings_strangers(&self, address: u64, now: Timestamp) -> bool {
        let strangers = self.strangers.count(address, now);
        if strangers < 4.0 {
            return false;
        }
        let usual = STRANGERS_TIMES * self.all_strangers / self.all_arrivals.max(1.0);
        let (count, share) = (self.arrivals.count(address, now), usual.clamp(STRANGERS, 0.95));
        strangers > count * share + DEVIATIONS * libm::sqrt(count * share * (1.0 - share))
    }

    /// Tells whether a request was heard before.
    pub(super) fn is_repeat(&self, request: u64) -> bool {
        self.requests.get(request).is_some()
    }

    /// Learns from a decided request and the bids made for it. Tells whether its user was never met at its address, where
    /// that can be told.
    pub(super) fn decided(&mut self, request: &AdRequest, bids: &[BidRecord], at: Timestamp) -> Option<bool> {
        let (user, ip) = (request.user.key, request.device.ip);
        if let Some(key) = request_key(&request.id, user, ip) {
            self.requests.put(key, 1);
        }
        let address = ip.and_then(one_line)?;
        for bid in bids {
            self.addresses.put(bid_key(bid.bid.id), address);
        }
        let user = user?;
        let stranger = !self.met.meet(user.0 ^ mix(address));
        self.arrivals.add(address, 1.0, at);
        self.all_arrivals += 1.0;
        if stranger {
            self.strangers.add(address, 1.0, at);
            self.all_strangers += 1.0;
        }
        Some(stranger)
    }

    /// Learns from a notice. A click counts here also where it was filtered.
    pub(super) fn noticed(
        &mut self,
        bid: &BidRecord,
        kind: &NoticeKind,
        verdict: NoticeVerdict,
        at: Timestamp,
    ) {
        if !matches!(verdict, NoticeVerdict::Counted | NoticeVerdict::Filtered) {
            return;
        }
        let table = match kind {
            NoticeKind::Impression => &mut self.shown,
            NoticeKind::Click => &mut self.clicked,
            _ => return,
        };
        let name = bid_key(bid.bid.id);
        let address = self.addresses.get(name);
        if matches!(kind, NoticeKind::Click) {
            self.clicks.put(name, at.micros().cast_unsigned());
        }
        for key in bid.user.map(|user| mix(user.0)).into_iter().chain(address) {
            table.add(key, 1.0, at);
        }
    }

    /// Tells whether a conversion known now came within half a minute of its click.
    pub(super) fn is_quick(&self, bid: &BidRecord, happened_at: Timestamp) -> bool {
        let clicked = self.clicks.get(bid_key(bid.bid.id)).map(|at| Timestamp::from_micros(at.cast_signed()));
        clicked.is_some_and(|clicked| happened_at - clicked < QUICK)
    }

    /// Lets the platform's own counts fade.
    pub(super) fn fade(&mut self, passed_s: f64) {
        let keep = libm::exp2(-passed_s.max(0.0) / HALF_LIFE.as_secs_f64());
        self.all_arrivals *= keep;
        self.all_strangers *= keep;
    }

    /// Tells whether saved habits have this one's shape.
    pub(super) fn fits(&self, other: &Self) -> bool {
        let tables = [
            (&self.arrivals, &other.arrivals),
            (&self.strangers, &other.strangers),
            (&self.shown, &other.shown),
            (&self.clicked, &other.clicked),
        ];
        tables.iter().all(|(own, saved)| own.fits(saved))
            && self.met.new.len() == other.met.new.len()
            && self.met.old.len() == other.met.old.len()
            && self.addresses.fits(&other.addresses)
            && self.clicks.fits(&other.clicks)
            && self.requests.fits(&other.requests)
    }
}

/// Returns the key of an address that is one line's; a shortened one is not.
pub(super) fn one_line(ip: IpAddr) -> Option<u64> {
    let shortened = matches!(ip, IpAddr::V4(v4) if v4.octets()[3] == 0);
    (!shortened).then(|| super::address_key(ip))
}

/// Returns the key a request is known again by: id, user and address together, for ids alone are not unique across
/// sellers. `None` without an address.
pub(super) fn request_key(id: &str, user: Option<UserKey>, ip: Option<IpAddr>) -> Option<u64> {
    let address = super::address_key(ip?);
    let hash = id
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, b| (hash ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    let user = user.map_or(0, |user| mix(user.0));
    // Never 0, which marks an empty place.
    Some(mix(hash ^ user.rotate_left(17) ^ mix(address)) | 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{cpm, record};

    fn address(last: u8) -> IpAddr {
        IpAddr::from([82, 1, 1, last])
    }

    /// Lets a number of requests come from one address, a minute apart, and returns what is found then.
    fn after(requests: u64, user_of: impl Fn(u64) -> u64) -> Option<Finding> {
        let mut habits = Habits::new(1_024);
        // The platform's usual traffic: four requests a session at home.
        for n in 0..400 {
            visit(&mut habits, n, address((n / 4) as u8 + 100), n / 4 + 10_000);
        }
        for n in 0..requests {
            visit(&mut habits, n, address(7), user_of(n));
        }
        habits.find(None, Some(address(7)), Timestamp::from_secs(60 * 1_000))
    }

    fn visit(habits: &mut Habits, minute: u64, ip: IpAddr, user: u64) {
        let at = Timestamp::from_secs(60 * minute.cast_signed());
        let address = one_line(ip).unwrap();
        habits.arrivals.add(address, 1.0, at);
        habits.all_arrivals += 1.0;
        if !habits.met.meet(user ^ mix(address)) {
            habits.strangers.add(address, 1.0, at);
            habits.all_strangers += 1.0;
        }
    }

    #[test]
    fn ever_new_people_from_one_address_are_found_and_sessions_are_not() {
        assert_eq!(after(60, |n| n), Some(Finding::RateExceeded));
        assert_eq!(after(12, |n| n), None, "too few to tell");
        assert_eq!(after(400, |n| n / 2), None, "a hotel: people who come once and stay for two pages");
        assert_eq!(after(400, |n| n % 25), None, "an office");
    }

    fn clicking(shown: u64, clicks: u64) -> Option<Finding> {
        let mut habits = Habits::new(1_024);
        let now = Timestamp::from_secs(500);
        for n in 0..shown {
            let mut bid = record(n, 1, cpm(1.0), now);
            bid.user = Some(UserKey(9));
            habits.noticed(&bid, &NoticeKind::Impression, NoticeVerdict::Counted, now);
            if n < clicks {
                habits.noticed(&bid, &NoticeKind::Click, NoticeVerdict::Counted, now);
                habits.noticed(&bid, &NoticeKind::Click, NoticeVerdict::Duplicate, now);
            }
        }
        habits.find(Some(UserKey(9)), None, now)
    }

    #[test]
    fn a_user_who_clicks_on_every_other_ad_is_found_and_an_eager_one_is_not() {
        assert_eq!(clicking(12, 6), Some(Finding::KnownInvalid));
        assert_eq!(clicking(4, 4), None, "a handful proves nothing");
        assert_eq!(clicking(60, 5), None);
    }

    #[test]
    fn a_repeat_is_the_same_id_user_and_address() {
        let mut habits = Habits::new(1_024);
        let key = |id: &str, user, last| request_key(id, Some(UserKey(user)), Some(address(last))).unwrap();
        habits.requests.put(key("a", 1, 1), 1);
        assert!(habits.is_repeat(key("a", 1, 1)));
        for other in [key("b", 1, 1), key("a", 2, 1), key("a", 1, 2)] {
            assert!(!habits.is_repeat(other));
        }
        assert_eq!(request_key("a", None, None), None);
    }

    #[test]
    fn a_conversion_within_half_a_minute_of_its_click_is_quick() {
        let mut habits = Habits::new(1_024);
        let bid = record(3, 1, cpm(1.0), Timestamp::from_secs(100));
        assert!(!habits.is_quick(&bid, Timestamp::from_secs(111)), "no click was told");
        habits.noticed(&bid, &NoticeKind::Click, NoticeVerdict::Counted, Timestamp::from_secs(110));
        assert!(habits.is_quick(&bid, Timestamp::from_secs(139)));
        assert!(!habits.is_quick(&bid, Timestamp::from_secs(140)));
    }

    #[test]
    fn who_was_met_is_remembered_for_a_while_and_memory_does_not_grow() {
        let mut met = Met::new(1_024);
        assert!(!met.meet(1) && met.meet(1));
        for key in 100..350 {
            met.meet(key);
        }
        assert_eq!((met.new.len(), met.old.len()), (16, 16));
        assert!((349..350).all(|key| met.meet(key)));
        assert!((350..1_000).filter(|key| !met.meet(*key)).count() > 500, "most strangers are told apart");
    }
}
