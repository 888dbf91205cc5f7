//! How many impressions come in each tick, and what they are worth to each advertiser.
//!
//! * Impressions: the published share of each tick, times a factor even in 0.6–1.4 drawn per block of four ticks, brought
//!   back to the whole, rounded down.
//! * Value of an impression to an advertiser: normal, clipped to 0–1. Its mean is 0.0005 × a factor even in 0.3–1.7 per category
//!   and block of eight ticks × a factor even in 0.5–1.5 per advertiser and block (the first of each category goes without);
//!   its deviation is the mean × a ratio, normal around the advertiser's own ratio r with deviation 0.2 r, where r is normal (0.5, 0.1).
//! * Deviation of a value as a prediction: the value × a ratio, |normal (m, m/2)| up to 0.3, where m is the advertiser's,
//!   |normal (0.15, 0.06)|.
//!
//! Deviations are made when asked for, cell by cell: few are.

use motet_units::{Chance, Stream};

use super::roster::{Advertiser, CATEGORY_SIZE};
use crate::{
    chance::{even, normal},
    normal::fill_clipped,
};

/// Ticks of an episode.
pub const TICKS: usize = 48;

const VALUE_MEAN: f64 = 0.0005;
const MEAN_BLOCKS: usize = TICKS / 8;

/// Share of the day's impressions in each tick, as published.
pub const TRAFFIC_SHARES: [f64; TICKS] = [
    0.023_012_28,
    0.010_762_49,
    0.008_821_90,
    0.004_815_77,
    0.004_798_85,
    0.003_328_65,
    0.003_393_03,
    0.003_033_16,
    0.004_298_72,
    0.004_863_00,
    0.011_135_64,
    0.012_360_25,
    0.018_506_56,
    0.017_290_99,
    0.026_119_26,
    0.024_050_14,
    0.036_408_74,
    0.033_094_65,
    0.038_111_29,
    0.032_375_49,
    0.037_191_70,
    0.032_876_04,
    0.033_527_55,
    0.025_498_44,
    0.023_719_89,
    0.022_213_96,
    0.026_215_60,
    0.020_075_01,
    0.022_232_88,
    0.020_495_30,
    0.022_686_42,
    0.020_808_76,
    0.024_124_21,
    0.020_575_38,
    0.019_990_26,
    0.016_485_68,
    0.017_455_56,
    0.016_890_21,
    0.020_425_63,
    0.019_787_34,
    0.024_950_76,
    0.025_119_78,
    0.031_101_31,
    0.028_594_53,
    0.030_060_82,
    0.025_650_65,
    0.025_380_46,
    0.025_285_01,
];

/// What one advertiser's values are drawn from.
#[derive(Clone, Copy, Debug, Default)]
struct Level {
    mean: f32,
    deviation: f32,
}

/// One episode's traffic: its parameters, from which any tick is made.
#[derive(Clone, Debug)]
pub(crate) struct Traffic {
    chance: Chance,
    counts: [usize; TICKS],
    levels: Vec<[Level; TICKS]>,
    doubts: Vec<f64>,
}

impl Traffic {
    /// Draws the parameters of one episode.
    pub(crate) fn draw(seed: u64, impressions: u32, advertisers: &[Advertiser]) -> Self {
        let chance = Chance::new(seed, 0);
        let mut doubt = chance.stream("doubt");
        Self {
            chance,
            counts: counts(&mut chance.stream("traffic"), impressions),
            levels: levels(chance, advertisers),
            doubts: advertisers.iter().map(|_| mean_doubt(&mut doubt)).collect(),
        }
    }

    /// Returns how many impressions a tick has.
    pub(crate) const fn count(&self, tick: usize) -> usize {
        self.counts[tick]
    }

    /// Writes one advertiser's values of one tick.
    pub(crate) fn fill(&self, tick: usize, advertiser: usize, row: &mut [f32]) {
        let level = self.levels[advertiser][tick];
        let key = Chance::new(self.chance.key(), (tick * 64 + advertiser) as u64).stream("values").bits();
        fill_clipped(row, key, level.mean, level.deviation);
    }

    /// Returns the deviation of one value as a prediction.
    pub(crate) fn deviation(&self, tick: usize, advertiser: usize, impression: usize, value: f32) -> f32 {
        let mean = self.doubts[advertiser];
        let cell = ((tick * 64 + advertiser) as u64) << 32 | impression as u64;
        let mut stream = Chance::new(self.chance.key(), cell).stream("deviation");
        normal(&mut stream, mean, mean / 2.0).abs().min(0.3) as f32 * value
    }
}

fn counts(stream: &mut Stream, impressions: u32) -> [usize; TICKS] {
    let mut weights = TRAFFIC_SHARES;
    for block in weights.chunks_mut(4) {
        let factor = even(stream, 0.6, 1.4);
        for weight in block {
            *weight *= factor;
        }
    }
    let scale = TRAFFIC_SHARES.iter().sum::<f64>() / weights.iter().sum::<f64>() * f64::from(impressions);
    weights.map(|w| (w * scale) as usize)
}

fn factors(stream: &mut Stream, low: f64, high: f64) -> [f64; MEAN_BLOCKS] {
    core::array::from_fn(|_| even(stream, low, high))
}

fn levels(chance: Chance, advertisers: &[Advertiser]) -> Vec<[Level; TICKS]> {
    let categories = 1 + advertisers.iter().map(|a| a.category).max().unwrap_or(0);
    let mut stream = chance.stream("categories");
    let category: Vec<_> = (0..categories).map(|_| factors(&mut stream, 0.3, 1.7)).collect();
    let own = |a: &Advertiser| {
        let mut stream = Chance::new(chance.key(), a.index as u64).stream("level");
        let own = factors(&mut stream, 0.5, 1.5);
        let lone = a.index.is_multiple_of(CATEGORY_SIZE);
        let ratio = fold(normal(&mut stream, 0.5, 0.1));
        core::array::from_fn(|tick| {
            let block = tick / (TICKS / MEAN_BLOCKS);
            let mean = VALUE_MEAN * category[a.category][block] * if lone { 1.0 } else { own[block] };
            let deviation = mean * fold(normal(&mut stream, ratio, 0.2 * ratio));
            Level { mean: mean as f32, deviation: deviation as f32 }
        })
    };
    advertisers.iter().map(own).collect()
}

/// Returns a drawn ratio as the published generator keeps it: 0.1 in place of a negative, at most 1.
const fn fold(ratio: f64) -> f64 {
    if ratio < 0.0 { 0.1 } else { ratio.min(1.0) }
}

fn mean_doubt(stream: &mut Stream) -> f64 {
    let mean = normal(stream, 0.15, 0.06).abs();
    if mean > 0.3 { 0.2 } else { mean }
}
