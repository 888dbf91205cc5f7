//! What each agent proposed, with the verdict on each proposal.

use motet_agent::{AgentName, Ask, Operation, Proposal, Verdict};
use motet_coordinator::{Presence, Trace};
use serde::Serialize;

use super::{candidates::Names, words};

/// One agent's part in a decision.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AgentLine {
    /// Which agent.
    pub agent: AgentName,
    /// `answered`, `late`, `broken`, `skipped`, or `not_asked` where the decision was settled before its turn.
    pub presence: &'static str,
    /// The policy in service, `name@version`.
    pub policy: Option<String>,
    /// How many of its proposals were accepted.
    pub accepted: usize,
    /// How many were refused.
    pub refused: usize,
    /// All of them, in the order they were made.
    pub proposals: Vec<ProposalLine>,
}

/// One proposal with its one verdict.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ProposalLine {
    /// What it is for.
    pub intent: &'static str,
    /// `add`, `remove` or `replace`.
    pub operation: &'static str,
    /// What it names.
    pub path: String,
    /// What it asks for, in words.
    pub value: String,
    /// `accepted` or `refused`.
    pub verdict: &'static str,
    /// Why it was refused.
    pub reason: Option<&'static str>,
    /// Under which priority it was refused.
    pub under: Option<&'static str>,
    /// The verdict in a plain sentence.
    pub sentence: String,
}

/// Groups what was proposed by agent, in the order the agents were asked.
pub(super) fn by_agent(trace: &Trace, names: Names<'_>) -> Vec<AgentLine> {
    let asked = trace.presence.iter().map(|(agent, presence)| (*agent, presence_name(*presence)));
    let never_asked = trace.policies.iter().map(|(agent, _)| (*agent, "not_asked"));
    let mut agents: Vec<AgentLine> = Vec::new();
    for (agent, presence) in asked.chain(never_asked) {
        if agents.iter().all(|line| line.agent != agent) {
            agents.push(agent_line(agent, presence, trace, names));
        }
    }
    agents
}

fn agent_line(agent: AgentName, presence: &'static str, trace: &Trace, names: Names<'_>) -> AgentLine {
    let own = trace.hearing.iter().filter(|(proposal, _)| proposal.agent == agent);
    let proposals: Vec<ProposalLine> =
        own.map(|(proposal, verdict)| line(proposal, *verdict, names)).collect();
    let accepted = proposals.iter().filter(|line| line.reason.is_none()).count();
    let policy = trace.policies.iter().find(|(name, _)| *name == agent).map(|(_, version)| version.clone());
    AgentLine { agent, presence, policy, accepted, refused: proposals.len() - accepted, proposals }
}

fn line(proposal: &Proposal, verdict: Verdict, names: Names<'_>) -> ProposalLine {
    let reason = match verdict {
        Verdict::Accepted => None,
        Verdict::Refused(reason) => Some(reason),
    };
    ProposalLine {
        intent: proposal.ask.intent().name(),
        operation: operation_name(&proposal.ask),
        path: proposal.ask.path(),
        value: words::ask_in_words(&proposal.ask, names),
        verdict: if reason.is_none() { "accepted" } else { "refused" },
        reason: reason.map(motet_agent::RefusedReason::name),
        under: reason.map(words::priority_of),
        sentence: reason
            .map_or_else(|| "It was taken into the decision.".to_owned(), words::refused_sentence),
    }
}

const fn operation_name(ask: &Ask) -> &'static str {
    match ask.operation() {
        Operation::Add => "add",
        Operation::Remove => "remove",
        Operation::Replace => "replace",
    }
}

const fn presence_name(presence: Presence) -> &'static str {
    match presence {
        Presence::Answered => "answered",
        Presence::Late => "late",
        Presence::Broken => "broken",
        Presence::Skipped => "skipped",
        Presence::Unreachable => "unreachable",
    }
}
