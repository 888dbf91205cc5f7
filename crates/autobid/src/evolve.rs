//! Evolution strategies: learning from nothing but scores.
//!
//! Salimans et al. (2017): try the weights moved along a random direction and against it, see which side scores better, and move along the mean of
//! all directions weighted by how much better. Scores count by rank alone, so one lucky episode cannot drag the rest; steps are Adam's
//! (Kingma and Ba, 2015). What is scored may be as rough as it likes: here it is won auctions, whole conversions and a penalty with a
//! kink in it, none of which has a gradient.
//!
//! Both sides of a direction, and all directions of a generation, meet the same episodes, which takes most of the noise out of the comparison.
//! Directions are drawn by key, so the same seed learns the same bytes on any number of threads.

use motet_units::Chance;

use crate::chance::normal;

/// How to learn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plan {
    /// How often the weights move.
    pub generations: u32,
    /// Directions tried each time, each on both sides.
    pub pairs: usize,
    /// How far a trial goes along its direction.
    pub sigma: f64,
    /// How far the weights move, at most about this much each.
    pub rate: f64,
    /// The seed of the directions.
    pub seed: u64,
    /// Trials at a time; the result does not depend on it.
    pub threads: usize,
}

/// How far learning has come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Generations done.
    pub generation: u32,
    /// The mean score of the trials.
    pub mean: f64,
    /// The best score among them.
    pub best: f64,
}

/// Adam's memory.
#[derive(Clone, Debug)]
struct Adam {
    first: Vec<f64>,
    second: Vec<f64>,
    step: i32,
}

impl Adam {
    fn new(count: usize) -> Self {
        Self { first: vec![0.0; count], second: vec![0.0; count], step: 0 }
    }

    /// Moves weights up a slope.
    fn climb(&mut self, weights: &mut [f64], slope: &[f64], rate: f64) {
        self.step += 1;
        let correct = |decay: f64| 1.0 - libm::pow(decay, f64::from(self.step));
        let (first_share, second_share) = (correct(0.9), correct(0.999));
        for (((weight, slope), first), second) in
            weights.iter_mut().zip(slope).zip(&mut self.first).zip(&mut self.second)
        {
            *first = 0.9 * *first + 0.1 * slope;
            *second = 0.999 * *second + 0.001 * slope * slope;
            *weight += rate * (*first / first_share) / (libm::sqrt(*second / second_share) + 1e-8);
        }
    }
}

/// Learns weights that score well. `score(weights, generation)` is called side by side; `told` after every generation, with the weights so far.
pub fn evolve(
    start: &[f32],
    plan: &Plan,
    score: impl Fn(&[f32], u32) -> f64 + Sync,
    mut told: impl FnMut(Progress, &[f32]),
) -> Vec<f32> {
    let mut weights: Vec<f64> = start.iter().map(|w| f64::from(*w)).collect();
    let mut adam = Adam::new(weights.len());
    let trials: Vec<u64> = (0..2 * plan.pairs as u64).collect();
    for generation in 0..plan.generations {
        let direction = |pair: u64| directions(plan, generation, pair, weights.len());
        let scores = motet_arena::worlds(&trials, plan.threads, |trial| {
            let side = if trial % 2 == 0 { plan.sigma } else { -plan.sigma };
            let moved: Vec<f32> =
                weights.iter().zip(direction(trial / 2)).map(|(w, d)| (w + side * d) as f32).collect();
            score(&moved, generation)
        });
        let merits = ranks(&scores);
        let mut slope = vec![0.0; weights.len()];
        for pair in 0..plan.pairs {
            let better = merits[2 * pair] - merits[2 * pair + 1];
            slope.iter_mut().zip(direction(pair as u64)).for_each(|(slope, d)| *slope += better * d);
        }
        let left = 1.0 - f64::from(generation) / f64::from(plan.generations);
        adam.climb(&mut weights, &slope, plan.rate * (0.1 + 0.9 * left));
        let mean = scores.iter().sum::<f64>() / scores.len().max(1) as f64;
        let best = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        told(Progress { generation: generation + 1, mean, best }, &rounded(&weights));
    }
    rounded(&weights)
}

fn rounded(weights: &[f64]) -> Vec<f32> {
    weights.iter().map(|w| *w as f32).collect()
}

fn directions(plan: &Plan, generation: u32, pair: u64, count: usize) -> Vec<f64> {
    let mut stream = Chance::new(plan.seed, u64::from(generation) << 32 | pair).stream("direction");
    (0..count).map(|_| normal(&mut stream)).collect()
}

/// Returns each score's rank, spread evenly from −½ to ½; equal scores share the middle of their ranks.
fn ranks(scores: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|a, b| scores[*a].total_cmp(&scores[*b]));
    let last = (scores.len().max(2) - 1) as f64;
    let mut merits = vec![0.0; scores.len()];
    let mut from = 0;
    while from < order.len() {
        let equal = order[from..].iter().take_while(|i| scores[**i] <= scores[order[from]]).count().max(1);
        let middle = from as f64 + (equal - 1) as f64 / 2.0;
        order[from..from + equal].iter().for_each(|i| merits[*i] = middle / last - 0.5);
        from += equal;
    }
    merits
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: Plan = Plan { generations: 120, pairs: 8, sigma: 0.1, rate: 0.1, seed: 4, threads: 1 };

    /// Highest, 0, at (1, −2).
    fn hill(weights: &[f32], _: u32) -> f64 {
        let off = [f64::from(weights[0]) - 1.0, f64::from(weights[1]) + 2.0];
        -(off[0] * off[0] + 3.0 * off[1] * off[1])
    }

    #[test]
    fn it_climbs_to_the_top_of_a_hill() {
        let found = evolve(&[0.0, 0.0], &PLAN, hill, |_, _| ());
        assert!(hill(&found, 0) > -0.02, "stopped at {found:?}");
    }

    #[test]
    fn threads_do_not_show_in_what_is_learnt() {
        let learn = |threads| evolve(&[0.0, 0.0], &Plan { threads, generations: 9, ..PLAN }, hill, |_, _| ());
        assert_eq!(learn(1).map_bits(), learn(3).map_bits());
        assert_ne!(
            learn(1).map_bits(),
            evolve(&[0.0, 0.0], &Plan { seed: 5, generations: 9, ..PLAN }, hill, |_, _| ()).map_bits()
        );
    }

    trait MapBits {
        fn map_bits(&self) -> Vec<u32>;
    }

    impl MapBits for Vec<f32> {
        fn map_bits(&self) -> Vec<u32> {
            self.iter().map(|w| w.to_bits()).collect()
        }
    }

    #[test]
    fn equal_scores_share_their_rank() {
        assert_eq!(ranks(&[5.0, 1.0, 5.0, 0.0, 5.0]), [0.25, -0.25, 0.25, -0.5, 0.25]);
    }
}
