//! The lower bound: an assignment that could have been, found at given multipliers.
//!
//! Opportunities are given away in the order of their best surplus, each to its candidates of largest surplus that can still
//! pay. What the multipliers held back is given in a second round to whoever gains by it and has money left. Those on the margin come
//! last, so whole-number effects cost at most about one opportunity per campaign.

use motet_units::Nanos;

use super::{Candidate, Market};

/// Nobody: the mark of a slot that was not given.
pub const NOBODY: u32 = u32::MAX;

/// Who got what, within every budget.
#[derive(Clone, Debug, PartialEq)]
pub struct Assignment {
    /// What all of it is worth.
    pub value: f64,
    /// What each campaign paid, at most its budget.
    pub spend: Vec<Nanos>,
    /// What each campaign got.
    pub values: Vec<f64>,
    /// The campaigns that got opportunity `i` in slot `s`, at `i · slots + s`; [`NOBODY`] where the slot was not given.
    pub winners: Vec<u32>,
}

/// Gives opportunities away within every budget, guided by multipliers (value per nano, one per campaign).
pub fn assign(market: &impl Market, multipliers: &[f64]) -> Assignment {
    let campaigns = market.budgets().len();
    let mut found = Assignment {
        value: 0.0,
        spend: vec![Nanos::ZERO; campaigns],
        values: vec![0.0; campaigns],
        winners: vec![NOBODY; market.opportunities() * market.slots()],
    };
    let order = by_surplus(market, multipliers);
    let (mut row, mut ranked) = (Vec::new(), Vec::new());
    for least in [0.0, f64::NEG_INFINITY] {
        for &(_, opportunity) in &order {
            row.clear();
            market.candidates(opportunity as usize, &mut row);
            rank(&row, multipliers, least, &mut ranked);
            give(market, opportunity as usize, &ranked, &mut found);
        }
    }
    found
}

/// Returns the opportunities somebody wants, by falling best surplus.
fn by_surplus(market: &impl Market, multipliers: &[f64]) -> Vec<(f64, u32)> {
    let mut order = Vec::new();
    let mut row = Vec::new();
    for opportunity in 0..market.opportunities() {
        row.clear();
        market.candidates(opportunity, &mut row);
        let wanted = row.iter().filter(|c| c.value > 0.0).map(|c| c.surplus(multipliers));
        if let Some(best) = wanted.max_by(f64::total_cmp) {
            order.push((best, opportunity as u32));
        }
    }
    order.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    order
}

/// Ranks the candidates that gain, with a surplus above `least`, by falling surplus.
fn rank(row: &[Candidate], multipliers: &[f64], least: f64, ranked: &mut Vec<(f64, Candidate)>) {
    ranked.clear();
    let gaining = row.iter().filter(|c| c.value > 0.0).map(|c| (c.surplus(multipliers), *c));
    ranked.extend(gaining.filter(|(surplus, _)| *surplus > least));
    ranked.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.campaign.cmp(&b.1.campaign)));
}

/// Gives the free slots of one opportunity to those who can pay.
fn give(market: &impl Market, opportunity: usize, ranked: &[(f64, Candidate)], found: &mut Assignment) {
    let slots = opportunity * market.slots()..(opportunity + 1) * market.slots();
    let mut free = slots.clone();
    for (_, candidate) in ranked {
        let Some(slot) = free.find(|slot| found.winners[*slot] == NOBODY) else { return };
        let campaign = candidate.campaign as usize;
        let has_one = found.winners[slots.clone()].contains(&candidate.campaign);
        let affords = found.spend[campaign] + candidate.cost() <= market.budgets()[campaign];
        if has_one || !affords {
            // The slot stays free for the next in rank.
            free = slot..slots.end;
            continue;
        }
        found.winners[slot] = candidate.campaign;
        found.spend[campaign] += candidate.cost();
        found.values[campaign] += candidate.value;
        found.value += candidate.value;
    }
}
