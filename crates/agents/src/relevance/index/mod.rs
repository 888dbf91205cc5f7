//! The targeting index: which ads could answer a request, found without looking at each.
//!
//! Every ad (a creative of a campaign) has a slot. For each value of each dimension there is the set of slots that
//! ask for it or have it; where an ad that asks for nothing takes everything, such ads form a set of their own. A
//! request is a handful of set operations over blocks of 1,024 slots, worked out only as far as needed.
//!
//! Slots stand in the order of what an ad is expected to bring (its prior), so the first that answer are the ones
//! wanted and a search stops early. New and changed ads go to the end and their old slots are dead; the order is
//! made anew when too many are dead or unordered, or when enough was learned (see [`Index::wants_order`]). That is
//! done beside the arrangement in service, a few ads at a time (`reorder`), so that no decision waits for it.
//!
//! The index decides nothing alone: what it finds is checked with `Targeting::admits` and `eligibility::fit`, and a
//! test holds it to finding exactly what a scan with these two finds. `present` holds ads that run, `live` those
//! of them that can pay and whose flight has not passed.
//!
//! Edge cases: a removed campaign stays in `present` until the next tick, the exact check leaves it out meanwhile;
//! a flight that begins more than a day ahead comes in by [`Index::turn`], which runs with every decision.

mod arrangement;
mod bits;
mod files;
mod query;
mod reorder;
mod terms;

use std::collections::BTreeSet;

use motet_model::{
    catalog::Catalog,
    ids::{CampaignIx, CreativeIx},
    targeting::Ancestors,
};
use motet_units::Timestamp;
use serde::{Deserialize, Serialize};

use arrangement::Arrangement;
use bits::SLOTS;
use files::Files;
pub(super) use query::{Asked, Counted, Query};
use reorder::{Reordering, SavedReordering};

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
    ordered: u32,
    /// Campaigns that cannot pay.
    exhausted: BTreeSet<CampaignIx>,
    /// The latest moment told.
    turned: Timestamp,
    /// The new order that is being made.
    reordering: Option<SavedReordering>,
}

impl Order {
    /// Iterates over the ads it names.
    pub(super) fn ads(&self) -> impl Iterator<Item = CreativeIx> {
        let of_next = self.reordering.iter().flat_map(SavedReordering::ads);
        self.slots.iter().flatten().copied().chain(of_next)
    }
}

/// Which ads could answer a request.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    files: Files,
    /// The arrangement in service.
    serving: Arrangement,
    /// How many slots at the front of it were put in order.
    ordered: u32,
    /// The one being made.
    next: Option<Reordering>,
    /// An arrangement that served before: its memory is used again for the next.
    spare: Arrangement,
}

impl Index {
    /// Makes the index again from what was saved of it.
    pub(super) fn restore(order: Order, catalog: &Catalog, parent: Ancestors) -> Self {
        let mut index = Self { ordered: order.ordered, ..Self::default() };
        index.files.restore(order.exhausted, order.turned);
        for slot in order.slots {
            match slot.filter(|ix| ix.get() < catalog.creatives().len()) {
                Some(ix) => {
                    index.files.file(ix, catalog, parent);
                    index.serving.append(ix, &index.files);
                }
                None => index.serving.append_dead(),
            }
        }
        index.next = order.reordering.map(|saved| Reordering::restore(saved, &index.files));
        index
    }

    /// Returns what has to be saved.
    pub(super) fn order(&self) -> Order {
        Order {
            slots: self.serving.slots().to_vec(),
            ordered: self.ordered,
            exhausted: self.files.exhausted().clone(),
            turned: self.files.turned(),
            reordering: self.next.as_ref().map(Reordering::save),
        }
    }

    /// Returns how many slots there are, dead ones too.
    pub(super) fn slots(&self) -> u32 {
        self.serving.slots().len() as u32
    }

    /// Returns the share of slots that are dead.
    pub(super) fn dead_share(&self) -> f64 {
        f64::from(self.serving.dead()) / f64::from(self.slots().max(1))
    }

    /// Tells whether a campaign cannot pay.
    pub(super) fn is_exhausted(&self, campaign: CampaignIx) -> bool {
        self.files.exhausted().contains(&campaign)
    }

