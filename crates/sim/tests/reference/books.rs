//! Every campaign's money, as a list of bids that is added up whenever somebody asks.

use motet_model::{
    decision::{Bid, Charge},
    outcome::{NoticeKind, NoticeVerdict},
};
use motet_sim::World;
use motet_units::{Nanos, Span, Timestamp};

struct Entry {
    bid: Bid,
    day: i64,
    released: bool,
    charged: Option<Nanos>,
}

/// The books of a world.
pub(crate) struct Books {
    daily: Vec<Nanos>,
    entries: Vec<Entry>,
    utc_offset: Span,
}

impl Books {
    pub(crate) fn new(world: &World) -> Self {
        let daily = world.campaigns.truth.iter().map(|campaign| campaign.daily_budget).collect();
        Self { daily, entries: Vec::new(), utc_offset: world.utc_offset() }
    }

    /// A group's budgets become so many times what they were at first.
    pub(crate) fn change(&mut self, world: &World, group: u16, factor: f64) {
        for (daily, campaign) in self.daily.iter_mut().zip(&world.campaigns.truth) {
            if campaign.group == group {
                *daily = Nanos::from_units(campaign.daily_budget.units() * factor);
            }
        }
    }

    /// Holds the most a bid can cost.
    ///
    /// # Panics
    /// When the day's budget has no room for it.
    pub(crate) fn hold(&mut self, bid: &Bid, now: Timestamp) {
        let campaign = bid.campaign.get();
        let [.., room] = self.account(campaign, now);
        assert!(bid.reserved <= room, "a bid holds {:?} where {room:?} is left", bid.reserved);
        self.entries.push(Entry {
            bid: bid.clone(),
            day: now.day(self.utc_offset),
            released: false,
            charged: None,
        });
    }

    /// Takes a notice into the books: what it is taken for and what it charges. Who buys without a told click is judged by
    /// the caller.
    pub(crate) fn told(&mut self, bid: &Bid, kind: NoticeKind, now: Timestamp) -> (NoticeVerdict, Nanos) {
        let entry = self.entries.iter_mut().find(|entry| entry.bid.id == bid.id).expect("the bid was held");
        let amount = match (kind, bid.charge) {
            (NoticeKind::Lost { .. }, _) => {
                entry.released = true;
                return (NoticeVerdict::Counted, Nanos::ZERO);
            }
            (NoticeKind::Billed { price }, Charge::OnBilling) => {
                let (part, whole) =
                    (i128::from(price.expect("a bill has a price").get()), i128::from(bid.price.get()));
                let held = i128::from(bid.reserved.get());
                // What was held for the bid, in the ratio of clearing price and bid, rounded up.
                Nanos::new(((held * part + whole - 1) / whole) as i64)
            }
            (NoticeKind::Impression, Charge::OnImpression) => bid.reserved,
            _ => return (NoticeVerdict::Counted, Nanos::ZERO),
        };
        if bid.expires <= now {
            return (NoticeVerdict::Expired, Nanos::ZERO);
        }
        entry.charged = Some(amount);
        (NoticeVerdict::Counted, amount)
    }

    pub(crate) fn accounts(&self, now: Timestamp) -> Vec<[Nanos; 5]> {
        (0..self.daily.len()).map(|campaign| self.account(campaign, now)).collect()
    }

    /// Adds up a campaign's bids: spent and held for today's, spent and held for all, and what may still be held.
    fn account(&self, campaign: usize, now: Timestamp) -> [Nanos; 5] {
        let today = now.day(self.utc_offset);
        let [mut spent_today, mut held_today, mut spent, mut held] = [Nanos::ZERO; 4];
        for entry in self.entries.iter().filter(|entry| entry.bid.campaign.get() == campaign) {
            let charged = entry.charged.unwrap_or(Nanos::ZERO);
            let open = entry.charged.is_none() && !entry.released && entry.bid.expires > now;
            let open = if open { entry.bid.reserved } else { Nanos::ZERO };
            spent += charged;
            held += open;
            if entry.day == today {
                spent_today += charged;
                held_today += open;
            }
        }
        [spent_today, held_today, spent, held, self.daily[campaign] - spent_today - held_today]
    }
}
