//! Independent learners: the same without a central critic, to measure what it is good for.
//!
//! Each agent's critic sees its own observation and action only and takes the others for part of the world. Networks, replay,
//! twins, noise and rates are those of [`crate::matd3`] or [`crate::maddpg`] (for one agent they *are* TD3 and DDPG), so that a difference
//! between the two is the critic's sight and nothing else.
//!
//! What is lost: the others learn too, so each critic's world moves under it; and an action's value is averaged over what the
//! partners did in the rows, their exploration included. Where partners must match closely, what is safe beats what is good
//! (*relative overgeneralisation*, Wiegand 2004). `tests/ridge.rs` has a game where this can be worked out beforehand.

use crate::{
    actor_critic::{Critics, Options, Sight},
    maddpg, matd3,
};

/// Returns the options of independent TD3 learners, the counterpart of [`crate::matd3::options`].
pub fn options() -> Options {
    alone(matd3::options())
}

/// Returns the options of independent DDPG learners, the counterpart of [`crate::maddpg::options`].
pub fn plain_options() -> Options {
    alone(maddpg::options())
}

/// Takes the joint sight from any learner's options.
pub fn alone(options: Options) -> Options {
    Options { sight: Sight::Own, critics: Critics::PerAgent, ..options }
}
