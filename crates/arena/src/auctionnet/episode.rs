//! One episode, tick by tick: open a tick, look at it, answer it, read what came of it.
//!
//! Memory is one tick's traffic (about 5 MB at full size), whatever the length of the episode.

use motet_units::{Chance, Nanos, Stream};

use super::{
    bidder::{Bids, Past, View},
    rank::{Offer, PLACES, bid_of, bidder_of, padded, sane},
    roster::{Advertiser, roster},
    sale::{Rules, SLOTS, Sale, Sold, nanos, price},
    traffic::{TICKS, Traffic},
};
use crate::{
    Error,
    chance::{cell, even, unit},
};

/// How an episode is set up.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Impressions in all ticks together; a few fewer come, as each tick rounds down.
    pub impressions: u32,
    /// The reserve price per impression, in units of money: a slot is sold above it only.
    pub reserve: f32,
    /// An advertiser with less than this left does not bid.
    pub least_budget: Nanos,
    /// Who is at the table.
    pub advertisers: Vec<Advertiser>,
}

impl Default for Options {
    /// Returns the published market.
    fn default() -> Self {
        Self {
            impressions: 500_000,
            reserve: 0.0001,
            least_budget: Nanos::new(100_000_000),
            advertisers: roster(),
        }
    }
}

/// One episode of the market.
#[derive(Clone, Debug)]
pub struct Episode {
    seed: u64,
    options: Options,
    traffic: Traffic,
    /// How far below and above its value an advertiser's conversion probability is drawn, in deviations.
    truncations: Vec<(f32, f32)>,
    remaining: Vec<i64>,
    values: Vec<Vec<f32>>,
    each: Vec<Vec<f32>>,
    sale: Sale,
    converted: Vec<(u32, u8)>,
    past: Vec<Vec<Past>>,
    next: usize,
    open: bool,
    passes: u32,
    impressions: usize,
}

/// What one tick brought one advertiser.
pub type AgentTick = Past;

impl Episode {
    /// Draws the episode of a seed. No tick is open yet.
    ///
    /// # Errors
    ///
    /// When the options describe no market: no or too many advertisers, too few or too many impressions, a bad reserve.
    pub fn new(seed: u64, options: Options) -> Result<Self, Error> {
        check(&options)?;
        let seats = options.advertisers.len();
        let mut stream = Chance::new(seed, 0).stream("truncation");
        let mut within = || 2.0 * stream.unit() as f32;
        Ok(Self {
            seed,
            traffic: Traffic::draw(seed, options.impressions, &options.advertisers),
            truncations: (0..seats).map(|_| (within(), within())).collect(),
            remaining: options.advertisers.iter().map(|a| a.budget.get()).collect(),
            values: vec![Vec::new(); seats],
            each: vec![Vec::new(); seats],
            sale: Sale::default(),
            converted: Vec::new(),
            past: vec![Vec::with_capacity(TICKS); seats],
            next: 0,
            open: false,
            passes: 0,
            impressions: 0,
            options,
        })
    }

    /// Opens the next tick and returns whether there was one. An open tick stays open.
    pub fn open(&mut self) -> bool {
        if self.open || self.next == TICKS {
            return self.open;
        }
        let impressions = self.traffic.count(self.next);
        for (advertiser, row) in self.values.iter_mut().enumerate() {
            row.resize(padded(impressions), 0.0);
            self.traffic.fill(self.next, advertiser, row);
            row[impressions..].fill(0.0);
        }
        self.open = true;
        true
    }

