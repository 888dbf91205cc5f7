//! What a day would have sold one advertiser at every multiplier: the day as a table.
//!
//! An episode among the league is played once, and the three highest bids of the others are kept for every impression and seat, added up by the
//! multiplier from which they are beaten. A bidder can then be tried on that day in microseconds instead of tenths of a second: its cost
//! and its expected conversions of a tick are read off the table. What the table leaves out: the others do not answer to the bidder
//! put on the seat (it is one of 48), exposure is counted at its mean, and conversions are drawn afterwards. Bidders are learnt on tables
//! and judged in the market itself.
//!
//! A table may be made for *bent* bids. Under GSP the next better slot costs far more than it brings, so a bid of full value pays
//! too much where it would take the first slot. A bend `s` leaves bids up to the going price `q` as they are and lowers those above:
//! `bid = q · (full ÷ q)^(1−s)` where `full = multiplier × value > q`. The going price is the mean least winning cost of the tick before.

use motet_arena::{
    Error,
    auctionnet::{Advertiser, Episode, League, TICKS, TickResult},
};

/// Cells per factor of two, linear within it.
const CELLS: usize = 8;
/// The lowest multiple of the target in the table is 2^−4, the highest 2^3.
const LOWEST: i32 = -4;
/// Edges of the table.
pub const EDGES: usize = 7 * CELLS + 1;
/// The mean chance that a slot is shown, the best slot first.
pub(crate) const SHOWN: [f64; 3] = [1.0, 0.8, 0.48];

/// One tick of one seat.
#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    /// Impressions.
    pub impressions: f64,
    /// Their mean value to the seat.
    pub value_mean: f64,
    /// The mean least winning cost.
    pub price_mean: f64,
    cost: [f32; EDGES],
    conversions: [f32; EDGES],
}

impl Tick {
    /// Returns the cost and the conversions to expect at a multiple of the target CPA, both for the whole tick.
    pub fn at(&self, multiple: f64) -> (f64, f64) {
        if multiple.is_nan() || multiple <= 0.0 {
            return (0.0, 0.0);
        }
        let (edge, part) = place(multiple as f32);
        let next = (edge + 1).min(EDGES - 1);
        let read =
            |row: &[f32; EDGES]| f64::from(row[edge]) + part * (f64::from(row[next]) - f64::from(row[edge]));
        (read(&self.cost), read(&self.conversions))
    }
}

/// Returns the edge at or below a multiple, and how far it is to the next.
fn place(multiple: f32) -> (usize, f64) {
    // A positive float's bits rise with it, and linearly within a factor of two: three bits below the exponent are the eight cells.
    let bits = multiple.to_bits();
    let cell = (bits >> 20).cast_signed() - ((127 + LOWEST) << 3);
    if cell < 0 {
        (0, 0.0)
    } else if cell as usize >= EDGES - 1 {
        (EDGES - 1, 0.0)
    } else {
        (cell as usize, f64::from(bits & 0xF_FFFF) / f64::from(1 << 20))
    }
}

/// Returns an edge's multiple of the target.
pub fn edge(index: usize) -> f64 {
    let whole = LOWEST + ((index / CELLS) as u32).cast_signed();
    libm::pow(2.0, f64::from(whole)) * (1.0 + (index % CELLS) as f64 / CELLS as f64)
}

/// One seat's day.
#[derive(Clone, Debug, PartialEq)]
pub struct Day {
    /// The seed of the episode.
    pub seed: u64,
    /// The seat.
    pub seat: usize,
    /// Its budget, in units of money.
    pub budget: f64,
    /// Its target CPA.
    pub target: f64,
    /// Its category.
    pub category: usize,
    /// The ticks.
    pub ticks: Vec<Tick>,
}

impl Day {
    /// Starts an advertiser's day.
    pub fn new(seed: u64, advertiser: &Advertiser) -> Self {
        Self {
            seed,
            seat: advertiser.index,
            budget: advertiser.budget.units(),
            target: advertiser.target_cpa,
            category: advertiser.category,
            ticks: Vec::with_capacity(TICKS),
        }
    }

    /// Returns the best score of a constant multiplier, in expectation, and that multiple of the target.
    pub fn best_constant(&self) -> (f64, f64) {
        let of = |index: usize| (self.constant(edge(index)).2, edge(index));
        (0..EDGES).map(of).fold((0.0, 0.0), |best, one| if one.0 > best.0 { one } else { best })
    }

    /// Returns what a constant multiple of the target costs, brings and scores, in expectation, cut off at the budget.
    pub fn constant(&self, multiple: f64) -> (f64, f64, f64) {
        let (mut cost, mut conversions) = (0.0, 0.0);
        for tick in &self.ticks {
            let (more, brought) = tick.at(multiple);
            let payable = ((self.budget - cost) / more.max(1e-12)).clamp(0.0, 1.0);
            cost += payable * more;
            conversions += payable * brought;
        }
        (cost, conversions, motet_arena::auctionnet::score(conversions, cost, self.target))
    }
}

/// How strongly bids are bent, and from where on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shape {
    /// 0 for not at all, below 1.
    pub strength: f64,
    /// The multiple of the mean least winning cost from which on bids are lowered.
    pub anchor: f64,
}

impl Shape {
    /// Bids that are in proportion to the value.
    pub const STRAIGHT: Self = Self { strength: 0.0, anchor: 1.0 };

    /// Returns the bend under a mean least winning cost; none where nothing is known of it.
    pub fn at(self, price_mean: f64) -> Bend {
        Bend { strength: self.strength, going: self.anchor * price_mean }
    }
}

