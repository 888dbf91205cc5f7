//! A new order of the slots, made a few ads at a time beside the arrangement in service.
//!
//! First every ad is weighed: its prior, by the model of that moment, goes into a sorted queue. Then the ads leave the
//! queue, best first, into a new arrangement. Ads that are put again after they had their place come last, as they do in
//! the arrangement in service. Each step is counted in ads and taken on events alone, so the same events make the same order; an order
//! half made is part of what is saved.

use std::{cmp::Reverse, collections::BTreeSet};

use motet_model::ids::CreativeIx;
use serde::{Deserialize, Serialize};

use super::{arrangement::Arrangement, files::Files};

/// A new order half made.
#[derive(Clone, Debug, Default)]
pub(super) struct Reordering {
    /// The first ad that was not weighed.
    weighed: u32,
    /// Weighed and not placed.
    queue: BTreeSet<(Reverse<i64>, CreativeIx)>,
    next: Arrangement,
    /// How many slots at the front are in order, once the queue is through.
    ordered: Option<u32>,
    /// Put meanwhile.
    late: Vec<CreativeIx>,
    /// How many of these are placed.
    placed_late: u32,
}

/// The same as it is saved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct SavedReordering {
    weighed: u32,
    queue: Vec<(i64, CreativeIx)>,
    slots: Vec<Option<CreativeIx>>,
    ordered: Option<u32>,
    late: Vec<CreativeIx>,
    placed_late: u32,
}

impl SavedReordering {
    pub(super) fn ads(&self) -> impl Iterator<Item = CreativeIx> {
        let queued = self.queue.iter().map(|(_, creative)| *creative);
        queued.chain(self.slots.iter().flatten().copied()).chain(self.late.iter().copied())
    }
}

impl Reordering {
    /// Begins with an empty arrangement.
    pub(super) fn begin(next: Arrangement) -> Self {
        Self { next, ..Self::default() }
    }

    /// Returns the arrangement as far as it is made.
    pub(super) const fn arrangement(&mut self) -> &mut Arrangement {
        &mut self.next
    }

    /// Takes an ad that was put meanwhile.
    pub(super) fn add(&mut self, creative: CreativeIx) {
        self.late.push(creative);
    }

    /// Takes the next steps, at most so many; tells whether the order is complete.
    pub(super) fn advance(
        &mut self,
        steps: u32,
        files: &Files,
        mut prior: impl FnMut(CreativeIx) -> i64,
    ) -> bool {
        for _ in 0..steps {
            if self.weighed < files.len() {
                let creative = CreativeIx(self.weighed);
                self.weighed += 1;
                if files.is_filed(creative) {
                    self.queue.insert((Reverse(prior(creative)), creative));
                }
            } else if let Some((_, creative)) = self.queue.pop_first() {
                self.place(creative, files);
            } else {
                self.ordered.get_or_insert(self.next.slots().len() as u32);
                let Some(creative) = self.late.get(self.placed_late as usize) else { return true };
                self.placed_late += 1;
                self.place(*creative, files);
            }
        }
        false
    }

    /// Gives an ad its slot, unless it is gone or has one.
    fn place(&mut self, creative: CreativeIx, files: &Files) {
        if files.is_filed(creative) && self.next.slot(creative).is_none() {
            self.next.append(creative, files);
        }
    }

    /// Returns the arrangement, and how many of its slots are in order.
    pub(super) fn finish(self) -> (Arrangement, u32) {
        (self.next, self.ordered.unwrap_or(0))
    }

    pub(super) fn save(&self) -> SavedReordering {
        SavedReordering {
            weighed: self.weighed,
            queue: self.queue.iter().map(|(Reverse(prior), creative)| (*prior, *creative)).collect(),
            slots: self.next.slots().to_vec(),
            ordered: self.ordered,
            late: self.late.clone(),
            placed_late: self.placed_late,
        }
    }

    /// Takes back what was saved.
    pub(super) fn restore(saved: SavedReordering, files: &Files) -> Self {
        let mut next = Arrangement::default();
        for slot in saved.slots {
            match slot {
                Some(creative) => next.append(creative, files),
                None => next.append_dead(),
            }
        }
        Self {
            weighed: saved.weighed,
            queue: saved.queue.into_iter().map(|(prior, creative)| (Reverse(prior), creative)).collect(),
            next,
            ordered: saved.ordered,
            late: saved.late,
            placed_late: saved.placed_late,
        }
    }
}