    /// Returns what an advertiser sees of the open tick (before any is opened: no values).
    ///
    /// # Panics
    ///
    /// When there is no such advertiser.
    pub fn view(&self, advertiser: usize) -> View<'_> {
        let tick = self.next.min(TICKS - 1);
        let count = if self.open { self.traffic.count(tick) } else { 0 };
        View {
            tick,
            advertiser: &self.options.advertisers[advertiser],
            remaining: Nanos::new(self.remaining[advertiser]),
            values: &self.values[advertiser][..count],
            past: &self.past[advertiser],
            traffic: &self.traffic,
        }
    }

    /// Answers the open tick with one answer for each advertiser, in their order, and holds its auctions.
    ///
    /// # Errors
    ///
    /// When no tick is open, an answer is missing, or a list of bids has not one bid for each impression. The tick then stays open.
    pub fn tick(&mut self, answers: &[Bids]) -> Result<TickResult<'_>, Error> {
        self.check_answers(answers)?;
        let (tick, impressions) = (self.next, self.traffic.count(self.next));
        self.copy_bids(answers, impressions);
        let mut sale = core::mem::take(&mut self.sale);
        let offers = self.offers(answers);
        sale.hold(Rules::new(self.options.reserve, self.seed, tick), &offers, &self.remaining, impressions);
        self.sale = sale;
        self.settle(tick, impressions);
        self.passes += self.sale.passes;
        self.impressions += impressions;
        self.next += 1;
        self.open = false;
        Ok(TickResult { episode: self, tick, impressions })
    }

    /// Returns the auction passes so far: one a tick and one more for each time somebody would have overspent.
    pub const fn passes(&self) -> u32 {
        self.passes
    }

    /// Returns the impressions so far.
    pub const fn impressions(&self) -> usize {
        self.impressions
    }

    /// Returns an advertiser's answered ticks.
    ///
    /// # Panics
    ///
    /// When there is no such advertiser.
    pub fn past(&self, advertiser: usize) -> &[Past] {
        &self.past[advertiser]
    }

    /// Returns the options the episode was made of.
    pub const fn options(&self) -> &Options {
        &self.options
    }

    fn check_answers(&self, answers: &[Bids]) -> Result<(), Error> {
        let (expected, found) = (self.options.advertisers.len(), answers.len());
        if !self.open {
            return Err(Error::NotOpen);
        }
        if expected != found {
            return Err(Error::Answers { expected, found });
        }
        let expected = self.traffic.count(self.next);
        for (advertiser, answer) in answers.iter().enumerate() {
            match answer {
                Bids::Each(bids) if bids.len() != expected => {
                    return Err(Error::Bids { advertiser, expected, found: bids.len() });
                }
                Bids::Each(_) | Bids::Multiplier(_) => {}
            }
        }
        Ok(())
    }

    fn copy_bids(&mut self, answers: &[Bids], impressions: usize) {
        for (row, answer) in self.each.iter_mut().zip(answers) {
            if let Bids::Each(bids) = answer {
                row.clear();
                row.extend(bids.iter().copied().map(sane));
                row.resize(padded(impressions), 0.0);
            }
        }
    }

    fn offers<'a>(&'a self, answers: &[Bids]) -> Vec<Offer<'a>> {
        let least = self.options.least_budget.get();
        let offer = |(advertiser, answer): (usize, &Bids)| {
            let multiplier = |asked| if self.remaining[advertiser] < least { 0.0 } else { sane(asked) };
            match answer {
                Bids::Multiplier(asked) => {
                    Offer { row: &self.values[advertiser], multiplier: multiplier(*asked) }
                }
                Bids::Each(_) => Offer { row: &self.each[advertiser], multiplier: multiplier(1.0) },
            }
        };
        answers.iter().enumerate().map(offer).collect()
    }

    /// Pays, converts and writes what the tick brought each advertiser.
    fn settle(&mut self, tick: usize, impressions: usize) {
        let seats = self.options.advertisers.len();
        let mut ticks = vec![Past { impressions, ..Past::default() }; seats];
        let key = Chance::new(self.seed, tick as u64).stream("conversion").bits();
        self.converted.clear();
        let mut least = 0.0;
        for impression in 0..impressions {
            let (top, sold) = (self.sale.ranks.top(impression), self.sale.sold[impression]);
            least += f64::from(price(&top, SLOTS - 1, self.options.reserve));
            for (slot, word) in top.iter().take(SLOTS).enumerate().filter(|(slot, _)| sold.is_sold(*slot)) {
                let bidder = bidder_of(*word);
                ticks[bidder].won += 1;
                if !sold.is_shown(slot) {
                    continue;
                }
                let value = self.values[bidder][impression];
                ticks[bidder].shown += 1;
                ticks[bidder].expected_conversions += f64::from(value);
                if self.converts(key, tick, bidder, impression, value) {
                    ticks[bidder].conversions += 1;
                    self.converted.push((impression as u32, bidder as u8));
                }
            }
        }
        for (advertiser, mut one) in ticks.into_iter().enumerate() {
            one.cost = Nanos::new(self.sale.costs[advertiser]);
            one.least_winning_mean = least / impressions.max(1) as f64;
            self.remaining[advertiser] -= one.cost.get();
            self.past[advertiser].push(one);
        }
    }

    /// Draws whether a shown impression converts.
    ///
    /// No drawn probability exceeds 1.6 times the value (two deviations of at most 0.3 of it), so the draw that decides
    /// is made first, and the probability only when it can matter.
    fn converts(&self, key: u64, tick: usize, bidder: usize, impression: usize, value: f32) -> bool {
        let decider = unit(cell(key, (impression * 64 + bidder) as u64));
        decider < 1.6 * value && {
            let deviation = self.traffic.deviation(tick, bidder, impression, value);
            let mut stream = Chance::new(key, (impression * 64 + bidder) as u64).stream("probability");
            decider < value + deviation * truncated(&mut stream, self.truncations[bidder])
        }
    }
}

