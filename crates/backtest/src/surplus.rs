//! Shading where the winner pays its own bid: how much of the possible surplus is kept.
//!
//! A click is given a fixed worth and money is no object. Whoever bids the value itself has no surplus at all. The clairvoyant bids
//! just above the market price wherever the value allows it; what it keeps is the ceiling. In between stand the best fixed factor
//! of the train part, and the bid that maximises expected surplus under the train part's prices.
//!
//! The log's prices are what the second-highest side asked; the assumption is that they would ask the same in a first-price auction. So
//! this measures how well a bid fits a distribution of prices, not what a market would do.

use motet_units::Nanos;

use crate::{
    Auction, Bidder, Landscape, Paid, Rules, Tally,
    bidder::{Linear, Shaded},
    log_units, replay,
};

/// What one way of bidding kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// The way.
    pub name: &'static str,
    /// What it won and paid.
    pub tally: Tally,
    /// Value less payment, in thousandths of a fen.
    pub surplus: f64,
    /// That ÷ the clairvoyant's.
    pub share: f64,
}

/// Plays a log at a worth of a click, in thousandths of a fen, having learnt from a train part.
pub fn surplus(log: &[Auction], train: &[Auction], learnt: &Landscape, per_click: f64) -> Vec<Kept> {
    let clairvoyant = clairvoyant(log, per_click);
    let best = clairvoyant.surplus;
    let of = |name, bidder: &mut dyn Bidder| {
        let tally = replay(log, &first_price(), bidder, &mut |_| ());
        let surplus = worth(&tally, per_click);
        Kept { name, tally, surplus, share: if best > 0.0 { surplus / best } else { 0.0 } }
    };
    let factor = best_factor(train, per_click);
    vec![
        of("unshaded", &mut Linear::new(per_click)),
        of("best factor of the train part", &mut Linear::new(factor * per_click)),
        of("shaded by the train part's prices", &mut Shaded::of_fixed_worth(learnt, per_click)),
        clairvoyant,
    ]
}

fn first_price() -> Rules {
    Rules { budget: Nanos::MAX, episode: 0, paid: Paid::First }
}

fn worth(tally: &Tally, per_click: f64) -> f64 {
    tally.sum_pctr * per_click - log_units(tally.cost)
}

/// Returns the share of the value that kept most on a log, to a hundredth.
fn best_factor(train: &[Auction], per_click: f64) -> f64 {
    let kept = |percent: u32| {
        let mut bidder = Linear::new(f64::from(percent) / 100.0 * per_click);
        worth(&replay(train, &first_price(), &mut bidder, &mut |_| ()), per_click)
    };
    let best = (2..=100).step_by(2).max_by(|a, b| kept(*a).total_cmp(&kept(*b)));
    f64::from(best.unwrap_or(100)) / 100.0
}

fn clairvoyant(log: &[Auction], per_click: f64) -> Kept {
    let mut tally = Tally { auctions: log.len() as u64, episodes: 1, ..Tally::default() };
    for auction in log {
        let bid = auction.price.next_up();
        if auction.pctr * per_click > crate::fen_of(bid) {
            tally.impressions += 1;
            tally.clicks += u64::from(auction.click);
            tally.sum_pctr += auction.pctr;
            tally.cost += bid.per_impression();
        }
    }
    tally.dearest_episode = tally.cost;
    let surplus = worth(&tally, per_click);
    Kept { name: "clairvoyant", tally, surplus, share: 1.0 }
}
