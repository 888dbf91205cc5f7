//! Hearing what the agents in service are told, so that agents placed elsewhere learn the same.

use motet_agent::{AgentName, Observation, Tick};

use motet_policy::PolicySet;

use crate::Engine;

/// Hears what the agents of the crew in service are told, in that order. No part of the state: it changes nothing that
/// is decided or learned here.
pub trait Listener: Send {
    /// Something happened.
    fn observed(&mut self, observation: &Observation<'_>);

    /// A control tick.
    fn ticked(&mut self, tick: &Tick<'_>);

    /// Other policies were seated.
    fn steered(&mut self, policies: &PolicySet);

    /// The last control tick goes on with more campaigns.
    fn ticked_on(&mut self, tick: &Tick<'_>);
}

impl Engine {
    /// Puts somebody beside the agents in service who hears what they are told; in place of the one before.
    pub fn listen(&mut self, listener: Box<dyn Listener>) {
        self.crews.listen(Some(listener));
    }

    /// Returns what an agent in service has learned, in the form it takes back ([`motet_agent::Agent::restore`]).
    pub fn learned(&self, agent: AgentName) -> Vec<u8> {
        self.crews.save_one(agent)
    }
}
