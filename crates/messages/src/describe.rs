//! What agent a process is: the part of its card that whoever calls it needs, and how far it has come.

use motet_agent::{AgentCard, AgentName, Intent};
use motet_policy::Number;

use crate::{Error, proto, wire::Wire};

/// What agent a process is.
#[derive(Clone, Debug, PartialEq)]
pub struct Description {
    /// Which agent.
    pub agent: AgentName,
    /// The card's version.
    pub version: u32,
    /// What it may ask for.
    pub intents: Vec<Intent>,
    /// What its policy reads.
    pub observation: Vec<Number>,
    /// What its policy moves.
    pub action: Vec<Number>,
    /// The policy in service, as `name@version`.
    pub policy_version: String,
    /// The program it runs in.
    pub program_version: String,
    /// How far its feed has come.
    pub sequence: u64,
}

crate::wire::records! {
    Description => Description {
        [agent, version, intents, observation, action, policy_version, program_version, sequence]
        []
        []
    }
}

impl Description {
    /// Describes the agent of a card.
    pub fn of(card: &AgentCard, policy_version: &str, program_version: &str, sequence: u64) -> Self {
        Self {
            agent: card.name,
            version: card.version,
            intents: card.intents.to_vec(),
            observation: card.observation_numbers(),
            action: card.action_numbers(),
            policy_version: policy_version.to_owned(),
            program_version: program_version.to_owned(),
            sequence,
        }
    }

    /// Makes the message.
    pub fn to_proto(&self) -> proto::Description {
        self.put()
    }

    /// Reads the message.
    ///
    /// # Errors
    /// What is wrong with it, by field.
    pub fn from_proto(message: proto::Description) -> Result<Self, Error> {
        Wire::take(message, "Description")
    }
}
