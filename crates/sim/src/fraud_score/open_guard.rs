//! A guard that lets everything pass: the control that a guard's score is read against.

use motet_agent::{Agent, AgentCard, AgentName, Ask, Observation, Proposal, Sight, Tick, View};
use motet_agents::guard;
use motet_model::catalog::Catalog;

/// Clears every request and filters nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct OpenGuard;

impl Agent for OpenGuard {
    fn card(&self) -> &'static AgentCard {
        &guard::CARD
    }

    fn policy_version(&self) -> &'static str {
        "guard-open@1"
    }

    fn propose(&self, view: &View<'_>, proposals: &mut Vec<Proposal>) {
        if let Sight::Guard(_) = view.sight {
            proposals.push(Proposal { agent: AgentName::Guard, ask: Ask::Clear });
        }
    }

    fn observe(&mut self, _observation: &Observation<'_>) {}

    fn control(&mut self, _tick: &Tick<'_>) {}

    fn save(&self) -> Vec<u8> {
        Vec::new()
    }

    fn restore(&mut self, _state: &[u8], _catalog: &Catalog) -> Result<(), String> {
        Ok(())
    }
}
