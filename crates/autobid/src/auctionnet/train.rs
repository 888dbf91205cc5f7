//! Learning the bidder: days are recorded, the forecast is fitted to them, and the network is evolved on their tables.
//!
//! Three sets of episodes, by seed: days to learn from, days to choose the generation by, and the episodes that are reported ([`judge`](super::judge::judge)), which neither
//! sees. What is maximised is the mean score less a price for every violated target.

use std::sync::Arc;

use motet_arena::{Error, auctionnet::League};

use super::{
    landscape::{Day, Shape, record},
    model::Model,
    pilot::{INPUTS, Mind, Pilot},
    table::{Luck, play},
};
use crate::{
    evolve::{Plan, Progress, evolve},
    net::Net,
};

/// The first seed of the days learnt from.
pub const TRAIN_SEED: u64 = 10_000;
/// The first seed of the days a generation is chosen by.
pub const CHOICE_SEED: u64 = 20_000;

/// How to learn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Recipe {
    /// Episodes to record, each of them a day for every seat.
    pub episodes: u64,
    /// Episodes to choose the generation by.
    pub choice_episodes: u64,
    /// The shape of the bids.
    pub shape: Shape,
    /// What a violated target costs, as a share of budget ÷ target, in the forecast's choice and in what is maximised.
    pub caution: f64,
    /// Days each trial plays.
    pub days: usize,
    /// Generations between two looks at the days to choose by.
    pub look: u32,
    /// The evolution.
    pub plan: Plan,
}

impl Recipe {
    /// The recipe of the shipped policy.
    pub const SHIPPED: Self = Self {
        episodes: 32,
        choice_episodes: 12,
        shape: Shape { strength: 0.45, anchor: 1.0 },
        caution: 0.5,
        days: 192,
        look: 10,
        plan: Plan { generations: 60, pairs: 8, sigma: 0.05, rate: 0.02, seed: 5, threads: 2 },
    };
}

/// What was learnt.
#[derive(Clone, Debug)]
pub struct Learnt {
    /// The policy.
    pub mind: Mind,
    /// Merit (score less the price of violations) on the days to choose by, before learning and of the chosen generation.
    pub merit: [f64; 2],
    /// The generation chosen.
    pub generation: u32,
    /// A checksum of the recorded days.
    pub data_crc32: u32,
}

/// Records episodes, in the order of their seeds.
///
/// # Errors
///
/// When the league's options describe no market.
pub fn record_all(
    league: &League,
    from: u64,
    count: u64,
    shape: Shape,
    threads: usize,
) -> Result<Vec<Day>, Error> {
    let seeds: Vec<u64> = (from..from + count).collect();
    let recorded = motet_arena::worlds(&seeds, threads, |seed| record(league, seed, shape));
    Ok(recorded.into_iter().collect::<Result<Vec<_>, _>>()?.concat())
}

/// Returns the mean merit of a policy on days.
pub fn merit<'a>(
    mind: &Arc<Mind>,
    days: impl Iterator<Item = &'a Day>,
    seed: u64,
    luck: Luck,
    caution: f64,
) -> f64 {
    let (mut sum, mut count) = (0.0, 0.0);
    for day in days {
        let played = play(day, seed, luck, &mut Pilot::new(Arc::clone(mind)));
        sum += played.score - played.violates * caution * day.budget / day.target;
        count += 1.0;
    }
    sum / f64::max(count, 1.0)
}

/// Learns a policy. `told` is called after every generation, with the merit on the days to choose by where it was looked at.
///
/// # Errors
///
/// When the league's options describe no market.
pub fn learn(
    league: &League,
    recipe: &Recipe,
    mut told: impl FnMut(Progress, Option<f64>),
) -> Result<Learnt, Error> {
    let record = |from, count| record_all(league, from, count, recipe.shape, recipe.plan.threads);
    let days = record(TRAIN_SEED, recipe.episodes)?;
    let choice = record(CHOICE_SEED, recipe.choice_episodes)?;
    let net = Net::new(vec![INPUTS, 1]).expect("the layers are within the widest");
    let weights = net.start(recipe.plan.seed);
    let first = Mind { model: Model::fit(&days), caution: recipe.caution, shape: recipe.shape, net, weights };
    let with = |weights: &[f32]| Arc::new(Mind { weights: weights.to_vec(), ..first.clone() });
    let judged =
        |weights: &[f32]| merit(&with(weights), choice.iter(), u64::MAX, Luck::Whole, recipe.caution);
    let score = |weights: &[f32], generation: u32| {
        // Every generation another part of the days, with luck of its own; the strides share no factor with whole leagues.
        let at = |place: usize| &days[(generation as usize * 397 + place * 5) % days.len()];
        merit(&with(weights), (0..recipe.days).map(at), u64::from(generation), Luck::Smooth, recipe.caution)
    };
    let before = judged(&first.weights);
    let mut best = (before, 0, first.weights.clone());
    evolve(&first.weights, &recipe.plan, score, |progress, weights| {
        let looks =
            progress.generation.is_multiple_of(recipe.look) || progress.generation == recipe.plan.generations;
        let found = looks.then(|| judged(weights));
        if let Some(found) = found.filter(|found| *found > best.0) {
            best = (found, progress.generation, weights.to_vec());
        }
        told(progress, found);
    });
    let (found, generation, weights) = best;
    let mind = Mind { weights, ..first };
    Ok(Learnt { mind, merit: [before, found], generation, data_crc32: fingerprint(&days) })
}

/// Returns a checksum of recorded days: of every tick's impressions, values, prices, and what a multiple of 1 costs and brings.
fn fingerprint(days: &[Day]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    for tick in days.iter().flat_map(|day| &day.ticks) {
        let (cost, brings) = tick.at(1.0);
        for number in [tick.impressions, tick.value_mean, tick.price_mean, cost, brings] {
            hasher.update(&number.to_le_bytes());
        }
    }
    hasher.finalize()
}
