//! How much of the liquid welfare that could have been had, a market of bidders had.
//!
//! Liquid welfare is what advertisers would pay for what they got: `Σ min(budget, target × expected conversions)`. Nobody's budget counts for more than itself.
//! The optimum gives every impression's three slots (shown with 1, .8, .48) to whoever makes that sum largest, in fractions if need be:
//! `max Σ_i min(B_i, Σ_j w_ij·e·x)`, `w = target × value`. For any `λ` in 0 to 1 per advertiser
//!
//! `D(λ) = Σ_i λ_i B_i + Σ_j Σ_s e_s · (the s-th largest of (1 − λ_i) w_ij)`
//!
//! bounds it from above; the assignment at that `λ`, cut off at the budgets, stands below. Both are returned.

use motet_arena::{
    Error,
    auctionnet::{Bids, Episode, Options},
};
use serde::Serialize;

use super::landscape::SHOWN;

/// Bounds of the optimal liquid welfare, in units of money.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Optimum {
    /// No assignment has more.
    pub at_most: f64,
    /// An assignment has this.
    pub at_least: f64,
}

/// Passes over the market.
const PASSES: u32 = 40;

/// Finds the optimum of an episode's values.
///
/// # Errors
///
/// When the options describe no market.
pub fn optimum(seed: u64, options: &Options) -> Result<Optimum, Error> {
    let worths = worths(seed, options)?;
    let budgets: Vec<f64> = options.advertisers.iter().map(|a| a.budget.units()).collect();
    let mut lambda = vec![0.3; budgets.len()];
    // Whatever is given away, no budget's welfare is more than the budget.
    let mut found = Optimum { at_most: budgets.iter().sum(), at_least: 0.0 };
    for pass in 0..PASSES {
        let (surplus, given) = assign(&worths, &lambda);
        let bound = surplus + lambda.iter().zip(&budgets).map(|(l, b)| l * b).sum::<f64>();
        let had = given.iter().zip(&budgets).map(|(g, b)| g.min(*b)).sum::<f64>();
        found = Optimum { at_most: found.at_most.min(bound), at_least: found.at_least.max(had) };
        let step = 0.5 / (1.0 + f64::from(pass) / 4.0);
        for ((lambda, given), budget) in lambda.iter_mut().zip(&given).zip(&budgets) {
            *lambda = (*lambda + step * (given / budget - 1.0).clamp(-1.0, 1.0) * 0.5).clamp(0.0, 1.0);
        }
    }
    Ok(found)
}

/// Returns target × value of every impression, one row of advertisers after the other.
fn worths(seed: u64, options: &Options) -> Result<Vec<Vec<f32>>, Error> {
    let seats = options.advertisers.len();
    let mut episode = Episode::new(seed, options.clone())?;
    let mut rows = Vec::new();
    while episode.open() {
        let count = episode.view(0).values.len();
        let mut tick = vec![0.0; count * seats];
        for (seat, advertiser) in options.advertisers.iter().enumerate() {
            let target = advertiser.target_cpa as f32;
            for (impression, value) in episode.view(seat).values.iter().enumerate() {
                tick[impression * seats + seat] = value * target;
            }
        }
        rows.push(tick);
        episode.tick(&vec![Bids::Multiplier(0.0); seats])?;
    }
    Ok(rows)
}

/// Gives every slot to the largest surplus; returns the surplus and what each advertiser was given, before any budget.
fn assign(ticks: &[Vec<f32>], lambda: &[f64]) -> (f64, Vec<f64>) {
    let keeps: Vec<f32> = lambda.iter().map(|l| (1.0 - l) as f32).collect();
    let (mut surplus, mut given) = (0.0, vec![0.0; lambda.len()]);
    for row in ticks.iter().flat_map(|tick| tick.chunks_exact(lambda.len())) {
        let mut best = [(0.0_f32, usize::MAX); 3];
        for (seat, (worth, keep)) in row.iter().zip(&keeps).enumerate() {
            let gain = worth * keep;
            if gain > best[2].0 {
                best[2] = (gain, seat);
                if gain > best[1].0 {
                    best.swap(1, 2);
                    if gain > best[0].0 {
                        best.swap(0, 1);
                    }
                }
            }
        }
        for ((gain, seat), shown) in best.into_iter().zip(SHOWN) {
            if seat != usize::MAX {
                surplus += shown * f64::from(gain);
                given[seat] += shown * f64::from(row[seat]);
            }
        }
    }
    (surplus, given)
}
