//! The policies of a team as plain data: what a policy folder holds and what the journal keeps of it.

use serde::{Deserialize, Serialize};

use crate::{
    Error, Fixed, Network, NetworkSpec, Number, Policy, Ranged, Table, TableSpec, number::MOST_NUMBERS,
};

/// The most agents a set may hold.
const MOST_AGENTS: usize = 32;

/// What a policy is made of. Actions are within -1 and 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Body {
    /// Always the same action.
    Constant(Vec<f64>),
    /// A look-up in a table.
    Table(TableSpec),
    /// A network.
    Network(NetworkSpec),
}

/// One agent's policy with what it reads and moves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AgentPolicy {
    /// The agent's name.
    pub agent: String,
    /// The policy's name and version, as `name@version`.
    pub version: String,
    /// What it reads, in order.
    pub observation: Vec<Number>,
    /// What it moves, in order.
    pub action: Vec<Number>,
    /// What it is made of.
    pub body: Body,
}

impl AgentPolicy {
    /// Builds the policy, its actions taken to the ranges it states.
    ///
    /// # Errors
    /// When its shape or numbers are wrong. Whether its agent reads and moves the same numbers is its agent's to check.
    pub fn build(&self) -> Result<Box<dyn Policy>, Error> {
        self.check_numbers()?;
        let (read, numbers) = (self.observation.clone(), self.action.clone());
        let (inputs, outputs) = self.shape();
        if (inputs, outputs) != (read.len(), numbers.len()) {
            return Err(Error::Shape { expected: (read.len(), numbers.len()), found: (inputs, outputs) });
        }
        Ok(match &self.body {
            Body::Constant(action) => {
                Box::new(Ranged::new(Fixed::new(&self.version, action.clone()), read, numbers))
            }
            Body::Table(spec) => Box::new(Ranged::new(Table::build(spec.clone())?, read, numbers)),
            Body::Network(spec) => {
                Box::new(Ranged::new(Network::build(&self.version, spec.clone())?, read, numbers))
            }
        })
    }

    /// Returns how many numbers it reads and moves.
    fn shape(&self) -> (usize, usize) {
        match &self.body {
            Body::Constant(action) => (self.observation.len(), action.len()),
            Body::Table(spec) => (spec.edges.len(), spec.actions.first().map_or(0, Vec::len)),
            Body::Network(spec) => (spec.inputs(), spec.outputs()),
        }
    }

    fn check_numbers(&self) -> Result<(), Error> {
        let count = self.observation.len().max(self.action.len());
        if count > MOST_NUMBERS {
            return Err(Error::Count { part: "observation or action", expected: MOST_NUMBERS, found: count });
        }
        for number in self.observation.iter().chain(&self.action) {
            let rising = number.least <= number.default && number.default <= number.most;
            if !rising || !number.least.is_finite() || !number.most.is_finite() {
                return Err(Error::Range { name: number.name.clone() });
            }
        }
        Ok(())
    }
}

/// The policies of a team, made together and changed together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PolicySet {
    /// The set's name and version, as `name@version`.
    pub version: String,
    /// One policy for each agent that has one; the others keep their fixed ones.
    pub agents: Vec<AgentPolicy>,
}

impl PolicySet {
    /// Returns the set under which every agent keeps its fixed policy.
    pub fn fixed() -> Self {
        Self { version: "fixed@1".to_owned(), agents: Vec::new() }
    }

    /// Checks that the set is whole: named, bounded, one policy an agent, each of a sound shape.
    ///
    /// # Errors
    /// What is wrong, with the agent's name.
    pub fn check(&self) -> Result<(), Error> {
        if self.version.is_empty() {
            return Err(Error::NoVersion);
        }
        if self.agents.len() > MOST_AGENTS {
            return Err(Error::Count { part: "agents", expected: MOST_AGENTS, found: self.agents.len() });
        }
        for (place, policy) in self.agents.iter().enumerate() {
            let of_agent = |error| Error::Agent { agent: policy.agent.clone(), error: Box::new(error) };
            if self.agents[..place].iter().any(|other| other.agent == policy.agent) {
                return Err(of_agent(Error::Twice));
            }
            policy.build().map_err(of_agent)?;
        }
        Ok(())
    }

    /// Returns an agent's policy.
    pub fn of(&self, agent: &str) -> Option<&AgentPolicy> {
        self.agents.iter().find(|policy| policy.agent == agent)
    }
}
