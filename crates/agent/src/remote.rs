//! What an agent placed in a process of its own answered. It is recorded with the request, so that a replay hears it
//! again and asks nobody.

use serde::{Deserialize, Serialize};

use crate::{AgentName, Ask, Features, Proposal};

/// What became of asking one agent that is placed elsewhere.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RemoteAnswer {
    /// Who was asked.
    pub agent: AgentName,
    /// What it said, or why it said nothing.
    pub said: Result<Said, Absence>,
}

/// What a remote agent said. Proposals are taken out whole by [`Said::proposals`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Said {
    /// The policy it answered under: `name@version`.
    pub policy: String,
    proposals: Vec<Proposal>,
    /// The features of the rankings among them, in their order: a proposal's own record leaves them out.
    features: Vec<Features>,
}

/// Why a remote agent counts as absent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Absence {
    /// It did not answer in the time it was given.
    Late,
    /// What it answered cannot be read, or it said that it failed.
    Broken,
    /// It cannot be reached, or was not asked because it could not be of late.
    Unreachable,
}

impl Absence {
    /// Every reason, by its place.
    pub const ALL: [Self; 3] = [Self::Late, Self::Broken, Self::Unreachable];

    /// Returns the lower-case name used in metrics and the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Late => "late",
            Self::Broken => "broken",
            Self::Unreachable => "unreachable",
        }
    }
}

impl Said {
    /// Keeps proposals with the features of their rankings.
    pub fn new(policy: String, proposals: Vec<Proposal>) -> Self {
        let features = proposals.iter().filter_map(|proposal| match &proposal.ask {
            Ask::Rank(ranking) => Some(ranking.features),
            _ => None,
        });
        let features = features.collect();
        Self { policy, proposals, features }
    }

    /// Iterates over the proposals, each ranking with its features.
    pub fn proposals(&self) -> impl Iterator<Item = Proposal> {
        let mut features = self.features.iter();
        self.proposals.iter().map(move |proposal| {
            let mut proposal = proposal.clone();
            if let Ask::Rank(ranking) = &mut proposal.ask {
                ranking.features = features.next().copied().unwrap_or_default();
            }
            proposal
        })
    }
}
