//! The ledger: campaigns, reservations, and the queue of their expiries.

use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};

use motet_model::ids::{BidId, CampaignIx};
use motet_units::{Nanos, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    Budget, DayStatement, Funding, Grant, Refused, Released, Settlement, Statement, Unsettled, Violation,
    campaign::Campaign, check,
};

/// How much the ledger may hold: its bound on memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Campaign indices below this are taken.
    pub campaigns: u32,
    /// The most keys remembered at once, open or resolved; about 150 bytes each.
    pub reservations: u64,
}

impl Default for Limits {
    /// A million campaigns and 16 million reservations.
    fn default() -> Self {
        Self { campaigns: 1 << 20, reservations: 1 << 24 }
    }
}

/// Money held for one bid, or the memory of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reservation {
    /// Whose money.
    pub campaign: CampaignIx,
    /// What was reserved: the most the bid can cost.
    pub amount: Nanos,
    /// The day it counts on.
    pub day: i64,
    /// The first moment at which a notice comes too late.
    pub expires: Timestamp,
    /// What has become of it.
    pub state: ReservationState,
}

/// What has become of a reservation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReservationState {
    /// No outcome yet; the money is held.
    Open,
    /// Charged.
    Settled {
        /// What was charged.
        charged: Nanos,
    },
    /// Lost; the money was given back.
    Released,
}

/// Sums over all campaigns, kept as calls are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Totals {
    /// Held for bids without an outcome yet, in nanos.
    pub reserved_nanos: i128,
    /// Charged since the beginning, in nanos.
    pub spent_nanos: i128,
    /// Bids without an outcome yet.
    pub open: u64,
    /// Keys remembered, open or resolved.
    pub remembered: u64,
}

/// Every campaign's money. See the crate's page for the rules.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Ledger {
    pub(crate) limits: Limits,
    pub(crate) funding: Funding,
    pub(crate) campaigns: Vec<Option<Campaign>>,
    /// Ordered, not hashed: a hash table that doubles stops the world for as long as it moves its entries.
    pub(crate) reservations: BTreeMap<BidId, Reservation>,
    /// One entry for each key remembered, earliest expiry first.
    pub(crate) queue: BTreeSet<(Timestamp, BidId)>,
    /// Everything that expires up to here has been released.
    pub(crate) expired_through: Option<Timestamp>,
    pub(crate) reserved_nanos: i128,
    pub(crate) spent_nanos: i128,
    pub(crate) open: u64,
}

