//! The upper bound: one pass evaluates the dual, a few hundred passes at most lower it.

use std::cmp::Ordering;

use motet_units::Nanos;

use super::{Candidate, Market, assign::assign, descent::Descent, keep_best};
use crate::{budget::Opportunity, sketch::Sketch};

/// How long to look for a lower bound.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Passes over the market, at most.
    pub passes: usize,
    /// A gap, relative to the bound, that is close enough.
    pub gap: f64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { passes: 200, gap: 1e-3 }
    }
}

/// The value of the dual at some multipliers, and what the campaigns would spend at them.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// No assignment is worth more.
    pub at_most: f64,
    /// What each campaign would spend if its budget were not looked at, in nanos.
    pub spend: Vec<Nanos>,
}

/// An upper bound with its certificate.
#[derive(Clone, Debug, PartialEq)]
pub struct Bound {
    /// No assignment is worth more.
    pub at_most: f64,
    /// The value of a real assignment that was found.
    pub at_least: f64,
    /// The multipliers, value per nano of each campaign's budget, at which [`evaluate`] gives `at_most`.
    pub multipliers: Vec<f64>,
    /// Passes over the market.
    pub passes: usize,
}

impl Bound {
    /// Returns the share of the bound that is not known to be reachable, 0 to 1.
    pub fn gap(&self) -> f64 {
        if self.at_most > 0.0 { ((self.at_most - self.at_least) / self.at_most).max(0.0) } else { 0.0 }
    }
}

/// Looks for a low upper bound, and for an assignment close below it.
///
/// ```
/// use motet_hindsight::{Candidate, Csr, market};
/// use motet_units::Nanos;
/// // Two campaigns with money for one of two opportunities each.
/// let mut day = Csr::new(vec![Nanos::new(1), Nanos::new(1)], 1);
/// let candidate = |campaign, value| Candidate { campaign, value, price: Nanos::new(1) };
/// day.push(&[candidate(0, 5.0), candidate(1, 4.0)]).unwrap();
/// day.push(&[candidate(0, 3.0)]).unwrap();
/// let found = market::bound(&day, &market::Limits::default());
/// // Campaign 0 leaves the first to campaign 1: 4 + 3, against 5 alone.
/// assert!(found.at_least == 7.0 && found.at_most < 7.0 * 1.001 + 1e-9);
/// ```
pub fn bound(market: &impl Market, limits: &Limits) -> Bound {
    let (start, scales) = starting_multipliers(market);
    let budgets = market.budgets();
    let mut descent = Descent::new(start, scales);
    let mut at_least = 0.0_f64;
    let mut passes = 0;
    while passes < limits.passes.max(1) {
        let evaluation = evaluate(market, descent.multipliers());
        descent.learn(&evaluation, budgets, at_least);
        passes += 1;
        let due = passes % 25 == 0 || passes == limits.passes.max(1) || descent.has_settled(limits.gap);
        if due {
            at_least = at_least.max(assign(market, descent.best()).value);
            if descent.at_most() - at_least <= limits.gap * descent.at_most()
                || descent.has_settled(limits.gap)
            {
                break;
            }
        }
    }
    at_least = at_least.max(assign(market, descent.best()).value);
    Bound { at_most: descent.at_most(), at_least, multipliers: descent.best().to_vec(), passes }
}

/// Evaluates the dual in one pass.
pub fn evaluate(market: &impl Market, multipliers: &[f64]) -> Evaluation {
    let budgets = market.budgets();
    let mut at_most: f64 =
        multipliers.iter().zip(budgets).map(|(m, budget)| m * budget.max(&Nanos::ZERO).as_f64()).sum();
    let mut spend = vec![Nanos::ZERO; budgets.len()];
    let (mut row, mut ranked) = (Vec::new(), Vec::new());
    for opportunity in 0..market.opportunities() {
        row.clear();
        market.candidates(opportunity, &mut row);
        if market.slots() == 1 {
            if let Some((surplus, winner)) = best_of(&row, multipliers) {
                at_most += surplus;
                spend[winner.campaign as usize] += winner.cost();
            }
            continue;
        }
        ranked.clear();
        ranked.extend(row.iter().map(|c| (c.surplus(multipliers), *c)));
        keep_best(&mut ranked, market.slots());
        for (surplus, winner) in &ranked {
            at_most += surplus;
            spend[winner.campaign as usize] += winner.cost();
        }
    }
    Evaluation { at_most, spend }
}

/// Returns the candidate of largest positive surplus; a tie goes to the lower campaign.
fn best_of(row: &[Candidate], multipliers: &[f64]) -> Option<(f64, Candidate)> {
    let mut best: Option<(f64, Candidate)> = None;
    for candidate in row {
        let surplus = candidate.surplus(multipliers);
        // NaN counts as nothing, for it would lead in the total order.
        let surplus = if surplus > 0.0 { surplus } else { 0.0 };
        let leads = match &best {
            Some((top, holder)) => match surplus.total_cmp(top) {
                Ordering::Equal => candidate.campaign < holder.campaign,
                order => order.is_gt(),
            },
            None => surplus > 0.0,
        };
        if leads {
            best = Some((surplus, *candidate));
        }
    }
    best
}

/// Returns multipliers to start from, each campaign's own as if it were alone, and their scales for the steps.
fn starting_multipliers(market: &impl Market) -> (Vec<f64>, Vec<f64>) {
    let mut means = vec![(0.0_f64, 0.0_f64); market.budgets().len()];
    each(market, |c| {
        let mean = &mut means[c.campaign as usize];
        mean.0 += c.value.max(0.0);
        mean.1 += c.cost().as_f64();
    });
    let typical: Vec<f64> =
        means.iter().map(|(value, cost)| if *cost > 0.0 { value / cost } else { 0.0 }).collect();
    // 160 buckets of 10 % reach from a thousandth of the mean efficiency to some four thousand times it.
    let mut sketches: Vec<Sketch> = typical.iter().map(|t| Sketch::new(t * 1e-3, 1.1, 160)).collect();
    each(market, |c| {
        sketches[c.campaign as usize].add(&Opportunity { value: c.value, price: c.price });
    });
    let alone: Vec<f64> =
        sketches.iter().zip(market.budgets()).map(|(s, budget)| s.sides(*budget).multiplier).collect();
    let scales = alone.iter().zip(&typical).map(|(a, t)| if *a > 0.0 { *a } else { *t }).collect();
    (alone, scales)
}

fn each(market: &impl Market, mut act: impl FnMut(&Candidate)) {
    let mut row = Vec::new();
    for opportunity in 0..market.opportunities() {
        row.clear();
        market.candidates(opportunity, &mut row);
        row.iter().for_each(&mut act);
    }
}
