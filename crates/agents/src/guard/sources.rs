//! Sources whose clicks are too good to be true: sellers by market, against all sellers of the media kind.
//!
//! *Clicks.* A market's click rate counts by what it is at least, two standard errors below what it looks like:
//! `(c − 2√c) / n` for `c` clicks on `n` impressions, and not at all below twelve clicks: at low base rates a handful
//! proves nothing. It is compared with the rate of its kind's other markets that are not suspected themselves.
//!
//! *Conversions.* People take their time from click to purchase. A market is suspected when four conversions or more,
//! and two in five of all, come within half a minute of their click, as they do where a click is put in just before.
//!
//! *Traffic.* Requests themselves give signs, weak ones, of which two are needed (`traffic`).
//!
//! What a suspect source reports (clicks, conversions) does not count. Its visitors are judged by their kind (`crowds`), every
//! quarter of an hour: a source that makes up clicks has real visitors.
//!
//! Counts fade on control ticks with a half-life of a week, so that a source can recover.

use std::collections::BTreeMap;

use motet_agent::MarketKey;
use motet_model::request::MediaKind;
use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};

use super::{
    crowds::{Crowd, Kinds, Usual},
    traffic::{Arrival, Traffic},
    visitors::Visitor,
};

const MADE_UP_IMPRESSIONS: f64 = 1_000.0;
const LEAST_CLICKS: f64 = 12.0;
/// Quick conversions that make a source suspect, and their least share of all.
const LEAST_QUICK: f64 = 4.0;
const QUICK_SHARE: f64 = 0.4;
/// The click rate below which nobody is suspected, whatever the others' is.
const LEAST_RATE: f64 = 0.03;
const MOST_SOURCES: usize = 50_000;
const HALF_LIFE_S: f64 = 7.0 * 86_400.0;
const DAY_S: f64 = 86_400.0;
/// How often crowds are judged.
const CROWDS_S: f64 = 900.0;

#[derive(Clone, Copy, Debug, PartialEq, Default, Serialize, Deserialize)]
struct Counts {
    impressions: f64,
    clicks: f64,
    conversions: f64,
    /// Conversions within half a minute of their click.
    quick: f64,
    traffic: Traffic,
    /// Visitors since a whole day was seen; faded when they are judged.
    crowd: Crowd,
}

impl Counts {
    /// The click rate, at least.
    fn click_rate(&self) -> f64 {
        (self.clicks - 2.0 * libm::sqrt(self.clicks)).max(0.0) / self.impressions.max(1.0)
    }

    fn take(&mut self, other: &Self) {
        self.clicks = (self.clicks - other.clicks).max(0.0);
        self.impressions = (self.impressions - other.impressions).max(0.0);
        self.traffic.take(&other.traffic);
    }

    fn fade(&mut self, keep: f64) {
        self.impressions *= keep;
        self.clicks *= keep;
        self.conversions *= keep;
        self.quick *= keep;
        self.traffic.fade(keep);
    }

    fn request(&mut self, arrival: Arrival, quiet_hours: Option<u32>) {
        self.traffic.add(arrival);
        if let Some(hours) = quiet_hours {
            self.crowd.request(arrival.visitor, hours >> arrival.hour & 1 == 1, arrival.faulty);
        }
    }

    fn converts_too_quickly(&self) -> bool {
        // Counts fade between the conversions, so the least is met a little early.
        self.quick > LEAST_QUICK - 0.5 && self.quick > QUICK_SHARE * self.conversions
    }
}

/// Impressions and clicks by source.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Sources {
    by_market: BTreeMap<MarketKey, (u8, Counts)>,
    by_kind: [Counts; MediaKind::ALL.len()],
    suspects: Vec<MarketKey>,
    /// Seconds of traffic seen.
    seen_s: f64,
    /// Seconds since crowds were judged.
    unjudged_s: f64,
    /// By kind of media, the hours of the day in which the fewest come, one bit each; once a whole day was seen.
    quiet_hours: [Option<u32>; MediaKind::ALL.len()],
    /// The visitors refused.
    refused: BTreeMap<MarketKey, Kinds>,
    #[serde(skip)]
    suspected: FxHashSet<MarketKey>,
}

impl Sources {
    pub(super) fn request(&mut self, market: MarketKey, kind: MediaKind, arrival: Arrival) {
        let hours = self.quiet_hours[kind as usize];
        self.by_kind[kind as usize].request(arrival, hours);
        if let Some(counts) = self.counts(market, kind) {
            counts.request(arrival, hours);
        }
    }

    pub(super) fn impression(&mut self, market: MarketKey, kind: MediaKind, visitor: Option<Visitor>) {
        self.tell(market, kind, |counts| {
            counts.impressions += 1.0;
            if let Some(visitor) = visitor {
                counts.crowd.shown(visitor);
            }
        });
    }

    pub(super) fn click(&mut self, market: MarketKey, kind: MediaKind) {
        self.tell(market, kind, |counts| counts.clicks += 1.0);
    }

    /// A click as it was reported, whether it counts or not.
    pub(super) fn reported_click(&mut self, market: MarketKey, kind: MediaKind, visitor: Visitor) {
        self.tell(market, kind, |counts| counts.crowd.clicked(visitor));
    }

    fn tell(&mut self, market: MarketKey, kind: MediaKind, what: impl Fn(&mut Counts)) {
        what(&mut self.by_kind[kind as usize]);
        if let Some(counts) = self.counts(market, kind) {
            what(counts);
        }
    }

