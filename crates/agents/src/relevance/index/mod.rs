//! The targeting index: which ads could answer a request, found without looking at each.
//!
//! Every ad (a creative of a campaign) has a slot. For each value of each dimension there is the set of slots that
//! ask for it or have it; where an ad that asks for nothing takes everything, such ads form a set of their own. A
//! request is a handful of set operations over blocks of 1,024 slots, worked out only as far as needed.
//!
//! Slots stand in the order of what an ad is expected to bring (its prior), so the first that answer are the ones
//! wanted and a search stops early. New and changed ads go to the end and their old slots are dead; the order is
//! made anew when too many are dead or unordered, or when enough was learned (see [`Index::wants_order`]).
//!
//! The index decides nothing alone: what it finds is checked with `Targeting::admits` and `eligibility::fit`, and a
//! test holds it to finding exactly what a scan with these two finds. `present` holds ads that run, `live` those
//! of them that can pay and whose flight has not passed.
//!
//! Edge cases: a removed campaign stays in `present` until the next tick, the exact check leaves it out meanwhile;
//! a flight that begins more than a day ahead comes in by [`Index::turn`], which runs with every decision.

mod bits;
mod query;
mod terms;

use std::collections::{BTreeMap, BTreeSet};

use motet_model::{
    campaign::{BrandSafety, Campaign, UnknownUser},
    catalog::Catalog,
    ids::{CampaignIx, CreativeIx},
    request::MediaKind,
    targeting::Ancestors,
};
use motet_units::{Span, Timestamp};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use bits::{Bits, Posting, SLOTS};
pub(super) use query::{Asked, Counted, Query};
use terms::{Hours, Term, WISHES, Wish};

/// How far ahead of its flight an ad is let into the index.
const AHEAD: Span = Span::from_secs(86_400);

/// Whether a search goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Search {
    Continue,
    Stop,
}

/// What the index needs to be made again: saved, the rest follows from the catalog.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Order {
    /// The ads by slot; `None` where the slot is dead.
    pub(super) slots: Vec<Option<CreativeIx>>,
    /// How many slots at the front were put in order.
    pub(super) ordered: u32,
    /// Campaigns that cannot pay.
    pub(super) exhausted: BTreeSet<CampaignIx>,
    /// The latest moment told.
    pub(super) turned: Timestamp,
}

/// Which ads could answer a request.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    order: Order,
    slot_of: Vec<u32>,
    dead: u32,
    /// Where each term's posting is: the bulky terms apart from the others.
    number_of: [FxHashMap<Term, u32>; 2],
    postings: Vec<Posting>,
    /// By slot: the numbers of the postings it is in, and which wishes it states.
    filed: Vec<(Box<[u32]>, u16)>,
    easy: [Bits; WISHES],
    wishers: [u32; WISHES],
    present: Bits,
    live: Bits,
    killed: Bits,
    needs_user: Bits,
    safety: Vec<BrandSafety>,
    /// Every distinct plan of the week with its posting. A request looks at each, so plans cost by their number.
    plans: Vec<(Hours, u32)>,
    refuses: [bool; 3],
    durations: BTreeSet<(MediaKind, u32)>,
    /// By campaign: its flight and the slots of its ads.
    held: Vec<Held>,
    /// Moments at which flights begin or end, with the campaigns.
    turns: BTreeMap<Timestamp, Vec<CampaignIx>>,
}

/// What is held of a campaign, so that budgets and flights turn without a catalog at hand.
#[derive(Clone, Debug, Default)]
struct Held {
    start: Timestamp,
    end: Option<Timestamp>,
    slots: SmallVec<[u32; 4]>,
}

const NOWHERE: u32 = u32::MAX;

impl Index {
    /// Makes the index again from what was saved of it.
    pub(super) fn restore(order: Order, catalog: &Catalog, parent: Ancestors) -> Self {
        let (slots, ordered) = (order.slots, order.ordered);
        let mut index = Self { order: Order { slots: Vec::new(), ordered, ..order }, ..Self::default() };
        for slot in slots {
            match slot.filter(|ix| ix.get() < catalog.creatives().len()) {
                Some(ix) => index.append(ix, catalog, parent),
                None => index.append_dead(),
            }
        }
        index
    }

    /// Returns what has to be saved.
    pub(super) const fn order(&self) -> &Order {
        &self.order
    }

    /// Returns how many slots there are, dead ones too.
    pub(super) fn slots(&self) -> u32 {
        self.order.slots.len() as u32
    }

    /// Returns the share of slots that are dead.
    pub(super) fn dead_share(&self) -> f64 {
        f64::from(self.dead) / f64::from(self.slots().max(1))
    }

