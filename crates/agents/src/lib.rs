//! The six agents. Each has its own folder and card, sees only its own view, and never calls another.
//!
//! Start at an agent's `mod.rs`: the module says what it decides, why it is shaped so, and what it never does.
//! Cards are kept equal to `docs/agents/*.md` by a test.

pub mod bidder;
pub mod guard;
pub mod intent;
pub mod pacer;
pub mod relevance;
pub mod safety;

mod state;
mod users;

#[cfg(test)]
mod cards;
#[cfg(test)]
mod testing;

use motet_agent::AgentCard;
use motet_policy::{Error, Policy, Steering};

/// Seats a policy in the ranges of a card.
pub(crate) fn seat(policy: Box<dyn Policy>, card: &AgentCard) -> Result<Steering, Error> {
    let ranges = card.action.iter().map(|p| (p.least, p.most)).collect();
    Steering::build(policy, card.observation.len(), ranges)
}

/// Returns a card's default action.
pub(crate) fn defaults(card: &AgentCard) -> Vec<f64> {
    card.action.iter().map(|p| p.default).collect()
}
