use proptest::prelude::*;

use super::*;

fn spec() -> TableSpec {
    TableSpec {
        version: "t@1".into(),
        edges: vec![vec![0.0, 1.0], vec![10.0]],
        actions: (0..6).map(|cell| vec![f64::from(cell)]).collect(),
    }
}

fn look_up(observation: &[f64]) -> f64 {
    let mut action = [0.0];
    Table::build(spec()).unwrap().act(Subject::Platform, observation, &mut action);
    action[0]
}

#[test]
fn the_last_input_moves_fastest() {
    for (observation, cell) in [
        ([-1.0, 9.0], 0.0),
        ([-1.0, 10.0], 1.0),
        ([0.5, 9.0], 2.0),
        ([0.5, 11.0], 3.0),
        ([1.0, 9.0], 4.0),
        ([f64::INFINITY, f64::INFINITY], 5.0),
    ] {
        assert_eq!(look_up(&observation).total_cmp(&cell), std::cmp::Ordering::Equal, "{observation:?}");
    }
}

#[test]
fn an_observation_of_the_wrong_shape_makes_an_action_that_is_refused() {
    assert!(look_up(&[1.0]).is_nan());
    assert!(look_up(&[f64::NAN, 1.0]).is_nan());
}

#[test]
fn wrong_shapes_are_found_when_the_table_is_built() {
    let broken = |change: fn(&mut TableSpec)| {
        let mut spec = spec();
        change(&mut spec);
        Table::build(spec).unwrap_err()
    };
    assert_eq!(broken(|s| s.version.clear()), Error::NoVersion);
    assert_eq!(broken(|s| drop(s.actions.pop())), Error::Rows { expected: 6, found: 5 });
    assert!(matches!(broken(|s| s.edges[0] = vec![1.0, 1.0]), Error::Edges { input: 0, .. }));
    assert!(matches!(broken(|s| s.edges[1] = vec![f64::NAN]), Error::Edges { input: 1, .. }));
    assert!(matches!(broken(|s| s.actions[2].push(1.0)), Error::Row { row: 2, .. }));
    assert!(matches!(broken(|s| s.actions[3][0] = f64::INFINITY), Error::Row { row: 3, .. }));
    assert!(matches!(broken(|s| s.edges = vec![vec![0.0, 1.0]; 40]), Error::TooManyRows { .. }));
}

#[test]
fn a_policy_that_does_not_fit_its_seat_is_refused_at_once() {
    let seat = |action: Vec<f64>| Steering::build(Box::new(Fixed::new("f@1", action)), 2, vec![(0.0, 1.0)]);
    assert!(seat(vec![0.5]).is_ok());
    assert!(matches!(seat(vec![2.0]).unwrap_err(), Error::OutOfRange { value: 2.0, .. }));
    assert!(seat(vec![0.5, 0.5]).is_err());
}

#[test]
fn a_refused_action_is_counted() {
    let table = Table::build(TableSpec {
        version: "t@1".into(),
        edges: vec![vec![1.0]],
        actions: vec![vec![0.5], vec![7.0]],
    });
    let mut seat = Steering::build(Box::new(table.unwrap()), 1, vec![(0.0, 1.0)]).unwrap();
    assert_eq!(seat.steer(Subject::Platform, &[0.0]), Some(&[0.5][..]));
    assert_eq!(seat.steer(Subject::Platform, &[2.0]), None);
    assert_eq!(seat.steer(Subject::Platform, &[f64::NAN]), None);
    assert_eq!(seat.refused(), 2);
}

proptest! {
    #[test]
    fn every_observation_finds_a_cell(a in any::<f64>(), b in any::<f64>()) {
        let action = look_up(&[a, b]);
        prop_assert!((0.0..=5.0).contains(&action) || a.is_nan() || b.is_nan());
    }
}

/// 0.1 lies just below the `f32` nearest to it, which is what a table that was trained has for an edge.
#[test]
fn a_number_that_was_an_edge_in_training_falls_above_it_when_served() {
    let number = |least, most| Number { name: "n".into(), unit: "share".into(), least, most, default: 0.0 };
    let policy = AgentPolicy {
        agent: "pacer".into(),
        version: "pacer-table@1".into(),
        observation: vec![number(0.0, 1.0)],
        action: vec![number(-1.0, 1.0)],
        body: Body::Table(TableSpec {
            version: "pacer-table@1".into(),
            edges: vec![vec![f64::from(0.1_f32), 1.0]],
            actions: vec![vec![-1.0], vec![0.0], vec![1.0]],
        }),
    };
    let policy = policy.build().unwrap();
    let act = |seen: f64| {
        let mut action = [f64::NAN];
        policy.act(Subject::Platform, &[seen], &mut action);
        action[0]
    };
    let bits = [0.09, 0.1, 1.0, 7.0].map(|seen| act(seen).to_bits());
    assert_eq!(bits, [-1.0, 0.0, 1.0, 1.0].map(f64::to_bits));
    assert!(act(f64::NAN).is_nan());
}
