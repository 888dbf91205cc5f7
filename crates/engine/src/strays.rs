//! Stray bids: answered, and their records lost with a stop that was not clean.
//!
//! A server may answer a bid before its record is on the disk, as long as what it risks with that stays within the
//! campaign's *float* ([`Float`](crate::Float)) and within what the journal on the disk leaves the campaign. When it comes up
//! again after a stop that was not clean, nothing is known of such bids but their number: it is below what a float can pay.
//! So that much is withheld of every campaign until the longest bid window has passed, and a bill whose signed token
//! states a bid of the life that ended, at or after the first record missing, is charged to it.
//!
//! A new life begins with each such stop. Sequence numbers go on from the last record found, so those lost come again;
//! with the life in it no id does.
//!
//! What is lost with the record stays lost: the explanation, and what agents would have learned. Wins, clicks and
//! impressions that charge nothing are answered as those of unknown bids. Stray bids are not screened when their bills
//! come.
//!
//! Edge cases: a bid whose window is longer than the longest configured must not be answered early, nor one while a change of
//! budgets is not on the disk, nor one on another day than the last record on the disk. The caller sees to that;
//! [`Engine::float`] tells it how much there is. After some two hundred stops within one bid window the float is nothing
//! until the oldest has passed, so that no life comes again while it could be billed.

use motet_ledger::{Refused, Released};
use motet_model::{
    catalog::Presence,
    decision::Charge,
    ids::{BidId, CampaignIx, DecisionId},
    outcome::{Notice, NoticeKind, NoticeVerdict, Stated},
};
use motet_units::{Nanos, Span, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    Engine, Judgement,
    money::day,
    notices::{charge, settle},
};

/// Stops remembered at once; fewer than there are lives.
const STOPS_MOST: usize = 200;
/// A token's expiry is rounded up to a whole second.
const ROUNDED: Span = Span::from_secs(2);

/// What is known of stops that were not clean.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Strays {
    life: u8,
    /// Between an opening and the closing that follows it.
    serving: bool,
    stops: Vec<Stop>,
}

/// A stop after which records may be missing.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Stop {
    /// The first decision that may be missing.
    first: DecisionId,
    /// When none of them can be billed any more.
    until: Timestamp,
}

impl Strays {
    pub(crate) const fn life(&self) -> u8 {
        self.life
    }

    pub(crate) const fn close(&mut self) {
        self.serving = false;
    }

    /// Forgets the stops whose bids can no longer be billed.
    pub(crate) fn forget(&mut self, now: Timestamp) {
        self.stops.retain(|stop| stop.until > now);
    }

    /// Returns the stop a bid may have been lost in, by the first decision missing after it.
    fn stop_of(&self, bid: BidId) -> Option<DecisionId> {
        let lost = |stop: &&Stop| bid.decision.shares_life(stop.first) && bid.decision >= stop.first;
        self.stops.iter().find(lost).map(|stop| stop.first)
    }
}

impl Engine {
    /// Returns how much of a campaign's budget may be out on bids that were answered and are not yet on the disk.
    pub fn float(&self, campaign: CampaignIx) -> Nanos {
        if self.strays.stops.len() >= STOPS_MOST {
            return Nanos::ZERO;
        }
        let statement = self.ledger.statement(campaign, 0);
        statement.map_or(Nanos::ZERO, |statement| self.options.float.of(&statement.budget))
    }

    /// Returns the longest time for which the notices of a bid that was answered early may count.
    pub fn longest_window(&self) -> Span {
        let windows = self.options.coordinator.bid_window_s;
        let longest = windows.banner.max(windows.video).max(windows.audio).max(windows.native);
        Span::from_secs(i64::from(longest))
    }

    /// Returns the day a campaign's clock shows at a moment.
    pub fn day(&self, campaign: CampaignIx, at: Timestamp) -> i64 {
        day(&self.catalog, campaign, at)
    }

    /// Tells whether a bid is one that was lost with a stop: its notices come as [`Event::NoticedStray`](crate::Event).
    pub fn is_stray(&self, bid: BidId) -> bool {
        self.strays.stop_of(bid).is_some() && self.bids.get(bid).is_none()
    }

    /// Begins to serve. After a stop that was not clean, withholds what bids lost in it can cost, on the day of the last
    /// record before it, and begins another life.
    pub(crate) fn open(&mut self, first: DecisionId, last_record: Timestamp) {
        if self.strays.serving && self.options.float != crate::Float::default() {
            let until = self.now + self.longest_window() + ROUNDED;
            let catalog = std::sync::Arc::clone(&self.catalog);
            for (campaign, _) in catalog.campaigns().filter(|(_, entry)| entry.presence == Presence::Present)
            {
                let (float, day) = (self.float(campaign), day(&catalog, campaign, last_record));
                self.ledger.withhold(first, campaign, float, day, until);
            }
            self.strays.stops.push(Stop { first, until });
            self.strays.life = self.strays.life.wrapping_add(1);
        }
        self.strays.serving = true;
    }

    /// Judges a notice about a stray bid by what its token states.
    pub(crate) fn take_stray_notice(&mut self, notice: &Notice, stated: &Stated) -> Judgement {
        let nothing = |verdict| Judgement { verdict, charged: Nanos::ZERO };
        let Some(stop) = self.strays.stop_of(notice.bid) else { return nothing(NoticeVerdict::Expired) };
        let known = stated.creative.get() < self.catalog.creatives().len();
        if !known || !is_of_money(&notice.kind, stated.charge) {
            return nothing(NoticeVerdict::Expired);
        }
        let campaign = self.catalog.creative(stated.creative).campaign;
        let taken_in = self.ledger.take_in(stop, notice.bid, campaign, stated.reserved, stated.expires);
        if !matches!(taken_in, Ok(()) | Err(Refused::Duplicate)) {
            return nothing(NoticeVerdict::Expired);
        }
        let judgement = self.move_money(notice, stated);
        self.recheck(campaign);
        judgement
    }

    fn move_money(&mut self, notice: &Notice, stated: &Stated) -> Judgement {
        let now = self.now;
        let (verdict, charged) = match notice.kind {
            NoticeKind::Lost { .. } => {
                let verdict = match self.ledger.release(notice.bid, now) {
                    Released::Released { .. } => NoticeVerdict::Counted,
                    Released::Duplicate => NoticeVerdict::Duplicate,
                    _ => NoticeVerdict::Contradicts,
                };
                (verdict, Nanos::ZERO)
            }
            NoticeKind::Billed { price } => {
                let amount = charge(stated.reserved, stated.price, price);
                settle(&mut self.ledger, notice.bid, amount, now)
            }
            _ => settle(&mut self.ledger, notice.bid, stated.reserved, now),
        };
        Judgement { verdict, charged }
    }
}

/// Tells whether a notice moves a stray bid's money.
const fn is_of_money(kind: &NoticeKind, charge: Charge) -> bool {
    match kind {
        NoticeKind::Billed { .. } => matches!(charge, Charge::OnBilling),
        NoticeKind::Impression => matches!(charge, Charge::OnImpression),
        NoticeKind::Lost { .. } => true,
        NoticeKind::Won { .. } | NoticeKind::Click | NoticeKind::Conversion { .. } => false,
    }
}
