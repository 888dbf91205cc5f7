//! The plain ledger: it keeps every reservation ever made and works every figure out from them.

use std::collections::BTreeMap;

use motet_model::ids::{BidId, CampaignIx};
use motet_units::{Nanos, Timestamp};

use crate::{Budget, Refused, Released, Settlement, Unsettled};

#[derive(Clone, Copy, PartialEq)]
enum State {
    Open,
    Settled(i64),
    Released,
    Expired,
}

struct Made {
    campaign: CampaignIx,
    amount: i64,
    day: i64,
    expires: Timestamp,
    state: State,
    charged: i64,
}

#[derive(Default)]
pub(super) struct Naive {
    budgets: BTreeMap<CampaignIx, Budget>,
    made: BTreeMap<BidId, Made>,
    passed: Option<Timestamp>,
}

impl Naive {
    pub(super) fn set_budget(&mut self, campaign: CampaignIx, budget: Budget) {
        self.budgets.insert(campaign, budget);
    }

    fn used(&self, campaign: CampaignIx, counts: impl Fn(&Made) -> bool) -> (i64, i64) {
        let own = self.made.values().filter(|made| made.campaign == campaign && counts(made));
        own.fold((0, 0), |(reserved, spent), made| match made.state {
            State::Open => (reserved + made.amount, spent),
            _ => (reserved, spent + made.charged),
        })
    }

    pub(super) fn reserved_and_spent(&self, campaign: CampaignIx) -> (i64, i64) {
        self.used(campaign, |_| true)
    }

    pub(super) fn used_on(&self, campaign: CampaignIx, day: i64) -> i64 {
        let (reserved, spent) = self.used(campaign, |made| made.day == day);
        reserved + spent
    }

    fn left(limit: Option<Nanos>, used: i64) -> i64 {
        (limit.unwrap_or(Nanos::MAX).get() - used).max(0)
    }

    fn closed(&self, campaign: CampaignIx, day: i64) -> bool {
        let days = self.made.values().filter(|made| made.campaign == campaign).map(|made| made.day);
        days.max().is_some_and(|newest| day < newest - 1)
    }

    pub(super) fn room(&self, campaign: CampaignIx, day: i64) -> i64 {
        let Some(budget) = self.budgets.get(&campaign) else { return 0 };
        if self.closed(campaign, day) {
            return 0;
        }
        let (reserved, spent) = self.reserved_and_spent(campaign);
        let total = Self::left(budget.total, reserved + spent);
        total.min(Self::left(budget.daily, self.used_on(campaign, day)))
    }

    pub(super) fn reserve(
        &mut self,
        bid: BidId,
        campaign: CampaignIx,
        amount: i64,
        day: i64,
        expires: Timestamp,
    ) -> Result<(), Refused> {
        match self.made.get(&bid) {
            Some(made) if made.state != State::Expired && self.passed < Some(made.expires) => {
                return Err(Refused::Duplicate);
            }
            _ if self.passed >= Some(expires) => return Err(Refused::Expired),
            // The caller never gives a key a second, later expiry.
            Some(_) => unreachable!("a forgotten key has an expiry that has passed"),
            None => {}
        }
        let budget = self.budgets.get(&campaign).ok_or(Refused::Unknown)?;
        if self.closed(campaign, day) {
            return Err(Refused::DayClosed);
        }
        let (reserved, spent) = self.reserved_and_spent(campaign);
        if amount > Self::left(budget.total, reserved + spent) {
            return Err(Refused::NoTotal);
        }
        if amount > Self::left(budget.daily, self.used_on(campaign, day)) {
            return Err(Refused::NoDaily);
        }
        self.made.insert(bid, Made { campaign, amount, day, expires, state: State::Open, charged: 0 });
        Ok(())
    }

    fn remembered(&mut self, bid: BidId) -> Option<&mut Made> {
        let passed = self.passed;
        self.made.get_mut(&bid).filter(|made| passed < Some(made.expires))
    }

    pub(super) fn settle(&mut self, bid: BidId, price: i64, now: Timestamp) -> Settlement {
        let Some(made) = self.remembered(bid) else { return Settlement::Refused(Unsettled::Unknown) };
        if made.expires <= now {
            return Settlement::Refused(Unsettled::Expired);
        }
        let campaign = made.campaign;
        match made.state {
            State::Settled(charged) => Settlement::Duplicate { campaign, charged: Nanos::new(charged) },
            State::Released => Settlement::Refused(Unsettled::Released),
            State::Expired => unreachable!("an expired key is not remembered"),
            State::Open => {
                made.charged = price.min(made.amount);
                made.state = State::Settled(made.charged);
                let charged = Nanos::new(made.charged);
                Settlement::Settled { campaign, charged, excess: Nanos::new(price) - charged }
            }
        }
    }

    pub(super) fn release(&mut self, bid: BidId, now: Timestamp) -> Released {
        let Some(made) = self.remembered(bid) else { return Released::Unknown };
        if made.expires <= now {
            return Released::Expired;
        }
        match made.state {
            State::Settled(_) => Released::Settled,
            State::Released => Released::Duplicate,
            State::Expired => unreachable!("an expired key is not remembered"),
            State::Open => {
                made.state = State::Released;
                Released::Released { campaign: made.campaign, amount: Nanos::new(made.amount) }
            }
        }
    }

    pub(super) fn expire(&mut self, now: Timestamp) -> Vec<BidId> {
        self.passed = self.passed.max(Some(now));
        let open = self.made.iter_mut().filter(|(_, made)| made.state == State::Open && made.expires <= now);
        let mut released = Vec::new();
        for (bid, made) in open {
            made.state = State::Expired;
            released.push((made.expires, *bid));
        }
        released.sort_unstable();
        released.into_iter().map(|(_, bid)| bid).collect()
    }
}
