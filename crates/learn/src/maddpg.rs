//! MADDPG: deterministic actors, a critic over everything, for training only (Lowe et al. 2017).
//!
//! Each agent `i` has an actor `μ_i(o_i)`. A critic `Q(o, a)` sees all observations and all actions; it learns towards
//! `y = r + γ Q'(o', μ'(o'))` and each actor moves along `∂Q/∂a_i` at `a_i = μ_i(o_i)`. As every critic's world is fixed
//! by what it sees (all actions are among it), learning is not chasing the other learners' changes. Acting needs the
//! actors alone.
//!
//! Where we differ from the paper, each an option: one critic for all, as the reward is common ([`Critics::Shared`]; with
//! shaping terms take [`Critics::PerAgent`]); the gradient is taken where all act as they would now
//! ([`Others::Current`], Peng et al. 2021). [`as_published`] sets both as Lowe et al. have them.

use crate::{
    actor_critic::{Cloning, Critics, Options, Others, Sight},
    noise::Schedule,
    normalise::Running,
};

/// Returns MADDPG's options: one critic over the joint observation and action, no twin, actors move in every update.
pub fn options() -> Options {
    Options {
        gamma: 0.95,
        tau: 0.01,
        actor_rate: 5e-4,
        critic_rate: 1e-3,
        actor_hidden: vec![64, 64],
        critic_hidden: vec![128, 128],
        batch: 256,
        capacity: 200_000,
        warmup_rows: 1_000,
        sight: Sight::Joint,
        critics: Critics::Shared,
        twins: 1,
        others: Others::Current,
        delay: 1,
        smoothing: 0.0,
        smoothing_cut: 0.0,
        clip: 10.0,
        saturation: 1e-3,
        exploration: Schedule::Linear { from: 0.4, to: 0.05, rows: 50_000 },
        normalise: Running::On,
        cloning: Cloning::Off,
    }
}

/// Returns MADDPG's options as Lowe et al. (2017) have it: a critic per agent, partners' actions from the rows.
pub fn as_published() -> Options {
    Options { critics: Critics::PerAgent, others: Others::Replayed, ..options() }
}
