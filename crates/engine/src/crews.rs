//! The crew in service and, while a candidate is tried, a second one that decides for a part of the users.
//!
//! Both work on the same catalog, ledger and traffic: that is what a live trial of a new version is, and why its two arms
//! share every budget. Each crew learns from its own bids alone, so that neither is trained on the other's choices.

use std::sync::Arc;

use motet_agent::{Agent, AgentName, Observation, Tick};
use motet_coordinator::Team;
use motet_model::{catalog::Catalog, decision::Finding, outcome::Notice, request::AdRequest};
use motet_policy::{Policy, PolicySet};
use motet_units::{Chance, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{Crew, Listener, Options, TeamKind, bids::OpenBid, event::fnv};

/// Which crew decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Arm {
    /// The crew in service.
    #[default]
    Control,
    /// The crew on trial.
    Candidate,
}

/// A crew on trial: for whom it decides, and under which options.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Candidate {
    /// The share of users it decides for, 0 to 1.
    pub share: f64,
    /// What the split of users is keyed by.
    pub salt: u64,
    /// Its team, agents and coordinator options; everything else is the engine's.
    pub options: Options,
}

impl Candidate {
    /// Tells whose a request is. A user stays with one crew; where identity is not permitted, an address and user agent do.
    pub fn arm(&self, request: &AdRequest) -> Arm {
        let device = &request.device;
        let unit = request
            .user
            .key
            .map_or_else(|| fnv(format!("{:?}{:?}", device.ip, device.user_agent).as_bytes()), |user| user.0);
        let draw = Chance::new(self.salt, unit).stream("arm").unit();
        if draw < self.share { Arm::Candidate } else { Arm::Control }
    }
}

/// The policies in service, by agent.
pub(crate) type Policies = Arc<Vec<(AgentName, String)>>;

/// The agents' saved states.
pub(crate) type States = Vec<(AgentName, Vec<u8>)>;

/// Both crews.
pub(crate) struct Crews {
    control: (Crew, TeamKind, Policies),
    candidate: Option<(Crew, TeamKind, Policies)>,
    /// Who hears what the crew in service is told.
    listener: Option<Box<dyn Listener>>,
}

fn seated(options: &Options) -> (Crew, TeamKind, Policies) {
    let crew = Crew::new(options);
    let policies = Arc::new(crew.policies(options.team));
    (crew, options.team, policies)
}

impl std::fmt::Debug for Crews {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Crews").field("control", &self.control).finish_non_exhaustive()
    }
}

impl Crews {
    pub(crate) fn new(options: &Options) -> Self {
        let candidate = options.candidate.as_ref().map(|candidate| seated(&candidate.options));
        Self { control: seated(options), candidate, listener: None }
    }

    fn of(&self, arm: Arm) -> &(Crew, TeamKind, Policies) {
        match (arm, &self.candidate) {
            (Arm::Candidate, Some(candidate)) => candidate,
            _ => &self.control,
        }
    }

    fn each(&mut self) -> impl Iterator<Item = &mut (Crew, TeamKind, Policies)> {
        std::iter::once(&mut self.control).chain(&mut self.candidate)
    }

    pub(crate) fn seat(&mut self, agent: Box<dyn Agent>) {
        self.control.0.seat(agent);
        self.name_policies();
    }

    pub(crate) fn team(&self, arm: Arm) -> Team<'_> {
        let (crew, kind, _) = self.of(arm);
        crew.team(*kind)
    }

    pub(crate) fn policies(&self, arm: Arm) -> Policies {
        Arc::clone(&self.of(arm).2)
    }

    pub(crate) fn cards(&self) -> Vec<&'static motet_agent::AgentCard> {
        self.control.0.cards(self.control.1)
    }

    /// Tells one crew of what became of its own.
    pub(crate) fn observe_own(&mut self, arm: Arm, observation: &Observation<'_>) {
        if let (Arm::Candidate, Some(candidate)) = (arm, &mut self.candidate) {
            return candidate.0.observe(observation);
        }
        self.control.0.observe(observation);
        self.tell(|listener| listener.observed(observation));
    }

    /// Tells both crews of what concerns both.
    pub(crate) fn observe(&mut self, observation: &Observation<'_>) {
        self.each().for_each(|(crew, ..)| crew.observe(observation));
        self.tell(|listener| listener.observed(observation));
    }

    pub(crate) fn control(&mut self, tick: &Tick<'_>) {
        self.each().for_each(|(crew, ..)| crew.control(tick));
        self.name_policies();
        self.tell(|listener| listener.ticked(tick));
    }

    /// Goes on with the last control tick for more campaigns.
    pub(crate) fn control_more(&mut self, tick: &Tick<'_>) {
        self.each().for_each(|(crew, ..)| crew.control_more(tick));
        self.tell(|listener| listener.ticked_on(tick));
    }

    /// Puts somebody beside the crew in service who hears what it is told.
    pub(crate) fn listen(&mut self, listener: Option<Box<dyn Listener>>) -> Option<Box<dyn Listener>> {
        std::mem::replace(&mut self.listener, listener)
    }

    /// Returns what one agent in service learned.
    pub(crate) fn save_one(&self, agent: AgentName) -> Vec<u8> {
        self.control.0.save_one(agent)
    }

    fn tell(&mut self, what: impl FnOnce(&mut dyn Listener)) {
        if let Some(listener) = &mut self.listener {
            what(&mut **listener);
        }
    }

    /// Seats other policies in the crew in service, all or none.
    pub(crate) fn steer(&mut self, policies: &PolicySet) -> Result<(), motet_policy::Error> {
        self.control.0.steer(policies)?;
        self.name_policies();
        self.tell(|listener| listener.steered(policies));
        Ok(())
    }

    pub(crate) fn seat_policy(
        &mut self,
        agent: AgentName,
        policy: Box<dyn Policy>,
    ) -> Result<(), motet_policy::Error> {
        self.control.0.seat_policy(agent, policy)?;
        self.name_policies();
        Ok(())
    }

    pub(crate) fn refused_actions(&self) -> Vec<(AgentName, u64)> {
        self.control.0.refused_actions()
    }

    fn name_policies(&mut self) {
        self.each().for_each(|(crew, kind, policies)| *policies = Arc::new(crew.policies(*kind)));
    }

    pub(crate) fn screen_notice(&self, open: &OpenBid, notice: &Notice, now: Timestamp) -> Option<Finding> {
        let (crew, kind, _) = self.of(open.arm);
        crew.screen_notice(*kind, open, notice, now)
    }

    /// Returns what the crews learned: the one in service, and the one on trial, empty when there is none.
    pub(crate) fn save(&self) -> (States, States) {
        let candidate = self.candidate.as_ref().map(|(crew, ..)| crew.save());
        (self.control.0.save(), candidate.unwrap_or_default())
    }

    /// Gives the crews their learned states back; a crew that joins takes over what the one in service knows. Returns the
    /// agents that could not read theirs.
    pub(crate) fn restore(
        &mut self,
        control: &States,
        candidate: &States,
        catalog: &Catalog,
    ) -> Vec<(AgentName, String)> {
        let mut unread = self.control.0.restore(control, catalog);
        if let Some((crew, ..)) = &mut self.candidate {
            // A crew that joins begins with what the one in service knows.
            let known = if candidate.is_empty() { control } else { candidate };
            unread.extend(crew.restore(known, catalog));
        }
        unread
    }
}