    /// A conversion, and whether it came within half a minute of its click.
    pub(super) fn conversion(&mut self, market: MarketKey, kind: MediaKind, quick: bool) {
        if let Some(counts) = self.counts(market, kind) {
            counts.conversions += 1.0;
            counts.quick += f64::from(u8::from(quick));
        }
    }

    /// A full table takes no new sources until old ones have faded out of it.
    fn counts(&mut self, market: MarketKey, kind: MediaKind) -> Option<&mut Counts> {
        if self.by_market.len() >= MOST_SOURCES && !self.by_market.contains_key(&market) {
            return None;
        }
        Some(&mut self.by_market.entry(market).or_insert((kind as u8, Counts::default())).1)
    }

    /// Tells whether anybody's visitors are refused.
    pub(super) fn refuse_anybody(&self) -> bool {
        !self.refused.is_empty()
    }

    /// Tells whether a market's visitors of a kind are refused.
    pub(super) fn refuse(&self, market: MarketKey, visitor: Visitor) -> bool {
        self.refused.get(&market).is_some_and(|kinds| kinds.hold(visitor))
    }

    /// Tells whether a market is suspected.
    pub(super) fn is_suspect(&self, market: MarketKey) -> bool {
        self.suspected.contains(&market)
    }

    /// Fades all counts by the time passed and works out anew who is suspected and who is refused: with `people` as the
    /// share of people that may be.
    pub(super) fn judge(&mut self, passed_s: f64, times: f64, people: f64) {
        let keep = libm::exp2(-passed_s.max(0.0) / HALF_LIFE_S);
        self.seen_s += passed_s.max(0.0);
        let seen_a_day = self.seen_s >= DAY_S;
        self.by_kind.iter_mut().for_each(|counts| counts.fade(keep));
        self.by_market.values_mut().for_each(|(_, counts)| counts.fade(keep));
        self.by_market.retain(|_, (_, counts)| counts.impressions + counts.traffic.requests() > 0.5);
        let others = self.unsuspected();
        let suspect = |market: &MarketKey, (kind, own): &(u8, Counts)| {
            let mut others = others.get(usize::from(*kind)).copied().unwrap_or_default();
            if !self.is_suspect(*market) {
                // A large source must not hide behind its own clicks.
                others.take(own);
            }
            let usual = (others.clicks + 1.0) / (others.impressions + MADE_UP_IMPRESSIONS);
            let rate = own.click_rate();
            let clicks = own.clicks > LEAST_CLICKS - 0.5 && rate > LEAST_RATE && rate > times * usual;
            let rates = ((own.clicks, own.impressions), (others.clicks, others.impressions));
            clicks
                || own.converts_too_quickly()
                || seen_a_day && own.traffic.is_no_peoples(&others.traffic, rates.0, rates.1)
        };
        let found = self.by_market.iter().filter(|(market, held)| suspect(market, held));
        self.suspects = found.map(|(market, _)| *market).collect();
        self.index();
        self.unjudged_s += passed_s.max(0.0);
        if seen_a_day && self.unjudged_s >= CROWDS_S {
            self.judge_crowds(people);
        }
    }

    /// Counts of each kind of media without the suspects'.
    fn unsuspected(&self) -> [Counts; MediaKind::ALL.len()] {
        let mut others = self.by_kind;
        for (kind, own) in self.by_market.iter().filter(|(m, _)| self.is_suspect(**m)).map(|(_, held)| held) {
            others[usize::from(*kind)].take(own);
        }
        others
    }

    /// Fades the crowds and works out anew which hours are quiet and which visitors are refused.
    fn judge_crowds(&mut self, people: f64) {
        let keep = libm::exp2(-std::mem::take(&mut self.unjudged_s) / HALF_LIFE_S);
        self.by_kind.iter_mut().for_each(|counts| counts.crowd.fade(keep));
        self.by_market.values_mut().for_each(|(_, counts)| counts.crowd.fade(keep));
        self.quiet_hours = self.unsuspected().map(|counts| Some(counts.traffic.quiet_hours_as_bits()));
        let (elsewhere, usual) = (self.unsuspected_crowds(), self.usual());
        let judged = self.by_market.iter().filter_map(|(market, (kind, own))| {
            let place = usize::from(*kind);
            let kinds = own.crowd.own_kinds(usual.get(place)?.as_ref()?, people);
            let machines = || {
                let mut rest = elsewhere[place];
                rest.take(&own.crowd);
                own.crowd.behave_like_machines(kinds, &rest)
            };
            let refused = !kinds.is_empty() && (self.is_suspect(*market) || machines());
            refused.then_some((*market, kinds))
        });
        self.refused = judged.collect();
    }

    fn usual(&self) -> [Option<Usual>; MediaKind::ALL.len()] {
        std::array::from_fn(|kind| {
            let of_kind = self.by_market.values().filter(|(of, _)| usize::from(*of) == kind);
            Usual::of(of_kind.map(|(_, counts)| &counts.crowd))
        })
    }

    fn unsuspected_crowds(&self) -> [Crowd; MediaKind::ALL.len()] {
        let mut crowds = self.by_kind.map(|counts| counts.crowd);
        for (kind, own) in self.by_market.iter().filter(|(m, _)| self.is_suspect(**m)).map(|(_, held)| held) {
            crowds[usize::from(*kind)].take(&own.crowd);
        }
        crowds
    }

    /// Makes the look-up again after reading back.
    pub(super) fn index(&mut self) {
        self.suspected = self.suspects.iter().copied().collect();
    }
}
