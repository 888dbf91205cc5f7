//! The agents in their seats.

use motet_agent::{Agent, AgentCard, AgentName, Observation, Tick};
use motet_agents::{
    bidder::Bidder, guard::Guard, intent::IntentAgent, pacer::Pacer, relevance::RelevanceAgent,
    safety::Safety,
};
use motet_baseline::Baseline;
use motet_coordinator::Team;
use motet_model::{catalog::Catalog, decision::Finding, outcome::Notice};
use motet_policy::{AgentPolicy, Error, Policy, PolicySet, Steering};
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
    /// Seats the agents that ship, under the options' policies; under their fixed ones where there are none or they do
    /// not fit.
    pub fn new(options: &Options) -> Self {
        let mut crew = Self {
            intent: Box::new(fits(IntentAgent::new(options.intent, IntentAgent::fixed_policy()))),
            guard: Box::new(fits(Guard::new(options.guard.clone(), Guard::fixed_policy()))),
            safety: Box::new(Safety::new(options.safety.clone())),
            relevance: Box::new(fits(RelevanceAgent::new(options.relevance, RelevanceAgent::fixed_policy()))),
            bidder: Box::new(fits(Bidder::new(options.bidder, Bidder::fixed_policy()))),
            pacer: Box::new(fits(Pacer::new(options.pacer, Pacer::fixed_policy()))),
            baseline: Box::new(Baseline::new()),
        };
        if let Some(policies) = &options.policies {
            // What does not fit was refused when it came; options made elsewhere must not keep the crew from its seats.
            let seated = crew.steer(policies);
            debug_assert!(seated.is_ok(), "{seated:?}");
        }
        crew
    }

    /// Seats other policies, all or none; agents the set does not name go back to their fixed ones.
    pub(crate) fn steer(&mut self, policies: &PolicySet) -> Result<(), Error> {
        check_policies(policies)?;
        self.all_mut().into_iter().try_for_each(|agent| steer(&mut **agent, policies))
    }

    /// Takes one agent out of its seat.
    fn into_one(self, name: AgentName) -> Box<dyn Agent> {
        match name {
            AgentName::Intent => self.intent,
            AgentName::Guard => self.guard,
            AgentName::Safety => self.safety,
            AgentName::Relevance => self.relevance,
            AgentName::Bidder => self.bidder,
            AgentName::Pacer => self.pacer,
            AgentName::Baseline => self.baseline,
        }
    }

    pub(crate) fn seat_policy(&mut self, name: AgentName, policy: Box<dyn Policy>) -> Result<(), Error> {
        let seat = self.all_mut().into_iter().find(|agent| agent.card().name == name);
        seat.ok_or(Error::NoSuchAgent)?.take_policy(policy)
    }

    pub(crate) fn refused_actions(&self) -> Vec<(AgentName, u64)> {
        self.all().into_iter().map(|agent| (agent.card().name, agent.refused_actions())).collect()
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

    /// Has one agent propose. Returns the policy it did so under.
    #[cfg(test)]
    pub(crate) fn propose_as(
        &self,
        name: AgentName,
        view: &motet_agent::View<'_>,
        proposals: &mut Vec<motet_agent::Proposal>,
    ) -> String {
        let agent = self.all().into_iter().find(|agent| agent.card().name == name).expect("every agent sits");
        agent.propose(view, proposals);
        agent.policy_version().to_owned()
    }

    pub(crate) fn save_one(&self, name: AgentName) -> Vec<u8> {
        self.all().into_iter().find(|agent| agent.card().name == name).map(Agent::save).unwrap_or_default()
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

/// Makes one agent alone, as a crew under these options would seat it: for a process of its own.
pub fn lone_agent(name: AgentName, options: &Options) -> Box<dyn Agent> {
    Crew::new(options).into_one(name)
}

/// Has an agent steered by its policy of a set; by its fixed one where the set does not name it.
///
/// # Errors
/// When the policy is not sound or does not fit the agent's card.
pub fn steer(agent: &mut dyn Agent, policies: &PolicySet) -> Result<(), Error> {
    let name = agent.card().name;
    let policy = match policies.of(name.name()) {
        Some(policy) => Some(policy.build()?),
        None => fixed_policy(name),
    };
    policy.map_or(Ok(()), |policy| agent.take_policy(policy).map_err(of_agent(name.name())))
}

/// The cards of every agent that ships.
pub const CARDS: [&AgentCard; 7] = [
    &motet_agents::intent::CARD,
    &motet_agents::guard::CARD,
    &motet_agents::safety::CARD,
    &motet_agents::relevance::CARD,
    &motet_agents::bidder::CARD,
    &motet_agents::pacer::CARD,
    &motet_baseline::CARD,
];

/// Checks that a set of policies is whole and fits the agents' cards, without seating it.
///
/// # Errors
/// What is wrong, with the agent's name.
pub fn check_policies(policies: &PolicySet) -> Result<(), Error> {
    policies.check()?;
    for policy in &policies.agents {
        let card = CARDS.iter().find(|card| card.name.name() == policy.agent);
        let tried = card.ok_or(Error::NoSuchAgent).and_then(|card| try_out(card, policy));
        tried.map_err(of_agent(&policy.agent))?;
    }
    Ok(())
}

/// Tries a policy in the ranges of its agent's card.
fn try_out(card: &AgentCard, policy: &AgentPolicy) -> Result<(), Error> {
    if card.action.is_empty() {
        return Err(Error::NotSteered);
    }
    card.check_policy(policy)?;
    let ranges = card.action.iter().map(|number| (number.least, number.most)).collect();
    Steering::build(policy.build()?, card.observation.len(), ranges).map(drop)
}

fn of_agent(agent: &str) -> impl Fn(Error) -> Error + use<> {
    let agent = agent.to_owned();
    move |error| Error::Agent { agent: agent.clone(), error: Box::new(error) }
}

/// Returns an agent's fixed policy, where it is steered by one at all.
fn fixed_policy(agent: AgentName) -> Option<Box<dyn Policy>> {
    Some(match agent {
        AgentName::Intent => IntentAgent::fixed_policy(),
        AgentName::Guard => Guard::fixed_policy(),
        AgentName::Relevance => RelevanceAgent::fixed_policy(),
        AgentName::Bidder => Bidder::fixed_policy(),
        AgentName::Pacer => Pacer::fixed_policy(),
        AgentName::Safety | AgentName::Baseline => return None,
    })
}

/// The fixed policies are the cards' own defaults, which a test of the cards holds within their ranges.
fn fits<T>(seated: Result<T, motet_policy::Error>) -> T {
    seated.expect("the card's defaults fit the card")
}
