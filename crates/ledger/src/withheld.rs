//! Money withheld after a stop that was not clean.
//!
//! A bid may have been answered and its record lost; its bill may still come. What such *stray* bids can cost in all is
//! bounded by whoever answers them, campaign by campaign. That much is withheld: held like a reservation, on the day the
//! stray bids were made, until none of them can be billed any more. A bill that does come is taken in: the bid gets a
//! reservation of its own out of what is withheld, and from then on it is a bid like any other, charged at most once and
//! at most what it reserved. What nobody asked for is given back when the time is over.
//!
//! Withheld money is in a campaign's `reserved` account, so LG-1 and LG-2 hold over it as they stand.

use std::collections::{BTreeMap, btree_map::Entry};

use motet_model::ids::{BidId, CampaignIx, DecisionId};
use motet_units::{Nanos, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{Ledger, Refused, Reservation, ReservationState};

/// What one stop left withheld.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Withholding {
    /// The first moment at which no stray bid can be billed.
    pub(crate) until: Timestamp,
    pub(crate) campaigns: BTreeMap<CampaignIx, Withheld>,
}

/// What is withheld of one campaign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Withheld {
    pub(crate) left: Nanos,
    /// The day it counts on.
    pub(crate) day: i64,
}

impl Ledger {
    /// Withholds up to `most` of what a campaign may reserve on a day, until a moment, under the name of a stop: the first
    /// decision that may have been lost in it. Once for each stop and campaign. Returns what was withheld.
    pub fn withhold(
        &mut self,
        stop: DecisionId,
        campaign: CampaignIx,
        most: Nanos,
        day: i64,
        until: Timestamp,
    ) -> Nanos {
        let Some(books) = self.campaigns.get_mut(campaign.get()).and_then(Option::as_mut) else {
            return Nanos::ZERO;
        };
        let amount = books.room(day).min(most);
        let withholding =
            self.withheld.entry(stop).or_insert_with(|| Withholding { until, campaigns: BTreeMap::new() });
        let Entry::Vacant(place) = withholding.campaigns.entry(campaign) else { return Nanos::ZERO };
        if !amount.is_positive() {
            return Nanos::ZERO;
        }
        books.reserve(amount, day);
        place.insert(Withheld { left: amount, day });
        self.reserved_nanos += i128::from(amount.get());
        amount
    }

    /// Makes a stray bid known: it gets a reservation of its own out of what a stop left withheld of its campaign.
    ///
    /// # Errors
    /// Refuses, changing nothing: [`Refused::Duplicate`] one that is known already, [`Refused::Expired`] one whose time has
    /// passed, [`Refused::NotWithheld`] one for which nothing, or too little, is withheld.
    pub fn take_in(
        &mut self,
        stop: DecisionId,
        bid: BidId,
        campaign: CampaignIx,
        amount: Nanos,
        expires: Timestamp,
    ) -> Result<(), Refused> {
        if amount < Nanos::ZERO {
            return Err(Refused::Negative);
        }
        let full = self.reservations.len() as u64 >= self.limits.reservations;
        let Entry::Vacant(place) = self.reservations.entry(bid) else { return Err(Refused::Duplicate) };
        if self.expired_through.is_some_and(|passed| expires <= passed) {
            return Err(Refused::Expired);
        }
        let withholding = self.withheld.get_mut(&stop);
        let withheld = withholding.and_then(|withholding| withholding.campaigns.get_mut(&campaign));
        let withheld = withheld.filter(|withheld| withheld.left >= amount).ok_or(Refused::NotWithheld)?;
        if full {
            return Err(Refused::TooManyOpen);
        }
        withheld.left -= amount;
        let day = withheld.day;
        place.insert(Reservation { campaign, amount, day, expires, state: ReservationState::Open });
        self.queue.insert((expires, bid));
        self.open += 1;
        let books = self.campaigns.get_mut(campaign.get()).and_then(Option::as_mut);
        books.expect("money is withheld only of a known campaign").take_in(day);
        Ok(())
    }

    /// Returns what is withheld of a campaign after all stops, as far as no bill has come for it.
    pub fn withheld(&self, campaign: CampaignIx) -> Nanos {
        let of = |withholding: &Withholding| withholding.campaigns.get(&campaign).map(|held| held.left);
        self.withheld.values().filter_map(of).sum()
    }

    /// Gives back what is withheld until a moment that has come. Tells whether there was any.
    pub(crate) fn end_withholding(&mut self, now: Timestamp) -> bool {
        let before = self.withheld.len();
        while let Some((&stop, _)) = self.withheld.iter().find(|(_, withholding)| withholding.until <= now) {
            let ended = self.withheld.remove(&stop).expect("it was found just now");
            for (campaign, withheld) in ended.campaigns {
                let books = self.campaigns.get_mut(campaign.get()).and_then(Option::as_mut);
                let books = books.expect("money is withheld only of a known campaign");
                books.release(withheld.left, withheld.day);
                self.reserved_nanos -= i128::from(withheld.left.get());
                self.returned_nanos += i128::from(withheld.left.get());
            }
        }
        self.withheld.len() < before
    }
}