    /// Returns the ad in a slot.
    pub(super) fn creative(&self, slot: u32) -> Option<CreativeIx> {
        self.order.slots.get(slot as usize).copied().flatten()
    }

    /// Tells whether a campaign cannot pay.
    pub(super) fn is_exhausted(&self, campaign: CampaignIx) -> bool {
        self.order.exhausted.contains(&campaign)
    }

    /// Tells whether the order should be made anew: a quarter of the slots is dead, or stands unordered at the end.
    pub(super) fn wants_order(&self) -> bool {
        let unordered = self.slots() - self.order.ordered.min(self.slots());
        4 * self.dead.max(unordered) > self.slots()
    }

    fn append_dead(&mut self) {
        self.order.slots.push(None);
        self.filed.push((Box::default(), 0));
        self.dead += 1;
    }

    /// Files an ad in a new slot at the end.
    fn append(&mut self, creative: CreativeIx, catalog: &Catalog, parent: Ancestors) {
        let entry = catalog.creative(creative);
        let campaign = catalog.campaign(entry.campaign);
        let advertiser = &catalog.advertiser(campaign.advertiser).advertiser;
        let safety = self.number_safety(&advertiser.brand_safety);
        let filing = terms::file(entry, campaign, advertiser, safety, parent);
        self.durations.extend(filing.duration);
        self.refuses.iter_mut().zip(filing.refuses).for_each(|(all, one)| *all |= one);
        let plan = filing.hours.map(|hours| self.number_plan(hours));
        let terms = filing.terms.iter().map(|term| self.number_term(*term)).collect::<SmallVec<[u32; 32]>>();
        let filed = terms.into_iter().chain(plan).collect();
        self.filed.push((filed, filing.wished));
        self.order.slots.push(Some(creative));
        self.take_turns(entry.campaign, catalog);
        self.fill(self.slots() - 1, creative, catalog);
    }

    fn number_term(&mut self, term: Term) -> u32 {
        let fresh = self.postings.len() as u32;
        let apart = usize::from(term & terms::BULKY != 0);
        let number = *self.number_of[apart].entry(term).or_insert(fresh);
        if number == fresh {
            self.postings.push(Posting::default());
        }
        number
    }

