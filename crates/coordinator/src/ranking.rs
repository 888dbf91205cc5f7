//! The second stage: the relevance agent names ads; each is checked against everything that binds it.

use motet_agent::{
    Account, Agent, Ask, Candidate, CandidateIx, MarketKey, Ranking, RefusedReason, RelevanceSight,
    Restraint, SafetyReason, Sight, View,
};
use motet_model::{
    eligibility::Fit,
    facts::Facts,
    request::{AdRequest, DealPricing, Imp, MediaKind, Pricing},
};
use smallvec::SmallVec;

use crate::{
    Brief, Options, Screening,
    hearing::{Greeds, Hearing, Places},
};

/// Asks the relevance agent, admits what stands, and returns the explorations it asked for.
pub(crate) fn rank(
    hearing: &mut Hearing<'_, '_>,
    options: &Options,
    screening: &Screening,
    relevance: &dyn Agent,
    admitted: &mut Admitted,
) -> Greeds {
    admitted.clear();
    let view = view(hearing.brief, screening);
    let Some(places) = hearing.ask(relevance, view.sight) else { return Greeds::new() };
    admit(hearing, options, screening, places.clone(), admitted);
    hearing.greeds(&places)
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
    /// The accounts shown to the pacer.
    pub(crate) accounts: Vec<(CandidateIx, Account)>,
    /// The candidates' imps and creatives, close together.
    named: Vec<u64>,
    /// How many candidates each imp has.
    of_imp: SmallVec<[u32; 8]>,
}

/// More room than this is given back after a decision.
const MOST_KEPT: usize = 1_024;

impl Admitted {
    pub(crate) fn clear(&mut self) {
        self.candidates.clear();
        self.candidates.shrink_to(MOST_KEPT);
        self.by_ranking.clear();
        self.by_ranking.shrink_to(MOST_KEPT);
        self.accounts.clear();
        self.accounts.shrink_to(MOST_KEPT);
        self.named.clear();
        self.named.shrink_to(MOST_KEPT);
        self.of_imp.clear();
    }

    /// Tells whether an ad may be named for an imp: not twice, and no more than so many for one imp.
    fn has_room(&self, ranking: &Ranking, most: usize) -> Result<(), RefusedReason> {
        if self.named.contains(&name(ranking)) {
            return Err(RefusedReason::Repeated);
        }
        let of_imp = self.of_imp.get(usize::from(ranking.imp)).map_or(0, |count| *count as usize);
        if of_imp >= most { Err(RefusedReason::OutOfRange) } else { Ok(()) }
    }

    /// Notes that the next candidate is this one.
    fn note(&mut self, ranking: &Ranking) -> CandidateIx {
        let (ix, imp) = (CandidateIx(self.candidates.len() as u16), usize::from(ranking.imp));
        if imp >= self.of_imp.len() {
            self.of_imp.resize(imp + 1, 0);
        }
        self.of_imp[imp] += 1;
        self.named.push(name(ranking));
        self.by_ranking.push(Some(ix));
        ix
    }
}

/// Returns an imp and a creative as one number.
fn name(ranking: &Ranking) -> u64 {
    u64::from(ranking.imp) << 32 | u64::from(ranking.creative.0)
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
                        let ix = admitted.note(ranking);
                        admitted.candidates.push(candidate(hearing.brief, ranking, imp, fit, market, ix));
                        hearing.drop_features(place);
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
    earlier.has_room(ranking, options.candidates_per_imp)?;
    let facts = brief.catalog.facts(ranking.creative);
    if facts.campaign != ranking.campaign || facts.advertiser != ranking.advertiser {
        return Err(RefusedReason::UnknownTarget);
    }
    forbid(brief, screening, ranking, facts)?;
    if !facts.is_running() || !facts.covers(brief.now) {
        return Err(RefusedReason::NotEligible);
    }
    let fit = facts.fit(brief.request, imp, || brief.catalog.chain(ranking.creative));
    Ok((imp, fit.map_err(|_| RefusedReason::NotEligible)?))
}

/// Holds a candidate to every restraint. What relevance filtered already is checked again: no score outvotes it.
fn forbid(
    brief: &Brief<'_>,
    screening: &Screening,
    ranking: &Ranking,
    facts: &Facts,
) -> Result<(), RefusedReason> {
    for restraint in &screening.restraints {
        let reason = match restraint {
            Restraint::RefuseRequest(reason) => Some(*reason),
            Restraint::ContextOnly(_) => None,
            Restraint::ContentRisk { topic, risk } => {
                let safety = &brief.catalog.advertiser(ranking.advertiser).advertiser.brand_safety;
                (*risk > safety.most_for(*topic)).then_some(SafetyReason::BrandRisk)
            }
            Restraint::NoCategory(category, reason) => facts.advertises(*category).then_some(*reason),
            Restraint::NoAdvertiser(ix) => {
                (*ix == ranking.advertiser).then_some(SafetyReason::AdvertiserBlock)
            }
            Restraint::HonourSwitches => facts.is_killed().then_some(SafetyReason::KillSwitch),
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
        features: ranking.features,
    }
}
