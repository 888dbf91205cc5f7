//! One agent, one step, a best action that depends on what is seen.

use motet_learn::{End, Learner, Options, Row, independent, maddpg, matd3, q};
use motet_units::Chance;

use super::{learner, mean, small, team};

/// The best action, within -0.6 and 0.6.
fn best(seen: f64) -> f64 {
    0.6 * seen
}

fn train(learner: &mut dyn Learner, rows: u64) {
    for number in 0..rows {
        let mut chance = Chance::new(3, number).stream("world");
        let seen = 2.0 * chance.unit() - 1.0;
        let mut action = [0.0];
        learner.explore(0, &[seen as f32], Chance::new(4, number), &mut action);
        let noise = 0.2 * (chance.unit() - 0.5);
        let reward = (noise - (f64::from(action[0]) - best(seen)).powi(2)) as f32;
        let observations = vec![seen as f32];
        let next_observations = observations.clone();
        let row = Row {
            observations,
            actions: action.to_vec(),
            reward,
            next_observations,
            end: End::Terminated,
            ..Row::default()
        };
        learner.remember(&row).expect("the row fits");
        learner.update().expect("finite losses");
    }
}

/// The mean loss in reward against the best, over what may be seen.
fn regret(learner: &dyn Learner) -> f64 {
    let regrets = (-50..=50).map(|place| {
        let seen = f64::from(place) / 50.0;
        let mut action = [0.0];
        learner.act(0, &[seen as f32], &mut action);
        (f64::from(action[0]) - best(seen)).powi(2)
    });
    mean(&regrets.collect::<Vec<_>>())
}

#[test]
fn networks_find_the_best_action() {
    // Acting at 0 everywhere costs 0.12 on average. The reward's noise has variance 0.0033; a fit of some hundred numbers to 4,000 rows
    // is off by far less than 0.005.
    for (name, options) in
        [("maddpg", maddpg::options()), ("matd3", matd3::options()), ("independent", independent::options())]
    {
        let mut learner = learner(team(&["one"], 1, 1), Options { saturation: 0.0, ..small(options) }, 5);
        let before = regret(&learner);
        train(&mut learner, 4_000);
        let after = regret(&learner);
        println!("{name}: {before:.4} before, {after:.5} after");
        assert!(before > 0.05 && after < 0.005, "{name}: {before} before, {after} after");
    }
}

#[test]
fn a_table_finds_the_best_action_of_its_list() {
    let seat = q::Seat { bins: q::Bins::Quantiles(vec![10]), actions: q::grid(11, 1) };
    let mut learner = q::Tabular::new(team(&["one"], 1, 1), q::Options::new(vec![seat])).unwrap();
    train(&mut learner, 60_000);
    // Actions 0.2 apart and cells 0.12 wide in the best action: even errors within ±0.1 and ±0.06 make 0.0033 + 0.0012.
    let regret = regret(&learner);
    assert!(regret < 0.0045 + 0.003, "{regret}");
    assert!((learner.tried(0) - 1.0).abs() < 1e-12);
}

#[test]
fn a_table_serves_as_it_acts() {
    use motet_policy::{Policy as _, Subject, Table};
    let seat = q::Seat { bins: q::Bins::Quantiles(vec![7]), actions: q::grid(5, 1) };
    let mut learner = q::Tabular::new(team(&["one"], 1, 1), q::Options::new(vec![seat])).unwrap();
    train(&mut learner, 5_000);
    let motet_learn::Exported::Table(spec) = learner.export(0, "table@1") else {
        panic!("a table was expected")
    };
    let table = Table::build(spec).unwrap();
    for place in -120..=120 {
        let seen = place as f32 / 100.0;
        let (mut own, mut served) = ([0.0_f32], [0.0_f64]);
        learner.act(0, &[seen], &mut own);
        table.act(Subject::Platform, &[seen.into()], &mut served);
        assert_eq!(f64::from(own[0]), served[0], "at {seen}");
    }
}