/// Draws a standard normal between the truncations, by rejection from the even distribution there.
fn truncated(stream: &mut Stream, (below, above): (f32, f32)) -> f32 {
    loop {
        let z = even(stream, -f64::from(below), f64::from(above));
        if stream.unit() < libm::exp(-z * z / 2.0) {
            return z as f32;
        }
    }
}

fn check(options: &Options) -> Result<(), Error> {
    if !(1..=63).contains(&options.advertisers.len()) {
        return Err(Error::Advertisers(options.advertisers.len()));
    }
    if !(TICKS as u32..=100_000_000).contains(&options.impressions) {
        return Err(Error::Impressions(options.impressions));
    }
    if options.reserve.is_nan() || options.reserve < 0.0 {
        return Err(Error::Reserve(options.reserve));
    }
    Ok(())
}

/// A slot an advertiser won and that was sold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Win {
    /// The impression's number in the tick.
    pub impression: usize,
    /// The slot, from 0.
    pub slot: usize,
    /// Its price; paid only if shown.
    pub price: Nanos,
    /// Whether it was shown.
    pub shown: bool,
    /// Whether it converted.
    pub converted: bool,
}

/// What came of a tick.
#[derive(Clone, Copy, Debug)]
pub struct TickResult<'a> {
    episode: &'a Episode,
    tick: usize,
    impressions: usize,
}

impl<'a> TickResult<'a> {
    /// Returns the tick, from 0.
    pub const fn tick(&self) -> usize {
        self.tick
    }

    /// Returns the tick's impressions.
    pub const fn impressions(&self) -> usize {
        self.impressions
    }

    /// Returns how often the tick's auctions were held.
    pub const fn passes(&self) -> u32 {
        self.episode.sale.passes
    }

    /// Returns what the tick brought an advertiser.
    ///
    /// # Panics
    ///
    /// When there is no such advertiser.
    pub fn agent(&self, advertiser: usize) -> &'a AgentTick {
        &self.episode.past[advertiser][self.tick]
    }

    /// Returns an advertiser's values of this tick.
    ///
    /// # Panics
    ///
    /// When there is no such advertiser.
    pub fn values(&self, advertiser: usize) -> &'a [f32] {
        &self.episode.values[advertiser][..self.impressions]
    }

    /// Returns the least that would have won a slot of each impression: the fourth bid, at least the reserve.
    pub fn least_winning_costs(&self) -> impl Iterator<Item = f32> + 'a {
        let episode = self.episode;
        (0..self.impressions).map(|i| price(&episode.sale.ranks.top(i), SLOTS - 1, episode.options.reserve))
    }

    /// Returns the four highest bids of an impression with their bidders, the highest first; a bid of 0 has no bidder.
    pub fn highest(&self, impression: usize) -> [(f32, Option<usize>); 4] {
        let seats = self.episode.options.advertisers.len();
        self.episode
            .sale
            .ranks
            .top(impression)
            .map(|word| (bid_of(word), (bid_of(word) > 0.0).then(|| bidder_of(word)).filter(|b| *b < seats)))
    }

    /// Returns the slots an advertiser won, in the order of the impressions.
    pub fn wins(&self, advertiser: usize) -> impl Iterator<Item = Win> + 'a {
        let episode = self.episode;
        let win = move |impression: usize| {
            let (top, sold): (_, Sold) = (episode.sale.ranks.top(impression), episode.sale.sold[impression]);
            let slot = (0..SLOTS).find(|s| sold.is_sold(*s) && bidder_of(top[*s]) == advertiser)?;
            let key = (impression as u32, advertiser as u8);
            Some(Win {
                impression,
                slot,
                price: Nanos::new(nanos(price(&top, slot, episode.options.reserve))),
                shown: sold.is_shown(slot),
                converted: episode.converted.binary_search(&key).is_ok() || episode.converted.contains(&key),
            })
        };
        (0..self.impressions).filter_map(win)
    }

    /// Returns an advertiser's values and the four ranked words in blocks of eight impressions; values past the end are 0.
    pub(crate) fn blocks(&self, advertiser: usize) -> (&'a [[f32; 8]], [&'a [[f32; 8]]; PLACES]) {
        let values = self.episode.values[advertiser][..padded(self.impressions)].as_chunks().0;
        (values, self.episode.sale.ranks.blocks())
    }

    /// Returns the reserve price per impression.
    pub const fn reserve(&self) -> f32 {
        self.episode.options.reserve
    }
}
