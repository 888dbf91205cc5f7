//! How often a user saw what: frequency caps and fatigue.
//!
//! An impression counts once per bid: at its billing notice on an exchange or at the impression, whichever is known
//! first. A bid not yet heard of counts for [`PENDING`] after it was made, so that a burst of requests cannot show
//! an ad more often than its cap while the first impressions are still on their way; a loss or expiry ends that at
//! once. Counts slide: what counts is what lies within the cap's span before now.
//!
//! Bounded: at most 128 exposures per user and 20 per user on average over the table, the oldest users going first
//! (see `users`). A cap above 128, or a span above 30 days, is held as 128 within 30 days.

use motet_agent::BidRecord;
use motet_model::{
    campaign::FrequencyCap,
    catalog::Catalog,
    ids::{BidId, CampaignIx, CreativeIx, UserKey},
};
use motet_units::{Span, Timestamp};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::users::{Saved, UserTable};

/// How long a bid counts before anything is heard of it.
pub const PENDING: Span = Span::from_secs(60);
/// The span over which earlier views tire a user.
pub const FATIGUE_SPAN: Span = Span::from_secs(86_400);
/// What is older is forgotten.
const HORIZON: Span = Span::from_secs(30 * 86_400);
/// The most exposures kept per user.
const MOST_PER_USER: usize = 128;
/// The most exposures kept per user on average.
const MEAN_PER_USER: usize = 20;

/// One exposure.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Exposure {
    bid: BidId,
    campaign: CampaignIx,
    creative: CreativeIx,
    at: Timestamp,
    stage: Stage,
}

/// How far a bid has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Stage {
    Pending,
    Shown,
}

impl Exposure {
    fn counts(&self, now: Timestamp) -> bool {
        self.stage == Stage::Shown || now - self.at <= PENDING
    }
}

/// The exposures of all users remembered.
#[derive(Clone, Debug)]
pub(super) struct Exposures {
    users: UserTable<Vec<Exposure>>,
    held: usize,
    most_users: usize,
}

impl Exposures {
    pub(super) fn new(most_users: usize) -> Self {
        Self { users: UserTable::new(most_users), held: 0, most_users }
    }

    /// Notes a bid just made.
    pub(super) fn bid(&mut self, bid: &BidRecord) {
        self.note(bid, bid.made_at, Stage::Pending);
    }

    /// Notes that a bid's ad was shown; a second telling changes nothing.
    pub(super) fn shown(&mut self, bid: &BidRecord, at: Timestamp) {
        self.note(bid, at, Stage::Shown);
    }

    fn note(&mut self, bid: &BidRecord, at: Timestamp, stage: Stage) {
        let Some(user) = bid.user else { return };
        let (id, campaign, creative) = (bid.bid.id, bid.bid.campaign, bid.bid.creative);
        // A full table gives away a seat, and with it what was held there.
        let before = self.users.len();
        let known = self.users.get(user).is_some();
        if !known && before >= self.most_users {
            self.held -= self.users.forget_one().map_or(0, |gone| gone.len());
        }
        let list = self.users.entry(user);
        let length = list.len();
        match list.iter_mut().find(|e| e.bid == id) {
            Some(exposure) if exposure.stage == Stage::Pending => (exposure.stage, exposure.at) = (stage, at),
            Some(_) => {}
            None => {
                list.retain(|e| at - e.at <= HORIZON && (e.stage == Stage::Shown || at - e.at <= PENDING));
                if list.len() >= MOST_PER_USER {
                    list.remove(0);
                }
                list.push(Exposure { bid: id, campaign, creative, at, stage });
            }
        }
        self.held = self.held + list.len() - length;
        while self.held > MEAN_PER_USER * self.most_users {
            let Some(gone) = self.users.forget_one() else { break };
            self.held -= gone.len();
        }
    }

    /// Tells whether its user was shown the ad of a bid before, within the span that counts as tiring.
    pub(super) fn saw_before(&self, bid: &BidRecord, now: Timestamp) -> bool {
        let list = bid.user.and_then(|user| self.users.get(user));
        list.is_some_and(|list| {
            let same = |e: &&Exposure| e.creative == bid.bid.creative && e.bid != bid.bid.id;
            list.iter().filter(same).any(|e| e.stage == Stage::Shown && now - e.at <= FATIGUE_SPAN)
        })
    }

    /// Notes that a bid came to nothing.
    pub(super) fn ended(&mut self, bid: &BidRecord) {
        let Some(user) = bid.user.filter(|user| self.users.get(*user).is_some()) else { return };
        let list = self.users.entry(user);
        let length = list.len();
        list.retain(|e| e.bid != bid.bid.id || e.stage == Stage::Shown);
        self.held -= length - list.len();
    }

    pub(super) fn forget(&mut self, user: UserKey) {
        self.held -= self.users.forget(user).map_or(0, |gone| gone.len());
    }

    /// Returns what a user saw, as needed for one request.
    pub(super) fn seen(&self, user: Option<UserKey>, catalog: &Catalog, now: Timestamp) -> Seen {
        let mut seen = Seen::default();
        let Some(list) = user.and_then(|user| self.users.get(user)) else { return seen };
        for exposure in list.iter().filter(|e| e.counts(now)) {
            if exposure.stage == Stage::Shown && now - exposure.at <= FATIGUE_SPAN {
                seen.add_view(exposure.creative);
            }
            if !catalog.facts(exposure.creative).is_capped() {
                continue;
            }
            let cap = catalog.campaign(exposure.campaign).campaign.frequency;
            if cap.is_some_and(|cap| now - exposure.at < cap.per) {
                seen.add_count(exposure.campaign);
            }
        }
        seen
    }

    pub(super) fn save(&self) -> SavedExposures {
        self.users.save()
    }

    pub(super) fn restore(&mut self, saved: SavedExposures) {
        self.users = UserTable::restore(saved, self.most_users);
        self.held = self.users.values().map(Vec::len).sum();
    }
}

/// The exposures as they are saved.
pub(super) type SavedExposures = Saved<Vec<Exposure>>;

/// What one user saw.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    views: SmallVec<[(CreativeIx, u32); 8]>,
    /// Impressions within the cap's span, by campaign; campaigns without a cap are not among them.
    counts: SmallVec<[(CampaignIx, u32); 8]>,
}

impl Seen {
    fn add_view(&mut self, creative: CreativeIx) {
        match self.views.iter_mut().find(|(c, _)| *c == creative) {
            Some((_, views)) => *views += 1,
            None => self.views.push((creative, 1)),
        }
    }

    fn add_count(&mut self, campaign: CampaignIx) {
        match self.counts.iter_mut().find(|(c, _)| *c == campaign) {
            Some((_, count)) => *count += 1,
            None => self.counts.push((campaign, 1)),
        }
    }

    /// Returns how often a creative was seen within a day.
    pub(super) fn views(&self, creative: CreativeIx) -> u32 {
        self.views.iter().find(|(c, _)| *c == creative).map_or(0, |(_, views)| *views)
    }

    /// Returns how many more impressions a campaign's cap allows now.
    pub(super) fn left(&self, campaign: CampaignIx, cap: FrequencyCap) -> u32 {
        let count = self.counts.iter().find(|(c, _)| *c == campaign).map_or(0, |(_, count)| *count);
        u32::from(cap.impressions).min(MOST_PER_USER as u32).saturating_sub(count)
    }
}
