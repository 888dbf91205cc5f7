//! First price, second price and generalised second price (GSP), as pure functions over integer prices.
//!
//! Holds nothing and decides one thing: given bids in rank order and a floor for each slot, who is shown
//! where and what each pays. The mechanism is apart from the ranking because the caller may rank by something
//! else than the bid (an exploration draw may put a lower bid on top); the price rules hold for any order.
//!
//! What it never does: it never raises a bid, never awards below a floor, never charges above a bid, and never
//! allocates beyond the buffer it is handed.
//!
//! Invariants, proved by property tests:
//!
//! * **AU-1**: floor ≤ clearing price ≤ winning bid, in every order of entries.
//! * **AU-2**: raising a losing bid never lowers its chance (for entries ordered by [`rank`]).
//!
//! | mechanism | slots filled | price of a slot |
//! |---|---|---|
//! | [`Mechanism::FirstPrice`] | one per floor | own bid |
//! | [`Mechanism::SecondPrice`] | the first | the bid of the entry that would have it otherwise, or the floor |
//! | [`Mechanism::Gsp`] | up to its count, one per floor | the same, slot by slot |
//!
//! Source: Edelman, Ostrovsky and Schwarz, "Internet Advertising and the Generalized Second-Price Auction",
//! American Economic Review 97(1), 2007, for GSP; Vickrey 1961 for its one-slot case.
//!
//! # Slots with different floors
//!
//! Slots are filled in the order given (most prominent first). Each goes to the first entry in rank order that
//! has no slot yet and bids at least that slot's floor. An entry below one floor is still considered for the
//! next slot; a slot no one can afford stays empty, and the slots after it are still filled.

mod clear;
mod minimum;
mod rank;

pub use clear::{Award, Mechanism, clear};
pub use minimum::minimum_to_win;
pub use rank::{Entry, rank};

#[cfg(test)]
mod tests;
