//! In a whole market whose budgets run dry, a user split reads a gain that is not there, and a budget split does not.
//!
//! The short form; `examples/user_split.rs` plays a thousand experiments.

mod proof;

use motet_sim::versus::Design;

const EXPERIMENTS: u64 = 12;
const SEEDS: u64 = 5;

#[test]
fn a_user_split_reads_a_gain_where_budgets_bind_and_a_budget_split_none() {
    let users = proof::experiments(Design::UserSplit, EXPERIMENTS, SEEDS, 2);
    let budgets = proof::experiments(Design::BudgetSplit, EXPERIMENTS, SEEDS, 2);
    for said in [&users, &budgets] {
        assert!(said.used > 0.95, "budgets bind: {said:?}");
    }
    let ((false_gain, half), (nothing, _)) = (users.mean(), budgets.mean());
    assert!(false_gain - half > 0.05, "{false_gain} ± {half}");
    assert!(nothing.abs() < 0.01, "{nothing}");
    // Of 12 honest 95 % intervals fewer than 9 hold the truth once in five thousand times.
    assert!(budgets.hold_nothing() >= 9, "{budgets:?}");
}
