//! Decaying counts by key in a table of fixed size: how often a user, an address or a source was heard of lately.
//!
//! A key has four places it may stand in. When all are taken, the lowest count gives way, so that heavy keys,
//! which are the ones looked for, stay. Counts halve every `half_life`; the table never grows and its content
//! depends on nothing but what was counted.

use motet_units::{Span, Timestamp};
use serde::{Deserialize, Serialize};

const WAYS: usize = 4;

#[derive(Clone, Copy, Debug, PartialEq, Default, Serialize, Deserialize)]
struct Slot {
    key: u64,
    count: f64,
    at: Timestamp,
}

/// Counts by key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Counters {
    slots: Vec<Slot>,
    half_life: Span,
}

impl Counters {
    /// Makes a table of at least four places, rounded up to a power of two.
    pub(super) fn new(places: usize, half_life: Span) -> Self {
        let places = places.clamp(WAYS, 1 << 24).next_power_of_two();
        Self { slots: vec![Slot::default(); places], half_life }
    }

    fn set(&self, key: u64) -> std::ops::Range<usize> {
        let mixed = key.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let start = (mixed >> 20) as usize % (self.slots.len() / WAYS) * WAYS;
        start..start + WAYS
    }

    fn faded(&self, slot: Slot, now: Timestamp) -> f64 {
        let age = (now - slot.at).as_secs_f64().max(0.0) / self.half_life.as_secs_f64();
        slot.count * libm::exp2(-age)
    }

    /// Returns a key's count now.
    pub(super) fn count(&self, key: u64, now: Timestamp) -> f64 {
        let slots = &self.slots[self.set(key)];
        slots.iter().find(|s| s.key == key && s.count > 0.0).map_or(0.0, |slot| self.faded(*slot, now))
    }

    /// Adds to a key's count.
    pub(super) fn add(&mut self, key: u64, amount: f64, now: Timestamp) {
        let set = self.set(key);
        let known = set.clone().find(|place| self.slots[*place].key == key && self.slots[*place].count > 0.0);
        let place = known.unwrap_or_else(|| {
            let lowest = |a: &usize, b: &usize| {
                self.faded(self.slots[*a], now).total_cmp(&self.faded(self.slots[*b], now))
            };
            set.clone().min_by(lowest).unwrap_or(set.start)
        });
        let before = if known.is_some() { self.faded(self.slots[place], now) } else { 0.0 };
        self.slots[place] = Slot { key, count: before + amount, at: now };
    }

    /// Tells whether another table has this one's shape.
    pub(super) fn fits(&self, other: &Self) -> bool {
        self.slots.len() == other.slots.len() && self.half_life == other.half_life
    }
}