impl Ledger {
    /// Makes an empty ledger.
    pub fn new(limits: Limits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// Sets a campaign's budget, now and for the day's books that are open. Makes the campaign known.
    ///
    /// # Errors
    /// Refuses a budget below zero and an index at or past the limit.
    pub fn set_budget(&mut self, campaign: CampaignIx, budget: Budget) -> Result<(), Refused> {
        if budget.is_negative() {
            return Err(Refused::Negative);
        }
        if campaign.0 >= self.limits.campaigns {
            return Err(Refused::TooManyCampaigns);
        }
        if campaign.get() >= self.campaigns.len() {
            self.campaigns.resize(campaign.get() + 1, None);
        }
        match &mut self.campaigns[campaign.get()] {
            Some(known) => known.set_budget(budget),
            unknown => *unknown = Some(Campaign::new(budget)),
        }
        Ok(())
    }

    /// Says whose money it holds from here on.
    pub const fn set_funding(&mut self, funding: Funding) {
        self.funding = funding;
    }

    /// Takes a grant in the place of the campaign's one before. Returns what the node cannot do without on its day: what
    /// is committed, and what has lapsed since the grant's `seen`; never told less than that, it can keep within it.
    pub fn take_grant(&mut self, grant: Grant) -> Nanos {
        let books = self.campaigns.get_mut(grant.campaign.get()).and_then(Option::as_mut);
        books.map_or(Nanos::ZERO, |books| books.take_grant(grant))
    }

    /// Returns a campaign's grant, and the dearest bid that did not fit since it was made.
    pub fn grant(&self, campaign: CampaignIx) -> Option<(Grant, Nanos)> {
        self.campaign(campaign)?.held.as_ref().map(|held| (held.grant, held.lacked))
    }

    /// Returns what is spent and reserved on a day, on the day alone.
    pub fn committed(&self, campaign: CampaignIx, day: i64) -> Nanos {
        self.campaign(campaign).map_or(Nanos::ZERO, |books| books.committed(day))
    }

    /// Returns what a campaign spent and holds by day, oldest first. What it spent on days whose books are closed stands
    /// as one day before the oldest that is open.
    pub fn days(&self, campaign: CampaignIx) -> Vec<DayStatement> {
        self.campaign(campaign).map(Campaign::day_statements).unwrap_or_default()
    }

    /// Charges what a campaign spent on a day in other books: how a ledger is begun from another. Days come in order.
    ///
    /// # Errors
    /// Refuses an amount below zero and a campaign without a budget on record.
    pub fn carry(&mut self, campaign: CampaignIx, day: i64, spent: Nanos) -> Result<(), Refused> {
        if spent < Nanos::ZERO {
            return Err(Refused::Negative);
        }
        let books =
            self.campaigns.get_mut(campaign.get()).and_then(Option::as_mut).ok_or(Refused::Unknown)?;
        books.carry(spent, day);
        self.spent_nanos += i128::from(spent.get());
        Ok(())
    }

    /// Returns what may be reserved for a campaign on a day; nothing for one unknown.
    pub fn room(&self, campaign: CampaignIx, day: i64) -> Nanos {
        let Some(books) = self.campaign(campaign) else { return Nanos::ZERO };
        match self.funding {
            Funding::Own => books.room(day),
            Funding::Leased => books.room(day).min(books.leased_room(day)),
        }
    }

    /// Holds the most a bid can cost until its outcome is known or `expires` has come.
    ///
    /// # Errors
    /// Refuses, changing nothing, where [`Refused`] says why.
    pub fn reserve(
        &mut self,
        bid: BidId,
        campaign: CampaignIx,
        amount: Nanos,
        day: i64,
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
        let books =
            self.campaigns.get_mut(campaign.get()).and_then(Option::as_mut).ok_or(Refused::Unknown)?;
        if full {
            return Err(Refused::TooManyOpen);
        }
        books.admit(amount, day)?;
        if self.funding == Funding::Leased {
            books.admit_leased(campaign, amount, day, expires)?;
        }
        books.reserve(amount, day);
        place.insert(Reservation { campaign, amount, day, expires, state: ReservationState::Open });
        self.queue.insert((expires, bid));
        self.reserved_nanos += i128::from(amount.get());
        self.open += 1;
        Ok(())
    }

    /// Charges a bid at a price, at most the amount reserved, once.
    ///
    /// A price above the amount reserved is charged at that amount and the excess reported: the impression was
    /// shown, and the rest was never the advertiser's to pay.
    pub fn settle(&mut self, bid: BidId, price: Nanos, now: Timestamp) -> Settlement {
        let Some(reservation) = self.reservations.get_mut(&bid) else {
            return Settlement::Refused(Unsettled::Unknown);
        };
        let campaign = reservation.campaign;
        match reservation.state {
            _ if reservation.expires <= now => Settlement::Refused(Unsettled::Expired),
            ReservationState::Settled { charged } => Settlement::Duplicate { campaign, charged },
            ReservationState::Released => Settlement::Refused(Unsettled::Released),
            ReservationState::Open if price < Nanos::ZERO => Settlement::Refused(Unsettled::Negative),
            ReservationState::Open => {
                let charged = price.min(reservation.amount);
                reservation.state = ReservationState::Settled { charged };
                let held = *reservation;
                self.books_of(held).settle(held.amount, charged, held.day);
                self.resolved(held, charged);
                Settlement::Settled { campaign, charged, excess: price - charged }
            }
        }
    }

    /// Gives back what is held for a bid that was lost.
    pub fn release(&mut self, bid: BidId, now: Timestamp) -> Released {
        let Some(reservation) = self.reservations.get_mut(&bid) else { return Released::Unknown };
        match reservation.state {
            _ if reservation.expires <= now => Released::Expired,
            ReservationState::Settled { .. } => Released::Settled,
            ReservationState::Released => Released::Duplicate,
            ReservationState::Open => {
                reservation.state = ReservationState::Released;
                let held = *reservation;
                self.give_back(held);
                Released::Released { campaign: held.campaign, amount: held.amount }
            }
        }
    }

    /// Forgets every key whose expiry is at or before `now`, releasing those still open and appending them to
    /// `released` in order of expiry, then key.
    pub fn expire(&mut self, now: Timestamp, released: &mut Vec<BidId>) {
        while let Some(&(expires, bid)) = self.queue.first()
            && expires <= now
        {
            self.queue.pop_first();
            let reservation = self.reservations.remove(&bid).expect("every key in the queue is remembered");
            if reservation.state == ReservationState::Open {
                if let Some(held) = &mut self.books_of(reservation).held {
                    held.lapse(reservation.day, expires, reservation.amount);
                }
                self.give_back(reservation);
                released.push(bid);
            }
        }
        self.expired_through = self.expired_through.max(Some(now));
    }

    /// Returns the earliest expiry among the keys remembered.
    pub fn next_expiry(&self) -> Option<Timestamp> {
        self.queue.first().map(|&(expires, _)| expires)
    }

    /// Returns what is remembered of a bid, until its expiry.
    pub fn reservation(&self, bid: BidId) -> Option<Reservation> {
        self.reservations.get(&bid).copied()
    }

    /// Returns a campaign's position as of a day; `None` where it has no budget on record.
    pub fn statement(&self, campaign: CampaignIx, day: i64) -> Option<Statement> {
        let available_today = self.room(campaign, day);
        self.campaign(campaign).map(|books| Statement { available_today, ..books.statement(day) })
    }

    /// Returns the sums over all campaigns, in constant time.
    pub fn totals(&self) -> Totals {
        Totals {
            reserved_nanos: self.reserved_nanos,
            spent_nanos: self.spent_nanos,
            open: self.open,
            remembered: self.reservations.len() as u64,
        }
    }

    /// Audits the whole ledger, in time proportional to its size.
    ///
    /// # Errors
    /// Returns the first invariant that does not hold: a fault of the program.
    pub fn check(&self) -> Result<(), Violation> {
        check::check(self)
    }

    pub(crate) fn campaigns(&self) -> impl Iterator<Item = (CampaignIx, &Campaign)> {
        let numbered = (0..).map(CampaignIx).zip(&self.campaigns);
        numbered.filter_map(|(campaign, books)| Some((campaign, books.as_ref()?)))
    }

    fn campaign(&self, campaign: CampaignIx) -> Option<&Campaign> {
        self.campaigns.get(campaign.get())?.as_ref()
    }

    fn books_of(&mut self, held: Reservation) -> &mut Campaign {
        let books = self.campaigns.get_mut(held.campaign.get()).and_then(Option::as_mut);
        books.expect("a reservation is made only for a known campaign, and campaigns are never removed")
    }

    fn give_back(&mut self, held: Reservation) {
        self.books_of(held).release(held.amount, held.day);
        self.resolved(held, Nanos::ZERO);
    }

    fn resolved(&mut self, held: Reservation, charged: Nanos) {
        self.reserved_nanos -= i128::from(held.amount.get());
        self.spent_nanos += i128::from(charged.get());
        self.open -= 1;
        debug_assert_eq!(self.books_of(held).books.audit(), Ok(()), "campaign {}", held.campaign.0);
    }
}
