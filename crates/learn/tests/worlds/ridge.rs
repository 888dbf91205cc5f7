//! Two agents who must match closely: where independent learners fail for a reason that can be worked out beforehand.
//!
//! Each agent chooses a number within -1 and 1. With `u = (a + b) / 2 + 1` (0 at the bottom, 2 at the top) the common reward is
//! `r(a, b) = u · (G(a − b) − S)`, `G(d) = exp(−d² / 2 W²)`. Along `a = b` it rises by `1 − S` for each step of `u`, up to
//! `2 (1 − S) = 0.6` at (1, 1). Away from that ridge it falls by `S`.
//!
//! **Why independent learners go down.** An independent critic knows the partner only as chance: its value of an action is
//! `Q(a) = E_b[r(a, b)]` over the partner's exploring actions, `b ~ μ + σ n`. The ridge is `W = 0.15` wide, exploration `σ = 0.5`, so a
//! partner is on it with `a` in about `W / √(W² + σ²) = 29 %` of rows, and
//! `∂Q/∂a = ½ (k (1 + σ² / (W² + σ²)) − S)` at `a = μ`, with `k = W / √(W² + σ²)`: −0.075 here. Going down together is what both
//! *correctly* learn. A critic over both actions sees `r(a, b)` itself, and at the actors' own actions its slope along the ridge is
//! `(1 − S) / 2 = +0.15` for each. This is relative overgeneralisation (Wiegand 2004). An actor of MADDPG as published takes its partner's
//! actions from the rows, and so averages as an independent learner does: the joint critic alone is not what helps.

use motet_learn::{ActorCritic, End, Learner, Options, Row, independent, maddpg, matd3, noise::Schedule};
use motet_units::Chance;

use super::{learner, small, team};

const S: f64 = 0.7;
const W: f64 = 0.15;
const SIGMA: f64 = 0.5;
const BEST: f64 = 2.0 * (1.0 - S);

fn reward(a: f64, b: f64) -> f64 {
    let height = f64::midpoint(a, b) + 1.0;
    height * ((-(a - b) * (a - b) / (2.0 * W * W)).exp() - S)
}

/// `E[r(a, b)]` over a partner that acts at `mean` and explores as the learners do, cut to its range.
fn expected(a: f64, mean: f64) -> f64 {
    // The middles of 20,000 equal shares of a normal distribution, by their sums of twelve even draws' quantiles, would need its inverse;
    // a fine grid over ±6 deviations does the same.
    let points = (-6000..=6000).map(|place| f64::from(place) / 1000.0);
    let weighed = points.map(|n| ((-n * n / 2.0).exp(), reward(a, (mean + SIGMA * n).clamp(-1.0, 1.0))));
    let (weights, sum) = weighed.fold((0.0, 0.0), |(weights, sum), (w, r)| (weights + w, sum + w * r));
    sum / weights
}

#[test]
fn the_game_leads_down_for_whoever_averages_over_the_partner() {
    for place in -8..=4 {
        let mean = f64::from(place) / 10.0;
        let slope = (expected(mean + 1e-4, mean) - expected(mean - 1e-4, mean)) / 2e-4;
        assert!(slope < -0.05, "at {mean} it is {slope}");
        let joint = (reward(mean + 1e-4, mean) - reward(mean - 1e-4, mean)) / 2e-4;
        assert!((joint - (1.0 - S) / 2.0).abs() < 1e-3, "at {mean} the joint slope is {joint}");
    }
    let k = W / (W * W + SIGMA * SIGMA).sqrt();
    let formula = 0.5 * (k * (1.0 + SIGMA * SIGMA / (W * W + SIGMA * SIGMA)) - S);
    let at_start = (expected(1e-4, 0.0) - expected(-1e-4, 0.0)) / 2e-4;
    assert!((formula - at_start).abs() < 2e-3, "{formula} is not {at_start}");
}

fn play(options: Options, seed: u64, rows: u64) -> ActorCritic {
    let mut learner = learner(team(&["a", "b"], 1, 1), options, seed);
    for number in 0..rows {
        let mut actions = vec![0.0; 2];
        for agent in 0..2 {
            learner.explore(agent, &[1.0], Chance::new(seed, number), &mut actions[agent..=agent]);
        }
        let reward = reward(actions[0].into(), actions[1].into()) as f32;
        let seen = vec![1.0; 2];
        let row = Row {
            observations: seen.clone(),
            actions,
            reward,
            next_observations: seen,
            end: End::Terminated,
            ..Row::default()
        };
        learner.remember(&row).expect("the row fits");
        learner.update().expect("finite losses");
    }
    learner
}

fn earned(options: Options, seed: u64) -> f64 {
    let options = Options {
        exploration: Schedule::Constant { at: SIGMA },
        saturation: 0.0,
        critic_rate: 2e-3,
        ..small(options)
    };
    let learner = play(options, seed, 8_000);
    let (mut a, mut b) = ([0.0], [0.0]);
    learner.act(0, &[1.0], &mut a);
    learner.act(1, &[1.0], &mut b);
    let earned = reward(a[0].into(), b[0].into());
    println!("{a:?} {b:?} earns {earned:.3} of {BEST:.3}");
    earned
}

#[test]
fn a_central_critic_climbs_the_ridge_where_independent_ones_go_down() {
    for seed in 1..=2 {
        // The reward has no noise; 10 % are what a critic's fit of so narrow a ridge may cost.
        let central = [("maddpg", maddpg::options()), ("matd3", matd3::options())];
        for (name, options) in central {
            let earned = earned(options, seed);
            assert!(earned > 0.9 * BEST, "{name}, seed {seed}: {earned} of {BEST}");
        }
        // At the bottom nothing can be earned at all; a quarter of the best is beyond what the slope allows.
        let averaging = [
            ("independent TD3", independent::options()),
            ("independent DDPG", independent::plain_options()),
            ("maddpg as published", maddpg::as_published()),
        ];
        for (name, options) in averaging {
            let earned = earned(options, seed);
            assert!(earned < 0.25 * BEST, "{name}, seed {seed}: {earned} of {BEST}");
        }
    }
}
