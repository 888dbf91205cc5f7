//! The agents in their seats.

use motet_agent::{Agent, AgentCard, AgentName, Observation, Tick};
use motet_agents::{
    bidder::Bidder, guard::Guard, intent::IntentAgent, pacer::Pacer, relevance::RelevanceAgent,
    safety::Safety,
};
use motet_baseline::Baseline;
use motet_coordinator::Team;
use motet_model::{catalog::Catalog, decision::Finding, outcome::Notice};
use motet_units::Timestamp;

use crate::{Options, TeamKind, bids::OpenBid};

/// The agents in their seats. Both teams sit; the one not in service still learns, so that it can take over.
pub struct Crew {
    intent: Box<dyn Agent>,
    guard: Box<dyn Agent>,
    safety: Box<dyn Agent>,
    relevance: Box<dyn Agent>,
    bidder: Box<dyn Agent>,
    pacer: Box<dyn Agent>,
    baseline: Box<dyn Agent>,
}

impl std::fmt::Debug for Crew {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Crew")
    }
}

impl Crew {
    /// Seats the agents that ship, under their fixed policies.
    pub fn new(options: &Options) -> Self {
        Self {
            intent: Box::new(IntentAgent::new(options.intent, IntentAgent::fixed_policy())),
            guard: Box::new(fits(Guard::new(options.guard.clone(), Guard::fixed_policy()))),
            safety: Box::new(Safety::new(options.safety.clone())),
            relevance: Box::new(RelevanceAgent::new(options.relevance, RelevanceAgent::fixed_policy())),
            bidder: Box::new(fits(Bidder::new(options.bidder, Bidder::fixed_policy()))),
            pacer: Box::new(fits(Pacer::new(options.pacer, Pacer::fixed_policy()))),
            baseline: Box::new(Baseline::new()),
        }
    }

    pub(crate) fn seat(&mut self, agent: Box<dyn Agent>) {
        let seat = match agent.card().name {
            AgentName::Intent => &mut self.intent,
            AgentName::Guard => &mut self.guard,
            AgentName::Safety => &mut self.safety,
            AgentName::Relevance => &mut self.relevance,
            AgentName::Bidder => &mut self.bidder,
            AgentName::Pacer => &mut self.pacer,
            AgentName::Baseline => &mut self.baseline,
        };
        *seat = agent;
    }

    pub(crate) fn team(&self, kind: TeamKind) -> Team<'_> {
        match kind {
            TeamKind::Agents => Team::Agents {
                intent: &*self.intent,
                guard: &*self.guard,
                safety: &*self.safety,
                relevance: &*self.relevance,
                bidder: &*self.bidder,
                pacer: &*self.pacer,
            },
            TeamKind::Baseline => Team::Baseline { safety: &*self.safety, baseline: &*self.baseline },
        }
    }

    fn all(&self) -> [&dyn Agent; 7] {
        [
            &*self.intent,
            &*self.guard,
            &*self.safety,
            &*self.relevance,
            &*self.bidder,
            &*self.pacer,
            &*self.baseline,
        ]
    }

    fn all_mut(&mut self) -> [&mut Box<dyn Agent>; 7] {
        [
            &mut self.intent,
            &mut self.guard,
            &mut self.safety,
            &mut self.relevance,
            &mut self.bidder,
            &mut self.pacer,
            &mut self.baseline,
        ]
    }

    fn in_service(&self, kind: TeamKind) -> Vec<&dyn Agent> {
        let serves = |name| match kind {
            TeamKind::Agents => name != AgentName::Baseline,
            TeamKind::Baseline => matches!(name, AgentName::Baseline | AgentName::Safety),
        };
        self.all().into_iter().filter(|agent| serves(agent.card().name)).collect()
    }

    pub(crate) fn policies(&self, kind: TeamKind) -> Vec<(AgentName, String)> {
        let name = |agent: &dyn Agent| (agent.card().name, agent.policy_version().to_owned());
        self.in_service(kind).into_iter().map(name).collect()
    }

    pub(crate) fn cards(&self, kind: TeamKind) -> Vec<&'static AgentCard> {
        self.in_service(kind).into_iter().map(Agent::card).collect()
    }

    pub(crate) fn observe(&mut self, observation: &Observation<'_>) {
        for agent in self.all_mut() {
            agent.observe(observation);
        }
    }

    pub(crate) fn control(&mut self, tick: &Tick<'_>) {
        for agent in self.all_mut() {
            agent.control(tick);
        }
    }

    pub(crate) fn control_more(&mut self, tick: &Tick<'_>) {
        for agent in self.all_mut() {
            agent.control_more(tick);
        }
    }

    /// Asks the guard whether a notice's traffic is invalid. The baseline has no guard.
    pub(crate) fn screen_notice(
        &self,
        kind: TeamKind,
        open: &OpenBid,
        notice: &Notice,
        now: Timestamp,
    ) -> Option<Finding> {
        match kind {
            TeamKind::Agents => self.guard.screen_notice(&open.record, notice, open.history, now),
            TeamKind::Baseline => None,
        }
    }

    pub(crate) fn save(&self) -> Vec<(AgentName, Vec<u8>)> {
        self.all().into_iter().map(|agent| (agent.card().name, agent.save())).collect()
    }

    /// Gives the agents their learned state back. Returns the agents that could not read theirs, with the reason;
    /// these start anew from the catalog.
    pub(crate) fn restore(
        &mut self,
        states: &[(AgentName, Vec<u8>)],
        catalog: &Catalog,
    ) -> Vec<(AgentName, String)> {
        let mut unread = Vec::new();
        for agent in self.all_mut() {
            let name = agent.card().name;
            let Some((_, state)) = states.iter().find(|(saved, _)| *saved == name) else { continue };
            if let Err(reason) = agent.restore(state, catalog) {
                let observation = Observation::Changed { catalog, changes: &[], at: Timestamp::default() };
                agent.observe(&observation);
                unread.push((name, reason));
            }
        }
        unread
    }
}

/// The fixed policies are the cards' own defaults, which a test of the cards holds within their ranges.
fn fits<T>(seated: Result<T, motet_policy::Error>) -> T {
    seated.expect("the card's defaults fit the card")
}
