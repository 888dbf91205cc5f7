//! Tiny worlds whose best is known, and what each learner makes of them.
//!
//! Every figure in a check says where its tolerance comes from. Seeds are fixed, and equal seeds give equal bits on every machine, so a
//! test that passes once passes always; the tolerances say how far another seed could be off.

#![expect(clippy::float_cmp, reason = "equal bits are what some checks claim")]

mod auction;
mod bandit;
mod bytes;
mod records;
mod ridge;

use motet_learn::{ActorCritic, Level, Member, Options, Team, noise::Schedule, normalise::Running};

/// A team of agents that see `observation` and do `action` numbers each.
fn team(names: &[&str], observation: usize, action: usize) -> Team {
    let member =
        |name: &&str| Member { name: (*name).to_owned(), level: Level::Campaign, observation, action };
    Team::new(names.iter().map(member).collect(), 0).expect("a sound team")
}

/// Smaller networks and batches than the defaults, for worlds this small.
#[expect(clippy::needless_pass_by_value, reason = "a call reads better with the options it makes")]
fn small(options: Options) -> Options {
    Options {
        actor_hidden: vec![32, 32],
        critic_hidden: vec![64, 64],
        batch: 64,
        capacity: 20_000,
        warmup_rows: 500,
        normalise: Running::Off,
        exploration: Schedule::Constant { at: 0.3 },
        ..options
    }
}

fn learner(team: Team, options: Options, seed: u64) -> ActorCritic {
    ActorCritic::new(team, options, seed).expect("sound options")
}

fn mean(numbers: &[f64]) -> f64 {
    numbers.iter().sum::<f64>() / numbers.len() as f64
}

/// The standard error of a mean.
fn standard_error(numbers: &[f64]) -> f64 {
    let (mean, count) = (mean(numbers), numbers.len() as f64);
    (numbers.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (count - 1.0) / count).sqrt()
}
