//! One agent in a process of its own: the same agent code, on a replica of the catalog, fed by the server.
//!
//! It holds no truth: its seat and its feed come from the server, whose own agent of that name learns the same. So a
//! process may be killed at any time, and any number of them may serve beside each other.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use motet_agent::{Agent, AgentName, Observation};
use motet_engine::{check_policies, lone_agent, steer};
use motet_messages::{
    Envelope, answer, ask,
    feed::{self, Fed, HeldObservation, News},
};
use motet_model::catalog::Catalog;
use motet_policy::PolicySet;
use motet_units::Timestamp;

use crate::seat::read_options;

/// Why a process did not take what it was sent, or did not answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It has no seat yet.
    #[error("the {} has not been seated yet", .0.name())]
    NotSeated(AgentName),
    /// What was sent is for another agent.
    #[error("this is the {}, and was sent a message for the {}", .here.name(), .sent.map_or("nobody", AgentName::name))]
    OtherAgent {
        /// Who sits here.
        here: AgentName,
        /// For whom it was.
        sent: Option<AgentName>,
    },
    /// It cannot be read.
    #[error("cannot read the message: {0}")]
    Unreadable(#[from] motet_messages::Error),
    /// Messages of the feed are missing before this one.
    #[error("message {found} of the feed came after message {last}: what lies between is missing")]
    Gap {
        /// The last one taken.
        last: u64,
        /// The one that came.
        found: u64,
    },
    /// The seat cannot be taken.
    #[error("cannot take the seat: {0}")]
    Seat(String),
    /// The agent broke; what it had learned is not to be trusted any more, and it waits for a new seat.
    #[error("the {} broke and waits for a new seat", .0.name())]
    Broke(AgentName),
}

/// How a process misbehaves on purpose, to see what a server makes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drill {
    /// It answers with bytes that are no answer.
    Garbage,
    /// It answers only after this time.
    Slow(Duration),
    /// It answers as if it had been asked something else.
    Astray,
}

/// An agent's process.
pub struct Process {
    name: AgentName,
    /// The policies it is steered by, in place of the server's: how a new version is tried.
    policies: Option<Arc<PolicySet>>,
    drill: Option<Drill>,
    seated: Mutex<Option<Seated>>,
}

impl std::fmt::Debug for Process {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Process").field("name", &self.name).finish_non_exhaustive()
    }
}

struct Seated {
    agent: Box<dyn Agent>,
    catalog: Catalog,
    sequence: u64,
}

impl Process {
    /// Makes a process that waits for its seat.
    ///
    /// # Errors
    /// When the policies given do not fit the agents' cards.
    pub fn new(name: AgentName, policies: Option<Arc<PolicySet>>) -> Result<Self, motet_policy::Error> {
        policies.as_deref().map_or(Ok(()), check_policies)?;
        Ok(Self { name, policies, drill: None, seated: Mutex::new(None) })
    }

    /// Makes it misbehave.
    #[must_use]
    pub fn drilling(self, drill: Option<Drill>) -> Self {
        Self { drill, ..self }
    }

    /// Answers an ask, or does as drilled. Without a drill it takes no time but the agent's.
    ///
    /// # Errors
    /// Those of [`Process::propose`].
    pub async fn answer(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        match self.drill {
            None => self.propose(message),
            Some(Drill::Garbage) => Ok(message.iter().map(|byte| !byte).collect()),
            Some(Drill::Slow(time)) => {
                tokio::time::sleep(time).await;
                self.propose(message)
            }
            Some(Drill::Astray) => {
                let (envelope, _) = ask::decode(message)?;
                let astray = Envelope { hearing: envelope.hearing ^ 1, ..envelope };
                Ok(answer::encode(&astray, self.name, &self.policy(), &[]))
            }
        }
    }

    /// Returns which agent sits here.
    pub const fn name(&self) -> AgentName {
        self.name
    }

    /// Returns how far its feed has come; `None` before it is seated.
    pub fn sequence(&self) -> Option<u64> {
        self.lock().as_ref().map(|seated| seated.sequence)
    }

    /// Returns what the agent has learned; `None` before it is seated.
    pub fn learned(&self) -> Option<Vec<u8>> {
        self.lock().as_ref().map(|seated| seated.agent.save())
    }

