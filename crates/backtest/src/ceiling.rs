//! What was possible on a log, known only afterwards.
//!
//! The ceiling of each episode is the fractional optimum of [`motet_hindsight::budget`] over its pCTRs and market prices; no bidder can
//! pass it, whatever is paid, because nothing is cheaper than the market price. The clicks named beside it are those on the
//! impressions the optimum buys whole; it does not aim at clicks, which nobody could know beforehand.

use motet_hindsight::{Opportunity, budget};
use motet_units::Nanos;

use crate::{Auction, Rules, Tally, bidder::Linear, replay};

/// The optimum of a replay, over its episodes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Ceiling {
    /// The most Σ pCTR, with one impression per episode bought in part.
    pub sum_pctr: f64,
    /// Σ pCTR of the impressions bought whole.
    pub whole_sum_pctr: f64,
    /// Impressions bought whole.
    pub impressions: u64,
    /// Clicks on them.
    pub clicks: u64,
    /// What they cost.
    pub cost: Nanos,
    /// The mean multiplier, pCTR per nano.
    pub multiplier: f64,
}

/// Finds the ceiling of a log under rules.
pub fn ceiling(log: &[Auction], rules: &Rules) -> Ceiling {
    let mut sum = Ceiling::default();
    let mut episodes = 0.0;
    for episode in log.chunks(rules.episode_of(log)) {
        let offers: Vec<Opportunity> = episode
            .iter()
            .map(|auction| Opportunity { value: auction.pctr, price: auction.price.per_impression() })
            .collect();
        let best = budget::optimum(&offers, rules.budget);
        sum.sum_pctr += best.value;
        sum.whole_sum_pctr += best.whole_value;
        sum.impressions += best.taken.len() as u64;
        sum.clicks += best.taken.iter().filter(|index| episode[**index].click).count() as u64;
        sum.cost += best.whole_cost;
        sum.multiplier += best.multiplier;
        episodes += 1.0;
    }
    sum.multiplier /= f64::max(episodes, 1.0);
    sum
}

/// Finds the best linear bid in hindsight: one factor on the pCTR for the whole log, stopped by the budget. Returns fen per
/// thousand impressions at a pCTR of 1, and what it got.
pub fn best_linear(log: &[Auction], rules: &Rules) -> (f64, Tally) {
    let play = |factor: f64| replay(log, rules, &mut Linear::new(factor), &mut |_| ());
    let mean = |of: fn(&Auction) -> f64| log.iter().map(of).sum::<f64>() / log.len().max(1) as f64;
    let naive = mean(|a| crate::fen_of(a.price)) / mean(|a| a.pctr).max(f64::MIN_POSITIVE);
    let mut best = (naive, play(naive));
    for (span, points) in [(64.0_f64, 41), (1.2, 21), (1.01, 11)] {
        let centre = best.0;
        for point in 0..points {
            let place = 2.0 * f64::from(point) / f64::from(points - 1) - 1.0;
            let factor = centre * libm::pow(span, place);
            let tally = play(factor);
            if tally.sum_pctr > best.1.sum_pctr {
                best = (factor, tally);
            }
        }
    }
    best
}
