//! What every ad is filed under, and what its campaign brings to it: the same for every arrangement.

use std::collections::{BTreeMap, BTreeSet};

use motet_model::{
    campaign::{BrandSafety, UnknownUser},
    catalog::Catalog,
    ids::{CampaignIx, CreativeIx},
    request::MediaKind,
    targeting::Ancestors,
};
use motet_units::{Span, Timestamp};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::terms::{self, BULKY, Hours, Term};

/// How far ahead of its flight an ad is let into the index.
const AHEAD: Span = Span::from_secs(86_400);

/// What an ad is filed under.
#[derive(Clone, Debug)]
pub(super) struct Filed {
    /// The numbers of the postings it is in.
    pub(super) numbers: Box<[u32]>,
    /// Bit per wish it states.
    pub(super) wished: u16,
    pub(super) campaign: CampaignIx,
    /// Whether it is shown to nobody who cannot be counted.
    pub(super) needs_user: bool,
    pub(super) killed: bool,
}

/// What is held of a campaign, so that budgets and flights turn without a catalog at hand.
#[derive(Clone, Debug, Default)]
struct Held {
    start: Timestamp,
    end: Option<Timestamp>,
    ads: SmallVec<[CreativeIx; 4]>,
}

/// All files.
#[derive(Clone, Debug, Default)]
pub(super) struct Files {
    /// By ad; `None` where it does not run.
    filed: Vec<Option<Filed>>,
    /// Each term's number: the bulky terms apart from the others.
    number_of: [FxHashMap<Term, u32>; 2],
    numbers: u32,
    safety: Vec<BrandSafety>,
    /// Every distinct plan of the week with its number. A request looks at each, so plans cost by their number.
    plans: Vec<(Hours, u32)>,
    refuses: [bool; 3],
    durations: BTreeSet<(MediaKind, u32)>,
    held: Vec<Held>,
    /// Moments at which flights begin or end, with the campaigns.
    turns: BTreeMap<Timestamp, Vec<CampaignIx>>,
    exhausted: BTreeSet<CampaignIx>,
    turned: Timestamp,
}

impl Files {
    /// Takes back what was noted of campaigns and time.
    pub(super) fn restore(&mut self, exhausted: BTreeSet<CampaignIx>, turned: Timestamp) {
        (self.exhausted, self.turned) = (exhausted, turned);
    }

    /// Returns one more than the highest ad ever filed.
    pub(super) fn len(&self) -> u32 {
        self.filed.len() as u32
    }

    pub(super) fn filed(&self, creative: CreativeIx) -> Option<&Filed> {
        self.filed.get(creative.get())?.as_ref()
    }

    pub(super) fn is_filed(&self, creative: CreativeIx) -> bool {
        self.filed(creative).is_some()
    }

    pub(super) const fn exhausted(&self) -> &BTreeSet<CampaignIx> {
        &self.exhausted
    }

    pub(super) const fn turned(&self) -> Timestamp {
        self.turned
    }

    pub(super) const fn refuses(&self) -> [bool; 3] {
        self.refuses
    }

    pub(super) const fn durations(&self) -> &BTreeSet<(MediaKind, u32)> {
        &self.durations
    }

    pub(super) fn safety(&self) -> &[BrandSafety] {
        &self.safety
    }

    /// Returns the number of a term some ad was filed under.
    pub(super) fn number(&self, term: Term) -> Option<u32> {
        self.number_of[usize::from(term & BULKY != 0)].get(&term).copied()
    }

    /// Iterates over the numbers of the plans that hold now.
    pub(super) fn open_plans(&self, now: Timestamp) -> impl Iterator<Item = u32> {
        self.plans.iter().filter(move |(hours, _)| hours.hold(now)).map(|(_, number)| *number)
    }

