//! What the baseline remembers: average rates per campaign, and how often a user saw a campaign.

use std::collections::BTreeMap;

use motet_agent::BidRecord;
use motet_model::{
    campaign::{FrequencyCap, UnknownUser},
    catalog::Catalog,
    decision::Charge,
    ids::{CampaignIx, UserKey},
    outcome::{Notice, NoticeKind},
};
use motet_units::{Probability, Span, Timestamp};
use serde::{Deserialize, Serialize};

const FORMAT: u32 = 1;
/// The rates nothing is known better than: a click in 500 impressions, a conversion in 50 clicks.
const CLICK_RATE: f64 = 0.002;
const CONVERSION_RATE: f64 = 0.02;
/// How many impressions and clicks those count as.
const MADE_UP_IMPRESSIONS: f64 = 5_000.0;
const MADE_UP_CLICKS: f64 = 100.0;
/// Users and campaigns counted at one time; the lowest keys give way.
const MOST_SEEN: usize = 1 << 18;

/// Average rates of a campaign.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rates {
    pub(crate) click: Probability,
    pub(crate) conversion: Probability,
}

#[derive(Clone, Copy, Debug, PartialEq, Default, Serialize, Deserialize)]
struct Counts {
    impressions: f64,
    clicks: f64,
    conversions: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Seen {
    since: Timestamp,
    times: u32,
}

/// Everything the baseline learned.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Memory {
    counts: Vec<Counts>,
    seen: BTreeMap<(UserKey, CampaignIx), Seen>,
    /// How long a campaign's frequency cap counts, where it has one.
    periods: BTreeMap<CampaignIx, Span>,
}

impl Memory {
    /// Returns a campaign's average rates.
    pub(crate) fn rates(&self, campaign: CampaignIx) -> Rates {
        let counts = self.counts.get(campaign.get()).copied().unwrap_or_default();
        let clicks = counts.clicks + CLICK_RATE * MADE_UP_IMPRESSIONS;
        let conversions = counts.conversions + CONVERSION_RATE * MADE_UP_CLICKS;
        Rates {
            click: Probability::clamped(clicks / (counts.impressions + MADE_UP_IMPRESSIONS)),
            conversion: Probability::clamped(conversions / (counts.clicks + MADE_UP_CLICKS)),
        }
    }

    /// Tells whether a user may see a campaign once more.
    pub(crate) fn may_see(
        &self,
        user: Option<UserKey>,
        campaign: CampaignIx,
        cap: Option<FrequencyCap>,
        now: Timestamp,
    ) -> bool {
        let Some(cap) = cap else { return true };
        let Some(user) = user else { return cap.unknown_user == UnknownUser::Serve };
        match self.seen.get(&(user, campaign)) {
            Some(seen) if now - seen.since < cap.per => seen.times < u32::from(cap.impressions),
            _ => cap.impressions > 0,
        }
    }

    /// Learns from a notice that counted. An impression is the billing notice on an exchange's inventory, so that
    /// one showing is counted once.
    pub(crate) fn learn(&mut self, bid: &BidRecord, notice: &Notice, now: Timestamp) {
        let campaign = bid.bid.campaign;
        if self.counts.len() <= campaign.get() {
            self.counts.resize(campaign.get() + 1, Counts::default());
        }
        let counts = &mut self.counts[campaign.get()];
        match (notice.kind, bid.bid.charge) {
            (NoticeKind::Billed { .. }, Charge::OnBilling)
            | (NoticeKind::Impression, Charge::OnImpression) => {
                counts.impressions += 1.0;
                self.count_seen(bid, now);
            }
            (NoticeKind::Click, _) => counts.clicks += 1.0,
            (NoticeKind::Conversion { .. }, _) => counts.conversions += 1.0,
            _ => {}
        }
    }

    fn count_seen(&mut self, bid: &BidRecord, now: Timestamp) {
        let Some(user) = bid.user else { return };
        // Without a cap there is nothing to count.
        let Some(period) = self.periods.get(&bid.bid.campaign) else { return };
        let seen = self.seen.entry((user, bid.bid.campaign)).or_insert(Seen { since: now, times: 0 });
        if now - seen.since >= *period {
            *seen = Seen { since: now, times: 0 };
        }
        seen.times += 1;
        if self.seen.len() > MOST_SEEN {
            self.seen.pop_first();
        }
    }

    /// Takes the periods of frequency caps from the catalog.
    pub(crate) fn take_caps(&mut self, catalog: &Catalog) {
        let caps = catalog.campaigns().filter_map(|(ix, entry)| Some((ix, entry.campaign.frequency?.per)));
        self.periods = caps.collect();
    }

    pub(crate) fn save(&self) -> Vec<u8> {
        postcard::to_stdvec(&(FORMAT, self)).expect("the memory holds only sized sequences and plain numbers")
    }

    /// Reads back what was saved.
    ///
    /// # Errors
    /// A sentence saying what cannot be read.
    pub(crate) fn restore(bytes: &[u8]) -> Result<Self, String> {
        let (format, memory): (u32, Self) =
            postcard::from_bytes(bytes).map_err(|e| format!("the baseline's state cannot be read: {e}"))?;
        if format == FORMAT { Ok(memory) } else { Err(format!("the baseline's state has format {format}")) }
    }
}
