//! The second stage: the relevance agent names ads; each is checked against everything that binds it.

use motet_agent::{
    Agent, Ask, Candidate, CandidateIx, MarketKey, Ranking, RefusedReason, RelevanceSight, Restraint,
    SafetyReason, Sight, View,
};
use motet_model::{
    catalog::{AdvertiserEntry, CreativeEntry},
    eligibility::{self, Fit},
    request::{DealPricing, Imp, Pricing},
    targeting::is_among,
};

use crate::{
    Brief, Options, Screening,
    hearing::{Hearing, Places},
};

/// Asks the relevance agent and returns the candidates that stand.
pub(crate) fn rank(
    hearing: &mut Hearing<'_, '_>,
    options: &Options,
    screening: &Screening,
    relevance: &dyn Agent,
) -> Vec<Candidate> {
    let view = view(hearing.brief, screening);
    let Some(places) = hearing.ask(relevance, view.sight) else { return Vec::new() };
    admit(hearing, options, screening, places).candidates
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

/// Candidates admitted, and for each ranking asked for, in order, the candidate it became.
#[derive(Debug, Default)]
pub(crate) struct Admitted {
    pub(crate) candidates: Vec<Candidate>,
    pub(crate) by_ranking: Vec<Option<CandidateIx>>,
}

/// Judges every ranking among some proposals.
pub(crate) fn admit(
    hearing: &mut Hearing<'_, '_>,
    options: &Options,
    screening: &Screening,
    places: Places,
) -> Admitted {
    let mut admitted = Admitted::default();
    for place in places {
        match &hearing.proposal(place).ask {
            Ask::Rank(ranking) => {
                let standing = hearing.standing(place).is_some();
                let judged = if standing {
                    judge(hearing.brief, options, screening, ranking, &admitted.candidates)
                } else {
                    Err(RefusedReason::NotOnCard)
                };
                match judged {
                    Ok(candidate) => {
                        admitted.by_ranking.push(Some(candidate.ix));
                        admitted.candidates.push(candidate);
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
    admitted
}

fn judge(
    brief: &Brief<'_>,
    options: &Options,
    screening: &Screening,
    ranking: &Ranking,
    earlier: &[Candidate],
) -> Result<Candidate, RefusedReason> {
    let imp = brief.request.imps.get(usize::from(ranking.imp)).ok_or(RefusedReason::UnknownTarget)?;
    if ranking.creative.get() >= brief.catalog.creatives().len() {
        return Err(RefusedReason::UnknownTarget);
    }
    let same_imp = || earlier.iter().filter(|c| c.imp == ranking.imp);
    if same_imp().any(|c| c.creative == ranking.creative) {
        return Err(RefusedReason::Repeated);
    }
    if same_imp().count() >= options.candidates_per_imp {
        return Err(RefusedReason::OutOfRange);
    }
    let creative = brief.catalog.creative(ranking.creative);
    let campaign = brief.catalog.campaign(creative.campaign);
    let advertiser = brief.catalog.advertiser(campaign.advertiser);
    if creative.campaign != ranking.campaign || campaign.advertiser != ranking.advertiser {
        return Err(RefusedReason::UnknownTarget);
    }
    forbid(brief, screening, ranking, creative, advertiser)?;
    if !brief.catalog.is_running(ranking.creative) || !campaign.campaign.flight.covers(brief.now) {
        return Err(RefusedReason::NotEligible);
    }
    let fit = eligibility::fit(
        creative,
        &campaign.campaign,
        &advertiser.advertiser,
        brief.request,
        imp,
        brief.parent,
    )
    .map_err(|_| RefusedReason::NotEligible)?;
    let place = CandidateIx(earlier.len() as u16);
    Ok(candidate(brief, ranking, imp, fit, place))
}

/// Holds a candidate to every restraint. What relevance filtered already is checked again: no score outvotes it.
fn forbid(
    brief: &Brief<'_>,
    screening: &Screening,
    ranking: &Ranking,
    creative: &CreativeEntry,
    advertiser: &AdvertiserEntry,
) -> Result<(), RefusedReason> {
    for restraint in &screening.restraints {
        let reason = match restraint {
            Restraint::RefuseRequest(reason) => Some(*reason),
            Restraint::ContextOnly(_) => None,
            Restraint::ContentRisk { topic, risk } => (*risk
                > advertiser.advertiser.brand_safety.most_for(*topic))
            .then_some(SafetyReason::BrandRisk),
            Restraint::NoCategory(category, reason) => {
                let within =
                    creative.creative.categories.iter().any(|c| is_among(*c, &[*category], brief.parent));
                within.then_some(*reason)
            }
            Restraint::NoAdvertiser(ix) => {
                (*ix == ranking.advertiser).then_some(SafetyReason::AdvertiserBlock)
            }
            Restraint::HonourSwitches => {
                brief.catalog.is_killed(ranking.creative).then_some(SafetyReason::KillSwitch)
            }
        };
        if let Some(reason) = reason {
            return Err(RefusedReason::Unsafe(reason));
        }
    }
    Ok(())
}

fn candidate(brief: &Brief<'_>, ranking: &Ranking, imp: &Imp, fit: Fit, ix: CandidateIx) -> Candidate {
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
        market: MarketKey::of(brief.request, fit.kind),
        p_click: ranking.p_click,
        p_conversion: ranking.p_conversion,
        features: ranking.features.clone(),
    }
}
