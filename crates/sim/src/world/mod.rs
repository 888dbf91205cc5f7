//! A world: a scenario drawn under a seed.

pub(crate) mod addresses;
pub mod campaigns;
pub mod fraud;
pub mod listeners;
pub mod outcomes;
pub mod publishers;
pub mod rivals;
pub mod shocks;
pub mod topics;
mod visits;

use motet_units::{Span, Timestamp};

use self::{campaigns::Campaigns, fraud::Fraudsters, listeners::Population, publishers::Place};
pub use self::{shocks::Conditions, visits::Visit};
use crate::{
    dist::Alias,
    scenario::{Publisher, Scenario},
};

/// A scenario drawn under a seed. It does not change during a run.
#[derive(Clone, Debug)]
pub struct World {
    /// What it was drawn from.
    pub scenario: Scenario,
    /// The seed.
    pub seed: u64,
    /// Who listens.
    pub population: Population,
    /// Where.
    pub places: Vec<Place>,
    /// What is advertised.
    pub campaigns: Campaigns,
    /// Who only pretends to listen.
    pub fraud: Fraudsters,
    /// What part of the scenario's budgets is at hand here, in (0, 1].
    pub budget_share: f64,
    by_share: Alias,
    week: Vec<f64>,
    begins: Timestamp,
}

impl World {
    /// Draws a world.
    pub fn new(scenario: &Scenario, seed: u64) -> Self {
        Self::with_budgets(scenario, seed, 1.0)
    }

    /// Draws a world in which every budget, our campaigns' and the rivals', is a share of the scenario's: one side of a
    /// budget split.
    pub fn with_budgets(scenario: &Scenario, seed: u64, budget_share: f64) -> Self {
        let (places, shares) = publishers::places(scenario);
        Self {
            population: Population::new(scenario, seed),
            campaigns: Campaigns::new(scenario, seed, budget_share),
            fraud: Fraudsters::new(scenario, seed),
            by_share: Alias::new(&shares),
            week: scenario.listeners.traffic.week(),
            begins: scenario.begins(),
            scenario: scenario.clone(),
            places,
            seed,
            budget_share,
        }
    }

    /// Returns the first moment.
    pub const fn begins(&self) -> Timestamp {
        self.begins
    }

    /// Returns the world clock's offset from UTC.
    pub fn utc_offset(&self) -> Span {
        Span::from_secs(i64::from(self.scenario.utc_offset_minutes) * 60)
    }

    /// Returns what a scenario says of a publisher.
    pub fn publisher(&self, publisher: u16) -> &Publisher {
        &self.scenario.publishers[usize::from(self.places[usize::from(publisher)].spec)]
    }

    /// Returns the weights of the 168 hours of a week, with mean 1.
    pub fn week(&self) -> &[f64] {
        &self.week
    }
}
