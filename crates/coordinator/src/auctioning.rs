//! The last stage: an auction per imp among the offers that stand, and the winner's money held.
//!
//! Imps are auctioned in the request's order, and a campaign placed in one is out of the later ones: a listener
//! is not shown the same campaign twice in one answer, and for equal slots second price becomes the generalised
//! second price. On an exchange the best offer goes out at its own price; on our own inventory the auction is the
//! deciding one and its clearing price is what the impression costs.

use motet_agent::{BidRecord, RefusedReason};
use motet_auction::{Award, Entry, Mechanism, clear};
use motet_model::{
    decision::{Bid, Charge, ImpDecision, NoBidReason},
    ids::{BidId, CampaignIx},
    request::{Access, Imp, Mode, Ownership},
};
use motet_units::{CpmMicros, Nanos, Probability};
use smallvec::SmallVec;

use crate::{
    NotReserved, Options, Purse, Screening, explore,
    hearing::Hearing,
    pricing::{Field, Priced},
    trace::{AuctionRecord, Detail},
};

/// What the auctions came to.
#[derive(Debug, Default)]
pub(crate) struct Outcomes {
    pub(crate) imps: Vec<ImpDecision>,
    pub(crate) auctions: Vec<AuctionRecord>,
    pub(crate) records: Vec<BidRecord>,
}

/// Runs the auction of every imp.
pub(crate) fn run(
    hearing: &mut Hearing<'_, '_>,
    options: &Options,
    screening: &Screening,
    field: &Field<'_>,
    purse: &mut dyn Purse,
) -> Outcomes {
    let mut outcomes = Outcomes::default();
    let mut room = Room { options, screening, purse, placed: SmallVec::new() };
    for imp in 0..hearing.brief.request.imps.len() as u16 {
        let entrants = field.priced.iter().filter(|p| p.candidate.imp == imp).copied().collect();
        let outcome = room.auction(hearing, imp, entrants, field, &mut outcomes);
        outcomes.imps.push(outcome);
    }
    outcomes
}

/// What the auctions of one request share.
struct Room<'a> {
    options: &'a Options,
    screening: &'a Screening,
    purse: &'a mut dyn Purse,
    placed: SmallVec<[CampaignIx; 4]>,
}

/// A winner: its place among the entrants, its price and the chance it was chosen with.
struct Winner {
    place: usize,
    price: CpmMicros,
    propensity: Probability,
    /// Where it is written down.
    record: Option<AuctionRecord>,
}

/// Who stands in one auction.
type Entrants<'c> = SmallVec<[Priced<'c>; 16]>;

