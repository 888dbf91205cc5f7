//! The landscape of one market: how high the highest competing bid lies, learned from wins and losses.
//!
//! Prices fall into [`BINS`] bins, the first up to 0.01 CPM and the rest log-spaced up to 500 CPM (each 18.7 %
//! wide). A bin holds a decaying mass of outcomes. Within a bin the price is taken as uniform, so the chance to
//! win is piecewise linear in the bid.
//!
//! Outcomes come with different precision:
//! * the lowest bid that would have won is told: its bin gets the whole mass;
//! * only that the bid won: the competing bid lay anywhere below it;
//! * only that it lost: anywhere above.
//!
//! The last two are censored. Their mass is shared among the bins they allow in proportion to the current
//! estimate, which is one step of Turnbull's self-consistency algorithm (the EM of interval-censored data,
//! Turnbull, JRSS B 38, 1976) taken online: with decay, each outcome's first sharing is forgotten before it can
//! mislead for long, and no outcome needs to be kept.
//!
//! The bid: within a bin where P(win | b) = s·(b − c), profit (v − b)·s·(b − c) peaks at b = (v + c) / 2; the best
//! over all bins between floor and value wins. Ties go to the lower bid.

use serde::{Deserialize, Serialize};

/// How many bins the landscape has.
pub(super) const BINS: usize = 64;

const LOWEST: f64 = 10_000.0;
const HIGHEST: f64 = 500_000_000.0;

/// The upper edges of the bins, in CPM micros.
#[derive(Clone, Debug)]
pub(super) struct Grid {
    upper: [f64; BINS],
}

impl Grid {
    pub(super) fn new() -> Self {
        let step = libm::log(HIGHEST / LOWEST) / (BINS - 1) as f64;
        let mut upper = [0.0; BINS];
        for (place, edge) in upper.iter_mut().enumerate() {
            *edge = LOWEST * libm::exp(step * place as f64);
        }
        Self { upper }
    }

    /// Returns the bin a price falls in; an edge belongs to the bin below it, prices above all edges to the last.
    fn bin(&self, price: f64) -> usize {
        self.upper.partition_point(|edge| *edge < price).min(BINS - 1)
    }

    fn lower(&self, bin: usize) -> f64 {
        if bin == 0 { 0.0 } else { self.upper[bin - 1] }
    }
}

/// The lowest price a bid may have, in CPM micros, with the bin it falls in: candidates of one imp share it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Least {
    pub(super) price: f64,
    bin: usize,
}

impl Least {
    pub(super) fn of(price: f64, grid: &Grid) -> Self {
        Self { price, bin: grid.bin(price) }
    }
}

/// What an outcome tells of the highest competing bid, in CPM micros.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Rival {
    /// It was this.
    At(f64),
    /// It was below this.
    Below(f64),
    /// It was above this.
    Above(f64),
}

/// Masses of outcomes by bin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Masses {
    by_bin: Vec<f64>,
    total: f64,
}

impl Default for Masses {
    fn default() -> Self {
        Self { by_bin: vec![0.0; BINS], total: 0.0 }
    }
}

impl Masses {
    /// Returns how many outcomes the masses stand for, after decay.
    pub(super) const fn total(&self) -> f64 {
        self.total
    }

    /// Adds an outcome; older ones fade so that at most `memory` outcomes' worth is kept.
    pub(super) fn add(&mut self, rival: Rival, curve: &Curve, grid: &Grid, memory: f64) {
        let keep = 1.0 - 1.0 / memory;
        self.by_bin.iter_mut().for_each(|mass| *mass *= keep);
        self.total = self.total * keep + 1.0;
        match rival {
            Rival::At(price) => self.by_bin[grid.bin(price)] += 1.0,
            Rival::Below(bid) => self.share(0, grid.bin(bid), curve),
            Rival::Above(bid) => self.share(grid.bin(bid), BINS - 1, curve),
        }
    }

    /// Shares one outcome among bins in proportion to what the curve holds there.
    fn share(&mut self, first: usize, last: usize, curve: &Curve) {
        let held = &curve.shares[first..=last];
        let sum: f64 = held.iter().sum();
        for (mass, share) in self.by_bin[first..=last].iter_mut().zip(held) {
            *mass += share / sum;
        }
    }

    /// Tells whether the state has the shape this version works with.
    pub(super) fn is_sound(&self) -> bool {
        self.by_bin.len() == BINS && self.by_bin.iter().all(|m| m.is_finite() && *m >= 0.0)
    }
}

/// The chance to win by bid, ready to be searched.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Curve {
    /// Each bin's share of the highest competing bids; all above 0, summing to 1.
    shares: Vec<f64>,
    /// Each bin's slope and zero: P(win | b) = slope · (b − zero).
    lines: Vec<(f64, f64)>,
    /// How many outcomes it stands for, those borrowed from wider markets included.
    evidence: f64,
}

