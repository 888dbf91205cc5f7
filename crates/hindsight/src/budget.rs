//! One budget: which opportunities should have been bought.
//!
//! `maximise Σ value·x subject to Σ price·x ≤ budget, 0 ≤ x ≤ 1`. Dantzig (1957): buy in the order of value per price until the money is
//! gone, the last one in part. The value per price of that last one is the budget's multiplier `μ`: what one more nano would have
//! brought. An opportunity is then worth buying exactly when `value > μ·price`, so bidding `value / μ` in a second-price auction
//! would have bought the optimum. Any `μ ≥ 0` bounds the optimum from above by `μ·budget + Σ max(0, value − μ·price)`.
//!
//! The whole-number optimum (no part of an impression can be bought) lies between the greedy one and the bound of Martello and
//! Toth (1977), which are both returned; with thousands of opportunities they differ by less than one of them.

use motet_units::Nanos;

/// One thing that could have been bought.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Opportunity {
    /// What it would have brought; below zero or NaN is never bought.
    pub value: f64,
    /// What it would have cost.
    pub price: Nanos,
}

impl Opportunity {
    /// Returns value per nano: infinite when it is free, `None` when it is not worth having.
    pub(crate) fn efficiency(&self) -> Option<f64> {
        // NaN fails the comparison, and is not worth having.
        if self.value > 0.0 {
            Some(if self.price.is_positive() { self.value / self.price.as_f64() } else { f64::INFINITY })
        } else {
            None
        }
    }

    /// Returns the price, never below zero.
    pub(crate) fn cost(&self) -> Nanos {
        self.price.max(Nanos::ZERO)
    }
}

/// The optimum of one budget.
#[derive(Clone, Debug, PartialEq)]
pub struct Optimum {
    /// The value of the optimum, with the last opportunity bought in part.
    pub value: f64,
    /// The value of those bought whole.
    pub whole_value: f64,
    /// The price of those bought whole; at most the budget.
    pub whole_cost: Nanos,
    /// Value that one more nano would have brought; 0 when the budget does not bind.
    pub multiplier: f64,
    /// The opportunities bought whole, best first.
    pub taken: Vec<usize>,
    /// The opportunity bought in part, and the part, 0 to 1.
    pub part: Option<(usize, f64)>,
    /// A value that can be reached buying only whole opportunities.
    pub whole_at_least: f64,
    /// A value that buying only whole opportunities cannot exceed.
    pub whole_at_most: f64,
}

/// Finds the optimum.
///
/// ```
/// use motet_hindsight::budget::{Opportunity, optimum};
/// use motet_units::Nanos;
/// let log = [(6.0, 2), (10.0, 5), (4.0, 4)].map(|(value, price)| Opportunity { value, price: Nanos::new(price) });
/// let best = optimum(&log, Nanos::new(6));
/// // The first whole, four fifths of the second: 6 + 8; one more nano would have brought another fifth of 10.
/// assert!((best.value - 14.0).abs() < 1e-12);
/// assert_eq!((best.taken, best.multiplier), (vec![0], 2.0));
/// ```
pub fn optimum(log: &[Opportunity], budget: Nanos) -> Optimum {
    let ranked = rank(log);
    let mut best = fill(log, &ranked, budget);
    bound_whole(log, &ranked, budget, &mut best);
    best
}

/// Finds the optimum of each window of `every` opportunities, with the budget given anew in each.
///
/// A window of 0 opportunities means one for the whole log.
pub fn optimum_in_windows(log: &[Opportunity], every: usize, budget: Nanos) -> Vec<Optimum> {
    let every = if every == 0 { log.len().max(1) } else { every };
    log.chunks(every).map(|window| optimum(window, budget)).collect()
}

/// Returns the upper bound that a multiplier proves: no way of spending the budget is worth more.
pub fn dual(log: &[Opportunity], budget: Nanos, multiplier: f64) -> f64 {
    let multiplier = multiplier.max(0.0);
    let surplus: f64 = log
        .iter()
        .filter(|o| o.efficiency().is_some())
        .map(|o| (o.value - multiplier * o.cost().as_f64()).max(0.0))
        .sum();
    multiplier * budget.max(Nanos::ZERO).as_f64() + surplus
}

/// Returns those worth having, by falling value per price; a tie goes to the earlier.
fn rank(log: &[Opportunity]) -> Vec<(f64, usize)> {
    let mut ranked: Vec<(f64, usize)> =
        log.iter().enumerate().filter_map(|(index, o)| o.efficiency().map(|e| (e, index))).collect();
    ranked.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    ranked
}

fn fill(log: &[Opportunity], ranked: &[(f64, usize)], budget: Nanos) -> Optimum {
    let mut best = Optimum {
        value: 0.0,
        whole_value: 0.0,
        whole_cost: Nanos::ZERO,
        multiplier: 0.0,
        taken: Vec::new(),
        part: None,
        whole_at_least: 0.0,
        whole_at_most: 0.0,
    };
    for &(efficiency, index) in ranked {
        let opportunity = &log[index];
        let left = budget - best.whole_cost;
        if opportunity.cost() > left {
            let part = (left.as_f64() / opportunity.cost().as_f64()).max(0.0);
            best.value = best.whole_value + part * opportunity.value;
            best.multiplier = efficiency;
            best.part = Some((index, part));
            return best;
        }
        best.whole_value += opportunity.value;
        best.whole_cost += opportunity.cost();
        best.taken.push(index);
    }
    best.value = best.whole_value;
    best
}

/// Bounds the whole-number optimum from both sides.
fn bound_whole(log: &[Opportunity], ranked: &[(f64, usize)], budget: Nanos, best: &mut Optimum) {
    best.whole_at_least = best.whole_value;
    best.whole_at_most = best.value;
    let Some((broken, _)) = best.part else { return };
    let (mut left, mut single) = (budget - best.whole_cost, 0.0_f64);
    for &(_, index) in &ranked[best.taken.len()..] {
        let opportunity = &log[index];
        if opportunity.cost() <= left {
            left -= opportunity.cost();
            best.whole_at_least += opportunity.value;
        }
        if opportunity.cost() <= budget {
            single = single.max(opportunity.value);
        }
    }
    best.whole_at_least = best.whole_at_least.max(single);
    best.whole_at_most = martello_toth(log, ranked, budget, best, broken).max(best.whole_at_least);
}

/// Martello and Toth: either the broken opportunity is left out, and the money goes at the next rate, or it is in, and the
/// money it lacks comes from the one before at that one's rate.
fn martello_toth(
    log: &[Opportunity],
    ranked: &[(f64, usize)],
    budget: Nanos,
    best: &Optimum,
    broken: usize,
) -> f64 {
    let left = (budget - best.whole_cost).as_f64().max(0.0);
    let at = best.taken.len();
    let next_rate = ranked.get(at + 1).map_or(0.0, |&(efficiency, _)| efficiency);
    let without = best.whole_value + left * next_rate;
    let lacking = log[broken].cost().as_f64() - left;
    let with = match at.checked_sub(1).map(|before| ranked[before].0) {
        Some(rate) if rate.is_finite() => best.whole_value + log[broken].value - lacking * rate,
        // Nothing paid for stands before it: it cannot be afforded at all.
        _ => best.whole_value,
    };
    without.max(with).min(best.value)
}
