//! Equal seeds give equal bytes; a state taken back goes on as if nothing had been.

use motet_learn::{
    ActorCritic, Critics, End, Error, Exported, Learner, Options, Row, Team, independent, maddpg, matd3,
    normalise::Running, offline, q,
};
use motet_units::Chance;

use super::{learner, small, team};

fn trio() -> Team {
    team(&["a", "b", "c"], 3, 2)
}

/// Rows that depend on what the learner does, so that a changed bit spreads.
fn live(learner: &mut dyn Learner, numbers: std::ops::Range<u64>) {
    for number in numbers {
        let mut chance = Chance::new(6, number).stream("world");
        let mut draw = |count| (0..count).map(|_| (3.0 * chance.unit() - 1.0) as f32).collect::<Vec<_>>();
        let (observations, next_observations) = (draw(9), draw(9));
        let mut actions = vec![0.0; 6];
        for agent in 0..3 {
            let seen = &observations[3 * agent..3 * agent + 3];
            learner.explore(agent, seen, Chance::new(7, number), &mut actions[2 * agent..2 * agent + 2]);
        }
        let reward = actions.iter().sum::<f32>() * observations[0];
        let end = if number % 5 == 0 { End::Terminated } else { End::Goes };
        let row = Row { observations, actions, reward, next_observations, end, ..Row::default() };
        learner.remember(&row).expect("the row fits");
        learner.update().expect("finite losses");
    }
}

fn kinds() -> Vec<(&'static str, Options)> {
    let tiny = |options: Options| Options {
        warmup_rows: 40,
        batch: 16,
        capacity: 100,
        normalise: Running::On,
        ..small(options)
    };
    vec![
        ("maddpg", tiny(maddpg::options())),
        ("maddpg as published", tiny(maddpg::as_published())),
        ("matd3", tiny(matd3::options())),
        ("matd3, a critic each", tiny(Options { critics: Critics::PerAgent, ..matd3::options() })),
        ("independent", tiny(independent::options())),
        ("td3+bc", tiny(offline::options(2.5))),
    ]
}

fn tables() -> q::Tabular {
    let seat = || q::Seat { bins: q::Bins::Quantiles(vec![3; 3]), actions: q::grid(3, 2) };
    let base = q::Options::new((0..3).map(|_| seat()).collect());
    q::Tabular::new(trio(), q::Options { warmup_rows: 90, ..base }).unwrap()
}

#[test]
fn equal_seeds_give_equal_bytes_whatever_the_threads() {
    for (name, options) in kinds() {
        let run = |threads: usize, seed: u64| {
            let mut learner = learner(trio(), options.clone(), seed);
            learner.set_threads(threads);
            live(&mut learner, 0..150);
            learner.save()
        };
        let one = run(1, 1);
        assert!(one == run(2, 1) && one == run(7, 1), "{name}: threads show");
        assert!(one != run(1, 2), "{name}: the seed does not show");
    }
}

fn check_resumed(name: &str, make: &dyn Fn() -> Box<dyn Learner>, at: u64) {
    let (mut through, mut first, mut second) = (make(), make(), make());
    live(&mut *through, 0..200);
    live(&mut *first, 0..at);
    second.restore(&first.save()).unwrap();
    live(&mut *second, at..200);
    assert!(through.save() == second.save(), "{name}: stopped after {at} rows");
}

#[test]
fn a_run_that_was_stopped_goes_on_to_the_same_bytes() {
    // Before, at and after the end of the warm-up and the ring's first turn.
    for at in [0, 39, 40, 41, 99, 120] {
        for (name, options) in kinds() {
            check_resumed(name, &|| Box::new(learner(trio(), options.clone(), 1)), at);
        }
        check_resumed("tables", &|| Box::new(tables()), at);
    }
}

#[test]
fn a_damaged_state_is_an_error_and_changes_nothing() {
    let (_, options) = kinds().remove(0);
    let mut learner = learner(trio(), options, 1);
    live(&mut learner, 0..60);
    let saved = learner.save();
    live(&mut learner, 60..80);
    let before = learner.save();
    for place in (0..saved.len()).step_by(997) {
        let mut broken = saved.clone();
        broken[place] ^= 0x10;
        let error = learner.restore(&broken).unwrap_err();
        assert!(matches!(error, Error::Damaged { .. }), "byte {place}: {error}");
    }
    assert!(learner.restore(&saved[..saved.len() - 1]).is_err());
    assert!(learner.restore(&[]).is_err());
    assert!(learner.save() == before);
}

#[test]
fn another_learners_state_is_refused_by_name() {
    let (_, options) = kinds().remove(0);
    let mut one = learner(trio(), options.clone(), 1);
    let error = one.restore(&tables().save()).unwrap_err();
    assert_eq!(error.to_string(), "the saved state is of q, this learner is actor-critic");
    let other = learner(team(&["a", "b", "d"], 3, 2), options, 1);
    assert!(matches!(one.restore(&other.save()), Err(Error::OtherLearner { .. })));
}

#[test]
fn an_exported_actor_acts_as_its_learner_did() {
    for (name, options) in kinds() {
        let mut learner: ActorCritic = learner(trio(), options, 1);
        live(&mut learner, 0..120);
        for agent in 0..3 {
            let Exported::Net(net) = learner.export(agent, "net@1") else { panic!("a network was expected") };
            let text = serde_json::to_string(&net).unwrap();
            let net: motet_learn::Net = serde_json::from_str(&text).unwrap();
            for seen in [[0.0, 0.0, 0.0], [1.5, -0.7, 0.2], [30.0, -30.0, 1.0]] {
                let (mut own, mut served) = ([0.0; 2], [9.0; 2]);
                learner.act(agent, &seen, &mut own);
                net.act(&seen, &mut served);
                assert_eq!(own, served, "{name}, agent {agent}");
            }
        }
    }
}
