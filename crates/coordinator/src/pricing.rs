//! The third stage: the bidder offers prices, the pacer holds spend back, and each offer is resolved against the
//! floor. Budget stands above bidding: a bid the pacer brings under the floor is refused for pacing.

use motet_agent::{
    AccountBook, Agent, AgentName, Ask, BaselineSight, BidderSight, Candidate, CandidateIx, PacerSight,
    RefusedReason, Sight,
};
use motet_units::{CpmMicros, Multiplier};
use smallvec::SmallVec;

use crate::{
    Options, Screening,
    hearing::{Greeds, Hearing, Places},
    ranking::{self, Admitted},
};

/// A candidate whose offer stands, with its price after pacing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Priced<'c> {
    pub(crate) candidate: &'c Candidate,
    pub(crate) value: CpmMicros,
    pub(crate) price: CpmMicros,
    /// Where its offer stands in the record, so that a later refusal can be written there.
    pub(crate) offer: usize,
}

/// What came of pricing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Field<'c> {
    pub(crate) priced: SmallVec<[Priced<'c>; 16]>,
    pub(crate) greeds: Greeds,
    /// Why candidates fell out, by imp.
    pub(crate) fallen: SmallVec<[(u16, RefusedReason); 16]>,
}

/// Asks bidder and pacer and resolves their proposals.
pub(crate) fn price<'c>(
    hearing: &mut Hearing<'_, '_>,
    options: &Options,
    admitted: &'c mut Admitted,
    book: &dyn AccountBook,
    (bidder, pacer): (&dyn Agent, &dyn Agent),
    greeds: Greeds,
) -> Field<'c> {
    let Admitted { candidates, accounts, .. } = admitted;
    let candidates: &[Candidate] = candidates;
    if candidates.is_empty() {
        return Field { greeds, ..Field::default() };
    }
    let sight = BidderSight {
        candidates,
        ownership: hearing.brief.request.inventory.ownership,
        catalog: hearing.brief.catalog,
    };
    let offers = hearing.ask(bidder, Sight::Bidder(sight));
    if offers.is_none() && !hearing.is_inquiry() {
        return Field::default();
    }
    accounts.extend(candidates.iter().map(|c| (c.ix, book.account(c.campaign))));
    // The pacer sees no offers, so where both are placed elsewhere they are asked side by side.
    let paces = hearing.ask(pacer, Sight::Pacer(PacerSight { accounts }));
    let Some(offers) = offers else { return Field::default() };
    let place = |asked: CandidateIx| (asked.get() < candidates.len()).then_some(asked);
    resolve(hearing, options, candidates, (Some(offers), paces), greeds, place)
}

/// Asks the baseline, which ranks, offers and paces in one go.
pub(crate) fn price_baseline<'c>(
    hearing: &mut Hearing<'_, '_>,
    options: &Options,
    screening: &Screening,
    book: &dyn AccountBook,
    baseline: &dyn Agent,
    admitted: &'c mut Admitted,
) -> Field<'c> {
    admitted.clear();
    let brief = hearing.brief;
    let sight = BaselineSight { request: brief.request, catalog: brief.catalog, accounts: book };
    let Some(places) = hearing.ask(baseline, Sight::Baseline(sight)) else { return Field::default() };
    ranking::admit(hearing, options, screening, places.clone(), admitted);
    let admitted = &*admitted;
    // Its candidates are numbered by its own rankings, some of which may have been refused.
    let place = |asked: CandidateIx| admitted.by_ranking.get(asked.get()).copied().flatten();
    let greeds = hearing.greeds(&places);
    resolve(hearing, options, &admitted.candidates, (Some(places.clone()), Some(places)), greeds, place)
}

/// An offer that stands: value, bid, and its place in the record.
type Offered = Option<(CpmMicros, CpmMicros, usize)>;

