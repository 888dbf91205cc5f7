//! Who only pretends to listen.

use motet_model::request::AdRequest;
use motet_units::Span;

use super::{Conditions, Visit, World};
use crate::scenario::{Attack, Scenario};

/// The attacks of a world.
#[derive(Clone, Debug)]
pub struct Fraudsters {
    attacks: Vec<Attack>,
    seed: u64,
}

/// What an attack does with an ad it was served. A bot never converts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Response {
    /// Whether an impression is reported.
    pub renders: bool,
    /// How long after the impression a click is reported, if one is.
    pub click: Option<Span>,
}

impl Fraudsters {
    /// Prepares the attacks of a scenario.
    pub fn new(scenario: &Scenario, seed: u64) -> Self {
        Self { attacks: scenario.fraud.clone(), seed }
    }

    /// Tells whether there are no attacks.
    pub fn is_empty(&self) -> bool {
        self.attacks.is_empty()
    }

    /// Draws the requests that attacks make in a slice.
    pub fn arrivals(&self, _world: &World, _slice: u64, _conditions: &Conditions, _visits: &mut Vec<Visit>) {}

    /// Writes an attack's own traces into a request made for one of its visits.
    pub fn disguise(&self, _world: &World, _visit: &Visit, _request: &mut AdRequest) {}

    /// Returns what an attack does with an ad it was served.
    pub fn respond(&self, _world: &World, visit: &Visit, _imp: u16) -> Response {
        let _ = (self.seed, visit.attack);
        Response { renders: true, click: None }
    }

    /// Returns an attack by its place in the scenario.
    pub fn attack(&self, place: u16) -> &Attack {
        &self.attacks[usize::from(place)]
    }
}
