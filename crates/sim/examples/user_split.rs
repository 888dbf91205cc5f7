//! Shows that a user split lies where budgets bind, and that a budget split does not.
//!
//! Team B is team A without pacing: it spends faster and, as every budget is used up by either, spends no more in the end.
//! A user split reads a gain; a budget split's interval should hold 0 in about 95 of 100 experiments.
//!
//! `cargo run --release -p motet-sim --example user_split [EXPERIMENTS] [SEEDS]`

use motet_experiment::{Comparison, Goal, Looks, Metric, Pairing, Split, Values};
use motet_sim::{
    Scenario, Team, parallel,
    scenario::shipped,
    versus::{Design, Pair, play},
};

/// A market small enough to be played a thousand times: a tenth of the listeners, and less money still.
fn small() -> Scenario {
    let text = shipped("budget-squeeze").expect("it ships");
    let mut scenario = Scenario::parse(text).expect("it is sound");
    scenario.listeners.count /= 10;
    for group in &mut scenario.campaigns {
        group.count /= 3;
        group.daily_budget = [group.daily_budget[0] / 20.0, group.daily_budget[1] / 20.0];
    }
    scenario
}

fn team(name: &str, multiplier: f64) -> Team {
    let text = format!(
        "name = \"{name}\"\nbase = \"agents\"\n[engine.pacer]\nleast_multiplier = {multiplier}\nfirst_multiplier = {multiplier}\n"
    );
    Team::parse(&text).expect("a team file")
}

fn judge(pairs: &[Pair], split: Split) -> (f64, f64, f64) {
    let spend = |arm: fn(&Pair) -> f64| Values::of(pairs.iter().map(arm).collect());
    let report = Comparison::new("faster against slower")
        .design(split, Pairing::Paired)
        .looks(Looks::Once)
        .metric(Metric::primary("spend", Goal::Higher), spend(|p| p.a.spend), spend(|p| p.b.spend))
        .run()
        .expect("plain numbers");
    let lift = &report.metrics[0].lift;
    let lift = lift.as_ref().expect("the control spends");
    (lift.value, lift.delta.low, lift.delta.high)
}

fn main() {
    let number = |place: usize, usual: u64| {
        std::env::args().nth(place).and_then(|text| text.parse().ok()).unwrap_or(usual)
    };
    let (experiments, seeds) = (number(1, 50), number(2, 20));
    let (slow, fast) = (team("slower", 0.93), team("faster", 1.0));
    let scenario = small();
    let all: Vec<u64> = (1..=experiments * seeds).collect();
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    for (design, split) in [(Design::UserSplit, Split::UserSplit), (Design::BudgetSplit, Split::BudgetSplit)]
    {
        let pairs = parallel(&all, threads, |seed| {
            play(&scenario, *seed, (&slow, &fast), design, 0, 1).expect("options the engine knows")
        });
        let lifts: Vec<(f64, f64, f64)> =
            pairs.chunks(seeds as usize).map(|chunk| judge(chunk, split)).collect();
        let mean = lifts.iter().map(|lift| lift.0).sum::<f64>() / lifts.len() as f64;
        let covers = lifts.iter().filter(|(_, low, high)| *low <= 0.0 && 0.0 <= *high).count();
        let exhausted = pairs.iter().map(|pair| pair.exhausted).sum::<f64>() / pairs.len() as f64;
        println!(
            "{design:?}: {experiments} experiments of {seeds} seeds: mean lift of spend {:+.1} %, {covers} intervals hold 0, \
             {:.0} % of campaigns out of budget",
            mean * 100.0,
            exhausted * 100.0
        );
    }
}
