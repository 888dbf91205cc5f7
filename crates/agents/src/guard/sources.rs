//! Sources whose clicks are too good to be true: sellers by market, against all sellers of the media kind.
//!
//! Each market's click rate is shrunk towards its kind's by a made-up thousand impressions, and counts for
//! nothing below a least number of impressions and clicks: at low base rates a handful of clicks proves nothing.
//! Counts fade on control ticks with a half-life of a week, so that a source can recover.

use std::collections::BTreeMap;

use motet_agent::MarketKey;
use motet_model::request::MediaKind;
use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};

const MADE_UP_IMPRESSIONS: f64 = 1_000.0;
const LEAST_IMPRESSIONS: f64 = 500.0;
const LEAST_CLICKS: f64 = 25.0;
/// The click rate below which nobody is suspected, whatever the others' is.
const LEAST_RATE: f64 = 0.03;
const MOST_SOURCES: usize = 50_000;
const HALF_LIFE_S: f64 = 7.0 * 86_400.0;

#[derive(Clone, Copy, Debug, PartialEq, Default, Serialize, Deserialize)]
struct Counts {
    impressions: f64,
    clicks: f64,
}

/// Impressions and clicks by source.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Sources {
    by_market: BTreeMap<MarketKey, (u8, Counts)>,
    by_kind: [Counts; MediaKind::ALL.len()],
    suspects: Vec<MarketKey>,
    #[serde(skip)]
    suspected: FxHashSet<MarketKey>,
}

impl Sources {
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
        };
        self.by_kind.iter_mut().for_each(fade);
        self.by_market.values_mut().for_each(|(_, counts)| fade(counts));
        self.by_market.retain(|_, (_, counts)| counts.impressions + counts.clicks > 0.5);
        let suspect = |(kind, own): &(u8, Counts)| {
            let all = self.by_kind.get(usize::from(*kind)).copied().unwrap_or_default();
            // The others' rate: a large source must not hide behind its own clicks.
            let clicks = (all.clicks - own.clicks).max(0.0) + 1.0;
            let usual = clicks / ((all.impressions - own.impressions).max(0.0) + MADE_UP_IMPRESSIONS);
            let rate = (own.clicks + usual * MADE_UP_IMPRESSIONS) / (own.impressions + MADE_UP_IMPRESSIONS);
            let enough = own.impressions >= LEAST_IMPRESSIONS && own.clicks >= LEAST_CLICKS;
            enough && rate > LEAST_RATE && rate > times * usual
        };
        let found = self.by_market.iter().filter(|(_, counts)| suspect(counts));
        self.suspects = found.map(|(market, _)| *market).collect();
        self.index();
    }

    /// Makes the look-up again after reading back.
    pub(super) fn index(&mut self) {
        self.suspected = self.suspects.iter().copied().collect();
    }
}
