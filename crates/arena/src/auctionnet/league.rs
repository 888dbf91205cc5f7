//! The league: who sits where, and what an episode among them comes to.
//!
//! Seats follow the published environment: per category of eight, PID first, two `OnlineLP`s, and trained agents. Two kinds are
//! not seated under their own name because their weights were not published in a usable form (TD3+BC, BCQ); as in the
//! measured league, IQL takes their seats.

use std::sync::Arc;

use motet_units::Nanos;
use serde::Serialize;

use super::{
    bidder::{Bidder, Bids},
    episode::{Episode, Options},
    hindsight::{BestConstant, Hindsight},
    rivals::{Fixed, OnlineLp, PastDay, StandIn, StepPid, Temper},
    roster::CATEGORY_SIZE,
    score::score,
};
use crate::Error;

/// Who sits on a seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Seat {
    /// The published PID rule.
    Pid,
    /// The published `OnlineLP` rule, its tables rebuilt.
    OnlineLp,
    /// A stand-in for IQL (also on the seats of TD3+BC and BCQ).
    Iql,
    /// A stand-in for behaviour cloning.
    Bc,
    /// A stand-in for CQL.
    Cql,
    /// A stand-in for MOPO.
    Mopo,
    /// A stand-in for COMBO.
    Combo,
    /// The truthful bid: target CPA × value.
    Truthful,
}

const EVEN: [Seat; CATEGORY_SIZE] =
    [Seat::Pid, Seat::Iql, Seat::Iql, Seat::OnlineLp, Seat::OnlineLp, Seat::Cql, Seat::Bc, Seat::Mopo];
const ODD: [Seat; CATEGORY_SIZE] =
    [Seat::Pid, Seat::Iql, Seat::Mopo, Seat::OnlineLp, Seat::OnlineLp, Seat::Iql, Seat::Iql, Seat::Combo];

/// The published league's seats, with the rivals to fill them.
#[derive(Clone, Debug)]
pub struct League {
    options: Options,
    seats: Vec<Seat>,
    day: Arc<PastDay>,
}

impl League {
    /// Makes the published league. The day its `OnlineLP`s remember is played first, among truthful bidders, under
    /// `day_seed`.
    ///
    /// # Errors
    ///
    /// When the options describe no market.
    pub fn new(day_seed: u64, options: Options) -> Result<Self, Error> {
        let seat = |a: &super::Advertiser| {
            let row = if a.category.is_multiple_of(2) { EVEN } else { ODD };
            row[a.index % CATEGORY_SIZE]
        };
        let seats = options.advertisers.iter().map(seat).collect();
        let categories = 1 + options.advertisers.iter().map(|a| a.category).max().unwrap_or(0);
        let mut league = Self { options, seats, day: Arc::new(PastDay::new(categories)) };
        league.day = Arc::new(league.past_day(day_seed, categories)?);
        Ok(league)
    }

    /// Puts a rival of another kind on a seat.
    ///
    /// # Errors
    ///
    /// When there is no such seat.
    pub fn reseat(&mut self, seat: usize, kind: Seat) -> Result<(), Error> {
        let seats = self.seats.len();
        *self.seats.get_mut(seat).ok_or(Error::Seat { seat, seats })? = kind;
        Ok(())
    }

    /// Returns who sits where.
    pub fn seats(&self) -> &[Seat] {
        &self.seats
    }

    /// Returns the market the league plays in.
    pub const fn options(&self) -> &Options {
        &self.options
    }

    /// Makes the bidders of one episode, one for each seat.
    pub fn bidders(&self) -> Vec<Box<dyn Bidder>> {
        self.seats.iter().map(|seat| self.bidder(*seat)).collect()
    }

    fn past_day(&self, seed: u64, categories: usize) -> Result<PastDay, Error> {
        let mut bidders: Vec<_> = self.seats.iter().map(|_| self.bidder(Seat::Truthful)).collect();
        let mut episode = Episode::new(seed, self.options.clone())?;
        let advertisers = &self.options.advertisers;
        let firsts = (0..categories).filter_map(|c| advertisers.iter().find(|a| a.category == c));
        let firsts: Vec<_> = firsts.collect();
        let mut day = PastDay::new(categories);
        while episode.open() {
            let answers = answer(&episode, &mut bidders);
            let result = episode.tick(&answers)?;
            for first in &firsts {
                day.observe(first.category, first.index, &result);
            }
        }
        day.close();
        Ok(day)
    }

    fn bidder(&self, seat: Seat) -> Box<dyn Bidder> {
        let stand_in = |temper| Box::new(StandIn { temper });
        match seat {
            Seat::Pid => Box::new(StepPid::default()),
            Seat::OnlineLp => Box::new(OnlineLp { day: Arc::clone(&self.day) }),
            Seat::Iql => stand_in(Temper::IQL),
            Seat::Bc => stand_in(Temper::BC),
            Seat::Cql => stand_in(Temper::CQL),
            Seat::Mopo => stand_in(Temper::MOPO),
            Seat::Combo => stand_in(Temper::COMBO),
            Seat::Truthful => Box::new(Fixed { multiple: 1.0 }),
        }
    }

    /// Plays one episode.
    ///
    /// # Errors
    ///
    /// When the market's options are bad.
    pub fn play(&self, seed: u64) -> Result<EpisodeReport, Error> {
        self.play_with(seed, &mut self.bidders(), None)
    }

