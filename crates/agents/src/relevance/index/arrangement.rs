//! One arrangement of the ads: who stands in which slot, and the sets of slots that queries are answered from.

use motet_model::ids::CreativeIx;

use super::{
    bits::{Bits, Posting},
    files::Files,
    terms::{WISHES, Wish},
};

const NOWHERE: u32 = u32::MAX;

/// An arrangement. It grows at its end; a slot once dead stays so.
#[derive(Clone, Debug, Default)]
pub(super) struct Arrangement {
    slots: Vec<Option<CreativeIx>>,
    slot_of: Vec<u32>,
    dead: u32,
    postings: Vec<Posting>,
    easy: [Bits; WISHES],
    wishers: [u32; WISHES],
    /// Ads that run.
    present: Bits,
    /// Those of them that can pay and whose flight has not passed.
    live: Bits,
    killed: Bits,
    needs_user: Bits,
}

impl Arrangement {
    pub(super) fn slots(&self) -> &[Option<CreativeIx>] {
        &self.slots
    }

    pub(super) const fn dead(&self) -> u32 {
        self.dead
    }

    pub(super) const fn present(&self) -> &Bits {
        &self.present
    }

    pub(super) const fn live(&self) -> &Bits {
        &self.live
    }

    pub(super) const fn killed(&self) -> &Bits {
        &self.killed
    }

    pub(super) const fn needs_user(&self) -> &Bits {
        &self.needs_user
    }

    /// Returns the posting of a number; `None` while no ad here is in it.
    pub(super) fn posting(&self, number: u32) -> Option<&Posting> {
        self.postings.get(number as usize)
    }

    /// Returns the ads that state nothing in a dimension; `None` where all state nothing.
    pub(super) fn easy(&self, wish: Wish) -> Option<&Bits> {
        (self.wishers[wish as usize] > 0).then(|| &self.easy[wish as usize])
    }

    /// Returns an ad's slot.
    pub(super) fn slot(&self, creative: CreativeIx) -> Option<u32> {
        self.slot_of.get(creative.get()).copied().filter(|slot| *slot != NOWHERE)
    }

    pub(super) fn append_dead(&mut self) {
        self.slots.push(None);
        self.dead += 1;
    }

    /// Puts an ad that is filed into a new slot at the end, and into every set it belongs to.
    pub(super) fn append(&mut self, creative: CreativeIx, files: &Files) {
        let Some(filed) = files.filed(creative) else { return self.append_dead() };
        let slot = self.slots.len() as u32;
        for number in &filed.numbers {
            let number = *number as usize;
            if number >= self.postings.len() {
                self.postings.resize_with(number + 1, Posting::default);
            }
            self.postings[number].push(slot);
        }
        for wish in Wish::ALL {
            let place = wish as usize;
            let states = filed.wished >> place & 1;
            self.wishers[place] += u32::from(states);
            if states == 0 {
                self.easy[place].set(slot);
            }
        }
        if creative.get() >= self.slot_of.len() {
            self.slot_of.resize(creative.get() + 1, NOWHERE);
        }
        self.slot_of[creative.get()] = slot;
        self.slots.push(Some(creative));
        self.needs_user.put(slot, filed.needs_user);
        self.killed.put(slot, filed.killed);
        self.present.set(slot);
        self.live.put(slot, files.is_live(filed.campaign));
    }

    /// Takes an ad out; its slot stays behind, dead.
    pub(super) fn remove(&mut self, creative: CreativeIx) {
        let Some(slot) = self.slot(creative) else { return };
        self.slot_of[creative.get()] = NOWHERE;
        self.slots[slot as usize] = None;
        self.present.clear(slot);
        self.live.clear(slot);
        self.dead += 1;
    }

    pub(super) fn set_live(&mut self, creative: CreativeIx, live: bool) {
        if let Some(slot) = self.slot(creative) {
            self.live.put(slot, live);
        }
    }

    pub(super) fn set_killed(&mut self, creative: CreativeIx, killed: bool) {
        if let Some(slot) = self.slot(creative) {
            self.killed.put(slot, killed);
        }
    }

    /// Takes everyone out and keeps the memory.
    pub(super) fn empty(&mut self) {
        self.slots.clear();
        self.slot_of.clear();
        self.dead = 0;
        self.wishers = [0; WISHES];
        self.postings.iter_mut().for_each(Posting::empty);
        let sets = [&mut self.present, &mut self.live, &mut self.killed, &mut self.needs_user];
        sets.into_iter().chain(&mut self.easy).for_each(Bits::empty);
    }
}
