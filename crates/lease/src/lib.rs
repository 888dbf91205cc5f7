//! Budgets shared by nodes, in slices: what a node may spend of a campaign's budget on one day, and until when.
//!
//! The truth about a budget lies in one place (the *pool*); a node holds a *lease*: an amount that only it may spend.
//! It bids from what it holds without asking anyone, so a decision never waits for the pool, and a node that is cut
//! off can spend what it holds and no more. Both sides are here, as state machines without a clock and without I/O:
//! [`Pool`] is what the shared store does in each of its transactions, [`Slicer`] is how a node chooses what to ask for.
//!
//! # Amounts are cumulative
//!
//! A lease states what its node may have committed *since the day began*, spent money included. So a message that
//! comes twice, or late, says the same thing again instead of granting twice. Every renewal states the version of
//! the lease it was made from; one that was made from an older version changes nothing ([`Refused::Stale`]).
//!
//! # Rules
//!
//! For every campaign, with the sums over all nodes:
//!
//! * **LE-1** Σ granted ≤ daily budget on each day, and over all days ≤ total budget, at every grant. What is granted
//!   holds what is spent: `0 ≤ spent ≤ granted`. A budget that is lowered below what is granted grants nothing more.
//! * **LE-2** a bill is taken only within what is granted to the node that made the bid. So whatever clocks,
//!   networks and nodes do, what is spent stays within the budget.
//! * **LE-3** after its expiry a lease is worth what was spent of it: anybody may reclaim the rest.
//! * **LE-4** a node makes a bid only if its bill can come no later than the lease's expiry less the skew allowed
//!   ([`Terms::until`]). So as long as clocks differ by no more than that, no bill of a bid is refused for LE-2.
//!
//! A clock that is further off than allowed can cost bills, never budgets.
//!
//! # Example
//!
//! ```
//! use motet_lease::{Ask, Pool, Terms};
//! use motet_units::{Nanos, Span, Timestamp};
//!
//! let amount = Nanos::from_units;
//! let terms = Terms { term: Span::from_secs(600), skew: Span::from_secs(2) };
//! let mut pool = Pool::new(Some(amount(10.0)), Some(amount(4.0)));
//! let start = Timestamp::from_secs(1_000);
//!
//! // Node 1 asks for a slice of 1.00 and gets it.
//! let ask = Ask { version: 0, keep: Nanos::ZERO, want: amount(1.0), least: amount(0.1) };
//! let lease = pool.renew(1, ask, start, terms).unwrap();
//! assert_eq!(lease.granted, amount(1.0));
//! // A bill of one of its bids.
//! pool.bill(1, amount(0.6)).unwrap();
//! // It dies. At its lease's expiry the rest is free again, and what was spent stays spent.
//! assert_eq!(pool.reclaim(start + Span::from_secs(600)), amount(0.4));
//! assert_eq!((pool.granted(), pool.spent()), (amount(0.6), amount(0.6)));
//! pool.check().unwrap();
//! ```

mod pool;
mod slicer;

pub use pool::{Ask, Lease, Pool, Refused, Terms, Violation};
pub use slicer::{Slicer, Use};

#[cfg(test)]
mod tests;
