//! How an actor-critic learner learns.

use serde::{Deserialize, Serialize};

use crate::{Error, error::within, noise::Schedule, normalise::Running};

/// What a critic sees, in training only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sight {
    /// All observations, the context and all actions: centralised training.
    Joint,
    /// Its own agent's observation and action: what an independent learner has.
    Own,
}

/// How many critics there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Critics {
    /// One for all: right where the reward is common.
    Shared,
    /// One per agent: needed where agents have shaping terms, or see only their own.
    PerAgent,
}

/// Whose actions an actor's gradient is taken at, beside its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Others {
    /// What the others would do now (Peng et al. 2021, "centralised policy gradient"): partners are taken at their best.
    Current,
    /// What the others did in the row drawn (Lowe et al. 2017): partners are averaged over what they once tried.
    Replayed,
}

/// How far an actor is held to the actions in the rows: for learning from records.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cloning {
    /// Not at all: the actor follows the critic.
    Off,
    /// TD3+BC (Fujimoto and Gu 2021): the loss is `−λ Q + (μ(o) − a)²` with `λ = alpha / mean |Q|`; `alpha` above 0.
    Beside {
        /// The critic's weight; 2.5 in the paper.
        alpha: f64,
    },
    /// Behaviour cloning: only `(μ(o) − a)²`, and critics do not learn.
    Only,
}

/// How an actor-critic learner learns. Start from [`crate::maddpg::options`] or one of its siblings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Options {
    /// What a reward in the next tick is worth now, within 0 and 1 (1 excluded).
    pub gamma: f64,
    /// How far targets move towards their networks in an update, above 0 and at most 1.
    pub tau: f64,
    /// Adam's learning rate for actors, above 0.
    pub actor_rate: f64,
    /// Adam's learning rate for critics, above 0.
    pub critic_rate: f64,
    /// Sizes of the actors' hidden layers.
    pub actor_hidden: Vec<usize>,
    /// Sizes of the critics' hidden layers.
    pub critic_hidden: Vec<usize>,
    /// Rows drawn for an update, at least 1.
    pub batch: usize,
    /// Rows kept, at least `batch`.
    pub capacity: usize,
    /// Rows before learning begins; until then exploration is even over all actions.
    pub warmup_rows: u64,
    /// What critics see.
    pub sight: Sight,
    /// How many critics.
    pub critics: Critics,
    /// Networks per critic, 1 or 2; of two the lower value is believed (Fujimoto et al. 2018).
    pub twins: usize,
    /// Where an actor's gradient is taken.
    pub others: Others,
    /// Actors and targets move once in so many updates, at least 1.
    pub delay: u64,
    /// Standard deviation of the noise on target actions, 0 for none.
    pub smoothing: f64,
    /// How far that noise may go.
    pub smoothing_cut: f64,
    /// The longest gradient let through, above 0.
    pub clip: f64,
    /// Weight of the mean squared sum before an actor's `tanh`: keeps actions off their ends, where nothing is learned. At least 0.
    pub saturation: f64,
    /// Standard deviation of the noise on explored actions, within 0 and 2.
    pub exploration: Schedule,
    /// Whether observations are brought to a common scale.
    pub normalise: Running,
    /// How far actors are held to the rows' actions.
    pub cloning: Cloning,
}

impl Options {
    /// Checks every option once.
    ///
    /// # Errors
    /// The first one outside its range, or two that exclude each other.
    pub fn check(&self) -> Result<(), Error> {
        self.check_rates()?;
        self.check_sizes()?;
        self.check_noise()?;
        if self.sight == Sight::Own && self.critics == Critics::Shared {
            return Err(Error::Conflict { what: "a shared critic cannot see only one agent's part" });
        }
        Ok(())
    }

    fn check_rates(&self) -> Result<(), Error> {
        within("gamma", self.gamma, "within 0 and 1 (1 excluded)", |x| (0.0..1.0).contains(&x))?;
        within("tau", self.tau, "above 0 and at most 1", |x| x > 0.0 && x <= 1.0)?;
        within("actor_rate", self.actor_rate, "above 0 and at most 1", |x| x > 0.0 && x <= 1.0)?;
        within("critic_rate", self.critic_rate, "above 0 and at most 1", |x| x > 0.0 && x <= 1.0)?;
        within("clip", self.clip, "above 0", |x| x > 0.0)?;
        within("saturation", self.saturation, "at least 0", |x| x >= 0.0)?;
        match self.cloning {
            Cloning::Beside { alpha } => within("alpha", alpha, "above 0", |x| x > 0.0),
            Cloning::Off | Cloning::Only => Ok(()),
        }
    }

    fn check_sizes(&self) -> Result<(), Error> {
        within("batch", self.batch as f64, "at least 1", |x| x >= 1.0)?;
        within("capacity", self.capacity as f64, "at least the batch", |x| x >= self.batch as f64)?;
        within("twins", self.twins as f64, "1 or 2", |x| (1.0..=2.0).contains(&x))?;
        within("delay", self.delay as f64, "at least 1", |x| x >= 1.0)
    }

    fn check_noise(&self) -> Result<(), Error> {
        within("smoothing", self.smoothing, "within 0 and 2", |x| (0.0..=2.0).contains(&x))?;
        within("smoothing_cut", self.smoothing_cut, "within 0 and 2", |x| (0.0..=2.0).contains(&x))?;
        self.exploration.check("exploration", 2.0)
    }
}
