//! What the agents would say of somebody else's auction: views for a host that asks from outside.
//!
//! The host's request is looked at as if it were ours, but nothing is decided, held or learned: agents are asked by `&self`.
//! Safety speaks first, as always: a request it refuses gets no counsel, and where it forbids identity nothing is said of
//! the user. The guard is not asked: whether its traffic is valid is the host's to know, who sees more of it.

use motet_agent::{
    Agent, Appraisal, Ask, IntentSight, Interests, Lot, MarketKey, Proposal, RelevanceSight, Restraint,
    SafetyReason, SafetySight, Sight, View,
};
use motet_coordinator::Team;
use motet_model::{
    ids::DecisionId,
    request::{AdRequest, DealPricing, Imp, MediaKind, Pricing},
};
use motet_units::{Chance, CpmMicros, Probability};

use crate::{Arm, Engine, event::fnv};

/// What is asked: a request, and bids for its imps where there are any.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// The request, identity taken out where not permitted, prices in the accounting currency.
    pub request: AdRequest,
    /// Bids somebody is about to make, any number.
    pub offers: Vec<Offer>,
}

/// A bid somebody is about to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The imp's place in the request.
    pub imp: u16,
    /// The deal's place in the imp's list, if it is made under one.
    pub deal: Option<u16>,
    /// Its price before shading.
    pub price: CpmMicros,
}

/// What the agents say.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Counsel {
    /// Why nothing is said at all.
    pub refused: Option<SafetyReason>,
    /// What the user is interested in; empty where nothing may be said of the user.
    pub interests: Interests,
    /// By imp: P(click given impression) of the ad most likely to be clicked, of those that fit; `None` where none does.
    pub p_click: Vec<Option<Probability>>,
    /// By offer: what is known of its market; `None` where the imp or the deal is not there, or nothing is known.
    pub offers: Vec<Option<Appraisal>>,
    /// What is known of the markets deals are on offer in, in the request's order.
    pub deals: Vec<DealCounsel>,
    /// The policies that spoke, by version.
    pub model: String,
}

/// What is known of the market a deal is on offer in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DealCounsel {
    /// The imp's place in the request.
    pub imp: u16,
    /// The deal's place in the imp's list.
    pub deal: u16,
    /// What is known.
    pub appraisal: Appraisal,
}

impl Engine {
    /// Asks the agents in service. The baseline alone has no views of others' auctions: then there is nothing but the
    /// safety agent's refusal.
    pub fn consult(&self, question: &Question) -> Counsel {
        let request = &question.request;
        let (mut counsel, restraints) = self.screen(request);
        let imps = request.imps.len();
        counsel.p_click = vec![None; imps];
        counsel.offers = vec![None; question.offers.len()];
        if counsel.refused.is_some() {
            return counsel;
        }
        let Team::Agents { intent, relevance, bidder, .. } = self.crews.team(Arm::Control) else {
            return counsel;
        };
        let identity = !restraints.iter().any(|r| matches!(r, Restraint::ContextOnly(_)));
        if identity {
            let sight = IntentSight { inventory: &request.inventory, user: &request.user };
            counsel.interests = interests(self.ask(intent, request, Sight::Intent(sight)));
        }
        let sight = RelevanceSight {
            request,
            user: request.user.key.filter(|_| identity),
            interests: &counsel.interests,
            restraints: &restraints,
            catalog: &self.catalog,
        };
        let rankings = self.ask(relevance, request, Sight::Relevance(sight));
        counsel.p_click = p_click(&rankings, imps);
        let appraise =
            |imp: &Imp, deal: Option<u16>, value| bidder.appraise(&lot(request, imp, deal, value)?);
        counsel.offers = question
            .offers
            .iter()
            .map(|offer| appraise(request.imps.get(usize::from(offer.imp))?, offer.deal, offer.price))
            .collect();
        counsel.deals = deals(request, appraise);
        counsel
    }

    /// Asks the safety agent.
    fn screen(&self, request: &AdRequest) -> (Counsel, Vec<Restraint>) {
        let (Team::Agents { safety, .. } | Team::Baseline { safety, .. }) = self.crews.team(Arm::Control);
        let sight =
            SafetySight { privacy: &request.privacy, inventory: &request.inventory, user: &request.user };
        let said = self.ask(safety, request, Sight::Safety(sight));
        let restraints: Vec<Restraint> = said
            .into_iter()
            .filter_map(|proposal| match proposal.ask {
                Ask::Restrain(restraint) => Some(restraint),
                _ => None,
            })
            .collect();
        let refused = restraints.iter().find_map(|restraint| match restraint {
            Restraint::RefuseRequest(reason) => Some(*reason),
            _ => None,
        });
        (Counsel { refused, model: self.steering().0, ..Counsel::default() }, restraints)
    }

    fn ask(&self, agent: &dyn Agent, request: &AdRequest, sight: Sight<'_>) -> Vec<Proposal> {
        // No decision is made, so no decision's chance is drawn: the same question gets the same answer.
        let chance = Chance::new(self.options.seed, fnv(request.id.as_bytes()));
        let view = View { decision: DecisionId(0), now: self.now, chance, sight };
        let mut proposals = Vec::new();
        agent.propose(&view, &mut proposals);
        proposals
    }
}

fn interests(said: Vec<Proposal>) -> Interests {
    let profile = said.into_iter().find_map(|proposal| match proposal.ask {
        Ask::Profile { interests, .. } => Some(interests),
        _ => None,
    });
    profile.unwrap_or_default()
}

fn p_click(rankings: &[Proposal], imps: usize) -> Vec<Option<Probability>> {
    let mut best: Vec<Option<Probability>> = vec![None; imps];
    for proposal in rankings {
        let Ask::Rank(ranking) = &proposal.ask else { continue };
        let Some(best) = best.get_mut(usize::from(ranking.imp)) else { continue };
        if best.is_none_or(|best| ranking.p_click.get() > best.get()) {
            *best = Some(ranking.p_click);
        }
    }
    best
}

fn deals(
    request: &AdRequest,
    appraise: impl Fn(&Imp, Option<u16>, CpmMicros) -> Option<Appraisal>,
) -> Vec<DealCounsel> {
    let mut counsel = Vec::new();
    for (imp_ix, imp) in request.imps.iter().enumerate() {
        for deal in 0..imp.deals.len() {
            let (imp_ix, deal) = (imp_ix as u16, deal as u16);
            if let Some(appraisal) = appraise(imp, Some(deal), CpmMicros::ZERO) {
                counsel.push(DealCounsel { imp: imp_ix, deal, appraisal });
            }
        }
    }
    counsel
}

/// Returns what is sold: of an imp that takes several media kinds, the first.
fn lot(request: &AdRequest, imp: &Imp, deal: Option<u16>, value: CpmMicros) -> Option<Lot> {
    let kind = MediaKind::ALL.into_iter().find(|kind| imp.media.takes(*kind))?;
    let deal = match deal {
        Some(place) => Some(imp.deals.get(usize::from(place))?),
        None => None,
    };
    let pricing = match deal.map(|deal| deal.pricing) {
        // Its price is agreed: there is nothing to shade, as where the winner pays the next bid.
        Some(DealPricing::Fixed) => Pricing::SecondPrice,
        Some(DealPricing::Auction(pricing)) => pricing,
        None => request.pricing,
    };
    let floor = deal.map_or(imp.floor, |deal| deal.floor);
    Some(Lot { market: MarketKey::of(request, kind), kind, floor, pricing, value })
}