    /// Tells whether the order should be made anew: a quarter of the slots is dead, or stands unordered at the end.
    pub(super) fn wants_order(&self) -> bool {
        let unordered = self.slots() - self.ordered.min(self.slots());
        4 * self.serving.dead().max(unordered) > self.slots()
    }

    /// Tells whether a new order is being made.
    pub(super) const fn is_reordering(&self) -> bool {
        self.next.is_some()
    }

    /// Begins a new order.
    pub(super) fn begin_reordering(&mut self) {
        self.next = Some(Reordering::begin(std::mem::take(&mut self.spare)));
    }

    /// Works on the new order, if one is being made, by at most so many ads. `prior` says what an ad is expected to
    /// bring; ties go to the older ad. When it is complete it goes into service.
    pub(super) fn reorder(&mut self, ads: u32, prior: impl FnMut(CreativeIx) -> i64) {
        let Some(next) = &mut self.next else { return };
        if !next.advance(ads, &self.files, prior) {
            return;
        }
        if let Some((arrangement, ordered)) = self.next.take().map(Reordering::finish) {
            self.spare = std::mem::replace(&mut self.serving, arrangement);
            self.spare.empty();
            self.ordered = ordered;
        }
    }

    /// Works out anew whether a campaign's ads are live.
    fn refresh(&mut self, campaign: CampaignIx) {
        let live = self.files.is_live(campaign);
        for creative in self.files.ads_of(campaign) {
            self.serving.set_live(*creative, live);
            if let Some(next) = &mut self.next {
                next.arrangement().set_live(*creative, live);
            }
        }
    }

    /// Takes an ad out.
    fn remove(&mut self, creative: CreativeIx) {
        self.files.unfile(creative);
        self.serving.remove(creative);
        if let Some(next) = &mut self.next {
            next.arrangement().remove(creative);
        }
    }

    /// Files an ad anew after it or its owners changed; one that does not run is only taken out.
    pub(super) fn put(&mut self, creative: CreativeIx, catalog: &Catalog, parent: Ancestors) {
        self.remove(creative);
        if !catalog.is_running(creative) {
            return;
        }
        let campaign = self.files.file(creative, catalog, parent);
        self.serving.append(creative, &self.files);
        if let Some(next) = &mut self.next {
            next.add(creative);
        }
        // The campaign's flight may have changed, and with it whether its other ads are live.
        self.refresh(campaign);
    }

    /// Takes out what was removed from the catalog among so many ads from a place on; returns the next place.
    pub(super) fn sweep(&mut self, from: u32, ads: u32, catalog: &Catalog) -> Option<u32> {
        let end = from.saturating_add(ads).min(self.files.len());
        for creative in (from..end).map(CreativeIx) {
            if self.files.is_filed(creative) && !catalog.is_running(creative) {
                self.remove(creative);
            }
        }
        (end < self.files.len()).then_some(end)
    }

    /// Works out anew which of a campaign's ads kill switches name.
    pub(super) fn refresh_switches(&mut self, campaign: CampaignIx, catalog: &Catalog) {
        for creative in &catalog.campaign(campaign).creatives {
            let killed = catalog.is_killed(*creative);
            self.files.set_killed(*creative, killed);
            self.serving.set_killed(*creative, killed);
            if let Some(next) = &mut self.next {
                next.arrangement().set_killed(*creative, killed);
            }
        }
    }

    /// Notes whether a campaign can pay.
    pub(super) fn set_exhausted(&mut self, campaign: CampaignIx, exhausted: bool) {
        if self.files.set_exhausted(campaign, exhausted) {
            self.refresh(campaign);
        }
    }

    /// Lets time pass: flights begin and end.
    pub(super) fn turn(&mut self, now: Timestamp) {
        while let Some(campaigns) = self.files.turn(now) {
            for campaign in campaigns {
                self.refresh(campaign);
            }
        }
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
                    let Some(creative) = self.serving.slots()[slot as usize] else { continue };
                    if visit(slot, creative) == Search::Stop {
                        return;
                    }
                }
            }
        }
    }
}