    /// Returns the policy it is steered by, as name@version; empty before it is seated.
    pub fn policy(&self) -> String {
        self.lock().as_ref().map_or_else(String::new, |seated| seated.agent.policy_version().to_owned())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Seated>> {
        self.seated.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the next message of the feed. Returns how far the feed has come. A message taken before is not taken again.
    ///
    /// # Errors
    /// What is wrong with it; a new seat is then needed.
    pub fn take(&self, message: &[u8]) -> Result<u64, Error> {
        let Fed { envelope, sequence, news } = feed::decode(message)?;
        self.check(&envelope)?;
        let mut place = self.lock();
        if let News::Seat(seat) = news {
            *place = Some(self.sit(*seat, sequence)?);
            return Ok(sequence);
        }
        let seated = place.as_mut().ok_or(Error::NotSeated(self.name))?;
        if sequence <= seated.sequence {
            return Ok(seated.sequence);
        }
        if sequence != seated.sequence + 1 {
            return Err(Error::Gap { last: seated.sequence, found: sequence });
        }
        let steered_here = self.policies.is_some();
        let taken = catch_unwind(AssertUnwindSafe(|| seated.learn(&news, steered_here)));
        match taken.unwrap_or(Err(Error::Broke(self.name))) {
            Ok(()) => seated.sequence = sequence,
            Err(error) => {
                *place = None;
                return Err(error);
            }
        }
        Ok(sequence)
    }

    fn check(&self, envelope: &Envelope) -> Result<(), Error> {
        if envelope.agent == Some(self.name) {
            return Ok(());
        }
        Err(Error::OtherAgent { here: self.name, sent: envelope.agent })
    }

    /// Seats the agent. What another program version learned may be unreadable here: then it starts anew from the catalog.
    fn sit(&self, seat: feed::Seat, sequence: u64) -> Result<Seated, Error> {
        let mut options =
            read_options(self.name, &seat.options_json).map_err(|e| Error::Seat(e.to_string()))?;
        options.policies = Some(self.policies.clone().unwrap_or_else(|| Arc::new(seat.policies)));
        let mut agent = lone_agent(self.name, &options);
        let catalog = seat.catalog;
        if let Err(reason) = agent.restore(&seat.state, &catalog) {
            tracing::warn!(
                agent = self.name.name(),
                written_by = seat.program_version,
                reason,
                "cannot read what was learned and starts anew"
            );
            agent.observe(&Observation::Changed {
                catalog: &catalog,
                changes: &[],
                at: Timestamp::default(),
            });
        }
        Ok(Seated { agent, catalog, sequence })
    }

    /// Answers an ask.
    ///
    /// # Errors
    /// When it cannot be read, is for another agent, or the agent cannot answer.
    pub fn propose(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        let (envelope, held) = ask::decode(message)?;
        self.check(&envelope)?;
        let mut place = self.lock();
        let seated = place.as_mut().ok_or(Error::NotSeated(self.name))?;
        let mut proposals = Vec::new();
        let view = held.view(&seated.catalog);
        // `propose` takes `&self`: an agent that panics has changed nothing. It may have been asked of what its replica
        // does not know yet.
        let said = catch_unwind(AssertUnwindSafe(|| seated.agent.propose(&view, &mut proposals)));
        said.map_err(|_| Error::Broke(self.name))?;
        let policy = seated.agent.policy_version();
        Ok(answer::encode(&envelope, self.name, policy, &proposals))
    }
}

impl Seated {
    fn learn(&mut self, news: &News, steered_here: bool) -> Result<(), Error> {
        match news {
            News::Observation(observation) => {
                let catalog_failed = |error: motet_model::catalog::Error| Error::Seat(error.to_string());
                if let HeldObservation::Changed { changes, .. } = &**observation {
                    changes
                        .iter()
                        .try_for_each(|change| self.catalog.apply(change))
                        .map_err(catalog_failed)?;
                }
                self.agent.observe(&observation.observation(&self.catalog));
            }
            News::Tick(tick) => self.agent.control(&tick.tick(&self.catalog)),
            News::TickMore(tick) => self.agent.control_more(&tick.tick(&self.catalog)),
            News::Policies(_) if steered_here => {}
            News::Policies(policies) => {
                steer(&mut *self.agent, policies).map_err(|error| Error::Seat(error.to_string()))?;
            }
            News::Seat(_) => {}
        }
        Ok(())
    }
}
