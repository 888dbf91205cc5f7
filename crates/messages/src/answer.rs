//! Answers: what an agent in another process proposes.
//!
//! Reading is strict, since an answer may come from anywhere: one number out of its range, one unknown name, or more than
//! [`MOST_PROPOSALS`] proposals, and the whole answer is refused. The coordinator then counts the agent as broken.

use motet_agent::{AgentName, Proposal};
use motet_model::decision::NoBidReason;
use prost::Message as _;

use crate::{
    Envelope, Error, MOST_BYTES, MOST_PROPOSALS, envelope, proto,
    wire::{Wire, need},
};

/// What an agent proposes.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Which ask it answers: the hearing and the deadline are those of the ask.
    pub envelope: Envelope,
    /// Who answers.
    pub agent: AgentName,
    /// The policy in service, as `name@version`.
    pub policy_version: String,
    /// What is proposed, in order. Rankings carry their features.
    pub proposals: Vec<Proposal>,
    /// Why nothing was named, by imp; said by the relevance agent alone.
    pub silences: Vec<(u16, NoBidReason)>,
}

/// Writes an answer that says nothing of imps for which nothing was named.
pub fn encode(
    envelope: &Envelope,
    agent: AgentName,
    policy_version: &str,
    proposals: &[Proposal],
) -> Vec<u8> {
    encode_with_silences(envelope, agent, policy_version, proposals, &[])
}

/// Writes an answer that also says why nothing was named, by imp.
pub fn encode_with_silences(
    envelope: &Envelope,
    agent: AgentName,
    policy_version: &str,
    proposals: &[Proposal],
    silences: &[(u16, NoBidReason)],
) -> Vec<u8> {
    to_proto(envelope, agent, policy_version, proposals, silences).encode_to_vec()
}

/// Makes an answer for the generated server; the same as [`encode_with_silences`] writes.
pub fn to_proto(
    envelope: &Envelope,
    agent: AgentName,
    policy_version: &str,
    proposals: &[Proposal],
    silences: &[(u16, NoBidReason)],
) -> proto::Answer {
    proto::Answer {
        envelope: Some(envelope.put()),
        agent: agent.put(),
        policy_version: policy_version.to_owned(),
        proposals: proposals.iter().map(Wire::put).collect(),
        silences: silences.iter().map(Wire::put).collect(),
    }
}

/// Reads an answer.
///
/// # Errors
/// What is wrong with it, by field.
pub fn decode(bytes: &[u8]) -> Result<Answer, Error> {
    let (envelope, message) =
        envelope::open(bytes, MOST_BYTES, |message: &mut proto::Answer| message.envelope.take())?;
    read(envelope, message)
}

/// Reads an answer that the generated client has decoded.
///
/// # Errors
/// What is wrong with it, by field.
pub fn from_proto(mut message: proto::Answer) -> Result<Answer, Error> {
    let envelope = need(message.envelope.take(), "envelope")?;
    read(envelope, message)
}

fn read(envelope: Envelope, message: proto::Answer) -> Result<Answer, Error> {
    at_most("Answer.proposals", message.proposals.len())?;
    at_most("Answer.silences", message.silences.len())?;
    Ok(Answer {
        envelope,
        agent: Wire::take(message.agent, "Answer.agent")?,
        policy_version: message.policy_version,
        proposals: Wire::take(message.proposals, "Answer.proposals")?,
        silences: Wire::take(message.silences, "Answer.silences")?,
    })
}

const fn at_most(field: &'static str, found: usize) -> Result<(), Error> {
    if found > MOST_PROPOSALS { Err(Error::TooMany { field, most: MOST_PROPOSALS, found }) } else { Ok(()) }
}
