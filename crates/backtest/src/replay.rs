//! The day again, under another bidder: the organisers' rule, and a budget that holds.
//!
//! An auction is won when the bid is above the market price and what would be paid can still be paid. It is paid from
//! an integer budget that no bidder touches, so no bidder can overspend, whatever it asks for. Where the winner pays its own
//! bid, a bid is first lowered to what is left.
//!
//! The bidder learns only what a bidder would: the price when it won, nothing but the loss when it lost; the click at once, which is
//! kinder than life.

use std::str::FromStr;

use motet_units::{CpmMicros, Nanos};
use serde::Serialize;

use crate::{Ask, Auction, Bidder, Error, FEN, Outcome};

/// A budget as it is asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Budget {
    /// An amount.
    Amount(Nanos),
    /// A share of what everything costs.
    Share(f64),
}

/// Reads `120000` as an amount in the log's unit, and `1/16` or `0.25` as a share.
///
/// ```
/// use motet_backtest::{Budget, price_from_fen};
/// assert_eq!("80".parse::<Budget>().unwrap(), Budget::Amount(price_from_fen(80).per_impression()));
/// assert_eq!("1/16".parse::<Budget>().unwrap(), Budget::Share(0.0625));
/// assert!("0.5 fen".parse::<Budget>().is_err());
/// ```
impl FromStr for Budget {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong = || Error::Budget(text.to_owned());
        if let Ok(units) = text.parse::<i64>() {
            let fits = (0..=Nanos::MAX.get() / FEN).contains(&units);
            return if fits { Ok(Self::Amount(Nanos::new(units * FEN))) } else { Err(wrong()) };
        }
        let share = match text.split_once('/') {
            Some((above, below)) => {
                above.trim().parse::<f64>().map_err(|_| wrong())?
                    / below.trim().parse::<f64>().map_err(|_| wrong())?
            }
            None => text.parse().map_err(|_| wrong())?,
        };
        if share.is_finite() && share >= 0.0 { Ok(Self::Share(share)) } else { Err(wrong()) }
    }
}

/// What a winner pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Paid {
    /// The market price.
    Second,
    /// Its own bid.
    First,
}

/// How a log is replayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The budget of one episode.
    pub budget: Nanos,
    /// How many auctions an episode has; 0 for one episode of the whole log.
    pub episode: usize,
    /// What a winner pays.
    pub paid: Paid,
}

impl Rules {
    /// Makes the rules of a second-price replay with one budget for the whole log.
    pub fn whole_log(budget: Nanos) -> Self {
        Self { budget, episode: 0, paid: Paid::Second }
    }

    /// Returns how many auctions an episode of this log has.
    pub fn episode_of(&self, log: &[Auction]) -> usize {
        if self.episode == 0 { log.len().max(1) } else { self.episode }
    }
}

/// What a bidder got.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally {
    /// Auctions it was asked in.
    pub auctions: u64,
    /// Auctions it won.
    pub impressions: u64,
    /// Clicks on them.
    pub clicks: u64,
    /// The pCTRs of what it won, added up: the clicks to be expected.
    pub sum_pctr: f64,
    /// What it paid.
    pub cost: Nanos,
    /// How often the budget was given.
    pub episodes: u64,
    /// The most it paid in one episode.
    pub dearest_episode: Nanos,
}

/// Replays a log, telling `progress` now and then how many auctions are behind it.
pub fn replay(
    log: &[Auction],
    rules: &Rules,
    bidder: &mut dyn Bidder,
    progress: &mut dyn FnMut(u64),
) -> Tally {
    let mut tally = Tally::default();
    for episode in log.chunks(rules.episode_of(log)) {
        play(episode, rules, bidder, &mut tally);
        progress(tally.auctions);
    }
    tally
}

/// Plays one episode.
fn play(episode: &[Auction], rules: &Rules, bidder: &mut dyn Bidder, tally: &mut Tally) {
    let mut left = rules.budget;
    bidder.begin(rules.budget, episode.len() as u64);
    for (index, auction) in episode.iter().enumerate() {
        let ask = Ask {
            budget_left: left,
            auctions_left: (episode.len() - index) as u64,
            pctr: auction.pctr,
            hour: auction.hour,
        };
        let outcome = settle(bidder.bid(&ask), auction, left, rules.paid);
        if let Outcome::Won { paid, .. } = outcome {
            left -= paid.per_impression();
            tally.impressions += 1;
            tally.clicks += u64::from(auction.click);
            tally.sum_pctr += auction.pctr;
        }
        bidder.observe(&ask, &outcome);
    }
    tally.auctions += episode.len() as u64;
    tally.episodes += 1;
    tally.cost += rules.budget - left;
    tally.dearest_episode = tally.dearest_episode.max(rules.budget - left);
}

/// Decides one auction.
fn settle(bid: CpmMicros, auction: &Auction, left: Nanos, rule: Paid) -> Outcome {
    let (bid, paid) = match rule {
        Paid::Second => (bid, auction.price),
        Paid::First => {
            let bid = bid.min(CpmMicros::new(left.get()));
            (bid, bid)
        }
    };
    if bid > auction.price && paid.per_impression() <= left {
        Outcome::Won { paid, click: auction.click }
    } else {
        Outcome::Lost
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{bidder::Constant, price_from_fen};

    fn log(prices: &[u32]) -> Vec<Auction> {
        let auction = |fen: &u32| Auction { price: price_from_fen(*fen), pctr: 0.5, hour: None, click: true };
        prices.iter().map(auction).collect()
    }

    fn play_with(bid: u32, paid: Paid, budget: i64, prices: &[u32]) -> (u64, i64) {
        let rules = Rules { budget: Nanos::new(budget * FEN), episode: 0, paid };
        let tally = replay(&log(prices), &rules, &mut Constant::new(price_from_fen(bid)), &mut |_| ());
        (tally.impressions, tally.cost.get() / FEN)
    }

    #[test]
    fn a_bid_at_the_price_loses() {
        assert_eq!(play_with(50, Paid::Second, 1_000, &[50, 49]), (1, 49));
    }

    #[test]
    fn a_first_price_winner_pays_its_bid() {
        assert_eq!(play_with(50, Paid::First, 1_000, &[50, 49, 1]), (2, 100));
    }

    #[test]
    fn what_cannot_be_paid_is_not_won() {
        assert_eq!(play_with(90, Paid::Second, 100, &[60, 60, 40, 1]), (2, 100));
        assert_eq!(play_with(90, Paid::First, 100, &[60, 9, 10, 1]), (2, 100));
    }

    #[test]
    fn an_episode_has_its_own_budget() {
        let rules = Rules { budget: Nanos::new(10 * FEN), episode: 2, paid: Paid::Second };
        let tally =
            replay(&log(&[10, 10, 10, 10, 10]), &rules, &mut Constant::new(price_from_fen(99)), &mut |_| ());
        assert_eq!((tally.impressions, tally.episodes), (3, 3));
        assert_eq!(tally.dearest_episode, rules.budget);
    }
}
