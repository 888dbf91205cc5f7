//! The second stage: the relevance agent names ads; each is checked against everything that binds it.

use motet_agent::{
    Agent, Ask, Candidate, CandidateIx, Features, MarketKey, Ranking, RefusedReason, RelevanceSight,
    Restraint, SafetyReason, Sight, View,
};
use motet_model::{
    catalog::Chain,
    eligibility::{self, Fit},
    ids::CreativeIx,
    request::{AdRequest, DealPricing, Imp, MediaKind, Pricing},
    targeting::is_among,
};

use crate::{
    Brief, Options, Screening,
    hearing::{Hearing, Places},
};

/// Asks the relevance agent, admits what stands, and returns the places of its proposals.
pub(crate) fn rank(
    hearing: &mut Hearing<'_, '_>,
    options: &Options,
    screening: &Screening,
    relevance: &dyn Agent,
    admitted: &mut Admitted,
) -> Option<Places> {
    admitted.clear();
    let view = view(hearing.brief, screening);
    let places = hearing.ask(relevance, view.sight)?;
    admit(hearing, options, screening, places.clone(), admitted);
    Some(places)
}

/// Returns what the relevance agent sees.
pub(crate) fn view<'a>(brief: &Brief<'a>, screening: &'a Screening) -> View<'a> {
    let user = if screening.allows_identity() { brief.request.user.key } else { None };
    let sight = Sight::Relevance(RelevanceSight {
        request: brief.request,
        user,
        interests: &screening.interests,
        restraints: &screening.restraints,
        catalog: brief.catalog,
    });
    View { decision: brief.id, now: brief.now, chance: brief.chance, sight }
}

/// Candidates admitted, and for each ranking asked for, in order, the candidate it became. Used again from one
/// decision to the next.
#[derive(Debug, Default)]
pub(crate) struct Admitted {
    pub(crate) candidates: Vec<Candidate>,
    pub(crate) by_ranking: Vec<Option<CandidateIx>>,
    /// The candidates' imps and creatives, close together.
    named: Vec<(u16, CreativeIx)>,
}

/// More room than this is given back after a decision.
const MOST_KEPT: usize = 1_024;

impl Admitted {
    pub(crate) fn clear(&mut self) {
        self.candidates.clear();
        self.candidates.shrink_to(MOST_KEPT);
        self.by_ranking.clear();
        self.by_ranking.shrink_to(MOST_KEPT);
        self.named.clear();
        self.named.shrink_to(MOST_KEPT);
    }

    fn take(&mut self, candidate: Candidate) {
        self.by_ranking.push(Some(candidate.ix));
        self.named.push((candidate.imp, candidate.creative));
        self.candidates.push(candidate);
    }
}

/// The markets of a request, one for each media kind, worked out when first asked for.
#[derive(Debug, Default)]
struct Grounds([Option<MarketKey>; MediaKind::ALL.len()]);

impl Grounds {
    fn market(&mut self, request: &AdRequest, kind: MediaKind) -> MarketKey {
        *self.0[kind as usize].get_or_insert_with(|| MarketKey::of(request, kind))
    }
}

/// Judges every ranking among some proposals.
pub(crate) fn admit(
    hearing: &mut Hearing<'_, '_>,
    options: &Options,
    screening: &Screening,
    places: Places,
    admitted: &mut Admitted,
) {
    let mut grounds = Grounds::default();
    for place in places {
        match &hearing.proposal(place).ask {
            Ask::Rank(ranking) => {
                let standing = hearing.standing(place).is_some();
                let judged = if standing {
                    judge(hearing.brief, options, screening, ranking, admitted)
                } else {
                    Err(RefusedReason::NotOnCard)
                };
                match judged {
                    Ok((imp, fit)) => {
                        let market = grounds.market(hearing.brief.request, fit.kind);
                        let ix = CandidateIx(admitted.candidates.len() as u16);
                        let mut candidate = candidate(hearing.brief, ranking, imp, fit, market, ix);
                        candidate.features = hearing.take_features(place);
                        admitted.take(candidate);
                    }
                    Err(reason) => {
                        admitted.by_ranking.push(None);
                        hearing.refuse(place, reason);
                    }
                }
            }
            Ask::Explore { imp, greed } => {
                let known = usize::from(*imp) < hearing.brief.request.imps.len();
                if !known {
                    hearing.refuse(place, RefusedReason::UnknownTarget);
                } else if !(0.0..=options.greed_most).contains(greed) {
                    hearing.refuse(place, RefusedReason::OutOfRange);
                }
            }
            _ => {}
        }
    }
}

