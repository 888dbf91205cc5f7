//! Many campaigns after the same opportunities: how much could all of them together have got?
//!
//! `maximise Σ value·x subject to Σ_i price·x ≤ budget per campaign, at most k campaigns per opportunity`. With a multiplier `λ_c ≥ 0` on each
//! budget the opportunities fall apart, and
//!
//! `D(λ) = Σ_c λ_c·budget_c + Σ_i (the k largest of max(0, value − λ_c·price))`
//!
//! bounds the optimum, fractional or whole, from above, for whatever `λ` (Lagrangian duality; Williams 1999 on adwords, Balseiro and
//! Gur 2019 on pacing). [`bound()`] looks for a low `D` by [`descent`], [`assign()`] gives the opportunities away by hand at that `λ`, so that a
//! real assignment stands below the bound, and the gap between them is known, not assumed.
//!
//! A pass reads one opportunity at a time and remembers only a multiplier and a spend per campaign, so a [`Market`] may keep
//! its candidates wherever it likes (compact, on disk, made on demand). [`Csr`] keeps them in memory, row after row.
//!
//! It never lets a campaign have the same opportunity twice, provided a row names each campaign once, which is the caller's part.
//! The prices are facts: buying one opportunity does not change the price of another.

mod assign;
mod bound;
mod csr;
pub mod descent;

use motet_units::Nanos;

pub use assign::{Assignment, NOBODY, assign};
pub use bound::{Bound, Evaluation, Limits, bound, evaluate};
pub use csr::Csr;

/// One campaign that could have had an opportunity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// The campaign, an index into the budgets.
    pub campaign: u32,
    /// What it would have been worth; not above zero, or NaN, is never given.
    pub value: f64,
    /// What the campaign would have paid.
    pub price: Nanos,
}

impl Candidate {
    /// Returns the price, never below zero.
    #[inline]
    pub(crate) fn cost(&self) -> Nanos {
        self.price.max(Nanos::ZERO)
    }

    /// Returns the value less what the money is worth elsewhere.
    #[inline]
    pub(crate) fn surplus(&self, multipliers: &[f64]) -> f64 {
        self.value - multipliers[self.campaign as usize] * self.cost().as_f64()
    }
}

/// Opportunities with their candidates, and the campaigns' budgets.
pub trait Market {
    /// Returns how many opportunities there are.
    fn opportunities(&self) -> usize;
    /// Returns the campaigns' budgets.
    fn budgets(&self) -> &[Nanos];
    /// Returns how many campaigns one opportunity may go to, at least 1.
    fn slots(&self) -> usize;
    /// Appends the candidates of one opportunity; equal calls append equal candidates.
    fn candidates(&self, opportunity: usize, into: &mut Vec<Candidate>);
}

/// Moves the `slots` candidates of largest positive surplus to the front, best first, and cuts the rest off. A tie goes to the
/// campaign of the lower number.
pub(crate) fn keep_best(row: &mut Vec<(f64, Candidate)>, slots: usize) {
    row.retain(|(surplus, _)| *surplus > 0.0);
    if row.len() > 1 {
        row.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.campaign.cmp(&b.1.campaign)));
    }
    row.truncate(slots);
}
