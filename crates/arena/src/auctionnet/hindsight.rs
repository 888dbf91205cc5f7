//! What the best constant multiplier would have earned one advertiser, known only afterwards.
//!
//! The others keep the bids they ended with. For each multiplier of a grid (0.2 to 3 times the target CPA) the advertiser's expected
//! cost and conversions of each tick follow from the others' three highest bids: above the first it has slot 1 at that price,
//! and so on, weighted by the probability that the slot is shown. A tick that would cost more than is left counts for the part that
//! can be paid. The best score on the grid is the reference of [`BestConstant`].
//!
//! A reference, not a bound: a multiplier that moves with the day, or bids that pick, can earn more.

use super::{
    episode::{Episode, TickResult},
    rank::{PLACES, bid_of, is_of},
    sale::{EXPOSURE, SLOTS},
    score::score,
};

/// The multipliers tried, as multiples of the target CPA.
pub const GRID: [f64; 14] = [0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.2, 1.5, 2.0, 2.5, 3.0];

/// The best constant multiplier of one advertiser.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BestConstant {
    /// The multiplier, as a multiple of the target CPA.
    pub multiple: f64,
    /// What it would have scored in expectation.
    pub score: f64,
    /// What bidding the target CPA times the value would have scored in expectation.
    pub truthful_score: f64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Purse {
    cost: f64,
    conversions: f64,
}

/// Follows an episode and knows afterwards what each constant multiplier would have earned.
#[derive(Clone, Debug)]
pub struct Hindsight {
    purses: Vec<[Purse; GRID.len()]>,
}

impl Hindsight {
    /// Starts with an episode's advertisers.
    pub fn new(seats: usize) -> Self {
        Self { purses: vec![[Purse::default(); GRID.len()]; seats] }
    }

    /// Takes in one tick.
    pub fn observe(&mut self, result: &TickResult<'_>, budgets: &[f64], targets: &[f64]) {
        for (seat, purses) in self.purses.iter_mut().enumerate() {
            let ticks = expected(result, seat, targets[seat]);
            for (purse, tick) in purses.iter_mut().zip(ticks) {
                let payable = ((budgets[seat] - purse.cost) / tick.cost.max(1e-12)).clamp(0.0, 1.0);
                purse.cost += payable * tick.cost;
                purse.conversions += payable * tick.conversions;
            }
        }
    }

    /// Returns the best constant multiplier of each advertiser.
    pub fn best(&self, episode: &Episode) -> Vec<BestConstant> {
        let advertisers = &episode.options().advertisers;
        let best = |(purses, target): (&[Purse; GRID.len()], f64)| {
            let scores = purses.map(|p| score(p.conversions, p.cost, target));
            let mut best = BestConstant { multiple: GRID[0], score: scores[0], truthful_score: scores[8] };
            for (multiple, score) in GRID.into_iter().zip(scores) {
                if score > best.score {
                    best = BestConstant { multiple, score, ..best };
                }
            }
            best
        };
        self.purses.iter().zip(advertisers.iter().map(|a| a.target_cpa)).map(best).collect()
    }
}

/// Impressions looked at side by side.
const LANES: usize = 8;

/// One sum for each multiplier and lane.
type Sums = [[f32; LANES]; GRID.len()];

/// What one slot of eight impressions asks and gives.
#[derive(Clone, Copy, Debug)]
struct Offered {
    /// The bid to beat.
    price: [f32; LANES],
    /// Expected cost on top of the next cheaper slot's.
    cost: [f32; LANES],
    /// Expected conversions on top of the next cheaper slot's.
    conversions: [f32; LANES],
}

/// Returns the expected cost and conversions of one tick at every multiplier of the grid.
fn expected(result: &TickResult<'_>, seat: usize, target: f64) -> [Purse; GRID.len()] {
    let grid = GRID.map(|g| (g * target) as f32);
    let (mut costs, mut conversions): (Sums, Sums) = ([[0.0; LANES]; _], [[0.0; LANES]; _]);
    let (values, places) = result.blocks(seat);
    for (block, values) in values.iter().enumerate() {
        let slots = offered(places.map(|place| place[block]), values, seat, result.reserve());
        for ((multiplier, costs), conversions) in grid.iter().zip(&mut costs).zip(&mut conversions) {
            let (mut cost, mut conversion) = (*costs, *conversions);
            let bids = values.map(|value| value * multiplier);
            for slot in &slots {
                for l in 0..LANES {
                    let wins = if bids[l] > slot.price[l] { u32::MAX } else { 0 };
                    cost[l] += f32::from_bits(slot.cost[l].to_bits() & wins);
                    conversion[l] += f32::from_bits(slot.conversions[l].to_bits() & wins);
                }
            }
            (*costs, *conversions) = (cost, conversion);
        }
    }
    let sum = |lanes: [f32; LANES]| lanes.into_iter().map(f64::from).sum();
    core::array::from_fn(|g| Purse { cost: sum(costs[g]), conversions: sum(conversions[g]) })
}

/// Returns what the slots of eight impressions ask of an advertiser, the cheapest first.
#[inline]
fn offered(
    places: [[f32; LANES]; PLACES],
    values: &[f32; LANES],
    seat: usize,
    reserve: f32,
) -> [Offered; SLOTS] {
    let prices = rivals(places, seat);
    let (mut cost, mut conversions) = ([0.0; LANES], [0.0; LANES]);
    [2, 1, 0].map(|slot: usize| {
        let mut step = Offered { price: prices[slot], cost, conversions };
        for l in 0..LANES {
            // A slot whose price is not above the reserve stays unsold.
            let shown = if prices[slot][l] > reserve { EXPOSURE[slot] as f32 } else { 0.0 };
            let (now, then) = (shown * prices[slot][l], shown * values[l]);
            step.price[l] = if prices[slot][l] > reserve { prices[slot][l] } else { reserve };
            (step.cost[l], step.conversions[l]) = (now - cost[l], then - conversions[l]);
            (cost[l], conversions[l]) = (now, then);
        }
        step
    })
}

/// Returns the three highest bids of the others.
#[inline]
fn rivals(places: [[f32; LANES]; PLACES], seat: usize) -> [[f32; LANES]; SLOTS] {
    let mut passed = [0_u32; LANES];
    core::array::from_fn(|place| {
        let mut bids = [0.0; LANES];
        for l in 0..LANES {
            let (this, next) = (places[place][l], places[place + 1][l]);
            passed[l] |= if is_of(this, seat) { u32::MAX } else { 0 };
            bids[l] = bid_of(f32::from_bits(next.to_bits() & passed[l] | this.to_bits() & !passed[l]));
        }
        bids
    })
}
