//! What ads are weighed by beside their worth: how engaging they are, whether the listener has seen them, and how often.
//!
//! `weight = worth · (pCTR ÷ 1 %)^engagement · e^(novelty, if never seen) · e^(−fatigue · times seen)`. Ads lighter than
//! `least_share` of the heaviest are not named, and the rest are named in this order; what they bid is the bidder's. With
//! every number 0, as by default, worth alone decides and nothing is worked out here.

use std::cmp::Reverse;

use motet_model::ids::CreativeIx;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

/// What ads are weighed by.
#[derive(Clone, Copy, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Weights {
    /// Ads lighter than this share of the heaviest are not named, 0 to 0.95.
    pub least_share: f64,
    /// The power of pCTR over one per cent.
    pub engagement: f64,
    /// What an ad never seen gains, as a logarithm.
    pub novelty: f64,
    /// What each time seen costs, as a logarithm.
    pub fatigue: f64,
}

/// Ads in the order they are named: weight (the heaviest first), ad, place among those found.
pub(super) type Ranked = SmallVec<[(Reverse<i64>, CreativeIx, u16); 16]>;

impl Weights {
    /// Tells whether worth alone decides.
    pub(super) fn are_plain(&self) -> bool {
        *self == Self::default()
    }

    /// Weighs what is ranked by worth, and takes out what is too light. `p_click` and `views` are asked by place.
    pub(super) fn weigh(
        &self,
        ranked: &mut Ranked,
        p_click: impl Fn(usize) -> f64,
        views: impl Fn(usize) -> u32,
    ) {
        for (weight, _, place) in ranked.iter_mut() {
            let place = usize::from(*place);
            *weight = Reverse(self.weight(weight.0, p_click(place), views(place)));
        }
        let heaviest = ranked.iter().map(|(weight, ..)| weight.0).max().unwrap_or(0);
        let least = (heaviest as f64 * self.least_share) as i64;
        ranked.retain(|(weight, ..)| weight.0 >= least);
    }

    fn weight(&self, worth: i64, p_click: f64, views: u32) -> i64 {
        let seen = if views == 0 { self.novelty } else { -self.fatigue * f64::from(views) };
        let log = self.engagement * libm::log(p_click.max(1e-9) / 0.01) + seen;
        (worth as f64 * libm::exp(log)) as i64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(weights: Weights) -> Vec<u32> {
        // Three ads: worth, pCTR, times seen.
        let ads = [(10_000, 0.001, 0), (9_000, 0.004, 1), (8_000, 0.002, 6)];
        let mut ranked: Ranked = ads
            .iter()
            .zip(0_u16..)
            .map(|((worth, ..), at)| (Reverse(*worth), CreativeIx(u32::from(at)), at))
            .collect();
        weights.weigh(&mut ranked, |place| ads[place].1, |place| ads[place].2);
        ranked.sort_unstable();
        ranked.iter().map(|(_, ad, _)| ad.0).collect()
    }

    #[test]
    fn each_weight_moves_the_order_its_own_way() {
        assert_eq!(order(Weights::default()), [0, 1, 2]);
        assert_eq!(order(Weights { engagement: 1.0, ..Weights::default() }), [1, 2, 0]);
        assert_eq!(order(Weights { novelty: -1.0, ..Weights::default() }), [1, 2, 0]);
        assert_eq!(order(Weights { fatigue: 0.05, ..Weights::default() }), [0, 1, 2]);
        assert_eq!(order(Weights { fatigue: 0.5, least_share: 0.1, ..Weights::default() }), [0, 1]);
        assert_eq!(order(Weights { least_share: 0.85, ..Weights::default() }), [0, 1]);
    }
}
