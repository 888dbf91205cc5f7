//! The critics' and the actors' own steps against plain ones in double precision.

use super::*;
use crate::{
    independent, maddpg, matd3,
    nn::tests::{Plain, assert_close, in_order},
    normalise::Running,
    offline,
    team::{End, Level, Member},
};

fn team() -> Team {
    let member = |name: &str, observation, action| Member {
        name: name.into(),
        level: Level::Campaign,
        observation,
        action,
    };
    Team::new(vec![member("a", 3, 2), member("b", 2, 1)], 2).unwrap()
}

fn draws(count: usize, salt: u64) -> Vec<f32> {
    let mut stream = Chance::new(21, salt).stream("draws");
    (0..count).map(|_| (2.0 * stream.unit() - 1.0) as f32).collect()
}

fn row(number: u64, shaping: bool) -> Row {
    Row {
        observations: draws(5, 10 * number),
        context: draws(2, 10 * number + 1),
        actions: draws(3, 10 * number + 2),
        reward: draws(1, 10 * number + 3)[0],
        shaping: if shaping { draws(2, 10 * number + 4) } else { Vec::new() },
        next_observations: draws(5, 10 * number + 5),
        next_context: draws(2, 10 * number + 6),
        end: [End::Goes, End::Truncated, End::Terminated][(number % 3) as usize],
    }
}

/// A small learner with rows, whose gradients are not clipped.
fn learner(options: &Options) -> ActorCritic {
    let shaping = options.critics == Critics::PerAgent;
    let options = Options {
        actor_hidden: vec![9, 8],
        critic_hidden: vec![10, 7],
        batch: 12,
        capacity: 40,
        warmup_rows: 0,
        clip: 1e9,
        saturation: 0.2,
        normalise: Running::Off,
        ..options.clone()
    };
    let mut learner = ActorCritic::new(team(), options, 3).unwrap();
    (0..40).for_each(|number| learner.remember(&row(number, shaping)).unwrap());
    learner
}

fn wide(numbers: &[f32]) -> Vec<f64> {
    numbers.iter().map(|number| f64::from(*number)).collect()
}

/// What a critic sees of a row of a batch, by its options.
fn seen(options: &Options, row: &[f64], agent: usize) -> Vec<f64> {
    match options.sight {
        Sight::Joint => row.to_vec(),
        Sight::Own => {
            [&row[Batch::observation(&team(), agent)], &row[Batch::action(&team(), agent)]].concat()
        }
    }
}

/// A batch with next actions, before any learning.
fn drawn(learner: &mut ActorCritic) {
    let chance = Chance::new(1, 1);
    let ActorCritic { state, batch, .. } = learner;
    batch.fill(&state.team, &state.replay, &state.scale, chance);
    look_ahead(state, batch, 1, chance);
}

fn check_critics(options: &Options) {
    let mut learner = learner(options);
    drawn(&mut learner);
    let ActorCritic { state, batch, .. } = &mut learner;
    let options = state.options.clone();
    for (agent, critic) in state.critics.iter_mut().enumerate() {
        let nets: Vec<Mlp> = critic.networks().cloned().collect();
        let targets: Vec<Plain> = critic.targets().map(Plain::of).collect();
        critic.learn(batch, &options);
        let aim = |row: usize| -> f64 {
            let next = seen(&options, &wide(&batch.next[row * batch.width..][..batch.width]), agent);
            let lower = targets.iter().map(|target| target.run(&next)[0]).fold(f64::INFINITY, f64::min);
            let own = if options.critics == Critics::PerAgent { batch.shaping[row * 2 + agent] } else { 0.0 };
            f64::from(batch.rewards[row])
                + f64::from(own)
                + options.gamma * f64::from(batch.follows[row]) * lower
        };
        let loss = |plain: &Plain| -> f64 {
            let error = |row: usize| {
                let now = seen(&options, &wide(&batch.joint[row * batch.width..][..batch.width]), agent);
                plain.run(&now)[0] - aim(row)
            };
            (0..batch.rows).map(|row| error(row).powi(2)).sum::<f64>() / batch.rows as f64
        };
        // The gradient left in the room is that of the last network.
        let last = nets.last().unwrap();
        let slopes = Plain::of(last).slopes(loss);
        assert_close(&in_order(last, critic.gradient()), &slopes, "critic");
        let losses = nets.iter().map(|net| loss(&Plain::of(net))).sum::<f64>() / nets.len() as f64;
        assert!((critic.told().loss - losses).abs() < 1e-5, "{} is not {losses}", critic.told().loss);
    }
}

#[test]
fn a_critics_step_is_down_the_error_to_its_aim() {
    check_critics(&maddpg::options());
    check_critics(&maddpg::as_published());
    check_critics(&matd3::options());
    check_critics(&independent::options());
}