/// Records one episode of a league: every seat's day, for bids of a shape.
///
/// # Errors
///
/// When the league's options describe no market.
pub fn record(league: &League, seed: u64, shape: Shape) -> Result<Vec<Day>, Error> {
    let mut episode = Episode::new(seed, league.options().clone())?;
    let mut bidders = league.bidders();
    let mut days: Vec<Day> = league.options().advertisers.iter().map(|a| Day::new(seed, a)).collect();
    let mut going = 0.0;
    while episode.open() {
        let answers: Vec<_> = bidders.iter_mut().enumerate().map(|(i, b)| b.bid(&episode.view(i))).collect();
        let result = episode.tick(&answers)?;
        let mean = result.agent(0).least_winning_mean;
        let bend = shape.at(if going > 0.0 { going } else { mean });
        let recorded = ticks(&result, &days, 0, bend);
        days.iter_mut().zip(recorded).for_each(|(day, tick)| day.ticks.push(tick));
        going = mean;
    }
    Ok(days)
}

/// How bids above the going price are lowered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bend {
    /// 0 for not at all, below 1.
    pub strength: f64,
    /// The going price.
    pub going: f64,
}

impl Bend {
    /// Returns the bid for a full bid.
    ///
    /// ```
    /// let bend = motet_autobid::auctionnet::Bend { strength: 0.5, going: 0.1 };
    /// assert_eq!(bend.bid(0.08), 0.08);
    /// assert!((bend.bid(0.4) - 0.2).abs() < 1e-12); // 0.1 · √(0.4 ÷ 0.1)
    /// ```
    pub fn bid(&self, full: f64) -> f64 {
        if full <= self.going || self.strength <= 0.0 || self.going <= 0.0 {
            return full;
        }
        self.going * libm::pow(full / self.going, 1.0 - self.strength)
    }

    /// Returns the full bid whose bent bid is this.
    fn full(&self, bid: f64) -> f64 {
        if bid <= self.going || self.strength <= 0.0 || self.going <= 0.0 {
            return bid;
        }
        self.going * libm::pow(bid / self.going, 1.0 / (1.0 - self.strength))
    }
}

/// Cells of one row: one below the table, and one from each edge on.
type Cells = [[f32; EDGES + 1]; 2];

/// Adds one tick to one seat's day.
pub(crate) fn watch_seat(day: &mut Day, result: &TickResult<'_>, bend: Bend) {
    let days = core::slice::from_mut(day);
    let first = days[0].seat;
    let recorded = ticks(result, days, first, bend);
    days[0].ticks.extend(recorded);
}

/// Returns the tick as a table for each of some neighbouring seats, the first being `first`.
#[expect(
    clippy::needless_range_loop,
    reason = "an impression's number is looked up in the result and in every seat's values"
)]
fn ticks(result: &TickResult<'_>, days: &[Day], first: usize, bend: Bend) -> Vec<Tick> {
    let mut cells: Vec<Cells> = vec![[[0.0; EDGES + 1]; 2]; days.len()];
    let targets: Vec<f32> = days.iter().map(|day| day.target as f32).collect();
    let values: Vec<&[f32]> = (0..days.len()).map(|index| result.values(first + index)).collect();
    for impression in 0..result.impressions() {
        let top = result.highest(impression).map(|(bid, bidder)| Bid {
            price: bid,
            full: bend.full(f64::from(bid)) as f32,
            bidder: bidder.unwrap_or(usize::MAX),
        });
        for (index, cells) in cells.iter_mut().enumerate() {
            add(cells, &top, first + index, values[index][impression], targets[index], result.reserve());
        }
    }
    let tick = |(index, cells): (usize, Cells)| close(result, values[index], &cells);
    cells.into_iter().enumerate().map(tick).collect()
}

/// One of the highest bids.
#[derive(Clone, Copy, Debug)]
struct Bid {
    price: f32,
    /// The full bid that beats it.
    full: f32,
    bidder: usize,
}

/// Adds one impression to a seat's cells: what each slot costs and brings on top of the next cheaper one, where it is first won.
#[inline]
fn add(cells: &mut Cells, top: &[Bid; 4], seat: usize, value: f32, target: f32, reserve: f32) {
    if value <= 0.0 {
        return;
    }
    let own = top.iter().position(|bid| bid.bidder == seat).unwrap_or(4);
    let (mut cost, mut brought) = (0.0, 0.0);
    for slot in [2_usize, 1, 0] {
        let bid = top[if slot < own { slot } else { slot + 1 }];
        let shown = if bid.price > reserve { SHOWN[slot] as f32 } else { 0.0 };
        let (now, then) = (shown * bid.price, shown * value);
        let beaten = (bid.full / (value * target)).max(f32::MIN_POSITIVE);
        let cell = ((beaten.to_bits() >> 20).cast_signed() - ((127 + LOWEST) << 3) + 1).max(0) as usize;
        let cell = cell.min(EDGES);
        cells[0][cell] += now - cost;
        cells[1][cell] += then - brought;
        (cost, brought) = (now, then);
    }
}

fn close(result: &TickResult<'_>, values: &[f32], cells: &Cells) -> Tick {
    let total = |row: &[f32; EDGES + 1]| {
        let mut sum = 0.0;
        core::array::from_fn(|edge| {
            sum += row[edge];
            sum
        })
    };
    let sum: f64 = values.iter().map(|v| f64::from(*v)).sum();
    Tick {
        impressions: result.impressions() as f64,
        value_mean: sum / values.len().max(1) as f64,
        price_mean: result.agent(0).least_winning_mean,
        cost: total(&cells[0]),
        conversions: total(&cells[1]),
    }
}
