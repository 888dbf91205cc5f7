//! What would have changed the outcome: the recorded auction run again with one number changed.
//!
//! A change is stated only after the auction, run again with it and with the very draw that was made, chooses the
//! candidate. Ties are drawn, so a price has to be one micro above the best to be sure. Where the pacer was
//! absent its fallback share is not in the trace, and the change is stated as a price instead of a bid.
//!
//! Reach: one candidate, one number, one imp. What other agents would have done in answer is not asked, nor how
//! the exchange's own auction would have gone.

use motet_agent::CandidateIx;
use motet_coordinator::{AuctionRecord, drawn, propensities};
use motet_units::{Chance, CpmMicros, Multiplier, Nanos};
use serde::Serialize;
use smallvec::SmallVec;

use super::{
    candidates::{CandidateLine, Fate},
    words,
};

/// One change that would have made another ad the chosen one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Counterfactual {
    /// The campaign that would have been chosen.
    pub campaign: String,
    /// Its creative.
    pub creative: String,
    /// The change.
    pub change: Change,
    /// The same in a plain sentence.
    pub sentence: String,
    /// How far the price was from enough, in CPM micros.
    #[serde(skip)]
    gap: i64,
}

/// One number changed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Change {
    /// The bidder offering this much, pacing as it was.
    Bid {
        /// What it offered.
        from_cpm_micros: CpmMicros,
        /// The least that would have done.
        to_cpm_micros: CpmMicros,
    },
    /// Pacing letting this share through, the bid as it was.
    PacingMultiplier {
        /// The share let through; none where the pacer asked for nothing.
        from: Option<f64>,
        /// The least that would have done, at most 1.
        to: f64,
    },
    /// An impression being worth this much, and the bidder offering all of it.
    Value {
        /// What it was worth, or the campaign's own limit where that is lower.
        from_cpm_micros: CpmMicros,
        /// The least that would have done.
        to_cpm_micros: CpmMicros,
    },
    /// The price after pacing being this high.
    Price {
        /// What it was.
        from_cpm_micros: CpmMicros,
        /// The least that would have done.
        to_cpm_micros: CpmMicros,
    },
    /// Room for one impression in the campaign's budget.
    Budget {
        /// The most it could have cost, for an imp that counts as one impression.
        at_most_nanos: Nanos,
    },
    /// The highest price winning, without exploration.
    NoExploration,
}

/// Returns what would have changed an imp's outcome, nearest first.
pub(super) fn of_imp(
    candidates: &[CandidateLine],
    auction: Option<&AuctionRecord>,
    chance: Chance,
) -> Vec<Counterfactual> {
    let bench = Bench { auction, chance };
    if !bench.comes_out_the_same() {
        return Vec::new();
    }
    let mut all: Vec<Counterfactual> = candidates.iter().flat_map(|line| bench.of_candidate(line)).collect();
    all.sort_by_key(|found| found.gap);
    all
}

/// The auction on the bench, to be run again.
struct Bench<'a> {
    auction: Option<&'a AuctionRecord>,
    chance: Chance,
}

impl Bench<'_> {
    /// Tells whether the auction as recorded is the one that runs here; if not, nothing is concluded from it.
    fn comes_out_the_same(&self) -> bool {
        self.auction.is_none_or(|auction| self.choose(&auction.ranked) == Some(auction.chosen))
    }

    fn of_candidate(&self, line: &CandidateLine) -> Vec<Counterfactual> {
        match line.fate {
            Fate::PassedOver if line.rank == Some(1) => vec![found(line, Change::NoExploration, 0)],
            Fate::Outbid { .. }
            | Fate::PassedOver
            | Fate::Refused { reason: "paced" | "below_floor", .. } => self.at_a_price(line),
            Fate::Refused { reason: "no_budget", .. } => with_budget(line).into_iter().collect(),
            Fate::Chosen { .. } | Fate::NoOffer | Fate::Refused { .. } => Vec::new(),
        }
    }

    /// Returns the changes that lift a candidate to the price that would have been enough.
    fn at_a_price(&self, line: &CandidateLine) -> Vec<Counterfactual> {
        let Some(price) = self.enough(line) else { return Vec::new() };
        let had = line.price_cpm_micros.or(line.bid_cpm_micros).unwrap_or_default();
        let gap = price.get() - had.get();
        changes(line, price).into_iter().map(|change| found(line, change, gap)).collect()
    }

    /// Returns a price at which the candidate would have been chosen, checked by running the auction again.
    fn enough(&self, line: &CandidateLine) -> Option<CpmMicros> {
        let ix = CandidateIx(line.candidate?);
        if line.fixed_price {
            return None;
        }
        let least = line.floor_cpm_micros.max(CpmMicros::new(1));
        let Some(auction) = self.auction else { return Some(least) };
        let others = auction.ranked.iter().filter(|(other, _)| *other != ix);
        let best = others.map(|(_, price)| *price).max();
        let price = best.map_or(least, |best| least.max(best.next_up()));
        let mut ranked = auction.ranked.clone();
        ranked.retain(|(other, _)| *other != ix);
        ranked.insert(0, (ix, price));
        (self.choose(&ranked) == Some(ix)).then_some(price)
    }

    fn choose(&self, ranked: &[(CandidateIx, CpmMicros)]) -> Option<CandidateIx> {
        let auction = self.auction?;
        choose(auction.imp, ranked, auction.greed, self.chance)
    }
}

