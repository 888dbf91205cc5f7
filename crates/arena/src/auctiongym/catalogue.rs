//! What the advertisers have to show.

use motet_units::Chance;

use super::{AGENTS, CONTEXT, ITEMS, reference::ROWS};
use crate::chance::{even, normal};

/// One advertiser's items, one lane an item.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Shelf {
    pub(super) weights: [[f32; ITEMS]; CONTEXT],
    pub(super) intercepts: [f32; ITEMS],
    pub(super) values: [f32; ITEMS],
}

/// Every advertiser's items.
#[derive(Clone, Debug, PartialEq)]
pub struct Catalogue {
    pub(super) shelves: [Shelf; AGENTS],
}

impl Catalogue {
    /// Returns the catalogue of the published run (its configuration under seed 0).
    pub fn reference() -> Self {
        Self::of(|agent, item| ROWS[agent * ITEMS + item])
    }

    /// Draws a catalogue of the published distribution.
    pub fn drawn(seed: u64) -> Self {
        let chance = Chance::new(seed, 0);
        let mut weight = chance.stream("weights");
        let mut intercept = chance.stream("intercepts");
        let mut value = chance.stream("values");
        Self::of(|_, _| {
            let mut row = [0.0; CONTEXT + 2];
            row[..CONTEXT].fill_with(|| normal(&mut weight, 0.0, 1.0) as f32);
            row[CONTEXT] = even(&mut intercept, -4.0, -3.0) as f32;
            row[CONTEXT + 1] = libm::exp(normal(&mut value, 0.1, 0.2)) as f32;
            row
        })
    }

    fn of(mut row: impl FnMut(usize, usize) -> [f32; CONTEXT + 2]) -> Self {
        let mut shelf = |agent| {
            let mut shelf =
                Shelf { weights: [[0.0; ITEMS]; CONTEXT], intercepts: [0.0; ITEMS], values: [0.0; ITEMS] };
            for item in 0..ITEMS {
                let row = row(agent, item);
                for (weights, weight) in shelf.weights.iter_mut().zip(row) {
                    weights[item] = weight;
                }
                shelf.intercepts[item] = row[CONTEXT];
                shelf.values[item] = row[CONTEXT + 1];
            }
            shelf
        };
        Self { shelves: core::array::from_fn(&mut shelf) }
    }
}
