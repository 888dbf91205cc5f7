//! Who learns together, and what they learn from.
//!
//! A team has *campaign-level* agents, whose one actor acts for every campaign in turn, and *platform-level* agents, who
//! act once for all. One [`Row`] is one campaign in one control tick: each agent's own observation (a platform agent's is
//! the same in all rows of a tick, a campaign agent's is that campaign's), a `context` that only critics see (means over all
//! campaigns, say), each agent's action, and this campaign's share of the team's reward.
//!
//! **Why rows per campaign are right.** The team's reward in a tick is a sum over campaigns, `r = Σ_c r_c`, and a return is
//! a sum over ticks; so the team's value is a sum as well, `Q(o, a) = Σ_c Q_c(o, a)`, with
//! `Q_c(o, a) = E[Σ_t γ^t r_c(t)]`. Each term obeys its own Bellman equation, `Q_c = r_c + γ E[Q_c(o', a')]`, and its reward
//! is observed, so it can be learned from its own rows; no mixing has to be guessed (contrast VDN, Sunehag et al. 2018,
//! where only the sum is seen). One network stands for all the terms: it tells campaigns apart by what it sees of each.
//! This makes the campaigns of one tick so many samples, and the network's size independent of their number.
//!
//! What follows for the actors. For a platform agent the gradient is `Σ_c ∂Q_c/∂a`: rows drawn evenly give it up to
//! the number of campaigns, a factor that Adam's step does not see. For a campaign agent the gradient `∂Q_c/∂a_c` leaves out
//! what its action does to *other* campaigns (they compete for the same imps): the critic of campaign `d` sees that only as far
//! as the context shows it, and no gradient carries it back to `c`. Where that matters, the environment must put it into
//! `r_c` (the platform's own terms, such as fraud spend or viewer experience, are shared out over campaigns for this reason).
//! The context therefore should hold the means of what campaign agents do.
//!
//! A row's `next_*` parts are what the next tick showed. [`End::Terminated`] says that nothing follows (a budget's flight
//! is over); [`End::Truncated`] says that only the record stops (a training episode was cut): the value goes on there,
//! so the target still bootstraps from it.

use serde::{Deserialize, Serialize};

use crate::Error;

/// For whom an agent acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// For one campaign at a time; all campaigns share its actor.
    Campaign,
    /// For all at once.
    Platform,
}

/// One agent's part in the team.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// The agent's name, its own within the team.
    pub name: String,
    /// For whom it acts.
    pub level: Level,
    /// How many numbers its own observation holds, at least 1.
    pub observation: usize,
    /// How many numbers its action holds, at least 1; each is within -1 and 1.
    pub action: usize,
}

/// Who learns together: agents in order, and how much more their critics see.
///
/// ```
/// use motet_learn::{Level, Member, Team};
/// let member = |name: &str, level| Member { name: name.into(), level, observation: 3, action: 2 };
/// let team = Team::new(vec![member("bidder", Level::Campaign), member("guard", Level::Platform)], 4).unwrap();
/// assert_eq!(team.observations(), 6);
/// assert_eq!(team.observation(1), 3..6);
/// assert_eq!(team.action(1), 2..4);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Team {
    members: Vec<Member>,
    context: usize,
}

impl Team {
    /// Puts a team together; `context` is how many numbers critics see beyond the observations, 0 for none.
    ///
    /// # Errors
    /// When there is no agent, two have one name, or one has nothing to see or to do.
    pub fn new(members: Vec<Member>, context: usize) -> Result<Self, Error> {
        let team = Self { members, context };
        team.check()?;
        Ok(team)
    }

    /// Checks what a file may have got wrong.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.members.is_empty() {
            return Err(Error::Team { what: "there are no agents".to_owned() });
        }
        for (place, member) in self.members.iter().enumerate() {
            let taken = self.members[..place].iter().any(|other| other.name == member.name);
            if member.name.is_empty() || taken || member.observation == 0 || member.action == 0 {
                return Err(Error::Team { what: format!("agent {place} is {member:?}") });
            }
        }
        Ok(())
    }

    /// Returns the agents in order.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// Returns how many agents there are.
    pub const fn len(&self) -> usize {
        self.members.len()
    }

    /// Tells whether there are no agents, which [`Self::new`] refuses.
    pub const fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Returns an agent's place by name.
    pub fn place(&self, name: &str) -> Option<usize> {
        self.members.iter().position(|member| member.name == name)
    }

    /// Returns how many numbers all observations hold together.
    pub fn observations(&self) -> usize {
        self.members.iter().map(|member| member.observation).sum()
    }

    /// Returns how many numbers the context holds.
    pub const fn context(&self) -> usize {
        self.context
    }

    /// Returns how many numbers all actions hold together.
    pub fn actions(&self) -> usize {
        self.members.iter().map(|member| member.action).sum()
    }

    /// Returns where an agent's observation lies among all observations.
    pub fn observation(&self, agent: usize) -> std::ops::Range<usize> {
        let start = self.members[..agent].iter().map(|member| member.observation).sum();
        start..start + self.members[agent].observation
    }

    /// Returns where an agent's action lies among all actions.
    pub fn action(&self, agent: usize) -> std::ops::Range<usize> {
        let start = self.members[..agent].iter().map(|member| member.action).sum();
        start..start + self.members[agent].action
    }

    /// Checks a row's lengths and numbers against the team.
    ///
    /// # Errors
    /// The first part that does not fit.
    pub fn check_row(&self, row: &Row) -> Result<(), Error> {
        let (observations, context) = (self.observations(), self.context);
        check_part("observations", &row.observations, observations, f32::MAX)?;
        check_part("context", &row.context, context, f32::MAX)?;
        check_part("actions", &row.actions, self.actions(), 1.0)?;
        check_part("reward", &[row.reward], 1, f32::MAX)?;
        let shaping = if row.shaping.is_empty() { 0 } else { self.len() };
        check_part("shaping", &row.shaping, shaping, f32::MAX)?;
        check_part("next observations", &row.next_observations, observations, f32::MAX)?;
        check_part("next context", &row.next_context, context, f32::MAX)
    }
}

fn check_part(part: &'static str, numbers: &[f32], expected: usize, most: f32) -> Result<(), Error> {
    if numbers.len() != expected {
        return Err(Error::RowLength { part, expected, found: numbers.len() });
    }
    // NaN is in no range.
    match numbers.iter().position(|number| !(-most..=most).contains(number)) {
        Some(place) => Err(Error::RowNumber { part, place, found: numbers[place] }),
        None => Ok(()),
    }
}

/// Whether something follows a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// The next tick follows.
    #[default]
    Goes,
    /// The record was cut here, though the world went on: targets bootstrap from the next observation.
    Truncated,
    /// Nothing follows: targets are the reward alone.
    Terminated,
}

/// One campaign in one control tick: what was seen, done and earned, and what was seen next.
///
/// Observations and contexts are in their own units; actions are within -1 and 1, as the actors give them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Every agent's own observation, in the team's order.
    pub observations: Vec<f32>,
    /// What only critics see.
    pub context: Vec<f32>,
    /// Every agent's action, in the team's order.
    pub actions: Vec<f32>,
    /// This campaign's share of the team's reward.
    pub reward: f32,
    /// A declared extra reward per agent, or empty for none.
    pub shaping: Vec<f32>,
    /// Every agent's observation in the next tick.
    pub next_observations: Vec<f32>,
    /// What only critics see in the next tick.
    pub next_context: Vec<f32>,
    /// Whether something follows.
    pub end: End,
}
