//! Exploration by inverse gap weighting (Foster and Rakhlin, "Beyond UCB", ICML 2020): the further an entry lies
//! below the best, the rarer it is tried, and the chance of every choice is known exactly.
//!
//! With K entries and relative gaps g = (best − bid) / best, entry a that is not the best is chosen with chance
//! 1 / (K + greed · g), and the best with what is left. Greed 0 is uniform; the greater, the closer to greedy.

use motet_units::{Chance, Stream};
use smallvec::SmallVec;

/// Returns the chance of each entry; `bids` are in rank order, best first, and positive.
///
/// ```
/// use motet_coordinator::propensities;
/// let p = propensities(&[10.0, 5.0], 8.0);
/// // The second: 1 / (2 + 8 × 0.5) = 1/6. The best: the rest.
/// assert!((p[1] - 1.0 / 6.0).abs() < 1e-12);
/// assert!((p[0] - 5.0 / 6.0).abs() < 1e-12);
/// ```
pub fn propensities(bids: &[f64], greed: f64) -> SmallVec<[f64; 16]> {
    let count = bids.len() as f64;
    let best = bids.first().copied().unwrap_or(0.0);
    let chance = |bid: &f64| {
        let gap = if best > 0.0 { (best - bid) / best } else { 0.0 };
        1.0 / (count + greed * gap)
    };
    let mut chances: SmallVec<[f64; 16]> = bids.iter().map(chance).collect();
    let others: f64 = chances.iter().skip(1).sum();
    if let Some(first) = chances.first_mut() {
        *first = 1.0 - others;
    }
    chances
}

/// Returns the place drawn for an imp among entries of these chances, under a decision's key. Each imp has its own
/// draw, whatever the other imps did with theirs.
pub fn drawn(chances: &[f64], imp: u16, chance: Chance) -> usize {
    let mut stream = chance.stream("exploration");
    for _ in 0..imp {
        stream.bits();
    }
    draw(chances, &mut stream)
}

/// Draws one entry by its chance.
fn draw(chances: &[f64], stream: &mut Stream) -> usize {
    let mut left = stream.unit();
    for (place, chance) in chances.iter().enumerate() {
        if left < *chance {
            return place;
        }
        left -= chance;
    }
    0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn ex_2_every_entry_has_a_chance_and_they_sum_to_one(
            mut bids in proptest::collection::vec(0.001..1e6_f64, 1..20),
            greed in 0.0..1e9_f64,
        ) {
            bids.sort_by(|a, b| b.total_cmp(a));
            let chances = propensities(&bids, greed);
            prop_assert!(chances.iter().all(|c| *c > 0.0));
            prop_assert!((chances.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        }

        #[test]
        fn au_2_a_higher_losing_bid_is_never_less_likely(
            best in 1.0..100.0_f64, low in 0.0..0.5_f64, raise in 0.0..0.5_f64, greed in 0.0..1e6_f64,
        ) {
            let before = propensities(&[best, best * low], greed)[1];
            let after = propensities(&[best, best * (low + raise)], greed)[1];
            prop_assert!(after >= before);
        }
    }

    #[test]
    fn draws_follow_the_chances() {
        let chances = propensities(&[10.0, 5.0, 1.0], 4.0);
        let mut counts = [0_u32; 3];
        for decision in 0..30_000 {
            counts[draw(&chances, &mut Chance::new(3, decision).stream("auction"))] += 1;
        }
        for (count, chance) in counts.iter().zip(&chances) {
            let deviation = (30_000.0 * chance * (1.0 - chance)).sqrt();
            assert!(
                (f64::from(*count) - 30_000.0 * chance).abs() < 4.0 * deviation,
                "{counts:?} {chances:?}"
            );
        }
    }
}
