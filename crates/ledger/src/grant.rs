//! Leased money: what this ledger may commit of a budget that it shares with other nodes.
//!
//! A ledger that is [`Funding::Leased`] reserves only from what was granted to it, beside its own rules. What it may
//! commit on a day is a sum since the day began, so a grant told twice changes nothing.
//!
//! A reservation that expires without an outcome does not make room again by itself. Its bill may have been taken by
//! another node and not be known here yet; so its money *lapses*, and is given back by the next grant that was made
//! after everything told about that bid had been seen.

use motet_model::ids::CampaignIx;
use motet_units::{Nanos, Timestamp};
use serde::{Deserialize, Serialize};

/// Whose money a ledger holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Funding {
    /// The whole budgets: it is the only ledger.
    #[default]
    Own,
    /// What was granted to it of budgets that other nodes spend from, too.
    Leased,
}

/// What a node may commit of a campaign's budget on one day, as told by who keeps the budgets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Whose budget.
    pub campaign: CampaignIx,
    /// The day, by the campaign's clock, as a day number.
    pub day: i64,
    /// What may be committed on the day, spent and reserved together, since it began.
    pub amount: Nanos,
    /// The last moment at which a bid made from it may still be billed.
    pub until: Timestamp,
    /// Everything told about bids that expired up to this moment was seen before the grant.
    pub seen: Timestamp,
    /// What other nodes spent on the day, as last heard.
    pub elsewhere_today: Nanos,
    /// What other nodes spent over the campaign's life, as last heard.
    pub elsewhere: Nanos,
}

/// A campaign's grant with what became of it since.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Held {
    pub(crate) grant: Grant,
    /// Money of reservations that expired without an outcome, by when; by the second, rounded up.
    lapsed: Vec<(Timestamp, Nanos)>,
    /// The dearest bid that did not fit since the grant.
    pub(crate) lacked: Nanos,
}

impl Held {
    /// Holds nothing; it is there to note what bids lack.
    pub(crate) fn none(campaign: CampaignIx, day: i64) -> Self {
        let (zero, never) = (Nanos::ZERO, Timestamp::default());
        let grant = Grant {
            campaign,
            day,
            amount: zero,
            until: never,
            seen: never,
            elsewhere_today: zero,
            elsewhere: zero,
        };
        Self { grant, lapsed: Vec::new(), lacked: zero }
    }

    /// Takes a grant in the place of the one before.
    pub(crate) fn take(grant: Grant, before: Option<Self>) -> Self {
        let same_day = before.filter(|held| held.grant.day == grant.day);
        let mut lapsed = same_day.map(|held| held.lapsed).unwrap_or_default();
        lapsed.retain(|(at, _)| *at > grant.seen);
        Self { grant, lapsed, lacked: Nanos::ZERO }
    }

    /// Returns what may still be reserved on a day, given what is committed on it.
    pub(crate) fn room(&self, day: i64, committed: Nanos) -> Nanos {
        if day != self.grant.day {
            return Nanos::ZERO;
        }
        (self.grant.amount - committed - self.lapsed()).max(Nanos::ZERO)
    }

    /// Returns the money that has lapsed and was not given back.
    pub(crate) fn lapsed(&self) -> Nanos {
        self.lapsed.iter().fold(Nanos::ZERO, |sum, (_, amount)| sum + *amount)
    }

    /// Notes that a reservation made on a day expired without an outcome.
    pub(crate) fn lapse(&mut self, day: i64, expired: Timestamp, amount: Nanos) {
        if day != self.grant.day || !amount.is_positive() {
            return;
        }
        let second = Timestamp::from_secs(expired.secs() + 1);
        match self.lapsed.last_mut() {
            Some((at, sum)) if *at == second => *sum += amount,
            _ => self.lapsed.push((second, amount)),
        }
    }
}