fn found(line: &CandidateLine, change: Change, gap: i64) -> Counterfactual {
    let sentence = words::change_sentence(line, &change);
    Counterfactual { campaign: line.campaign.clone(), creative: line.creative.clone(), change, sentence, gap }
}

/// A candidate refused for lack of money had been chosen: with money it would have stayed so.
fn with_budget(line: &CandidateLine) -> Option<Counterfactual> {
    let price = match (line.fixed_price, line.bid_cpm_micros, line.pacing_multiplier) {
        (true, ..) => line.floor_cpm_micros,
        (false, Some(bid), Some(share)) => Multiplier::clamped(share).of(bid),
        (false, bid, None) => bid?,
        (false, None, _) => return None,
    };
    Some(found(line, Change::Budget { at_most_nanos: price.per_impression() }, 0))
}

/// Returns the single changes that give a candidate a price.
fn changes(line: &CandidateLine, price: CpmMicros) -> Vec<Change> {
    let (Some(bid), Some(most)) = (line.bid_cpm_micros, line.most) else { return Vec::new() };
    let share = match (line.pacing_multiplier, line.paced_by_agent) {
        (Some(share), _) => Multiplier::clamped(share),
        (None, true) => Multiplier::ONE,
        (None, false) => return without_share(line, bid, price),
    };
    let needed = least_bid(share, price);
    let mut all = Vec::new();
    if let Some(to) = needed.filter(|to| *to <= most) {
        all.push(Change::Bid { from_cpm_micros: bid, to_cpm_micros: to });
    }
    if let Some(to) = least_share(bid, price) {
        all.push(Change::PacingMultiplier { from: line.pacing_multiplier, to: to.get() });
    }
    match (all.is_empty(), needed) {
        (true, Some(to)) => vec![Change::Value { from_cpm_micros: most, to_cpm_micros: to }],
        _ => all,
    }
}

/// What can be said where the share that was let through is not recorded.
fn without_share(line: &CandidateLine, bid: CpmMicros, price: CpmMicros) -> Vec<Change> {
    if let Some(to) = least_share(bid, price) {
        return vec![Change::PacingMultiplier { from: None, to: to.get() }];
    }
    let had = line.price_cpm_micros;
    had.map(|from| Change::Price { from_cpm_micros: from, to_cpm_micros: price }).into_iter().collect()
}

/// Returns the lowest bid of which a share is at least a price.
fn least_bid(share: Multiplier, price: CpmMicros) -> Option<CpmMicros> {
    if share.get() <= 0.0 {
        return None;
    }
    let guess = (price.as_f64() / share.get()).ceil() as i64;
    // The quotient is off by a rounding at most.
    (guess - 2..=guess + 2).map(CpmMicros::new).find(|bid| share.of(*bid) >= price)
}

/// Returns the lowest share of a bid that is at least a price; none where even the whole bid is not.
fn least_share(bid: CpmMicros, price: CpmMicros) -> Option<Multiplier> {
    if bid < price || bid == CpmMicros::ZERO {
        return None;
    }
    let mut share = price.as_f64() / bid.as_f64();
    if Multiplier::clamped(share).of(bid) < price {
        share = share.next_up();
    }
    Multiplier::new(share).filter(|share| share.of(bid) >= price)
}

/// Returns the chance of each entry of a recorded auction, in rank order.
pub(super) fn chances(auction: &AuctionRecord) -> SmallVec<[f64; 16]> {
    match auction.greed {
        Some(greed) => propensities(&bids(&auction.ranked), greed),
        None => (0..auction.ranked.len()).map(|place| if place == 0 { 1.0 } else { 0.0 }).collect(),
    }
}

/// Runs an auction among entries in rank order, with the draw of its decision.
pub(super) fn choose(
    imp: u16,
    ranked: &[(CandidateIx, CpmMicros)],
    greed: Option<f64>,
    chance: Chance,
) -> Option<CandidateIx> {
    let place = match greed {
        Some(greed) => drawn(&propensities(&bids(ranked), greed), imp, chance),
        None => 0,
    };
    ranked.get(place).map(|(ix, _)| *ix)
}

fn bids(ranked: &[(CandidateIx, CpmMicros)]) -> SmallVec<[f64; 16]> {
    ranked.iter().map(|(_, price)| price.as_f64()).collect()
}
