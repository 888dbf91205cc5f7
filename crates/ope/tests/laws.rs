//! Laws every estimator keeps, on drawn logs.

use motet_ope::reward::Rewards;
use motet_ope::{Estimator, Evaluation, Log, Options, Policy, Round, Table, evaluate};
use proptest::prelude::*;

const ACTIONS: usize = 3;

/// Logging and target distributions, predictions, and rounds as (action, reward).
type Drawn = (Table, Table, Vec<f64>, Vec<(u32, f64)>);

fn distribution() -> impl Strategy<Value = Table> {
    prop::collection::vec(0.05..1.0_f64, ACTIONS).prop_map(|odds| {
        let sum: f64 = odds.iter().sum();
        Table::new(&[odds.iter().map(|odd| odd / sum).collect()]).unwrap()
    })
}

fn drawn() -> impl Strategy<Value = Drawn> {
    let rounds = prop::collection::vec((0..ACTIONS as u32, 0.0..1.0_f64), 1..60);
    (distribution(), distribution(), prop::collection::vec(0.0..1.0_f64, ACTIONS), rounds)
}

fn evaluation(logging: &Table, target: &Table, predicted: &[f64], rounds: &[(u32, f64)]) -> Evaluation {
    let mut log = Log::new(ACTIONS, 1, 0).unwrap();
    for &(action, reward) in rounds {
        let propensity = logging.at(0)[action as usize];
        log.push(Round { context: 0, action, position: 0, reward, propensity }).unwrap();
    }
    let model = Rewards::new(&[predicted.to_vec()]).unwrap();
    evaluate(
        &log,
        target,
        &model,
        Some(logging as &dyn Policy),
        Options { replicates: 20, ..Options::default() },
    )
    .unwrap()
}

fn value(evaluation: &Evaluation, estimator: &str) -> f64 {
    evaluation.arithmetic().iter().find(|estimate| estimate.estimator.name() == estimator).unwrap().value
}

proptest! {
    #[test]
    fn asked_about_the_logging_policy_weighting_gives_the_mean_reward(
        (logging, _, predicted, rounds) in drawn()
    ) {
        let found = evaluation(&logging, &logging, &predicted, &rounds);
        let mean = rounds.iter().map(|(_, reward)| reward).sum::<f64>() / rounds.len() as f64;
        for estimator in ["ips", "snips"] {
            prop_assert!((value(&found, estimator) - mean).abs() < 1e-12);
        }
        prop_assert!((found.support.effective_rounds - rounds.len() as f64).abs() < 1e-9);
    }

    #[test]
    fn with_no_rewards_predicted_doubly_robust_is_weighting((logging, target, _, rounds) in drawn()) {
        let found = evaluation(&logging, &target, &[0.0; ACTIONS], &rounds);
        prop_assert!((value(&found, "dr") - value(&found, "ips")).abs() < 1e-12);
        prop_assert!((value(&found, "sndr") - value(&found, "snips")).abs() < 1e-12);
        prop_assert!(value(&found, "dm").abs() < 1e-12);
    }

    #[test]
    fn a_model_that_is_right_every_time_leaves_nothing_to_correct((logging, target, predicted, rounds) in drawn()) {
        let exact: Vec<(u32, f64)> =
            rounds.iter().map(|&(action, _)| (action, predicted[action as usize])).collect();
        let found = evaluation(&logging, &target, &predicted, &exact);
        for estimator in ["dr", "sndr", "switch-dr", "dros"] {
            prop_assert!((value(&found, estimator) - value(&found, "dm")).abs() < 1e-12);
        }
    }

    #[test]
    fn self_normalised_weighting_stays_within_the_rewards_seen((logging, target, predicted, rounds) in drawn()) {
        let found = value(&evaluation(&logging, &target, &predicted, &rounds), "snips");
        let least = rounds.iter().map(|&(_, reward)| reward).fold(f64::INFINITY, f64::min);
        let most = rounds.iter().map(|&(_, reward)| reward).fold(f64::NEG_INFINITY, f64::max);
        prop_assert!(least - 1e-12 <= found && found <= most + 1e-12);
    }

    #[test]
    fn a_constant_added_to_rewards_and_predictions_is_added_to_what_normalises(
        (logging, target, predicted, rounds) in drawn()
    ) {
        let raised: Vec<(u32, f64)> = rounds.iter().map(|&(action, reward)| (action, reward + 1.0)).collect();
        let higher: Vec<f64> = predicted.iter().map(|q| q + 1.0).collect();
        let before = evaluation(&logging, &target, &predicted, &rounds);
        let after = evaluation(&logging, &target, &higher, &raised);
        for estimator in ["dm", "snips", "dr", "sndr", "switch-dr", "dros"] {
            prop_assert!((value(&after, estimator) - value(&before, estimator) - 1.0).abs() < 1e-9);
        }
    }

    #[test]
    fn the_order_of_rounds_changes_no_estimate((logging, target, predicted, rounds) in drawn()) {
        let mut turned = rounds.clone();
        turned.reverse();
        let (one, other) = (
            evaluation(&logging, &target, &predicted, &rounds),
            evaluation(&logging, &target, &predicted, &turned),
        );
        for (a, b) in one.arithmetic().iter().zip(other.arithmetic()) {
            prop_assert!((a.value - b.value).abs() < 1e-9);
            prop_assert!((a.standard_error - b.standard_error).abs() < 1e-9);
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_bits((logging, target, predicted, rounds) in drawn()) {
        let one = evaluation(&logging, &target, &predicted, &rounds);
        let again = evaluation(&logging, &target, &predicted, &rounds);
        prop_assert_eq!(one.arithmetic(), again.arithmetic());
    }
}

#[test]
fn a_log_of_no_rounds_is_refused_and_not_a_number_never_appears() {
    let table = Table::uniform(1, ACTIONS).unwrap();
    let found = evaluation(&table, &table, &[0.5; ACTIONS], &[]);
    assert!(found.answer().is_err());
    assert!(found.arithmetic().iter().all(|estimate| estimate.value.is_finite()));
    assert!(matches!(found.arithmetic()[0].estimator, Estimator::DirectMethod));
}
