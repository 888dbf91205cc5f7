//! Learning from recorded rows alone: behaviour cloning and TD3+BC (Fujimoto and Gu 2021).
//!
//! A critic learned from records is wrong about actions that nobody took, and an actor that follows it goes exactly there.
//! TD3+BC holds the actor to what was done: it minimises `−λ Q(o, μ(o)) + (μ(o) − a)²` with `λ = α / mean |Q|`, so that
//! `α` means the same whatever the rewards' scale. Behaviour cloning minimises the second term alone; it is
//! the naive baseline that TD3+BC has to beat.
//!
//! Networks, twins and smoothing are those of [`crate::matd3`]. With several agents each is held to its own part of the row's action.

use crate::{
    Error,
    actor_critic::{ActorCritic, Cloning, Options},
    learner::{Learner, Losses},
    matd3,
    team::{Row, Team},
};

/// The critic's weight in the paper.
pub const ALPHA: f64 = 2.5;

/// Returns TD3+BC's options, with `alpha` above 0: the larger, the freer the actor.
pub fn options(alpha: f64) -> Options {
    Options { cloning: Cloning::Beside { alpha }, saturation: 0.0, warmup_rows: 0, ..matd3::options() }
}

/// Returns behaviour cloning's options: the same networks and no critic at work.
pub fn cloning_options() -> Options {
    Options { cloning: Cloning::Only, delay: 1, ..options(ALPHA) }
}

/// Learns from rows for so many updates. All rows are kept, whatever the options' capacity, and observations are scaled by all of them.
///
/// # Errors
/// When there are fewer rows than a batch, one does not fit the team, an option is wrong, or a loss stops being finite.
pub fn learn<'a>(
    team: Team,
    options: Options,
    seed: u64,
    rows: impl ExactSizeIterator<Item = &'a Row>,
    updates: u64,
) -> Result<(ActorCritic, Losses), Error> {
    let count = rows.len();
    if count < options.batch {
        return Err(Error::TooFewRows { needed: options.batch, found: count });
    }
    let mut learner = ActorCritic::new(team, Options { capacity: count, warmup_rows: 0, ..options }, seed)?;
    for row in rows {
        learner.remember(row)?;
    }
    learner.freeze_scale();
    let mut last = Losses::default();
    for _ in 0..updates {
        last = learner.update()?.unwrap_or(last);
    }
    Ok((learner, last))
}