    fn number_plan(&mut self, hours: Hours) -> u32 {
        if let Some((_, number)) = self.plans.iter().find(|(known, _)| *known == hours) {
            return *number;
        }
        let number = self.postings.len() as u32;
        self.postings.push(Posting::default());
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

    /// Notes when a campaign's flight begins and ends, as far as that lies ahead.
    fn take_turns(&mut self, campaign: CampaignIx, catalog: &Catalog) {
        let flight = catalog.campaign(campaign).campaign.flight;
        for at in [Some(flight.start - AHEAD), flight.end].into_iter().flatten() {
            if at > self.order.turned {
                let waiting = self.turns.entry(at).or_default();
                if waiting.last() != Some(&campaign) {
                    waiting.push(campaign);
                }
            }
        }
    }

    /// Puts a filed slot into every set it belongs to.
    fn fill(&mut self, slot: u32, creative: CreativeIx, catalog: &Catalog) {
        let (filed, wished) = &self.filed[slot as usize];
        for number in filed {
            self.postings[*number as usize].push(slot);
        }
        for wish in Wish::ALL {
            let place = wish as usize;
            let states = wished >> place & 1;
            self.wishers[place] += u32::from(states);
            if states == 0 {
                self.easy[place].set(slot);
            }
        }
        let ix = creative.get();
        if ix >= self.slot_of.len() {
            self.slot_of.resize(ix + 1, NOWHERE);
        }
        self.slot_of[ix] = slot;
        let campaign = catalog.creative(creative).campaign;
        let Campaign { flight, frequency, .. } = &catalog.campaign(campaign).campaign;
        if campaign.get() >= self.held.len() {
            self.held.resize_with(campaign.get() + 1, Held::default);
        }
        let held = &mut self.held[campaign.get()];
        (held.start, held.end) = (flight.start, flight.end);
        held.slots.push(slot);
        self.needs_user.put(slot, frequency.is_some_and(|cap| cap.unknown_user == UnknownUser::Skip));
        self.killed.put(slot, catalog.is_killed(creative));
        self.present.set(slot);
        self.refresh(campaign);
    }

    /// Works out anew whether a campaign's slots are live.
    fn refresh(&mut self, campaign: CampaignIx) {
        let exhausted = self.is_exhausted(campaign);
        let Some(held) = self.held.get(campaign.get()) else { return };
        let now = self.order.turned;
        let in_time = held.start <= now + AHEAD && held.end.is_none_or(|end| now < end);
        for slot in &held.slots {
            self.live.put(*slot, in_time && !exhausted);
        }
    }

    fn slot(&self, creative: CreativeIx) -> Option<u32> {
        self.slot_of.get(creative.get()).copied().filter(|slot| *slot != NOWHERE)
    }

    /// Takes an ad out.
    pub(super) fn remove(&mut self, creative: CreativeIx, catalog: &Catalog) {
        let Some(slot) = self.slot(creative) else { return };
        self.slot_of[creative.get()] = NOWHERE;
        if let Some(held) = self.held.get_mut(catalog.creative(creative).campaign.get()) {
            held.slots.retain(|other| *other != slot);
        }
        self.order.slots[slot as usize] = None;
        self.present.clear(slot);
        self.live.clear(slot);
        self.dead += 1;
    }

    /// Files an ad anew after it or its owners changed; one that does not run is only taken out.
    pub(super) fn put(&mut self, creative: CreativeIx, catalog: &Catalog, parent: Ancestors) {
        self.remove(creative, catalog);
        if catalog.is_running(creative) {
            self.append(creative, catalog, parent);
        }
    }

    /// Takes out whatever was removed from the catalog.
    pub(super) fn sweep(&mut self, catalog: &Catalog) {
        let gone = |ix: &CreativeIx| !catalog.is_running(*ix);
        let removed: Vec<_> = self.order.slots.iter().flatten().copied().filter(gone).collect();
        for creative in removed {
            self.remove(creative, catalog);
        }
    }

    /// Works out anew which of a campaign's ads kill switches name.
    pub(super) fn refresh_switches(&mut self, campaign: CampaignIx, catalog: &Catalog) {
        for creative in &catalog.campaign(campaign).creatives {
            if let Some(slot) = self.slot(*creative) {
                self.killed.put(slot, catalog.is_killed(*creative));
            }
        }
    }

    /// Notes whether a campaign can pay.
    pub(super) fn set_exhausted(&mut self, campaign: CampaignIx, exhausted: bool) {
        let changed = if exhausted {
            self.order.exhausted.insert(campaign)
        } else {
            self.order.exhausted.remove(&campaign)
        };
        if changed {
            self.refresh(campaign);
        }
    }

    /// Lets time pass: flights begin and end.
    pub(super) fn turn(&mut self, now: Timestamp) {
        self.order.turned = self.order.turned.max(now);
        while let Some(entry) = self.turns.first_entry().filter(|entry| *entry.key() <= now) {
            for campaign in entry.remove() {
                self.refresh(campaign);
            }
        }
    }

    /// Puts the slots in a new order. `prior` says what an ad is expected to bring; ties go to the older ad.
    pub(super) fn reorder(&mut self, catalog: &Catalog, mut prior: impl FnMut(CreativeIx) -> i64) {
        let mut places: Vec<(i64, CreativeIx, u32)> = self
            .order
            .slots
            .iter()
            .zip(0..)
            .filter_map(|(creative, slot)| creative.map(|ix| (prior(ix), ix, slot)))
            .collect();
        places.sort_unstable_by_key(|(prior, ix, _)| (std::cmp::Reverse(*prior), *ix));
        let mut filed = std::mem::take(&mut self.filed);
        self.empty();
        for (_, creative, slot) in places {
            self.filed.push(std::mem::take(&mut filed[slot as usize]));
            self.order.slots.push(Some(creative));
            self.fill(self.slots() - 1, creative, catalog);
        }
        self.order.ordered = self.slots();
    }

    fn empty(&mut self) {
        self.order.slots.clear();
        self.dead = 0;
        self.wishers = [0; WISHES];
        self.held.iter_mut().for_each(|held| held.slots.clear());
        self.postings.iter_mut().for_each(Posting::empty);
        let sets = [&mut self.present, &mut self.live, &mut self.killed, &mut self.needs_user];
        sets.into_iter().chain(&mut self.easy).for_each(Bits::empty);
    }

    /// Visits the slots that answer a query from `first` up to but not including `end`.
    pub(super) fn search(
        &self,
        query: &mut Query<'_>,
        first: u32,
        end: u32,
        mut visit: impl FnMut(u32, CreativeIx) -> Search,
    ) {
        let end = end.min(self.slots());
        if query.is_hopeless() || first >= end {
            return;
        }
        for block in first / SLOTS..=(end - 1) / SLOTS {
            let Some(answer) = query.block(block) else { continue };
            for (word, place) in answer.into_iter().zip(0..) {
                let mut left = word;
                while left != 0 {
                    let slot = block * SLOTS + place * 64 + left.trailing_zeros();
                    left &= left - 1;
                    if slot < first {
                        continue;
                    }
                    if slot >= end {
                        return;
                    }
                    let Some(creative) = self.creative(slot) else { continue };
                    if visit(slot, creative) == Search::Stop {
                        return;
                    }
                }
            }
        }
    }
}
