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
//! Counts fade on control ticks with a half-life of a week, so that a source can recover.

use std::collections::BTreeMap;

use motet_agent::MarketKey;
use motet_model::request::MediaKind;
use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};

use super::traffic::{Arrival, Traffic};

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

#[derive(Clone, Copy, Debug, PartialEq, Default, Serialize, Deserialize)]
struct Counts {
    impressions: f64,
    clicks: f64,
    conversions: f64,
    /// Conversions within half a minute of their click.
    quick: f64,
    traffic: Traffic,
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
    #[serde(skip)]
    suspected: FxHashSet<MarketKey>,
}

impl Sources {
    pub(super) fn request(&mut self, market: MarketKey, kind: MediaKind, arrival: Arrival) {
        self.by_kind[kind as usize].traffic.add(arrival);
        if let Some(counts) = self.counts(market, kind) {
            counts.traffic.add(arrival);
        }
    }

    pub(super) fn impression(&mut self, market: MarketKey, kind: MediaKind) {
        self.by_kind[kind as usize].impressions += 1.0;
        if let Some(counts) = self.counts(market, kind) {
            counts.impressions += 1.0;
        }
    }

    pub(super) fn click(&mut self, market: MarketKey, kind: MediaKind) {
        self.by_kind[kind as usize].clicks += 1.0;
        if let Some(counts) = self.counts(market, kind) {
            counts.clicks += 1.0;
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

    /// Tells whether any market is suspected.
    pub(super) fn has_suspects(&self) -> bool {
        !self.suspected.is_empty()
    }

    /// Tells whether a market is suspected.
    pub(super) fn is_suspect(&self, market: MarketKey) -> bool {
        self.suspected.contains(&market)
    }

    /// Fades all counts by the time passed and works out the suspects anew.
    pub(super) fn judge(&mut self, passed_s: f64, times: f64) {
        let keep = libm::exp2(-passed_s.max(0.0) / HALF_LIFE_S);
        let fade = |counts: &mut Counts| {
            counts.impressions *= keep;
            counts.clicks *= keep;
            counts.conversions *= keep;
            counts.quick *= keep;
            counts.traffic.fade(keep);
        };
        self.seen_s += passed_s.max(0.0);
        let seen_a_day = self.seen_s >= DAY_S;
        self.by_kind.iter_mut().for_each(fade);
        self.by_market.values_mut().for_each(|(_, counts)| fade(counts));
        self.by_market.retain(|_, (_, counts)| counts.impressions + counts.traffic.requests() > 0.5);
        let mut others = self.by_kind;
        for (kind, own) in self.by_market.iter().filter(|(m, _)| self.is_suspect(**m)).map(|(_, held)| held) {
            others[usize::from(*kind)].take(own);
        }
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
    }

    /// Makes the look-up again after reading back.
    pub(super) fn index(&mut self) {
        self.suspected = self.suspects.iter().copied().collect();
    }
}
