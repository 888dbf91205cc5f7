//! One campaign's books: the whole budget, and each day that is still open.

use motet_model::ids::CampaignIx;
use motet_units::{Nanos, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{Grant, Refused, books::Books, grant::Held};

/// How much a campaign may spend, in nanos. `None` means no limit of that kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Budget {
    /// Over its whole life.
    pub total: Option<Nanos>,
    /// On one day.
    pub daily: Option<Nanos>,
}

impl Budget {
    pub(crate) fn is_negative(self) -> bool {
        [self.total, self.daily].into_iter().flatten().any(|amount| amount < Nanos::ZERO)
    }
}

/// A campaign's position, as of one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// The budget in force.
    pub budget: Budget,
    /// Charged over the campaign's life.
    pub spent: Nanos,
    /// Held for bids without an outcome yet.
    pub reserved: Nanos,
    /// Left of the total budget; [`Nanos::MAX`] less what is used where there is none.
    pub available: Nanos,
    /// The day the next three speak of, as a day number.
    pub day: i64,
    /// Charged for bids made on the day; zero once the day's books are dropped.
    pub spent_today: Nanos,
    /// Held for bids made on the day.
    pub reserved_today: Nanos,
    /// What may still be reserved on the day: the less of what the day and the total have left.
    pub available_today: Nanos,
    /// Bids without an outcome yet, and stops after which some is withheld, on any day.
    pub open: u64,
    /// What other nodes spent over the campaign's life, as last heard; zero where the budget is not shared.
    pub elsewhere: Nanos,
    /// What other nodes spent on the day.
    pub elsewhere_today: Nanos,
}

/// One day's books.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Day {
    pub(crate) number: i64,
    pub(crate) books: Books,
    pub(crate) open: u64,
}

/// One campaign's money.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Campaign {
    pub(crate) budget: Budget,
    pub(crate) books: Books,
    /// In order of day. The newest two, and older ones only while a reservation is open: few.
    pub(crate) days: Vec<Day>,
    newest: i64,
    /// Spent on days whose books are dropped.
    pub(crate) closed_spent: Nanos,
    /// What was granted to this node, where the budget is shared.
    pub(crate) held: Option<Held>,
}

fn limit(amount: Option<Nanos>) -> Nanos {
    amount.unwrap_or(Nanos::MAX)
}

impl Campaign {
    pub(crate) fn new(budget: Budget) -> Self {
        Self {
            budget,
            books: Books::new(limit(budget.total)),
            days: Vec::new(),
            newest: i64::MIN,
            closed_spent: Nanos::ZERO,
            held: None,
        }
    }

    pub(crate) fn set_budget(&mut self, budget: Budget) {
        self.budget = budget;
        self.books.set_limit(limit(budget.total));
        for day in &mut self.days {
            day.books.set_limit(limit(budget.daily));
        }
    }

    /// Returns what may be reserved on a day.
    pub(crate) fn room(&self, day: i64) -> Nanos {
        if self.is_closed(day) {
            return Nanos::ZERO;
        }
        self.books.available().min(self.day_available(day))
    }

    /// Tells whether an amount may be reserved on a day.
    pub(crate) fn admit(&self, amount: Nanos, day: i64) -> Result<(), Refused> {
        if self.is_closed(day) {
            return Err(Refused::DayClosed);
        }
        if amount > self.books.available() {
            return Err(Refused::NoTotal);
        }
        if amount > self.day_available(day) {
            return Err(Refused::NoDaily);
        }
        Ok(())
    }

    /// Returns what a lease lets be reserved on a day; nothing without one.
    pub(crate) fn leased_room(&self, day: i64) -> Nanos {
        self.held.as_ref().map_or(Nanos::ZERO, |held| held.room(day, self.committed(day)))
    }

    /// Tells whether an amount is within the lease, and its bill would come in its time.
    pub(crate) fn admit_leased(
        &mut self,
        campaign: CampaignIx,
        amount: Nanos,
        day: i64,
        expires: Timestamp,
    ) -> Result<(), Refused> {
        let room = self.leased_room(day);
        let held = self.held.get_or_insert_with(|| Held::none(campaign, day));
        if amount > room || expires > held.grant.until {
            held.lacked = held.lacked.max(amount);
            return Err(Refused::NoLease);
        }
        Ok(())
    }

    /// Takes a grant. Returns what is committed or has lapsed on its day: what the holder cannot do without.
    pub(crate) fn take_grant(&mut self, grant: Grant) -> Nanos {
        let held = Held::take(grant, self.held.take());
        let needed = self.committed(grant.day) + held.lapsed();
        self.held = Some(held);
        needed
    }

