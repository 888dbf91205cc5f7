//! What the market was like on the training days: the part of the policy that forecasts.
//!
//! With `v` the mean value and `q` the mean least winning cost of a tick, the multiplier is counted as `x = multiplier · v ÷ q`: at 1, the mean
//! impression is bid its going price. On that scale ticks of all advertisers and hours look alike, and two curves are enough for all of them:
//! what an impression brings, in parts of `v`, and what it costs, in parts of `q`. The rest is what usually comes: `q` by tick of the day, how long an unusual `q` stays so,
//! and how `v` is spread, since it is drawn anew every eight ticks.

use motet_arena::auctionnet::{TICKS, TRAFFIC_SHARES};

use super::landscape::Day;

/// Points of a curve: x from 2^−4 to 2^3, eight to a factor of two.
pub(crate) const POINTS: usize = 57;
/// Ticks that share one level of value.
pub(crate) const BLOCK: usize = 8;
/// Levels of value that stand for all.
pub(crate) const LEVELS: usize = 16;

/// A curve over x.
pub(crate) type Curve = [f32; POINTS];

/// The forecast.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// What an impression brings, in parts of v.
    pub(crate) brings: Curve,
    /// What an impression costs, in parts of q.
    pub(crate) costs: Curve,
    /// The natural logarithm of the usual q of each tick.
    pub(crate) usual: [f32; TICKS],
    /// The share of an unusual ln q that is still there some ticks later, and the rest of the day.
    pub(crate) stays: [f32; 2],
    /// Levels of v, equally likely, low to high.
    pub(crate) levels: [f32; LEVELS],
    /// The day's usual impressions.
    pub(crate) impressions: f32,
    /// What is still to come after each block at every multiplier; made from the rest.
    later: Vec<Later>,
}

/// What is to come from the start of a block to the end of the day, for one impression of the day.
#[derive(Clone, Debug, PartialEq)]
struct Later {
    brings: [f64; POINTS],
    costs: [f64; POINTS],
}

/// The multipliers `later` is made for, in units of money: 2^−1 to 2^13 in quarter factors of two.
const FROM: f64 = 1.0;
const STEP: f64 = 0.25;

/// Cost and conversions to come.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Outlook {
    pub(crate) cost: f64,
    pub(crate) brings: f64,
}

/// Where the day stands, as the forecast needs it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Standpoint {
    pub(crate) tick: usize,
    /// Impressions to come in the block, this tick among them.
    pub(crate) near: f64,
    /// Impressions of the whole day.
    pub(crate) day: f64,
    /// The mean value now.
    pub(crate) value: f64,
    /// ln q of the last tick, less the usual.
    pub(crate) unusual: f64,
    /// The going price to expect in the rest of the block.
    pub(crate) near_price: f64,
    /// By what factor later prices will be unusual.
    kept: f64,
    log_depth: f64,
    log_kept: f64,
}

impl Model {
    /// Puts a model together from its numbers.
    pub(crate) fn new(
        brings: Curve,
        costs: Curve,
        usual: [f32; TICKS],
        stays: [f32; 2],
        levels: [f32; LEVELS],
        impressions: f32,
    ) -> Self {
        let mut model = Self { brings, costs, usual, stays, levels, impressions, later: Vec::new() };
        model.later = (0..=TICKS / BLOCK).map(|block| model.later(block * BLOCK)).collect();
        model
    }

    fn later(&self, from: usize) -> Later {
        let mut later = Later { brings: [0.0; POINTS], costs: [0.0; POINTS] };
        for (usual, share) in self.usual.iter().zip(&TRAFFIC_SHARES).skip(from) {
            let q = libm::exp(f64::from(*usual));
            for point in 0..POINTS {
                let multiplier = libm::exp2(FROM - 2.0 + STEP * point as f64);
                for level in self.levels.map(f64::from) {
                    let at = position(multiplier * level / q);
                    let share = share / LEVELS as f64;
                    later.brings[point] += share * level * read(&self.brings, at);
                    later.costs[point] += share * q * read(&self.costs, at);
                }
            }
        }
        later
    }

    /// Returns what bidding a multiplier (in units of money, as its logarithm to base 2) from here to the end of the day would bring
    /// and cost.
    pub(crate) fn outlook(&self, from: &Standpoint, log_multiplier: f64) -> Outlook {
        let at = (log_multiplier + from.log_depth + 4.0) * 8.0;
        let later = &self.later[from.tick / BLOCK + 1];
        let place = (log_multiplier - from.log_kept - (FROM - 2.0)) / STEP;
        Outlook {
            cost: from.near * from.near_price * read(&self.costs, at)
                + from.day * from.kept * read64(&later.costs, place),
            brings: from.near * from.value * read(&self.brings, at) + from.day * read64(&later.brings, place),
        }
    }

    /// Completes a standpoint with the prices to expect, given the logarithm by which the last tick's was unusual.
    pub(crate) fn stand(&self, tick: usize, traffic: (f64, f64), value: f64, unusual: f64) -> Standpoint {
        let (near, day) = traffic;
        let near_price = self.near_price(tick, unusual);
        let kept = libm::exp(f64::from(self.stays[1]) * unusual);
        Standpoint {
            tick,
            near,
            day,
            value,
            unusual,
            near_price,
            kept,
            log_depth: libm::log2(value / near_price),
            log_kept: libm::log2(kept),
        }
    }

