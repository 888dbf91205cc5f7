//! The bidder in the market itself, on seeds it was not made from.
//!
//! One seat of the league at a time is given to the bidder under judgement; everyone else is who they are. Its score is of realised conversions. It is set
//! beside the best constant multiplier in hindsight of that same seat and day (expected score, the others' final bids held, on the 57 edges
//! of the table, of which AuctionNet's fourteen multiples are a coarser choice), and beside other bidders on the same seats and seeds.

use std::sync::Arc;

use motet_arena::{
    Error,
    auctionnet::{Bidder, Bids, Episode, League, Seat, score},
};
use serde::Serialize;

use super::{
    landscape::{Day, Shape, watch_seat},
    pilot::Mind,
    seat::Seated,
};

/// Who is put on a seat.
pub type Maker<'a> = dyn Fn() -> Box<dyn Bidder> + Sync + 'a;

/// One seat's day under a bidder.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Judged {
    /// The episode's seed.
    pub seed: u64,
    /// The seat.
    pub seat: usize,
    /// Who sits there in the league.
    pub holder: Seat,
    /// What the bidder paid, in units of money.
    pub cost: f64,
    /// Its budget.
    pub budget: f64,
    /// Its target CPA.
    pub target_cpa: f64,
    /// Its conversions.
    pub conversions: f64,
    /// Its score.
    pub score: f64,
    /// The expected score of the seat's best constant multiplier that day.
    pub best_constant: f64,
}

impl Judged {
    /// Returns whether a conversion cost more than the target.
    pub fn violates(&self) -> bool {
        self.cost > self.target_cpa * self.conversions
    }
}

/// Plays one episode with a bidder on one seat.
///
/// # Errors
///
/// When there is no such seat.
pub fn judge(league: &League, seed: u64, seat: usize, maker: &Maker<'_>) -> Result<Judged, Error> {
    let seats = league.seats().len();
    let mut bidders = league.bidders();
    *bidders.get_mut(seat).ok_or(Error::Seat { seat, seats })? = maker();
    Ok(watch(league, seed, &[seat], &mut bidders)?.remove(0))
}

/// Plays one episode of the league as it is, and judges the holders of some seats.
///
/// # Errors
///
/// When there is no such seat.
pub fn judge_holders(league: &League, seed: u64, seats: &[usize]) -> Result<Vec<Judged>, Error> {
    watch(league, seed, seats, &mut league.bidders())
}

/// Plays one episode and judges some seats.
fn watch(
    league: &League,
    seed: u64,
    seats: &[usize],
    bidders: &mut [Box<dyn Bidder>],
) -> Result<Vec<Judged>, Error> {
    let advertisers = &league.options().advertisers;
    let missing = seats.iter().find(|seat| **seat >= advertisers.len());
    if let Some(seat) = missing {
        return Err(Error::Seat { seat: *seat, seats: advertisers.len() });
    }
    let mut episode = Episode::new(seed, league.options().clone())?;
    let mut days: Vec<Day> = seats.iter().map(|seat| Day::new(seed, &advertisers[*seat])).collect();
    while episode.open() {
        let answers: Vec<Bids> =
            bidders.iter_mut().enumerate().map(|(index, bidder)| bidder.bid(&episode.view(index))).collect();
        let result = episode.tick(&answers)?;
        for day in &mut days {
            watch_seat(day, &result, Shape::STRAIGHT.at(0.0));
        }
    }
    Ok(days.iter().map(|day| judged(league, &episode, day)).collect())
}

fn judged(league: &League, episode: &Episode, day: &Day) -> Judged {
    let past = episode.past(day.seat);
    let cost = past.iter().map(|tick| tick.cost.units()).sum();
    let conversions = past.iter().map(|tick| f64::from(tick.conversions)).sum();
    Judged {
        seed: day.seed,
        seat: day.seat,
        holder: league.seats()[day.seat],
        cost,
        budget: day.budget,
        target_cpa: day.target,
        conversions,
        score: score(conversions, cost, day.target),
        best_constant: day.best_constant().0,
    }
}

/// Returns the learned bidder for a seat.
pub fn learned(mind: &Arc<Mind>) -> Box<dyn Bidder> {
    Box::new(Seated::learned(mind))
}

/// What a bidder came to over many seats and days.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Standing {
    /// Its name.
    pub name: String,
    /// Seats and days it was judged on.
    pub plays: usize,
    /// The mean score.
    pub mean_score: f64,
    /// The half-width of a 95 % interval of it, over episodes.
    pub mean_score_within: f64,
    /// Sum of the scores over the sum of the best constant multipliers' scores.
    pub ratio: f64,
    /// The half-width of a 95 % interval of it, over episodes.
    pub ratio_within: f64,
    /// The share of plays in which a conversion cost more than the target.
    pub violators: f64,
    /// The share of the budgets spent.
    pub spent: f64,
    /// The mean score of each episode, by seed.
    pub by_episode: Vec<(u64, f64)>,
}

/// Sums up plays; those of one episode must lie together.
pub fn sum_up(name: &str, plays: &[Judged]) -> Standing {
    let count = plays.len().max(1) as f64;
    let total = |of: &dyn Fn(&Judged) -> f64| plays.iter().map(of).sum::<f64>();
    let (scores, best) = (total(&|p| p.score), total(&|p| p.best_constant));
    let episodes: Vec<&[Judged]> = plays.chunk_by(|a, b| a.seed == b.seed).collect();
    let mean = |episode: &[Judged], of: fn(&Judged) -> f64| {
        episode.iter().map(of).sum::<f64>() / episode.len().max(1) as f64
    };
    let by_episode: Vec<(u64, f64)> = episodes.iter().map(|e| (e[0].seed, mean(e, |p| p.score))).collect();
    let ratio = scores / best.max(1e-12);
    // The ratio of sums, linearised: its error is that of the scores less the ratio times the reference.
    let residuals: Vec<f64> =
        episodes.iter().map(|e| mean(e, |p| p.score) - ratio * mean(e, |p| p.best_constant)).collect();
    let spread: Vec<f64> = by_episode.iter().map(|(_, score)| *score).collect();
    Standing {
        name: name.to_owned(),
        plays: plays.len(),
        mean_score: scores / count,
        mean_score_within: within(&spread),
        ratio,
        ratio_within: within(&residuals) / (best / count).max(1e-12),
        violators: total(&|p| f64::from(u8::from(p.violates()))) / count,
        spent: total(&|p| p.cost) / total(&|p| p.budget).max(1e-12),
        by_episode,
    }
}

/// Quantiles of Student's t with 1 to 15 degrees of freedom; the normal's with a small surplus beyond.
const T: [f64; 15] = [
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
];

/// Returns the half-width of a 95 % interval of the mean of some numbers, by Student's t; infinite for fewer than two.
pub fn within(numbers: &[f64]) -> f64 {
    let n = numbers.len() as f64;
    if numbers.len() < 2 {
        return f64::INFINITY;
    }
    let mean = numbers.iter().sum::<f64>() / n;
    let variance = numbers.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (n - 1.0);
    let t = T.get(numbers.len() - 2).copied().unwrap_or(1.96 + 2.5 / (n - 1.0));
    t * libm::sqrt(variance / n)
}
