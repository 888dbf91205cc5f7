//! Budgets: reserve, settle, release; double entry; idempotent.
//!
//! Holds every campaign's money and is the only part that can charge it. A bid reserves its full price before
//! it leaves; a billing notice settles it; a loss or the passing of time releases it. Since only money that is
//! available can be reserved and only reserved money can be spent, no order of calls can overspend.
//!
//! It is a deterministic state machine: equal calls in equal order give equal state on any machine, so the
//! state is a fold over the journal. It never reads a clock, never does input or output, never forgets a key
//! within its billing window and never iterates a hash map where order could be seen. Making calls durable is
//! the journal's work, not the ledger's.
//!
//! # Accounts
//!
//! Each campaign has one set of books for its whole budget and one for each day, of four accounts that always
//! sum to zero:
//!
//! ```text
//!              set_budget            reserve             settle
//!   funding ───────────────▶ available ─────▶ reserved ─────────▶ spent
//!           ◀───────────────           ◀─────
//!            budget lowered            release, expire, change from a settlement below the reserved price
//! ```
//!
//! Every change is a transfer that debits one account and credits another. Only `funding` (the advertiser's
//! side) is below zero; it is minus what has been granted.
//!
//! # Invariants
//!
//! * **LG-1** credits equal debits: the four accounts of every set of books sum to zero.
//! * **LG-2** no overspend: a reservation is taken only while reserved + spent stays within the budget of that
//!   moment, and spending only turns reserved money into spent money.
//!
//! [`Ledger::check`] audits both, and that books, days and open reservations tell the same story.
//!
//! # Edge cases
//!
//! * A budget may be lowered below what is already spent or reserved: then nothing is available, what is
//!   reserved may still settle (the bid was promised), and money released leaves the campaign.
//! * No budget means a limit of [`Nanos::MAX`](motet_units::Nanos::MAX), about nine million units: the ledger
//!   never holds a number that arithmetic could clamp.
//! * A settlement above the reserved amount is charged at the reserved amount, and the excess is reported.
//! * A day counts the reservations made on it, whenever they settle; a release gives back to that day alone.
//!   Reservations may come for the newest day and the one before; older days are closed.
//! * Money can be withheld for bids that were answered and whose records were lost: [`Ledger::withhold`].
//! * A key (bid id) is remembered, open or not, until its expiry. Notices repeated until then are duplicates;
//!   notices at or after it are refused as expired or unknown. None is charged.
//!
//! # Shared budgets
//!
//! Where several nodes spend from one budget, each ledger reserves only what was granted to it ([`Funding::Leased`],
//! [`Grant`]), beside all rules above.
//!
//! # Example
//!
//! ```
//! use motet_ledger::{Budget, Ledger, Refused, Settlement};
//! use motet_model::ids::{BidId, CampaignIx, DecisionId};
//! use motet_units::{Nanos, Timestamp};
//!
//! let amount = Nanos::from_units;
//! let (campaign, day) = (CampaignIx(0), 20_000);
//! let bid = |n| BidId { decision: DecisionId(n), imp: 0 };
//! let hour = Timestamp::from_secs(3_600);
//!
//! let mut ledger = Ledger::default();
//! ledger.set_budget(campaign, Budget { total: Some(amount(10.0)), daily: Some(amount(4.0)) }).unwrap();
//!
//! // Three bids of 1.50: two fit the day's 4.00, the third does not.
//! assert_eq!(ledger.reserve(bid(1), campaign, amount(1.5), day, hour), Ok(()));
//! assert_eq!(ledger.reserve(bid(2), campaign, amount(1.5), day, hour), Ok(()));
//! assert_eq!(ledger.reserve(bid(3), campaign, amount(1.5), day, hour), Err(Refused::NoDaily));
//!
//! // The first wins at 1.20; the same notice again changes nothing.
//! let now = Timestamp::from_secs(60);
//! let settled = ledger.settle(bid(1), amount(1.2), now);
//! assert_eq!(settled, Settlement::Settled { campaign, charged: amount(1.2), excess: Nanos::ZERO });
//! assert!(matches!(ledger.settle(bid(1), amount(1.2), now), Settlement::Duplicate { .. }));
//!
//! // No news of the second: its money comes back when its time has passed.
//! let mut expired = Vec::new();
//! ledger.expire(hour, &mut expired);
//! assert_eq!(expired, [bid(2)]);
//! assert_eq!(ledger.room(campaign, day), amount(2.8));
//!
//! let statement = ledger.statement(campaign, day).unwrap();
//! assert_eq!((statement.spent, statement.available), (amount(1.2), amount(8.8)));
//! ledger.check().unwrap();
//! ```

mod books;
mod campaign;
mod check;
mod form;
mod grant;
mod ledger;
mod outcome;
mod withheld;

pub use campaign::{Budget, DayStatement, Statement};
pub use check::Violation;
pub use grant::{Funding, Grant};
pub use ledger::{Ledger, Limits, Reservation, ReservationState, Totals};
pub use outcome::{Refused, Released, Settlement, Unsettled};

#[cfg(test)]
mod tests;