    /// Returns the going price to expect in the rest of the block.
    fn near_price(&self, tick: usize, unusual: f64) -> f64 {
        let end = (tick / BLOCK + 1) * BLOCK;
        let (mut sum, mut shares) = (0.0, 0.0);
        for (share, usual) in TRAFFIC_SHARES[tick..end].iter().zip(&self.usual[tick..end]) {
            sum += share * f64::from(*usual);
            shares += share;
        }
        libm::exp(sum / shares + f64::from(self.stays[0]) * unusual)
    }

    /// Returns the usual going price of the day's first tick.
    pub(crate) fn first_price(&self) -> f64 {
        libm::exp(f64::from(self.usual[0]))
    }

    /// Learns the forecast from recorded days.
    pub fn fit(days: &[Day]) -> Self {
        let (brings, costs) = curves(days);
        let usual = usual(days);
        let impressions =
            days.iter().map(|d| d.ticks.iter().map(|t| t.impressions).sum::<f64>()).sum::<f64>();
        Self::new(
            brings,
            costs,
            usual.map(|q| q as f32),
            [stays(days, &usual, 4), stays(days, &usual, 16)],
            levels(days),
            (impressions / days.len().max(1) as f64) as f32,
        )
    }
}

/// Returns where x lies among a curve's points.
pub(crate) fn position(x: f64) -> f64 {
    (libm::log2(x.max(1e-12)) + 4.0) * 8.0
}

fn read(curve: &Curve, position: f64) -> f64 {
    let held = position.clamp(0.0, (POINTS - 1) as f64);
    let below = (held as usize).min(POINTS - 2);
    let part = held - below as f64;
    f64::from(curve[below]) * (1.0 - part) + f64::from(curve[below + 1]) * part
}

fn read64(curve: &[f64; POINTS], position: f64) -> f64 {
    let held = position.clamp(0.0, (POINTS - 1) as f64);
    let below = (held as usize).min(POINTS - 2);
    let part = held - below as f64;
    curve[below] * (1.0 - part) + curve[below + 1] * part
}

/// Adds up what impressions brought and cost at each x, over all ticks whose table reaches there.
fn curves(days: &[Day]) -> (Curve, Curve) {
    let mut sums = [[0.0_f64; 4]; POINTS];
    for day in days {
        for tick in
            day.ticks.iter().filter(|t| t.impressions > 0.0 && t.value_mean > 0.0 && t.price_mean > 0.0)
        {
            for (point, sum) in sums.iter_mut().enumerate() {
                let x = libm::exp2(point as f64 / 8.0 - 4.0);
                let multiple = x * tick.price_mean / tick.value_mean / day.target;
                if (1.0 / 16.0..=8.0).contains(&multiple) {
                    let (cost, brings) = tick.at(multiple);
                    let more = [
                        brings,
                        tick.impressions * tick.value_mean,
                        cost,
                        tick.impressions * tick.price_mean,
                    ];
                    sum.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
                }
            }
        }
    }
    let mut curves = [[0.0_f32; POINTS]; 2];
    let mut held = [0.0_f64; 2];
    for (point, [brings, values, cost, prices]) in sums.into_iter().enumerate() {
        // A curve never falls; where no tick reaches, it stays where it was.
        held[0] = held[0].max(brings / values.max(1e-12));
        held[1] = held[1].max(cost / prices.max(1e-12));
        (curves[0][point], curves[1][point]) = (held[0] as f32, held[1] as f32);
    }
    (curves[0], curves[1])
}

fn log_price(day: &Day, tick: usize) -> f64 {
    libm::log(day.ticks[tick].price_mean.max(1e-9))
}

fn usual(days: &[Day]) -> [f64; TICKS] {
    core::array::from_fn(|tick| {
        days.iter().map(|day| log_price(day, tick)).sum::<f64>() / days.len().max(1) as f64
    })
}

/// Returns the share of what was unusual in ln q that is left so many ticks later.
fn stays(days: &[Day], usual: &[f64; TICKS], later: usize) -> f32 {
    let (mut both, mut own) = (0.0, 0.0);
    for day in days {
        for tick in 0..TICKS - later {
            let now = log_price(day, tick) - usual[tick];
            both += now * (log_price(day, tick + later) - usual[tick + later]);
            own += now * now;
        }
    }
    (both / own.max(1e-12)).clamp(0.0, 1.0) as f32
}

fn levels(days: &[Day]) -> [f32; LEVELS] {
    let of =
        |day: &Day| -> Vec<f64> { day.ticks.iter().step_by(BLOCK).map(|tick| tick.value_mean).collect() };
    let mut all: Vec<f64> = days.iter().flat_map(of).collect();
    all.sort_by(f64::total_cmp);
    core::array::from_fn(|level| {
        let from = level * all.len() / LEVELS;
        let to = ((level + 1) * all.len() / LEVELS).max(from + 1).min(all.len().max(1));
        let part = all.get(from..to).unwrap_or(&[]);
        (part.iter().sum::<f64>() / part.len().max(1) as f64) as f32
    })
}
