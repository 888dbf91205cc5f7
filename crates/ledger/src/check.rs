//! The audit: LG-1, LG-2, and that every part of the ledger tells the same story.

use motet_model::ids::CampaignIx;
use motet_units::Nanos;

use crate::{
    Ledger, ReservationState, Totals,
    books::{Books, Fault},
    campaign::Campaign,
};

/// An invariant that does not hold: a fault of the program, never of its input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// LG-1 broken: accounts do not sum to zero.
    #[error("LG-1: accounts of campaign {} do not sum to zero (day {day:?})", campaign.0)]
    Unbalanced {
        /// Whose books.
        campaign: CampaignIx,
        /// Which day's; `None` for the whole budget's.
        day: Option<i64>,
    },
    /// LG-2 broken: an account is overdrawn.
    #[error("LG-2: an account of campaign {} is below zero (day {day:?})", campaign.0)]
    Overdrawn {
        /// Whose books.
        campaign: CampaignIx,
        /// Which day's; `None` for the whole budget's.
        day: Option<i64>,
    },
    /// LG-2 broken: more is granted than the budget allows, or less.
    #[error("LG-2: the grant of campaign {} is not its budget (day {day:?})", campaign.0)]
    Misfunded {
        /// Whose books.
        campaign: CampaignIx,
        /// Which day's; `None` for the whole budget's.
        day: Option<i64>,
    },
    /// The days' books do not add up to the whole budget's.
    #[error("days of campaign {} do not add up to its total", campaign.0)]
    Days {
        /// Whose books.
        campaign: CampaignIx,
    },
    /// The open reservations do not add up to what the books hold.
    #[error("open reservations of campaign {} do not add up to what its books hold", campaign.0)]
    Reservations {
        /// Whose books.
        campaign: CampaignIx,
    },
    /// The running totals are not the sum of the campaigns.
    #[error("running totals are not the sum of the campaigns")]
    Totals,
}

impl Violation {
    fn of(fault: Fault, campaign: CampaignIx, day: Option<i64>) -> Self {
        match fault {
            Fault::Unbalanced => Self::Unbalanced { campaign, day },
            Fault::Negative => Self::Overdrawn { campaign, day },
            Fault::Misfunded => Self::Misfunded { campaign, day },
        }
    }
}

/// What the open reservations of one campaign, and what is withheld of it, come to.
#[derive(Clone, Copy, Default)]
struct Held {
    amount: i128,
    /// Open reservations.
    bids: u64,
    /// Stops after which some is withheld.
    stops: u64,
}

/// Audits the whole ledger. Takes time in proportion to campaigns and remembered keys.
pub(crate) fn check(ledger: &Ledger) -> Result<(), Violation> {
    let held = held(ledger)?;
    let mut totals = Totals { returned_nanos: ledger.returned_nanos, ..Totals::default() };
    for (campaign, books) in ledger.campaigns() {
        check_campaign(campaign, books, held[campaign.get()])?;
        totals.reserved_nanos += i128::from(books.books.reserved().get());
        totals.spent_nanos += i128::from(books.books.spent().get());
        totals.open += held[campaign.get()].bids;
    }
    totals.remembered = ledger.reservations.len() as u64;
    if totals == ledger.totals() { Ok(()) } else { Err(Violation::Totals) }
}

/// Sums open reservations and what is withheld by campaign. The order of a sum of integers cannot be seen.
fn held(ledger: &Ledger) -> Result<Vec<Held>, Violation> {
    let mut held = vec![Held::default(); ledger.campaigns.len()];
    for reservation in ledger.reservations.values() {
        let campaign = reservation.campaign;
        let sum = held.get_mut(campaign.get()).ok_or(Violation::Reservations { campaign })?;
        if reservation.state == ReservationState::Open {
            sum.amount += i128::from(reservation.amount.get());
            sum.bids += 1;
        }
    }
    let withheld = ledger.withheld.values().flat_map(|withholding| &withholding.campaigns);
    for (&campaign, withheld) in withheld {
        let sum = held.get_mut(campaign.get()).ok_or(Violation::Reservations { campaign })?;
        sum.amount += i128::from(withheld.left.get());
        sum.stops += 1;
    }
    Ok(held)
}

fn check_campaign(campaign: CampaignIx, books: &Campaign, held: Held) -> Result<(), Violation> {
    let audit = |books: &Books, day| books.audit().map_err(|fault| Violation::of(fault, campaign, day));
    audit(&books.books, None)?;
    let (mut reserved, mut spent, mut open) = (Nanos::ZERO, books.closed_spent, 0);
    for day in &books.days {
        audit(&day.books, Some(day.number))?;
        reserved += day.books.reserved();
        spent += day.books.spent();
        open += day.open;
    }
    if reserved != books.books.reserved() || spent != books.books.spent() {
        return Err(Violation::Days { campaign });
    }
    if held.amount != i128::from(reserved.get()) || held.bids + held.stops != open {
        return Err(Violation::Reservations { campaign });
    }
    Ok(())
}