fn resolve<'c>(
    hearing: &mut Hearing<'_, '_>,
    options: &Options,
    candidates: &'c [Candidate],
    (offers, paces): (Option<Places>, Option<Places>),
    greeds: Greeds,
    place: impl Fn(CandidateIx) -> Option<CandidateIx>,
) -> Field<'c> {
    let absent = if paces.is_some() { Multiplier::ONE } else { options.absent_pacing() };
    let mut multipliers: SmallVec<[Option<Multiplier>; 16]> = SmallVec::from_elem(None, candidates.len());
    take_paces(hearing, paces, &mut multipliers, &place);
    let mut offered: SmallVec<[Offered; 16]> = SmallVec::from_elem(None, candidates.len());
    take_offers(hearing, candidates, offers, &mut offered, &place);
    let mut field = Field { greeds, ..Field::default() };
    for (candidate, offer) in candidates.iter().zip(offered) {
        let Some((value, bid, offer)) = offer else { continue };
        let multiplier = multipliers[candidate.ix.get()].unwrap_or(absent);
        match after_pacing(candidate, bid, multiplier) {
            Ok(price) => field.priced.push(Priced { candidate, value, price, offer }),
            Err(reason) => {
                hearing.refuse(offer, reason);
                field.fallen.push((candidate.imp, reason));
            }
        }
    }
    field
}

fn take_paces(
    hearing: &mut Hearing<'_, '_>,
    places: Option<Places>,
    multipliers: &mut [Option<Multiplier>],
    place: &impl Fn(CandidateIx) -> Option<CandidateIx>,
) {
    for at in places.into_iter().flatten() {
        let Some(proposal) = hearing.standing(at) else { continue };
        let Ask::Pace { candidate, multiplier } = proposal.ask else { continue };
        let Some(ix) = place(candidate) else {
            hearing.refuse(at, unknown(hearing, at));
            continue;
        };
        let multiplier_in_range = Multiplier::new(multiplier.get());
        match (multiplier_in_range, &mut multipliers[ix.get()]) {
            (None, _) => hearing.refuse(at, RefusedReason::OutOfRange),
            (Some(_), Some(_)) => hearing.refuse(at, RefusedReason::Repeated),
            (Some(multiplier), unset) => *unset = Some(multiplier),
        }
    }
}

fn take_offers(
    hearing: &mut Hearing<'_, '_>,
    candidates: &[Candidate],
    places: Option<Places>,
    offered: &mut [Offered],
    place: &impl Fn(CandidateIx) -> Option<CandidateIx>,
) {
    for at in places.into_iter().flatten() {
        let Some(proposal) = hearing.standing(at) else { continue };
        let Ask::Offer { candidate, value, bid } = proposal.ask else { continue };
        let Some(ix) = place(candidate) else {
            hearing.refuse(at, unknown(hearing, at));
            continue;
        };
        if offered[ix.get()].is_some() {
            hearing.refuse(at, RefusedReason::Repeated);
            continue;
        }
        let most = hearing.brief.catalog.facts(candidates[ix.get()].creative).most_cpm;
        if bid > value {
            hearing.refuse(at, RefusedReason::AboveValue);
        } else if bid > most.unwrap_or(CpmMicros::MAX) || value > CpmMicros::MAX || bid < CpmMicros::ZERO {
            hearing.refuse(at, RefusedReason::OutOfRange);
        } else {
            offered[ix.get()] = Some((value, bid, at));
        }
    }
}

/// The baseline's own numbering can point at a ranking that was refused; anyone else's at nothing.
fn unknown(hearing: &Hearing<'_, '_>, at: usize) -> RefusedReason {
    match hearing.proposal(at).agent {
        AgentName::Baseline => RefusedReason::CandidateRefused,
        _ => RefusedReason::UnknownTarget,
    }
}

/// Returns the price after pacing, or why the offer falls.
fn after_pacing(
    candidate: &Candidate,
    bid: CpmMicros,
    multiplier: Multiplier,
) -> Result<CpmMicros, RefusedReason> {
    if bid < candidate.floor || bid == CpmMicros::ZERO {
        return Err(RefusedReason::BelowFloor);
    }
    let paced = multiplier.of(bid);
    if paced < candidate.floor || paced == CpmMicros::ZERO {
        return Err(RefusedReason::Paced);
    }
    // A fixed-price deal costs its floor, whatever it is worth.
    Ok(if candidate.fixed_price && candidate.floor > CpmMicros::ZERO { candidate.floor } else { paced })
}
