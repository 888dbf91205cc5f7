//! Learning from records of which only some are good.
//!
//! A quarter of the records act well (near the best action), the rest at random. Behaviour cloning learns the average of both; TD3+BC, told
//! the rewards as well, has to do better, and has to stay where there are records.

use motet_learn::{ActorCritic, End, Learner, Options, Row, Team, offline};
use motet_units::Chance;

use super::{mean, small, standard_error, team};

const STEPS: usize = 5;

/// A point on a line to be brought to 0: `x' = x + a / 2`, cost `x'² + a² / 10`.
fn step(x: f64, action: f64) -> (f64, f64) {
    let next = (x + action / 2.0).clamp(-2.0, 2.0);
    (next, -(next * next) - action * action / 10.0)
}

fn good(x: f64) -> f64 {
    (-1.4 * x).clamp(-1.0, 1.0)
}

fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for walk in 0..1_000 {
        let mut chance = Chance::new(8, walk).stream("records");
        let mut x = 4.0 * chance.unit() - 2.0;
        for number in 0..STEPS {
            let any = 2.0 * chance.unit() - 1.0;
            let action = if walk % 4 == 0 { (good(x) + 0.1 * any).clamp(-1.0, 1.0) } else { any };
            let (next, reward) = step(x, action);
            // The walk is cut after five steps; nothing about the world ends there.
            let end = if number + 1 == STEPS { End::Truncated } else { End::Goes };
            rows.push(Row {
                observations: vec![x as f32],
                actions: vec![action as f32],
                reward: reward as f32,
                next_observations: vec![next as f32],
                end,
                ..Row::default()
            });
            x = next;
        }
    }
    rows
}

/// The returns of ten steps from 81 starts.
fn returns(mut act: impl FnMut(f64) -> f64) -> Vec<f64> {
    let walk = |place: i32| {
        let (mut x, mut sum) = (f64::from(place) / 20.0, 0.0);
        for _ in 0..10 {
            let (next, reward) = step(x, act(x));
            (x, sum) = (next, sum + reward);
        }
        sum
    };
    (-40..=40).map(walk).collect()
}

fn learned(options: Options, rows: &[Row]) -> Vec<f64> {
    let team: Team = team(&["one"], 1, 1);
    let (learner, _): (ActorCritic, _) = offline::learn(team, options, 2, rows.iter(), 4_000).unwrap();
    returns(|x| {
        let mut action = [0.0];
        learner.act(0, &[x as f32], &mut action);
        action[0].into()
    })
}

#[test]
fn td3_with_cloning_beats_cloning_on_mixed_records() {
    let rows = rows();
    let options = |base: Options| Options { saturation: 0.0, ..small(base) };
    let cloned = learned(options(offline::cloning_options()), &rows);
    let beside = learned(options(offline::options(offline::ALPHA)), &rows);
    let best = returns(good);
    println!("cloned {:.3}, td3+bc {:.3}, good {:.3}", mean(&cloned), mean(&beside), mean(&best));
    // Paired by start; three standard errors of the difference.
    let gains: Vec<f64> = beside.iter().zip(&cloned).map(|(b, c)| b - c).collect();
    assert!(
        mean(&gains) > 3.0 * standard_error(&gains),
        "gains {} ± {}",
        mean(&gains),
        standard_error(&gains)
    );
    // At least three quarters of the way from cloning to acting well.
    let way = mean(&gains) / (mean(&best) - mean(&cloned));
    assert!(way > 0.75, "{way} of the way");
}

#[test]
fn cloning_learns_the_average_of_what_was_done() {
    let rows = rows();
    let team = team(&["one"], 1, 1);
    let options = Options { saturation: 0.0, ..small(offline::cloning_options()) };
    let (learner, _) = offline::learn(team, options, 2, rows.iter(), 4_000).unwrap();
    let errors = (-8..=8).map(|place| {
        let x = f64::from(place) / 10.0;
        let mut action = [0.0];
        learner.act(0, &[x as f32], &mut action);
        // The share of good rows near x is above a quarter where good walks gather; what was done there is averaged directly.
        let near = rows.iter().filter(|row| (f64::from(row.observations[0]) - x).abs() < 0.05);
        let done: Vec<f64> = near.map(|row| row.actions[0].into()).collect();
        (f64::from(action[0]) - mean(&done)).abs() / (standard_error(&done) + 0.05)
    });
    // In units of the window's own standard error and 0.05 for its width (the average moves by up to 0.7 per unit of x).
    let errors: Vec<f64> = errors.collect();
    assert!(errors.iter().all(|error| *error < 3.0), "{errors:?}");
}

#[test]
fn too_few_records_are_an_error() {
    let few = rows()[..10].to_vec();
    let error = offline::learn(team(&["one"], 1, 1), offline::options(2.5), 1, few.iter(), 1).unwrap_err();
    assert_eq!(error.to_string(), "at least 256 rows are needed, there were 10");
}
