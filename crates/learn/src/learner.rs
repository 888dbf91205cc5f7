//! What all learners have in common, and what they leave behind.

use motet_policy::TableSpec;
use motet_units::Chance;
use serde::{Deserialize, Serialize};

use crate::{
    Error,
    nn::{MOST_WIDE, Mlp},
    normalise::Scale,
    team::{Row, Team},
};

/// Something that learns policies for a team.
pub trait Learner: Send + std::fmt::Debug {
    /// Returns who learns.
    fn team(&self) -> &Team;

    /// Writes an agent's action for its own observation: the best it knows, each number within -1 and 1.
    ///
    /// # Panics
    /// When a length is not the team's.
    fn act(&self, agent: usize, observation: &[f32], action: &mut [f32]);

    /// Writes an action that strays from the best, as far as the schedule says. `chance` is keyed by what is decided: the
    /// caller makes one for each tick and campaign (for a platform agent, for each tick).
    ///
    /// # Panics
    /// When a length is not the team's.
    fn explore(&self, agent: usize, observation: &[f32], chance: Chance, action: &mut [f32]);

    /// Takes in one row.
    ///
    /// # Errors
    /// When the row does not fit the team or the options. Nothing is taken in then.
    fn remember(&mut self, row: &Row) -> Result<(), Error>;

    /// Learns once from what is remembered; `None` while there is too little of it.
    ///
    /// # Errors
    /// When a loss is no longer finite.
    fn update(&mut self) -> Result<Option<Losses>, Error>;

    /// Returns an agent's policy as it is now, with the version it is to go by (`name@version`).
    fn export(&self, agent: usize, version: &str) -> Exported;

    /// Returns everything that the future depends on, as bytes.
    fn save(&self) -> Vec<u8>;

    /// Goes back to a saved state of the same kind of learner for the same team.
    ///
    /// # Errors
    /// When the bytes are damaged or of another learner. Nothing is changed then.
    fn restore(&mut self, bytes: &[u8]) -> Result<(), Error>;
}

/// What an update saw: for watching a training run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Losses {
    /// Which update, from 1.
    pub update: u64,
    /// Mean squared error of the critics, or of a table's values; in reward squared.
    pub critic: f64,
    /// Mean value of the rows drawn, as the critics see it; in reward.
    pub value: f64,
    /// The mean value of the actors' own actions, where they moved in this update.
    pub actor_value: Option<f64>,
    /// Length of the longest critic gradient before it was clipped.
    pub critic_slope: f64,
    /// Length of the longest actor gradient before it was clipped, where they moved in this update.
    pub actor_slope: Option<f64>,
    /// Share of the actors' action numbers beyond ±0.97, where they moved in this update.
    pub saturated: Option<f64>,
}

/// A trained policy as plain numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exported {
    /// A network with the scale of its inputs.
    Net(Net),
    /// A greedy table.
    Table(TableSpec),
}

/// An actor that no longer learns: scale the observation, run the network, get an action within -1 and 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Net {
    /// Its name and version, as `name@version`.
    pub version: String,
    /// What is done to an observation first.
    pub scale: Scale,
    /// The network.
    pub net: Mlp,
}

impl Net {
    /// Writes the action for an observation: the same bits as the learner's own `act` at the time of the export.
    ///
    /// # Panics
    /// When a length is not the network's.
    pub fn act(&self, observation: &[f32], action: &mut [f32]) {
        act(&self.scale.means, &self.scale.factors, &self.net, observation, action);
    }
}

/// Scales an observation and runs an actor on it, without allocating.
pub(crate) fn act(means: &[f32], factors: &[f32], net: &Mlp, observation: &[f32], action: &mut [f32]) {
    assert_eq!(observation.len(), means.len(), "an observation's length");
    let mut scaled = [0.0_f32; MOST_WIDE];
    let scaled = &mut scaled[..observation.len()];
    scaled.copy_from_slice(observation);
    crate::normalise::apply(means, factors, scaled);
    net.run(scaled, action);
}