fn check_actors(options: &Options) {
    let mut learner = learner(options);
    drawn(&mut learner);
    let ActorCritic { state, batch, .. } = &mut learner;
    let options = state.options.clone();
    let nets: Vec<Mlp> = state.actors.iter().map(|actor| actor.net.clone()).collect();
    improve(state, batch, 1);
    for agent in 0..2 {
        let critic = &state.critics[if options.critics == Critics::Shared { 0 } else { agent }];
        let value = Plain::of(critic.networks().next().unwrap());
        let acted = |row: usize, own: &Plain| {
            let mut row = wide(&batch.joint[row * batch.width..][..batch.width]);
            let theirs = row[Batch::action(&team(), agent)].to_vec();
            for other in 0..2 {
                let net = if other == agent { own.clone() } else { Plain::of(&nets[other]) };
                if other == agent || options.others == Others::Current {
                    let action = net.run(&row[Batch::observation(&team(), other)]);
                    row[Batch::action(&team(), other)].copy_from_slice(&action);
                }
            }
            (row, theirs)
        };
        let count = team().action(agent).len() as f64;
        let rows = batch.rows as f64;
        let at_start = Plain::of(&nets[agent]);
        let values =
            (0..batch.rows).map(|row| value.run(&seen(&options, &acted(row, &at_start).0, agent))[0].abs());
        let weight = match options.cloning {
            Cloning::Beside { alpha } => alpha / (values.sum::<f64>() / rows),
            Cloning::Off => 1.0,
            Cloning::Only => 0.0,
        };
        let loss = |own: &Plain| -> f64 {
            let term = |row: usize| {
                let (row, theirs) = acted(row, own);
                let sums = own.sums(&row[Batch::observation(&team(), agent)]);
                let mut loss = -weight * value.run(&seen(&options, &row, agent))[0];
                loss += options.saturation * sums.iter().map(|z| z * z).sum::<f64>() / count;
                if options.cloning != Cloning::Off {
                    let action = &row[Batch::action(&team(), agent)];
                    loss += action.iter().zip(theirs).map(|(a, b)| (a - b).powi(2)).sum::<f64>() / count;
                }
                loss
            };
            (0..batch.rows).map(term).sum::<f64>() / rows
        };
        let found = in_order(&nets[agent], state.actors[agent].gradient());
        assert_close(&found, &at_start.slopes(loss), "actor");
    }
}

#[test]
fn an_actors_step_is_up_the_value_of_its_present_action() {
    check_actors(&maddpg::options());
    check_actors(&maddpg::as_published());
    check_actors(&Options { others: Others::Replayed, ..maddpg::options() });
    check_actors(&Options { critics: Critics::PerAgent, ..matd3::options() });
    check_actors(&independent::plain_options());
}

#[test]
fn an_offline_actors_step_is_also_towards_what_was_done() {
    check_actors(&offline::options(2.5));
    check_actors(&offline::cloning_options());
}

#[test]
fn smoothing_strays_no_further_than_its_cut() {
    let options = Options { smoothing: 0.2, smoothing_cut: 0.3, ..maddpg::options() };
    let mut stream = Chance::new(1, 2).stream("test");
    let strayed: Vec<f32> = (0..4000).map(|_| smooth(0.1, &options, &mut stream) - 0.1).collect();
    assert!(strayed.iter().all(|s| s.abs() < 0.300_001));
    // A normal cut at 1.5 deviations has variance σ² (1 − 2 · 1.5 φ(1.5) / 0.8664 · 0.8664 + mass at the cut) ≈ 0.0311.
    let variance = strayed.iter().map(|s| f64::from(s * s)).sum::<f64>() / 4000.0;
    assert!((variance - 0.0311).abs() < 0.003, "{variance}");
    assert!((0..4000).all(|_| smooth(0.95, &options, &mut stream) <= 1.0));
}

#[test]
fn options_outside_their_range_are_refused() {
    let refused = |change: fn(&mut Options)| {
        let mut options = matd3::options();
        change(&mut options);
        ActorCritic::new(team(), options, 1).is_err()
    };
    assert!(!refused(|_| ()));
    assert!(refused(|o| o.gamma = 1.0));
    assert!(refused(|o| o.tau = 0.0));
    assert!(refused(|o| o.actor_rate = f64::NAN));
    assert!(refused(|o| o.twins = 3));
    assert!(refused(|o| o.delay = 0));
    assert!(refused(|o| o.batch = 0));
    assert!(refused(|o| o.capacity = 10));
    assert!(refused(|o| o.critic_hidden = vec![0]));
    assert!(refused(|o| o.sight = Sight::Own));
    assert!(refused(|o| o.cloning = Cloning::Beside { alpha: 0.0 }));
}

#[test]
fn rows_that_do_not_fit_are_refused_and_change_nothing() {
    let mut learner = learner(&maddpg::options());
    let before = learner.save();
    let mut refuse = |change: fn(&mut Row)| {
        let mut row = row(1, false);
        change(&mut row);
        learner.remember(&row).unwrap_err()
    };
    assert!(matches!(refuse(|r| r.observations.truncate(4)), Error::RowLength { part: "observations", .. }));
    assert!(matches!(refuse(|r| r.reward = f32::NAN), Error::RowNumber { part: "reward", .. }));
    assert!(matches!(refuse(|r| r.actions[1] = 1.5), Error::RowNumber { part: "actions", place: 1, .. }));
    assert_eq!(refuse(|r| r.shaping = vec![0.0, 1.0]), Error::ShapingNeedsOwnCritics);
    assert_eq!(learner.save(), before);
}