fn judge<'a>(
    brief: &Brief<'a>,
    options: &Options,
    screening: &Screening,
    ranking: &Ranking,
    earlier: &Admitted,
) -> Result<(&'a Imp, Fit), RefusedReason> {
    let imp = brief.request.imps.get(usize::from(ranking.imp)).ok_or(RefusedReason::UnknownTarget)?;
    if ranking.creative.get() >= brief.catalog.creatives().len() {
        return Err(RefusedReason::UnknownTarget);
    }
    if earlier.named.contains(&(ranking.imp, ranking.creative)) {
        return Err(RefusedReason::Repeated);
    }
    let of_imp = earlier.named.iter().filter(|(of, _)| *of == ranking.imp).count();
    if of_imp >= options.candidates_per_imp {
        return Err(RefusedReason::OutOfRange);
    }
    let of = brief.catalog.chain(ranking.creative);
    if of.creative.campaign != ranking.campaign || of.campaign.advertiser != ranking.advertiser {
        return Err(RefusedReason::UnknownTarget);
    }
    forbid(brief, screening, ranking, &of)?;
    let campaign = &of.campaign.campaign;
    if !of.is_running() || !campaign.flight.covers(brief.now) {
        return Err(RefusedReason::NotEligible);
    }
    let advertiser = &of.advertiser.advertiser;
    let fit = eligibility::fit(of.creative, campaign, advertiser, brief.request, imp, brief.parent)
        .map_err(|_| RefusedReason::NotEligible)?;
    Ok((imp, fit))
}

/// Holds a candidate to every restraint. What relevance filtered already is checked again: no score outvotes it.
fn forbid(
    brief: &Brief<'_>,
    screening: &Screening,
    ranking: &Ranking,
    of: &Chain<'_>,
) -> Result<(), RefusedReason> {
    for restraint in &screening.restraints {
        let reason = match restraint {
            Restraint::RefuseRequest(reason) => Some(*reason),
            Restraint::ContextOnly(_) => None,
            Restraint::ContentRisk { topic, risk } => (*risk
                > of.advertiser.advertiser.brand_safety.most_for(*topic))
            .then_some(SafetyReason::BrandRisk),
            Restraint::NoCategory(category, reason) => {
                let categories = &of.creative.creative.categories;
                let within = categories.iter().any(|c| is_among(*c, &[*category], brief.parent));
                within.then_some(*reason)
            }
            Restraint::NoAdvertiser(ix) => {
                (*ix == ranking.advertiser).then_some(SafetyReason::AdvertiserBlock)
            }
            Restraint::HonourSwitches => of.is_killed().then_some(SafetyReason::KillSwitch),
        };
        if let Some(reason) = reason {
            return Err(RefusedReason::Unsafe(reason));
        }
    }
    Ok(())
}

fn candidate(
    brief: &Brief<'_>,
    ranking: &Ranking,
    imp: &Imp,
    fit: Fit,
    market: MarketKey,
    ix: CandidateIx,
) -> Candidate {
    let deal = fit.deal.and_then(|place| imp.deals.get(usize::from(place)));
    let (pricing, fixed_price) = match deal.map(|deal| deal.pricing) {
        Some(DealPricing::Fixed) => (Pricing::FirstPrice, true),
        Some(DealPricing::Auction(pricing)) => (pricing, false),
        None => (brief.request.pricing, false),
    };
    Candidate {
        ix,
        imp: ranking.imp,
        creative: ranking.creative,
        campaign: ranking.campaign,
        advertiser: ranking.advertiser,
        kind: fit.kind,
        deal: fit.deal,
        floor: fit.floor,
        pricing,
        fixed_price,
        market,
        p_click: ranking.p_click,
        p_conversion: ranking.p_conversion,
        features: Features::default(),
    }
}