    /// Files an ad, and returns its campaign.
    pub(super) fn file(&mut self, creative: CreativeIx, catalog: &Catalog, parent: Ancestors) -> CampaignIx {
        let of = catalog.chain(creative);
        let (ix, campaign) = (of.creative.campaign, &of.campaign.campaign);
        let safety = self.number_safety(&of.advertiser.advertiser.brand_safety);
        let filing = terms::file(of.creative, of.campaign, &of.advertiser.advertiser, safety, parent);
        self.durations.extend(filing.duration);
        self.refuses.iter_mut().zip(filing.refuses).for_each(|(all, one)| *all |= one);
        let plan = filing.hours.map(|hours| self.number_plan(hours));
        let numbers =
            filing.terms.iter().map(|term| self.number_term(*term)).collect::<SmallVec<[u32; 32]>>();
        if creative.get() >= self.filed.len() {
            self.filed.resize_with(creative.get() + 1, || None);
        }
        self.filed[creative.get()] = Some(Filed {
            numbers: numbers.into_iter().chain(plan).collect(),
            wished: filing.wished,
            campaign: ix,
            needs_user: campaign.frequency.is_some_and(|cap| cap.unknown_user == UnknownUser::Skip),
            killed: of.is_killed(),
        });
        self.take_turns(ix, campaign.flight.start - AHEAD, campaign.flight.end);
        if ix.get() >= self.held.len() {
            self.held.resize_with(ix.get() + 1, Held::default);
        }
        let held = &mut self.held[ix.get()];
        (held.start, held.end) = (campaign.flight.start, campaign.flight.end);
        if !held.ads.contains(&creative) {
            held.ads.push(creative);
        }
        ix
    }

    /// Takes an ad out of the files.
    pub(super) fn unfile(&mut self, creative: CreativeIx) {
        let Some(filed) = self.filed.get_mut(creative.get()).and_then(Option::take) else { return };
        self.held[filed.campaign.get()].ads.retain(|other| *other != creative);
    }

    fn number_term(&mut self, term: Term) -> u32 {
        let fresh = self.numbers;
        let number = *self.number_of[usize::from(term & BULKY != 0)].entry(term).or_insert(fresh);
        self.numbers += u32::from(number == fresh);
        number
    }

    fn number_plan(&mut self, hours: Hours) -> u32 {
        if let Some((_, number)) = self.plans.iter().find(|(known, _)| *known == hours) {
            return *number;
        }
        let number = self.numbers;
        self.numbers += 1;
        self.plans.push((hours, number));
        number
    }

    fn number_safety(&mut self, safety: &BrandSafety) -> u64 {
        let place = self.safety.iter().position(|known| known == safety);
        place.unwrap_or_else(|| {
            self.safety.push(safety.clone());
            self.safety.len() - 1
        }) as u64
    }

    /// Notes when a campaign's flight comes in and ends, as far as that lies ahead.
    fn take_turns(&mut self, campaign: CampaignIx, comes_in: Timestamp, end: Option<Timestamp>) {
        for at in [Some(comes_in), end].into_iter().flatten() {
            if at > self.turned {
                let waiting = self.turns.entry(at).or_default();
                if waiting.last() != Some(&campaign) {
                    waiting.push(campaign);
                }
            }
        }
    }

    /// Lets time pass; returns the campaigns of the next moment at which flights began or ended, `None` after the last.
    pub(super) fn turn(&mut self, now: Timestamp) -> Option<Vec<CampaignIx>> {
        self.turned = self.turned.max(now);
        let entry = self.turns.first_entry().filter(|entry| *entry.key() <= now)?;
        Some(entry.remove())
    }

    /// Notes whether a campaign can pay; tells whether that is news.
    pub(super) fn set_exhausted(&mut self, campaign: CampaignIx, exhausted: bool) -> bool {
        if exhausted { self.exhausted.insert(campaign) } else { self.exhausted.remove(&campaign) }
    }

    pub(super) fn set_killed(&mut self, creative: CreativeIx, killed: bool) {
        if let Some(filed) = self.filed.get_mut(creative.get()).and_then(Option::as_mut) {
            filed.killed = killed;
        }
    }

    /// Tells whether a campaign can pay and its flight has come near and not passed.
    pub(super) fn is_live(&self, campaign: CampaignIx) -> bool {
        let Some(held) = self.held.get(campaign.get()) else { return false };
        let in_time = held.start <= self.turned + AHEAD && held.end.is_none_or(|end| self.turned < end);
        in_time && !self.exhausted.contains(&campaign)
    }

    /// Returns a campaign's ads that are filed.
    pub(super) fn ads_of(&self, campaign: CampaignIx) -> &[CreativeIx] {
        self.held.get(campaign.get()).map_or(&[], |held| &held.ads)
    }
}