    /// Plays one episode and finds each seat's best constant multiplier afterwards. Takes several times as long.
    ///
    /// # Errors
    ///
    /// When the market's options are bad.
    pub fn play_with_hindsight(&self, seed: u64) -> Result<EpisodeReport, Error> {
        self.play_with(seed, &mut self.bidders(), Some(Hindsight::new(self.seats.len())))
    }

    /// Plays one episode among these bidders, one for each seat; with `hindsight`, also finds the best constant multipliers.
    ///
    /// # Errors
    ///
    /// When the bidders are not one for each seat, or one of them answers with too few or too many bids.
    pub fn play_with(
        &self,
        seed: u64,
        bidders: &mut [Box<dyn Bidder>],
        mut hindsight: Option<Hindsight>,
    ) -> Result<EpisodeReport, Error> {
        let mut episode = Episode::new(seed, self.options.clone())?;
        let advertisers = &self.options.advertisers;
        let budgets: Vec<f64> = advertisers.iter().map(|a| a.budget.units()).collect();
        let targets: Vec<f64> = advertisers.iter().map(|a| a.target_cpa).collect();
        while episode.open() {
            let answers: Vec<Bids> = answer(&episode, bidders);
            let result = episode.tick(&answers)?;
            if let Some(hindsight) = &mut hindsight {
                hindsight.observe(&result, &budgets, &targets);
            }
        }
        let best = hindsight.map(|h| h.best(&episode));
        Ok(self.report(seed, &episode, best.as_deref()))
    }

    fn report(&self, seed: u64, episode: &Episode, best: Option<&[BestConstant]>) -> EpisodeReport {
        let one = |(index, seat): (usize, &Seat)| {
            let advertiser = &self.options.advertisers[index];
            let past = episode.past(index);
            let cost = Nanos::new(past.iter().map(|p| p.cost.get()).sum());
            let conversions: u32 = past.iter().map(|p| p.conversions).sum();
            SeatReport {
                seat: *seat,
                budget: advertiser.budget,
                target_cpa: advertiser.target_cpa,
                cost,
                shown: past.iter().map(|p| p.shown).sum(),
                conversions,
                expected_conversions: past.iter().map(|p| p.expected_conversions).sum(),
                score: score(f64::from(conversions), cost.units(), advertiser.target_cpa),
                best_constant: best.map(|b| b[index].score),
                truthful: best.map(|b| b[index].truthful_score),
            }
        };
        EpisodeReport {
            seed,
            impressions: episode.impressions(),
            passes: episode.passes(),
            seats: self.seats.iter().enumerate().map(one).collect(),
        }
    }
}

fn answer(episode: &Episode, bidders: &mut [Box<dyn Bidder>]) -> Vec<Bids> {
    let seats = episode.options().advertisers.len();
    bidders.iter_mut().take(seats).enumerate().map(|(i, bidder)| bidder.bid(&episode.view(i))).collect()
}

/// What an episode brought one seat.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SeatReport {
    /// Who sat there.
    pub seat: Seat,
    /// What it might spend.
    pub budget: Nanos,
    /// The most it wanted to pay for a conversion.
    pub target_cpa: f64,
    /// What it paid.
    pub cost: Nanos,
    /// Slots shown.
    pub shown: u32,
    /// Conversions.
    pub conversions: u32,
    /// Conversions to expect of what was shown.
    pub expected_conversions: f64,
    /// Its score.
    pub score: f64,
    /// The expected score of its best constant multiplier, where asked for.
    pub best_constant: Option<f64>,
    /// The expected score of the truthful bid, alone against the others as they were, where asked for.
    pub truthful: Option<f64>,
}

impl SeatReport {
    /// Returns whether it paid more for a conversion than it wanted.
    pub fn violates(&self) -> bool {
        self.cost.units() > self.target_cpa * f64::from(self.conversions)
    }
}

/// What an episode came to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EpisodeReport {
    /// The episode's seed.
    pub seed: u64,
    /// Its impressions.
    pub impressions: usize,
    /// Its auction passes.
    pub passes: u32,
    /// What it brought each seat.
    pub seats: Vec<SeatReport>,
}

impl EpisodeReport {
    /// Returns the sum of the scores.
    pub fn score(&self) -> f64 {
        self.seats.iter().map(|s| s.score).sum()
    }

    /// Returns the sum of the scores over the sum of the best constant multipliers' scores; nothing without hindsight.
    pub fn played_to_best(&self) -> Option<f64> {
        let best: Option<f64> = self.seats.iter().map(|s| s.best_constant).sum();
        best.filter(|b| *b > 0.0).map(|b| self.score() / b)
    }

    /// Returns how many seats paid more for a conversion than they wanted.
    pub fn violators(&self) -> usize {
        self.seats.iter().filter(|s| s.violates()).count()
    }

    /// Returns what all paid together.
    pub fn revenue(&self) -> Nanos {
        Nanos::new(self.seats.iter().map(|s| s.cost.get()).sum())
    }

    /// Returns the expected worth of what was shown: expected conversions times the target CPA, summed, in units of money.
    pub fn expected_welfare(&self) -> f64 {
        self.seats.iter().map(|s| s.expected_conversions * s.target_cpa).sum()
    }
}
