//! Experiments in a market whose budgets all run dry: two teams, a design, many seeds, and what the statistics say of them.
//!
//! Team B bids everything it would, team A 93 % of that. B wins more and pays more for it; as either spends all there is, a
//! launch of B to everybody changes nothing, which separate worlds show.

use motet_experiment::{Comparison, Goal, Looks, Metric, Pairing, Split, Values};
use motet_sim::{
    Scenario, Team, World, parallel,
    versus::{Design, Pair, play},
};

/// What many experiments under one design said of the lift of spend.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    /// Each experiment's lift with its 95 % interval: 0.2 is +20 %.
    pub(crate) lifts: Vec<(f64, f64, f64)>,
    /// The share of all budgets that was spent, both arms together.
    pub(crate) used: f64,
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
    let lift = report.metrics[0].lift.as_ref().expect("the control spends");
    (lift.value, lift.delta.low, lift.delta.high)
}

/// Plays so many experiments of so many seeds each under a design; the seeds are counted from 1.
pub(crate) fn experiments(design: Design, experiments: u64, seeds: u64, threads: usize) -> Said {
    let scenario = Scenario::parse(include_str!("dry.toml")).expect("it is sound");
    let (slow, fast) = (team("slower", 0.93), team("faster", 1.0));
    let split = match design {
        Design::UserSplit => Split::UserSplit,
        Design::BudgetSplit => Split::BudgetSplit,
        Design::SeparateWorlds => Split::SeparateWorlds,
    };
    let all: Vec<u64> = (1..=experiments * seeds).collect();
    let pairs = parallel(&all, threads, |seed| {
        play(&scenario, *seed, (&slow, &fast), design, 0, 1).expect("options the engine knows")
    });
    let chunks = pairs.chunks(usize::try_from(seeds).expect("few seeds"));
    let lifts = chunks.map(|chunk| judge(chunk, split)).collect();
    let used = pairs.iter().map(|pair| used(&scenario, design, pair)).sum::<f64>() / pairs.len() as f64;
    Said { lifts, used }
}

/// Returns the share of all budgets that both arms of a pair spent. Separate worlds have a whole budget each.
fn used(scenario: &Scenario, design: Design, pair: &Pair) -> f64 {
    let truth = World::new(scenario, pair.seed).campaigns.truth;
    let budgets: f64 = truth.iter().map(|campaign| campaign.daily_budget.units()).sum();
    let arms = if design == Design::SeparateWorlds { 2.0 } else { 1.0 };
    (pair.a.spend + pair.b.spend) / budgets / arms
}

impl Said {
    /// Returns the mean lift, with the half width of its own 95 % interval (normal approximation).
    pub(crate) fn mean(&self) -> (f64, f64) {
        let count = self.lifts.len() as f64;
        let mean = self.lifts.iter().map(|lift| lift.0).sum::<f64>() / count;
        let squares: f64 = self.lifts.iter().map(|lift| (lift.0 - mean).powi(2)).sum();
        (mean, 1.96 * (squares / (count - 1.0) / count).sqrt())
    }

    /// Returns how many intervals hold 0.
    pub(crate) fn hold_nothing(&self) -> usize {
        self.lifts.iter().filter(|(_, low, high)| *low <= 0.0 && 0.0 <= *high).count()
    }
}