impl Curve {
    /// Returns the curve of nothing known: even in log price.
    pub(super) fn unknown(grid: &Grid) -> Self {
        Self::of_shares(vec![1.0 / BINS as f64; BINS], 0.0, grid)
    }

    /// Blends a market's own outcomes with a wider market's curve, which counts as `weight` outcomes at most.
    pub(super) fn blend(own: &Masses, wider: &Self, weight: f64, grid: &Grid) -> Self {
        let mut curve =
            Self { shares: Vec::with_capacity(BINS), lines: Vec::with_capacity(BINS), evidence: 0.0 };
        curve.blend_again(own, wider, weight, grid);
        curve
    }

    /// Becomes what [`Curve::blend`] gives, in the memory it has.
    pub(super) fn blend_again(&mut self, own: &Masses, wider: &Self, weight: f64, grid: &Grid) {
        let borrowed = wider.evidence.min(weight);
        // An even mass of one outcome keeps every share above 0.
        let floor = 1.0 / BINS as f64;
        let sum = own.total + borrowed + 1.0;
        let mass = own.by_bin.iter().zip(&wider.shares);
        self.shares.clear();
        self.shares.extend(mass.map(|(own, wider)| (own + borrowed * wider + floor) / sum));
        self.evidence = own.total + borrowed;
        self.draw_lines(grid);
    }

    fn of_shares(shares: Vec<f64>, evidence: f64, grid: &Grid) -> Self {
        let mut curve = Self { shares, lines: Vec::with_capacity(BINS), evidence };
        curve.draw_lines(grid);
        curve
    }

    fn draw_lines(&mut self, grid: &Grid) {
        let mut below = 0.0;
        let line = |(bin, share): (usize, &f64)| {
            let (low, high) = (grid.lower(bin), grid.upper[bin]);
            let slope = share / (high - low);
            let zero = low - below / slope;
            below += share;
            (slope, zero)
        };
        self.lines.clear();
        self.lines.extend(self.shares.iter().enumerate().map(line));
    }

    /// Returns how many outcomes the curve stands for.
    pub(super) const fn evidence(&self) -> f64 {
        self.evidence
    }

    /// Returns the chance to win with a bid in CPM micros.
    #[cfg(test)]
    pub(super) fn p_win(&self, bid: f64, grid: &Grid) -> f64 {
        let (slope, zero) = self.lines[grid.bin(bid)];
        (slope * (bid - zero)).clamp(0.0, 1.0)
    }

    /// Returns the bid from `least` up to the value (CPM micros) with the highest expected profit at the value, and the
    /// bin it lies in.
    ///
    /// Bins are looked at upwards, to `last` and only as far as they can matter: no chance is above one, so once value
    /// less the bin's lower edge is at most the best profit found, no bid further up beats it. The best bid never falls
    /// as the value rises, so the bin of a higher value's best bid is a `last` that leaves nothing out.
    pub(super) fn best_bid(&self, value: f64, least: Least, last: usize, grid: &Grid) -> (f64, usize) {
        let Least { price: least, bin: first } = least;
        let (slope, zero) = self.lines[first];
        let (mut best, mut profit) = (least, (value - least) * (slope * (least - zero)).clamp(0.0, 1.0));
        let (mut at, mut low) = (first, least);
        let bins = first..=last.clamp(first, BINS - 1);
        let edges = self.lines[bins.clone()].iter().zip(&grid.upper[bins.clone()]);
        for (((slope, zero), upper), bin) in edges.zip(first..) {
            if value - low <= profit {
                break;
            }
            // Comparisons, not `min` and `max`: there is no NaN here to take care of.
            let high = lower_of(*upper, value);
            let bid = lower_of(higher_of((value + zero) * 0.5, low), higher_of(high, low));
            let here = (value - bid) * slope * (bid - zero);
            if here > profit {
                (best, profit, at) = (bid, here, bin);
            }
            if *upper >= value {
                break;
            }
            low = *upper;
        }
        (best, at)
    }

    /// Returns the price (CPM micros) with the highest expected income above a cost, for a seller who asks it as a floor:
    /// (f − cost) · P(the highest bid reaches f). Within a bin where P(win | b) = s·(b − z) that peaks at
    /// f = (1/s + z + cost) / 2. At least the cost; ties go to the lower price.
    pub(super) fn best_floor(&self, cost: f64, grid: &Grid) -> f64 {
        let (mut best, mut income) = (cost, 0.0);
        for (bin, (slope, zero)) in self.lines.iter().enumerate() {
            let (low, high) = (higher_of(grid.lower(bin), cost), grid.upper[bin]);
            if high <= cost {
                continue;
            }
            let price = lower_of(higher_of((1.0 / slope + zero + cost) * 0.5, low), high);
            let here = (price - cost) * (1.0 - slope * (price - zero));
            if here > income {
                (best, income) = (price, here);
            }
        }
        best
    }
}

fn lower_of(a: f64, b: f64) -> f64 {
    if a < b { a } else { b }
}

fn higher_of(a: f64, b: f64) -> f64 {
    if a > b { a } else { b }
}
