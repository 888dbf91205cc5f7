//! From a view to the ads worth naming: search the index, check exactly, leave out what is capped or restrained.
//!
//! The search takes the first ads in the order of their prior, then gives the last few places to ads found from a
//! random slot onward, so that new and low-ranked ads are seen too. Both ends are bounded: at most
//! [`MOST_CHECKS`] exact checks and, for the random part, [`SAMPLE_SLOTS`] slots per imp.

use motet_agent::{RelevanceSight, Restraint};
use motet_model::{
    campaign::{Campaign, UnknownUser},
    catalog::{Catalog, Chain},
    decision::NoBidReason,
    eligibility::{Fit, Misfit, fit},
    facts::Facts,
    ids::{AdvertiserIx, CampaignIx, CreativeIx, UserKey},
    request::Imp,
    targeting::Lineage,
    taxonomy,
};
use motet_units::{Stream, Timestamp};
use smallvec::SmallVec;

use super::{
    exposure::Seen,
    index::{Asked, Counted, Index, Query, Search},
};

/// The most exact checks per imp.
const MOST_CHECKS: u32 = 512;
/// The most slots looked at from the random start.
const SAMPLE_SLOTS: u32 = 65_536;
/// The most candidates looked at to explain why there are none: an explanation must not cost more than an answer.
const MOST_EXPLAINED: u32 = 64;

/// How many ads are wanted for an imp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    /// In all.
    pub(super) ads: usize,
    /// Of these, from a random place.
    pub(super) sampled: usize,
    /// The most exact checks.
    pub(super) checks: u32,
}

impl Wanted {
    pub(super) const fn new(ads: usize, sampled: usize) -> Self {
        Self { ads, sampled, checks: MOST_CHECKS }
    }
}

/// An ad found for an imp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    slot: u32,
    pub(super) creative: CreativeIx,
    pub(super) campaign: CampaignIx,
    pub(super) advertiser: AdvertiserIx,
    pub(super) fit: Fit,
}

/// The ads found for an imp.
pub(super) type FoundList = SmallVec<[Found; 16]>;

/// One search over the imps of a request.
#[derive(Debug)]
pub(super) struct Retrieval<'a> {
    index: &'a Index,
    catalog: &'a Catalog,
    asked: Asked<'a>,
    user: Option<UserKey>,
    seen: Seen,
    /// For capped campaigns: the imps they were named for in this request.
    named: SmallVec<[(CampaignIx, u32); 8]>,
    /// The request's content categories with those above them.
    lineage: Lineage,
}

impl<'a> Retrieval<'a> {
    /// Prepares a search. `user` is who is counted; `None` where identity may not be used.
    pub(super) fn new(
        index: &'a Index,
        sight: &RelevanceSight<'a>,
        now: Timestamp,
        user: Option<UserKey>,
        seen: Seen,
    ) -> Self {
        let counted = if user.is_some() { Counted::Yes } else { Counted::No };
        let asked = Asked {
            request: sight.request,
            now,
            restraints: sight.restraints,
            user: counted,
            parent: taxonomy::parent,
        };
        let lineage = Lineage::of(&sight.request.inventory.categories, taxonomy::parent);
        Self { index, catalog: sight.catalog, asked, user, seen, named: SmallVec::new(), lineage }
    }

    /// Returns what the user saw.
    pub(super) const fn seen(&self) -> &Seen {
        &self.seen
    }

    /// Finds ads for an imp: first by prior, the last few from a random place.
    pub(super) fn find(&mut self, imp: &Imp, wanted: Wanted, chance: &mut Stream) -> FoundList {
        let mut query = self.index.query(&self.asked, imp);
        let (mut found, mut checks) = (FoundList::new(), 0);
        self.search(
            &mut query,
            imp,
            0,
            self.index.slots(),
            (wanted.ads, wanted.checks),
            &mut found,
            &mut checks,
        );
        if let Some(last) = found.last().filter(|_| found.len() == wanted.ads && wanted.sampled > 0) {
            let next = last.slot + 1;
            self.sample(&mut query, imp, next, wanted, &mut found, chance);
        }
        self.note_named(&found);
        found
    }

    fn search(
        &self,
        query: &mut Query<'_>,
        imp: &Imp,
        first: u32,
        end: u32,
        (most, most_checks): (usize, u32),
        found: &mut FoundList,
        checks: &mut u32,
    ) {
        if found.len() >= most {
            return;
        }
        self.index.search(query, first, end, |slot, creative| {
            *checks += 1;
            if let Some(one) = self.check(slot, creative, imp) {
                found.push(one);
            }
            if found.len() >= most || *checks >= most_checks { Search::Stop } else { Search::Continue }
        });
    }

    /// Replaces the last of the found by others from a random slot after them.
    fn sample(
        &self,
        query: &mut Query<'_>,
        imp: &Imp,
        next: u32,
        wanted: Wanted,
        found: &mut FoundList,
        chance: &mut Stream,
    ) {
        let slots = self.index.slots();
        if next >= slots {
            return;
        }
        let start = next + chance.below(u64::from(slots - next)) as u32;
        let (mut sampled, mut checks) = (FoundList::new(), 0);
        let limit = (wanted.sampled.min(wanted.ads), wanted.checks);
        let end = start.saturating_add(SAMPLE_SLOTS).min(slots);
        self.search(query, imp, start, end, limit, &mut sampled, &mut checks);
        let wrapped = start.min(next + SAMPLE_SLOTS.saturating_sub(end - start));
        self.search(query, imp, next, wrapped, limit, &mut sampled, &mut checks);
        found.truncate(wanted.ads - sampled.len());
        found.extend(sampled);
    }

