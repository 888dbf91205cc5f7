//! One budget, with and without a target, against brute force and the conditions of optimality.

use motet_hindsight::{
    Opportunity,
    budget::{dual, optimum, optimum_in_windows},
    constrained::{self, Offer},
    sketch::Sketch,
};
use motet_units::Nanos;
use proptest::prelude::*;

fn log_of(rows: &[(u32, u32)]) -> Vec<Opportunity> {
    rows.iter()
        .map(|&(value, price)| Opportunity {
            value: f64::from(value) / 7.0,
            price: Nanos::new(i64::from(price)),
        })
        .collect()
}

fn rows(most: usize) -> impl Strategy<Value = Vec<(u32, u32)>> {
    prop::collection::vec((0_u32..50, 0_u32..20), 0..most)
}

/// The whole-number optimum over every subset.
fn brute_force(log: &[Opportunity], budget: i64) -> f64 {
    (0..1_u32 << log.len())
        .filter_map(|set| {
            let chosen = || log.iter().enumerate().filter(|(i, _)| set >> i & 1 == 1).map(|(_, o)| o);
            let cost: i64 = chosen().map(|o| o.price.get()).sum();
            (cost <= budget).then(|| chosen().map(|o| o.value).sum())
        })
        .fold(0.0, f64::max)
}