impl Room<'_> {
    fn auction(
        &mut self,
        hearing: &mut Hearing<'_, '_>,
        imp: u16,
        mut entrants: Entrants<'_>,
        field: &Field<'_>,
        outcomes: &mut Outcomes,
    ) -> ImpDecision {
        entrants.retain(|priced| {
            let again = self.placed.contains(&priced.candidate.campaign);
            if again {
                hearing.refuse(priced.offer, RefusedReason::Repeated);
            }
            !again
        });
        let greed = field.greeds.iter().find(|(place, _)| *place == imp).map(|(_, greed)| *greed);
        let mut last = None;
        while !entrants.is_empty() {
            let winner = self.choose(hearing, imp, &entrants, greed);
            let priced = &entrants[winner.place];
            match self.hold(hearing, priced, &winner) {
                Ok(bid) => {
                    self.placed.push(bid.campaign);
                    outcomes.records.push(self.record(hearing, priced, bid.clone()));
                    outcomes.auctions.extend(winner.record);
                    return ImpDecision::Bid(bid);
                }
                Err(NotReserved::NoBudget) => {
                    hearing.refuse(priced.offer, RefusedReason::NoBudget);
                    last = Some(NoBidReason::BudgetExhausted);
                    entrants.remove(winner.place);
                }
                Err(NotReserved::Full) => {
                    hearing.refuse(priced.offer, RefusedReason::NoBudget);
                    return ImpDecision::NoBid(NoBidReason::Technical);
                }
            }
        }
        ImpDecision::NoBid(last.unwrap_or_else(|| no_bid(hearing, imp, field)))
    }

    /// Ranks the entrants, explores if asked to, and prices the one chosen.
    fn choose(
        &self,
        hearing: &Hearing<'_, '_>,
        imp: u16,
        entrants: &[Priced<'_>],
        greed: Option<f64>,
    ) -> Winner {
        let mut ties = hearing.brief.chance.stream("auction-ties");
        let mut ranked: SmallVec<[Entry; 16]> = entrants
            .iter()
            .enumerate()
            .map(|(index, priced)| Entry { index, bid: priced.price, tie_break: ties.bits() })
            .collect();
        motet_auction::rank(&mut ranked);
        let (chosen, chance) = explored(hearing, imp, &ranked, greed);
        let winner = &entrants[ranked[chosen].index];
        let mechanism = self.mechanism(hearing, winner);
        let mut record = (hearing.detail == Detail::Full).then(|| AuctionRecord {
            imp,
            ranked: ranked.iter().map(|e| (entrants[e.index].candidate.ix, e.bid)).collect(),
            greed,
            chosen: winner.candidate.ix,
            propensity: Probability::clamped(chance),
            price: winner.price,
            floor: winner.candidate.floor,
            mechanism,
        });
        let place = ranked[chosen].index;
        ranked[..=chosen].rotate_right(1);
        let price = clearing_price(mechanism, winner, &ranked);
        if let Some(record) = &mut record {
            record.price = price;
        }
        Winner { place, price, propensity: Probability::clamped(chance), record }
    }

    fn mechanism(&self, hearing: &Hearing<'_, '_>, winner: &Priced<'_>) -> Mechanism {
        match hearing.brief.request.inventory.ownership {
            _ if winner.candidate.fixed_price => Mechanism::FirstPrice,
            Ownership::Exchange => Mechanism::FirstPrice,
            Ownership::Owned => self.options.owned_pricing.mechanism(),
        }
    }

    /// Holds the winner's money and makes its bid.
    fn hold(
        &mut self,
        hearing: &Hearing<'_, '_>,
        priced: &Priced<'_>,
        winner: &Winner,
    ) -> Result<Bid, NotReserved> {
        let brief = hearing.brief;
        let candidate = priced.candidate;
        let imp = &brief.request.imps[usize::from(candidate.imp)];
        let id = BidId { decision: brief.id, imp: candidate.imp };
        let expires = self.options.expiry(imp, candidate.kind, brief.now);
        let reserved = cost(winner.price, imp);
        let live = brief.request.mode == Mode::Live;
        if live {
            self.purse.reserve(id, candidate.campaign, reserved, expires)?;
        }
        Ok(Bid {
            id,
            campaign: candidate.campaign,
            advertiser: candidate.advertiser,
            creative: candidate.creative,
            price: winner.price,
            reserved: if live { reserved } else { Nanos::ZERO },
            deal: candidate.deal,
            kind: candidate.kind,
            size: brief.catalog.creative(candidate.creative).creative.content.size(),
            propensity: winner.propensity,
            charge: if live { Charge::of(brief.request.inventory.ownership) } else { Charge::Never },
            expires,
        })
    }

    fn record(&self, hearing: &Hearing<'_, '_>, priced: &Priced<'_>, bid: Bid) -> BidRecord {
        let request = hearing.brief.request;
        let identity = self.screening.allows_identity();
        BidRecord {
            bid,
            made_at: hearing.brief.now,
            user: if identity { request.user.key } else { None },
            value: priced.value,
            floor: priced.candidate.floor,
            pricing: priced.candidate.pricing,
            market: priced.candidate.market,
            p_click: priced.candidate.p_click,
            p_conversion: priced.candidate.p_conversion,
            features: priced.candidate.features,
            categories: if identity { request.inventory.categories.clone() } else { SmallVec::new() },
        }
    }
}

/// Returns what the winner pays or offers: the entries are in rank order, with the one chosen on top.
fn clearing_price(mechanism: Mechanism, winner: &Priced<'_>, ranked: &[Entry]) -> CpmMicros {
    if mechanism == Mechanism::FirstPrice {
        return winner.price;
    }
    let mut awards: Vec<Award> = Vec::with_capacity(1);
    clear(mechanism, ranked, &[winner.candidate.floor], &mut awards);
    // Every entrant is at or above its own floor, so the one on top is always awarded.
    awards.first().map_or(winner.price, |award| award.price)
}

/// Returns the place chosen among ranked entries, and its chance.
fn explored(hearing: &Hearing<'_, '_>, imp: u16, ranked: &[Entry], greed: Option<f64>) -> (usize, f64) {
    let Some(greed) = greed else { return (0, 1.0) };
    let bids: SmallVec<[f64; 16]> = ranked.iter().map(|entry| entry.bid.as_f64()).collect();
    let chances = explore::propensities(&bids, greed);
    let chosen = explore::drawn(&chances, imp, hearing.brief.chance);
    (chosen, chances[chosen])
}

/// Returns the most a bid can cost: its price for one impression, times what one play counts as, rounded up.
fn cost(price: CpmMicros, imp: &Imp) -> Nanos {
    let one = i128::from(price.per_impression().get());
    let nanos = (one * i128::from(imp.quantity_millis) + 999) / 1_000;
    Nanos::new(i64::try_from(nanos).unwrap_or(i64::MAX))
}

/// Returns why an imp got no bid when no entrant was left.
fn no_bid(hearing: &Hearing<'_, '_>, imp: u16, field: &Field<'_>) -> NoBidReason {
    let fell = |reason: RefusedReason| field.fallen.iter().any(|(at, r)| *at == imp && *r == reason);
    if fell(RefusedReason::Paced) {
        return NoBidReason::Paced;
    }
    if fell(RefusedReason::BelowFloor) {
        return NoBidReason::BelowFloor;
    }
    if hearing.lacks_a_needed_agent() {
        return hearing.absence();
    }
    if hearing.refused_for_safety(imp) {
        return NoBidReason::Unsafe;
    }
    let deals_only = hearing.brief.request.imps[usize::from(imp)].access == Access::DealsOnly;
    if deals_only { NoBidReason::NoDeal } else { NoBidReason::NoMatch }
}
