//! Learning the bidder: many short campaigns cut out of one training log, each made a little different.
//!
//! A campaign is a run of auctions from a random place of the log, in a few episodes with a budget each. So that the network does not learn one campaign by
//! heart, its pCTRs are raised to a random power (which makes them more alike, or less), its prices stretched by a random factor, and budget and length
//! drawn over a wide range. The score of a trial is the mean of Σ pCTR ÷ the hindsight optimum over all episodes; the bidder starts each
//! campaign knowing nothing of it.

use std::sync::Arc;

use motet_backtest::{Auction, Landscape, Paid, Rules, ceiling::ceiling, fen_of, price_from_fen, replay};
use motet_units::{Chance, Nanos};

use super::{
    pilot::{INPUTS, Mind, Pilot},
    prices::TOP,
};
use crate::{
    evolve::{Plan, Progress, evolve},
    net::Net,
};

/// How to learn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Recipe {
    /// Campaigns each trial plays.
    pub campaigns: u64,
    /// Campaigns to choose the generation by.
    pub choice_campaigns: u64,
    /// How many auctions the usual prices count as.
    pub usual: f64,
    /// After how many auctions what was seen counts half.
    pub memory: f64,
    /// Generations between two looks at the campaigns to choose by.
    pub look: u32,
    /// The evolution.
    pub plan: Plan,
}

impl Recipe {
    /// The recipe of the shipped policy.
    pub const SHIPPED: Self = Self {
        campaigns: 8,
        choice_campaigns: 40,
        usual: 50.0,
        memory: 20_000.0,
        look: 5,
        plan: Plan { generations: 15, pairs: 4, sigma: 0.05, rate: 0.03, seed: 5, threads: 2 },
    };
}

/// What was learnt.
#[derive(Clone, Debug)]
pub struct Learnt {
    /// The policy.
    pub mind: Mind,
    /// Mean ratio to the optimum on the campaigns to choose by, before learning and of the chosen generation.
    pub ratio: [f64; 2],
    /// The generation chosen.
    pub generation: u32,
    /// A checksum of the training log.
    pub data_crc32: u32,
}

/// One campaign to learn on.
#[derive(Clone, Debug)]
struct Campaign {
    log: Vec<Auction>,
    rules: Rules,
    optimum: f64,
}

/// Draws a campaign out of a log.
fn campaign(log: &[Auction], seed: u64, number: u64) -> Campaign {
    let mut stream = Chance::new(seed, number).stream("campaign");
    let mut between = |low: f64, high: f64| low * libm::pow(high / low, stream.unit());
    let (episode, share) = (between(200.0, 2_000.0) as usize, between(1.0 / 100.0, 0.6));
    let (power, stretch) = (between(0.3, 1.1), between(0.6, 1.5));
    let episodes = between(1.0, 5.0) as usize;
    let length = (episode * episodes).min(log.len());
    let from = stream.below((log.len() - length + 1) as u64) as usize;
    let part = &log[from..from + length];
    let middle = part.iter().map(|a| a.pctr).sum::<f64>() / length.max(1) as f64;
    let other = |auction: &Auction| Auction {
        price: price_from_fen((fen_of(auction.price) * stretch) as u32),
        pctr: middle * libm::pow(auction.pctr / middle.max(1e-12), power),
        ..*auction
    };
    let log: Vec<Auction> = part.iter().map(other).collect();
    let all: Nanos = log.iter().map(|auction| auction.price.per_impression()).sum();
    let budget = Nanos::new((all.as_f64() * share * episode as f64 / length.max(1) as f64) as i64);
    let rules = Rules { budget, episode, paid: Paid::Second };
    let optimum = ceiling(&log, &rules).sum_pctr;
    Campaign { log, rules, optimum }
}

/// Returns the mean ratio to the optimum over campaigns.
fn ratio(mind: &Arc<Mind>, campaigns: &[Campaign]) -> f64 {
    let of = |campaign: &Campaign| {
        let tally = replay(&campaign.log, &campaign.rules, &mut Pilot::new(Arc::clone(mind)), &mut |_| ());
        tally.sum_pctr / campaign.optimum.max(1e-12)
    };
    campaigns.iter().map(of).sum::<f64>() / campaigns.len().max(1) as f64
}

/// Learns a policy from a log. `told` is called after every generation, with the mean ratio on the campaigns to choose by where it was looked at.
///
/// # Errors
///
/// When the log is empty.
pub fn learn(
    log: &[Auction],
    recipe: &Recipe,
    mut told: impl FnMut(Progress, Option<f64>),
) -> Result<Learnt, motet_backtest::Error> {
    let chances = Landscape::learn(log)?.chances();
    let mut usual = vec![0.0; TOP + 1];
    chances.iter().enumerate().for_each(|(price, chance)| usual[price.min(TOP)] += *chance as f32);
    let net = Net::new(vec![INPUTS, 1]).expect("the layers are within the widest");
    let weights = net.start(recipe.plan.seed);
    let first = Mind { chances: usual, usual: recipe.usual, memory: recipe.memory, net, weights };
    let with = |weights: &[f32]| Arc::new(Mind { weights: weights.to_vec(), ..first.clone() });
    let draw = |key: u64, count: u64| -> Vec<Campaign> {
        (0..count).map(|number| campaign(log, recipe.plan.seed, key << 32 | number)).collect()
    };
    // The campaigns to choose by are drawn from the same log under numbers that no generation has.
    let choice = draw(u64::from(u32::MAX), recipe.choice_campaigns);
    let before = ratio(&with(&first.weights), &choice);
    let mut best = (before, 0, first.weights.clone());
    let score = |weights: &[f32], generation: u32| {
        ratio(&with(weights), &draw(u64::from(generation), recipe.campaigns))
    };
    evolve(&first.weights, &recipe.plan, score, |progress, weights| {
        let looks =
            progress.generation.is_multiple_of(recipe.look) || progress.generation == recipe.plan.generations;
        let found = looks.then(|| ratio(&with(weights), &choice));
        if let Some(found) = found.filter(|found| *found > best.0) {
            best = (found, progress.generation, weights.to_vec());
        }
        told(progress, found);
    });
    let (found, generation, weights) = best;
    Ok(Learnt {
        mind: Mind { weights, ..first },
        ratio: [before, found],
        generation,
        data_crc32: fingerprint(log),
    })
}

fn fingerprint(log: &[Auction]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    for auction in log {
        hasher.update(&auction.price.get().to_le_bytes());
        hasher.update(&auction.pctr.to_le_bytes());
    }
    hasher.finalize()
}