proptest! {
    #[test]
    fn the_whole_number_optimum_lies_within_its_bounds(rows in rows(11), budget in 0_i64..80) {
        let log = log_of(&rows);
        let best = optimum(&log, Nanos::new(budget));
        let exact = brute_force(&log, budget);
        prop_assert!(best.whole_at_least <= exact + 1e-9, "{} > {exact}", best.whole_at_least);
        prop_assert!(exact <= best.whole_at_most + 1e-9, "{exact} > {}", best.whole_at_most);
        prop_assert!(best.whole_at_most <= best.value + 1e-9);
        prop_assert!(best.whole_cost.get() <= budget);
    }

    #[test]
    fn the_dual_at_the_multiplier_equals_the_optimum(rows in rows(200), budget in 0_i64..900) {
        let log = log_of(&rows);
        let best = optimum(&log, Nanos::new(budget));
        let bound = dual(&log, Nanos::new(budget), best.multiplier);
        prop_assert!((bound - best.value).abs() <= 1e-9 * (1.0 + best.value), "{bound} against {}", best.value);
    }

    #[test]
    fn slackness_is_complementary(rows in rows(200), budget in 0_i64..900) {
        let log = log_of(&rows);
        let best = optimum(&log, Nanos::new(budget));
        let surplus = |o: &Opportunity| o.value - best.multiplier * o.price.as_f64();
        for (index, opportunity) in log.iter().enumerate() {
            if best.taken.contains(&index) {
                prop_assert!(surplus(opportunity) >= -1e-9);
            } else if best.part.is_none_or(|(part, _)| part != index) {
                prop_assert!(surplus(opportunity) <= 1e-9);
            }
        }
        let bought_part = best.part.map_or(0.0, |(index, share)| share * log[index].price.as_f64());
        let left = budget as f64 - best.whole_cost.as_f64() - bought_part;
        prop_assert!((best.multiplier * left).abs() < 1e-9, "a multiplier on money that is left");
    }

    #[test]
    fn any_multiplier_bounds_the_optimum(rows in rows(60), budget in 0_i64..300, multiplier in 0.0..5.0) {
        let log = log_of(&rows);
        let budget = Nanos::new(budget);
        prop_assert!(dual(&log, budget, multiplier) >= optimum(&log, budget).value - 1e-9);
    }

    #[test]
    fn more_money_never_brings_less(rows in rows(60), budget in 0_i64..300, more in 0_i64..50) {
        let log = log_of(&rows);
        let less = optimum(&log, Nanos::new(budget));
        let rich = optimum(&log, Nanos::new(budget + more));
        prop_assert!(rich.value >= less.value - 1e-9);
        prop_assert!(rich.multiplier <= less.multiplier, "returns diminish");
    }

    #[test]
    fn a_sketch_holds_the_optimum_between_its_sides(rows in rows(200), budget in 0_i64..900) {
        let log = log_of(&rows);
        let mut sketch = Sketch::new(1e-3, 1.01, 1_200);
        for opportunity in &log {
            sketch.add(opportunity);
        }
        let (best, sides) = (optimum(&log, Nanos::new(budget)), sketch.sides(Nanos::new(budget)));
        prop_assert!(sides.at_least <= best.value + 1e-9 && best.value <= sides.at_most + 1e-9, "{sides:?}");
        prop_assert!(sides.at_most - sides.at_least <= 0.0101 * best.value + 1e-9, "{sides:?}");
        let proof = dual(&log, Nanos::new(budget), sides.multiplier);
        prop_assert!((proof - sides.at_most).abs() <= 1e-9 * (1.0 + proof));
    }

    #[test]
    fn a_target_is_met_and_its_bounds_touch(
        rows in prop::collection::vec((0_u32..50, 0_u32..20, 0_u32..20), 0..60), budget in 0_i64..300,
    ) {
        let offers: Vec<Offer> = rows.iter().map(|&(value, price, allowance)| Offer {
            value: f64::from(value) / 7.0, price: Nanos::new(i64::from(price)), allowance: f64::from(allowance),
        }).collect();
        let best = constrained::optimum(&offers, Nanos::new(budget));
        prop_assert!(best.cost <= best.allowance + 1e-6, "{best:?}");
        prop_assert!(best.cost <= budget as f64 + 1e-6, "{best:?}");
        prop_assert!(best.value <= best.at_most + 1e-9, "{best:?}");
        prop_assert!(best.at_most - best.value <= 1e-6 * (1.0 + best.at_most), "{best:?}");
    }

    #[test]
    fn the_target_bound_holds_over_every_subset(
        rows in prop::collection::vec((0_u32..50, 0_u32..20, 0_u32..20), 0..10), budget in 0_i64..80,
    ) {
        let offers: Vec<Offer> = rows.iter().map(|&(value, price, allowance)| Offer {
            value: f64::from(value) / 7.0, price: Nanos::new(i64::from(price)), allowance: f64::from(allowance),
        }).collect();
        let best = constrained::optimum(&offers, Nanos::new(budget));
        for set in 0..1_u32 << offers.len() {
            let chosen = || offers.iter().enumerate().filter(|(i, _)| set >> i & 1 == 1).map(|(_, o)| o);
            let cost: f64 = chosen().map(|o| o.price.as_f64()).sum();
            let allowance: f64 = chosen().map(|o| o.allowance).sum();
            if cost <= budget as f64 && cost <= allowance {
                prop_assert!(chosen().map(|o| o.value).sum::<f64>() <= best.at_most + 1e-9);
            }
        }
    }
}

#[test]
fn nothing_is_worth_nothing() {
    let best = optimum(&[], Nanos::new(5));
    assert_eq!((best.value, best.multiplier, best.whole_at_most), (0.0, 0.0, 0.0));
    assert!(constrained::optimum(&[], Nanos::new(5)).at_most <= 0.0);
}

#[test]
fn nonsense_is_never_bought() {
    let log = [f64::NAN, -3.0, 1.0].map(|value| Opportunity { value, price: Nanos::new(1) });
    let best = optimum(&log, Nanos::new(10));
    assert_eq!((best.value, best.taken), (1.0, vec![2]));
}

#[test]
fn a_window_has_its_own_budget() {
    let log = log_of(&[(7, 1), (14, 1), (21, 1), (28, 1), (35, 1)]);
    let values: Vec<f64> = optimum_in_windows(&log, 2, Nanos::new(1)).iter().map(|best| best.value).collect();
    assert_eq!(values, [2.0, 4.0, 5.0]);
    assert_eq!(optimum_in_windows(&log, 0, Nanos::new(1)).len(), 1);
}
