//! Outside agents in the path of a bid request: before the decision, and before the answer.
//!
//! What they change before the decision is part of the request that is journalled, so a replay needs none of them. A bid
//! they shade is told to the engine before the answer leaves, so that its outcome is learned at the price that was sent.

use std::time::Instant;

use motet_agents::safety::consent::Permit;
use motet_artf::{Refusal, ShadedBid, judge::SentBid, least::Identity};
use motet_engine::{SealedRequest, Shade};
use motet_model::{
    decision::{Bid, Charge, ImpDecision},
    request::DealPricing,
};

use super::App;
use crate::platform::{Answer, Platform};

/// Lets outside agents change a request. Leaves most of the time to the decision.
pub(super) async fn before<P>(app: &App<P>, sealed: &mut SealedRequest, permit: Permit, deadline: Instant) {
    let Some(outside) = &app.outside else { return };
    let identity = match permit {
        Permit::Identity => Identity::Permitted,
        Permit::ContextOnly(_) => Identity::Forbidden,
    };
    outside.before(&mut sealed.request, identity, deadline.into()).await;
    sealed.digest = SealedRequest::digest_of(&sealed.request);
}

/// Lets outside agents shade an answer's bids.
pub(super) async fn after<P: Platform>(app: &App<P>, answer: &mut Answer, deadline: Instant) {
    let Some(outside) = &app.outside else { return };
    let sent: Vec<SentBid> = bids(answer).collect();
    if sent.is_empty() {
        return;
    }
    let shaded = outside.after(&answer.sealed.request, &sent, deadline.into()).await;
    lower(app, answer, &sent, &shaded);
}

fn bids(answer: &Answer) -> impl Iterator<Item = SentBid> {
    answer.decision.imps.iter().enumerate().filter_map(|(imp, decision)| match decision {
        ImpDecision::Bid(bid) => Some(sent(answer, imp, bid)),
        ImpDecision::NoBid(_) => None,
    })
}

fn sent(answer: &Answer, place: usize, bid: &Bid) -> SentBid {
    let (request, catalog) = (&answer.sealed.request, &answer.catalog);
    let imp = &request.imps[place];
    let deal = bid.deal.and_then(|deal| imp.deals.get(usize::from(deal)));
    let fit = catalog.facts(bid.creative).fit(request, imp, || catalog.chain(bid.creative));
    let fixed = deal.is_some_and(|deal| deal.pricing == DealPricing::Fixed);
    let bound = match bid.charge {
        Charge::OnImpression => Some(Refusal::NotOwn),
        _ if fixed => Some(Refusal::FixedPrice),
        Charge::OnBilling | Charge::Never => None,
    };
    SentBid {
        imp: place,
        imp_id: imp.id.clone(),
        id: bid.id.to_string(),
        seat: catalog.advertiser(bid.advertiser).advertiser.seat.clone(),
        price: bid.price,
        // An ad that was taken out of service since does not fit any more: its bid goes out as decided.
        floor: fit.map_or(bid.price, |fit| fit.floor),
        deal: deal.map(|deal| deal.id.clone()),
        bound,
    }
}

/// Lowers bids, in the engine and in the answer; in neither where the engine cannot be told.
fn lower<P: Platform>(app: &App<P>, answer: &mut Answer, sent: &[SentBid], shaded: &[ShadedBid]) {
    let mut shades = Vec::with_capacity(shaded.len());
    for ShadedBid { place, price } in shaded {
        if let ImpDecision::Bid(bid) = &answer.decision.imps[sent[*place].imp] {
            shades.push((sent[*place].imp, Shade { bid: bid.id, price: *price }));
        }
    }
    if shades.is_empty() || app.platform.shade(shades.iter().map(|(_, shade)| *shade).collect()).is_err() {
        return;
    }
    for (imp, shade) in shades {
        if let ImpDecision::Bid(bid) = &mut answer.decision.imps[imp] {
            // A token of the bid states what it holds beside its price: both are lower.
            bid.reserved = shade.holds(bid.reserved, bid.price);
            bid.price = shade.price;
        }
    }
}
