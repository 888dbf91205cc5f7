//! One budget and a target: the most that could have been had while what was spent stayed within an allowance that what was
//! bought earns.
//!
//! `maximise Σ value·x subject to Σ price·x ≤ budget and Σ (price − allowance)·x ≤ 0`. A target cost per conversion is an allowance of target ×
//! expected conversions; a target return is an allowance of value ÷ return. For a multiplier `ν ≥ 0` on the target the rest is the
//! problem of [`crate::budget`] with `value − ν·(price − allowance)` for value, whose optimum bounds this one from above. The bound is convex
//! in `ν` and its slope is what is left of the allowance, so bisection finds the lowest. The two selections on either
//! side of it, mixed so that the allowance is just met, are a real solution: the value below the bound.
//!
//! Edge cases: an allowance of NaN counts as 0; when nothing earns its price the optimum is 0.

use motet_units::Nanos;

use crate::budget::{self, Opportunity, Optimum};

/// One thing that could have been bought, with what it adds to the money that may be spent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Offer {
    /// What it would have brought.
    pub value: f64,
    /// What it would have cost.
    pub price: Nanos,
    /// What it would have added to the allowance, in nanos.
    pub allowance: f64,
}

/// The optimum under a budget and a target, from both sides.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Constrained {
    /// The value of a real solution, with at most a few opportunities bought in part.
    pub value: f64,
    /// A value that cannot be exceeded.
    pub at_most: f64,
    /// What that solution costs, in nanos.
    pub cost: f64,
    /// The allowance that solution earns, in nanos; never below the cost but for rounding.
    pub allowance: f64,
    /// Value that one more nano of budget would have brought.
    pub budget_multiplier: f64,
    /// Value that one more nano of allowance would have brought.
    pub target_multiplier: f64,
}

/// What one selection comes to.
#[derive(Clone, Copy, Debug)]
struct Selection {
    value: f64,
    cost: f64,
    allowance: f64,
    bound: f64,
    budget_multiplier: f64,
}

const ROUNDS: usize = 100;
const GAP: f64 = 1e-9;

/// Finds the optimum under a budget and a target.
///
/// ```
/// use motet_hindsight::constrained::{Offer, optimum};
/// use motet_units::Nanos;
/// // Clicks may cost 10 on average. The second costs 16, and the 6 saved on the first pay for it.
/// let offer = |price| Offer { value: 1.0, price: Nanos::new(price), allowance: 10.0 };
/// let best = optimum(&[offer(4), offer(16), offer(30)], Nanos::new(1000));
/// assert!((best.value - 2.0).abs() < 1e-6 && best.at_most < 2.0 + 1e-6);
/// ```
pub fn optimum(offers: &[Offer], budget: Nanos) -> Constrained {
    let mut scratch = Vec::with_capacity(offers.len());
    let free = select(offers, budget, 0.0, &mut scratch);
    if free.cost <= free.allowance {
        return settle(free, free, 0.0, free.bound);
    }
    let (mut low, mut below, mut at_most) = (0.0_f64, free, free.bound);
    let (mut high, mut above) = feasible(offers, budget, &mut scratch);
    at_most = at_most.min(above.bound);
    for _ in 0..ROUNDS {
        let mixed = settle(below, above, high, at_most);
        let middle = f64::midpoint(low, high);
        if at_most - mixed.value <= GAP * at_most || middle <= low || middle >= high {
            break;
        }
        let tried = select(offers, budget, middle, &mut scratch);
        at_most = at_most.min(tried.bound);
        if tried.cost <= tried.allowance {
            (high, above) = (middle, tried);
        } else {
            (low, below) = (middle, tried);
        }
    }
    settle(below, above, high, at_most)
}

/// Finds a multiplier on the target large enough for it to hold.
fn feasible(offers: &[Offer], budget: Nanos, scratch: &mut Vec<Opportunity>) -> (f64, Selection) {
    let value: f64 = offers.iter().map(|o| o.value.max(0.0)).sum();
    let price: f64 = offers.iter().map(|o| o.price.as_f64().max(0.0)).sum();
    let mut multiplier = (value / price.max(1.0)).max(f64::MIN_POSITIVE);
    loop {
        let tried = select(offers, budget, multiplier, scratch);
        // Past any number an f64 holds, only offers that earn their price are left, or none.
        if tried.cost <= tried.allowance || multiplier > 1e150 {
            return (multiplier, tried);
        }
        multiplier *= 4.0;
    }
}

/// Buys within the budget what is best at a multiplier on the target.
fn select(offers: &[Offer], budget: Nanos, target: f64, scratch: &mut Vec<Opportunity>) -> Selection {
    scratch.clear();
    scratch.extend(offers.iter().map(|offer| {
        let short = offer.price.max(Nanos::ZERO).as_f64() - earned(offer);
        Opportunity { value: offer.value.max(0.0) - target * short, price: offer.price }
    }));
    let Optimum { value: bound, multiplier, taken, part, .. } = budget::optimum(scratch, budget);
    let mut sum = Selection { value: 0.0, cost: 0.0, allowance: 0.0, bound, budget_multiplier: multiplier };
    let whole = taken.into_iter().map(|index| (index, 1.0));
    for (index, share) in whole.chain(part) {
        let offer = &offers[index];
        sum.value += share * offer.value.max(0.0);
        sum.cost += share * offer.price.max(Nanos::ZERO).as_f64();
        sum.allowance += share * earned(offer);
    }
    sum
}

fn earned(offer: &Offer) -> f64 {
    if offer.allowance.is_nan() { 0.0 } else { offer.allowance }
}

/// Mixes a selection beyond the allowance with one within it so that the allowance is just met.
fn settle(below: Selection, above: Selection, target_multiplier: f64, at_most: f64) -> Constrained {
    let over = below.cost - below.allowance;
    let spare = above.allowance - above.cost;
    let share = if over <= 0.0 { 1.0 } else { (spare / (spare + over)).clamp(0.0, 1.0) };
    let mix = |a: f64, b: f64| share * a + (1.0 - share) * b;
    Constrained {
        value: mix(below.value, above.value),
        at_most,
        cost: mix(below.cost, above.cost),
        allowance: mix(below.allowance, above.allowance),
        budget_multiplier: above.budget_multiplier,
        target_multiplier,
    }
}