    /// Charges an amount to a day as it stood in other books, whatever the budget is.
    pub(crate) fn carry(&mut self, spent: Nanos, day: i64) {
        let budget = self.budget;
        self.set_budget(Budget::default());
        self.reserve(spent, day);
        self.settle(spent, spent, day);
        self.set_budget(budget);
    }

    pub(crate) fn day_statements(&self) -> Vec<DayStatement> {
        let open = self.days.iter().map(|day| DayStatement {
            day: day.number,
            spent: day.books.spent(),
            reserved: day.books.reserved(),
        });
        let mut days: Vec<_> = open.collect();
        if self.closed_spent.is_positive() {
            let day = days.first().map_or(0, |oldest| oldest.day) - 1;
            days.insert(0, DayStatement { day, spent: self.closed_spent, reserved: Nanos::ZERO });
        }
        days
    }

    /// Returns what is spent and reserved on a day.
    pub(crate) fn committed(&self, day: i64) -> Nanos {
        let books = self.find(day).map(|place| &self.days[place].books);
        books.map_or(Nanos::ZERO, |books| books.spent() + books.reserved())
    }

    /// Holds an amount that was admitted.
    pub(crate) fn reserve(&mut self, amount: Nanos, day: i64) {
        self.books.reserve(amount);
        let day = self.open_day(day);
        day.books.reserve(amount);
        day.open += 1;
    }

    /// Counts another holder of money that is held on a day already.
    pub(crate) fn take_in(&mut self, day: i64) {
        self.open_day(day).open += 1;
    }

    /// Charges part of an amount held on a day and frees the rest.
    pub(crate) fn settle(&mut self, held: Nanos, charge: Nanos, day: i64) {
        self.books.settle(held, charge);
        self.resolve(day, |books| books.settle(held, charge));
    }

    /// Frees an amount held on a day.
    pub(crate) fn release(&mut self, held: Nanos, day: i64) {
        self.books.release(held);
        self.resolve(day, |books| books.release(held));
    }

    pub(crate) fn statement(&self, day: i64) -> Statement {
        let today = self.find(day).map(|place| &self.days[place].books);
        let heard = self.held.as_ref();
        Statement {
            budget: self.budget,
            spent: self.books.spent(),
            reserved: self.books.reserved(),
            available: self.books.available(),
            day,
            spent_today: today.map_or(Nanos::ZERO, Books::spent),
            reserved_today: today.map_or(Nanos::ZERO, Books::reserved),
            available_today: self.room(day),
            open: self.days.iter().map(|day| day.open).sum(),
            elsewhere: heard.map_or(Nanos::ZERO, |held| held.grant.elsewhere),
            elsewhere_today: heard
                .filter(|held| held.grant.day == day)
                .map_or(Nanos::ZERO, |held| held.grant.elsewhere_today),
        }
    }

    /// Tells whether a day takes no more reservations: its books may be gone, so its cap cannot be kept.
    fn is_closed(&self, day: i64) -> bool {
        day < self.newest.saturating_sub(1)
    }

    fn day_available(&self, day: i64) -> Nanos {
        self.find(day).map_or_else(|| limit(self.budget.daily), |place| self.days[place].books.available())
    }

    /// Finds a day's books; the newest is last, and nearly always the one wanted.
    fn find(&self, day: i64) -> Option<usize> {
        self.days.iter().rposition(|known| known.number == day)
    }

    fn open_day(&mut self, day: i64) -> &mut Day {
        if day > self.newest {
            self.newest = day;
            self.drop_old_days();
        }
        let place = self.find(day).unwrap_or_else(|| {
            let place = self.days.partition_point(|known| known.number < day);
            let books = Books::new(limit(self.budget.daily));
            self.days.insert(place, Day { number: day, books, open: 0 });
            place
        });
        &mut self.days[place]
    }

    fn resolve(&mut self, day: i64, change: impl FnOnce(&mut Books)) {
        let place = self.find(day).expect("a day with an open reservation keeps its books");
        let books = &mut self.days[place];
        change(&mut books.books);
        books.open -= 1;
        if books.open == 0 && self.is_closed(day) {
            self.drop_old_days();
        }
    }

    fn drop_old_days(&mut self) {
        let oldest = self.newest.saturating_sub(1);
        let closed_spent = &mut self.closed_spent;
        self.days.retain(|day| {
            let keep = day.number >= oldest || day.open > 0;
            if !keep {
                *closed_spent += day.books.spent();
            }
            keep
        });
    }
}

/// What a campaign spent and holds on one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayStatement {
    /// The day, as a day number.
    pub day: i64,
    /// Charged for bids made on it.
    pub spent: Nanos,
    /// Held for bids made on it.
    pub reserved: Nanos,
}
