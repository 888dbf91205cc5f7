//! What trainings of the same worlds need not play twice: the worlds under the fixed policies and the baseline.

use std::sync::Arc;

use super::Training;
use crate::Control;

/// What the fixed policies and the baseline brought in a training's worlds. No learner has a part in it, so one training may
/// build on what another played; results are the same without.
#[derive(Clone, Debug)]
pub struct Groundwork {
    of: Ground,
    controls: Option<(f64, f64)>,
    pool: Vec<Option<Arc<Control>>>,
}

/// What decides which worlds are played, and for how long.
#[derive(Clone, Debug, PartialEq)]
struct Ground {
    scenario: String,
    seed: u64,
    share: f64,
    /// Days, pool, validation worlds.
    counts: [u32; 3],
}

impl Training {
    fn ground(&self) -> Ground {
        let config = &self.book.config;
        Ground {
            scenario: self.book.scenario.clone(),
            seed: config.seed,
            share: config.share,
            counts: [config.days, config.pool, config.validation_worlds],
        }
    }

    /// Returns what was played so far that another training may build on.
    pub fn groundwork(&self) -> Groundwork {
        Groundwork { of: self.ground(), controls: self.book.controls, pool: self.book.pool.clone() }
    }

    /// Takes over what another training of the same worlds has played; nothing where worlds differ.
    pub fn build_on(&mut self, work: &Groundwork) {
        if work.of != self.ground() {
            return;
        }
        self.book.controls = self.book.controls.or(work.controls);
        self.book.pool.resize(self.book.config.pool as usize, None);
        for (own, played) in self.book.pool.iter_mut().zip(&work.pool) {
            if own.is_none() {
                own.clone_from(played);
            }
        }
    }
}