    /// Checks an ad exactly; `None` when it cannot be shown for the imp.
    fn check(&self, slot: u32, creative: CreativeIx, imp: &Imp) -> Option<Found> {
        let facts = self.catalog.facts(creative);
        let campaign = || &self.catalog.campaign(facts.campaign).campaign;
        let may = facts.is_running()
            && facts.covers(self.asked.now)
            && !(facts.is_capped() && self.is_capped(campaign(), facts.campaign))
            && !self.is_restrained(facts)
            && facts.admits(self.asked.request, &self.lineage, self.asked.now, campaign);
        if !may {
            return None;
        }
        let fit = facts.fit(self.asked.request, imp, || self.catalog.chain(creative)).ok()?;
        Some(Found { slot, creative, campaign: facts.campaign, advertiser: facts.advertiser, fit })
    }

    fn admits(&self, of: &Chain<'_>) -> bool {
        let Campaign { flight, targeting, .. } = &of.campaign.campaign;
        targeting.admits_lineage(self.asked.request, &self.lineage, self.asked.now, flight.utc_offset)
    }

    fn fit(&self, of: &Chain<'_>, imp: &Imp) -> Result<Fit, Misfit> {
        let (campaign, advertiser) = (&of.campaign.campaign, &of.advertiser.advertiser);
        fit(of.creative, campaign, advertiser, self.asked.request, imp, self.asked.parent)
    }

    /// Tells whether a campaign's cap forbids it for this user now, counting the imps it was named for already.
    fn is_capped(&self, campaign: &Campaign, ix: CampaignIx) -> bool {
        let Some(cap) = campaign.frequency else { return false };
        if self.user.is_none() {
            return cap.unknown_user == UnknownUser::Skip;
        }
        let named = self.named.iter().find(|(c, _)| *c == ix).map_or(0, |(_, imps)| *imps);
        self.seen.left(ix, cap) <= named
    }

    /// Notes which capped campaigns were named, so that a request of several imps cannot exceed a cap.
    fn note_named(&mut self, found: &FoundList) {
        if self.asked.request.imps.len() < 2 || self.user.is_none() {
            return;
        }
        let mut of_imp: SmallVec<[CampaignIx; 16]> = found.iter().map(|f| f.campaign).collect();
        of_imp.sort_unstable();
        of_imp.dedup();
        for campaign in of_imp {
            if self.catalog.campaign(campaign).campaign.frequency.is_none() {
                continue;
            }
            match self.named.iter_mut().find(|(c, _)| *c == campaign) {
                Some((_, imps)) => *imps += 1,
                None => self.named.push((campaign, 1)),
            }
        }
    }

    fn is_restrained(&self, facts: &Facts) -> bool {
        self.asked.restraints.iter().any(|restraint| match restraint {
            Restraint::RefuseRequest(_) => true,
            Restraint::ContextOnly(_) => false,
            Restraint::ContentRisk { topic, risk } => {
                let advertiser = &self.catalog.advertiser(facts.advertiser).advertiser;
                advertiser.brand_safety.most_for(*topic) < *risk
            }
            Restraint::NoCategory(category, _) => facts.advertises(*category),
            Restraint::NoAdvertiser(advertiser) => *advertiser == facts.advertiser,
            Restraint::HonourSwitches => facts.is_killed(),
        })
    }

    /// Says why nothing was found for an imp: how far the ad that came furthest came.
    pub(super) fn why_none(&self, imp: &Imp) -> NoBidReason {
        let mut query = self.index.query_targeting(&self.asked);
        let (mut furthest, mut looked) = (Hurdle::Targeting, 0);
        self.index.search(&mut query, 0, self.index.slots(), |_, creative| {
            furthest = furthest.max(self.hurdle(creative, imp));
            looked += 1;
            let enough = looked >= MOST_EXPLAINED || furthest == Hurdle::Frequency;
            if enough { Search::Stop } else { Search::Continue }
        });
        furthest.reason()
    }

    fn hurdle(&self, creative: CreativeIx, imp: &Imp) -> Hurdle {
        let of = self.catalog.chain(creative);
        let runs = of.campaign.campaign.flight.covers(self.asked.now) && of.is_running();
        if !runs || !self.admits(&of) {
            return Hurdle::Targeting;
        }
        match self.fit(&of, imp) {
            Err(Misfit::Deal) => Hurdle::Deal,
            Err(Misfit::Seat) => Hurdle::Seat,
            Err(Misfit::Category | Misfit::Domain | Misfit::Bundle) => Hurdle::Safety,
            Err(_) => Hurdle::Creative,
            Ok(_) if self.is_restrained(self.catalog.facts(creative)) => Hurdle::Safety,
            Ok(_) if self.index.is_exhausted(of.creative.campaign) => Hurdle::Budget,
            Ok(_) => Hurdle::Frequency,
        }
    }
}

/// Where an ad stopped; the later, the further it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Hurdle {
    Targeting,
    Deal,
    Creative,
    Seat,
    Safety,
    Budget,
    Frequency,
}

impl Hurdle {
    const fn reason(self) -> NoBidReason {
        match self {
            Self::Targeting => NoBidReason::NoMatch,
            Self::Deal => NoBidReason::NoDeal,
            Self::Creative => NoBidReason::NoCreative,
            Self::Seat => NoBidReason::SeatNotAllowed,
            Self::Safety => NoBidReason::Unsafe,
            Self::Budget => NoBidReason::BudgetExhausted,
            Self::Frequency => NoBidReason::FrequencyCapped,
        }
    }
}
