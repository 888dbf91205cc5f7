//! `motet compare`: two teams in the same simulated worlds, and a verdict.

mod metrics;
mod page;

use std::{io::IsTerminal as _, path::Path, time::Duration};

use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use motet_experiment::{
    Budgets, Comparison, Looks, Margin, Metric, Pairing, Report, Split, Values, group::Spending,
};
use motet_sim::{
    Scenario, Team, parallel,
    versus::{self, Design, Pair},
};
use serde::Serialize;

use self::metrics::{MEASURES, Measure};
use crate::{cli, simulate::load};

/// Budgets are taken to bind when this share of campaigns uses nearly all of them.
const BINDING: f64 = 0.1;

/// What a comparison tells.
#[derive(Debug, Serialize)]
pub(crate) struct Outcome {
    /// The scenario's name.
    pub(crate) scenario: String,
    /// Team A.
    pub(crate) a: String,
    /// Team B.
    pub(crate) b: String,
    /// How the arms were kept apart.
    pub(crate) design: Design,
    /// Days under comparison, and days before under team A.
    pub(crate) days: u32,
    pub(crate) warm_up_days: u32,
    /// The share of campaigns whose budgets were used up.
    pub(crate) exhausted: f64,
    /// The statistics and the verdict.
    pub(crate) comparison: Report,
    /// What each arm got, by seed.
    pub(crate) pairs: Vec<Pair>,
}

/// Runs a comparison and prints its verdict.
pub(crate) fn command(options: &cli::Compare) -> Result<()> {
    let scenario = load::scenario(&options.scenario)?;
    let (a, b) = (load::team(&options.a)?, load::team(&options.b)?);
    let outcome = compare(&scenario, &a, &b, options)?;
    if let Some(path) = &options.html {
        let html = page::page(&outcome)?;
        std::fs::write(path, html).with_context(|| format!("cannot write {}", path.display()))?;
    }
    match &options.json {
        Some(path) if path == Path::new("-") => println!("{}", serde_json::to_string_pretty(&outcome)?),
        Some(path) => {
            let text = serde_json::to_string_pretty(&outcome)?;
            std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
            print_outcome(&outcome);
        }
        None => print_outcome(&outcome),
    }
    Ok(())
}

fn print_outcome(outcome: &Outcome) {
    println!(
        "{}: A is {}, B is {}; {} seeds of {} days, {}; {:.0} % of campaigns used up their budgets\n",
        outcome.scenario,
        outcome.a,
        outcome.b,
        outcome.pairs.len(),
        outcome.days,
        name(outcome.design),
        outcome.exhausted * 100.0
    );
    println!("{}", outcome.comparison);
}

/// Returns a design's name in words.
pub(crate) const fn name(design: Design) -> &'static str {
    match design {
        Design::SeparateWorlds => "separate worlds",
        Design::BudgetSplit => "budget split",
        Design::UserSplit => "user split",
    }
}

fn compare(scenario: &Scenario, a: &Team, b: &Team, options: &cli::Compare) -> Result<Outcome> {
    let days = options.days.unwrap_or(scenario.days);
    let design = match &*options.design {
        "separate-worlds" => Design::SeparateWorlds,
        "budget-split" => Design::BudgetSplit,
        "user-split" => Design::UserSplit,
        _ => choose(scenario, [a, b], days, options)?,
    };
    let warm_up = if design == Design::SeparateWorlds { 0 } else { options.warm_up };
    let seeds: Vec<u64> = (0..u64::from(options.seeds)).map(|n| options.first_seed + n).collect();
    let bar = progress(seeds.len(), options.json.as_deref() == Some(Path::new("-")));
    let played = parallel(&seeds, threads(options), |seed| {
        let pair = versus::play(scenario, *seed, (a, b), design, warm_up, days);
        bar.inc(1);
        pair
    });
    bar.finish_and_clear();
    let pairs: Vec<Pair> = played.into_iter().collect::<Result<_, _>>()?;
    let exhausted = pairs.iter().map(|pair| pair.exhausted).sum::<f64>() / pairs.len().max(1) as f64;
    let comparison =
        judge(&format!("{} against {}", b.name(), a.name()), &pairs, design, exhausted, options)?;
    Ok(Outcome {
        scenario: scenario.name.clone(),
        a: a.name().to_owned(),
        b: b.name().to_owned(),
        design,
        days,
        warm_up_days: warm_up,
        exhausted,
        comparison,
        pairs,
    })
}

/// Chooses the design: a budget split where budgets bind under either team, a user split where they do not.
fn choose(scenario: &Scenario, teams: [&Team; 2], days: u32, options: &cli::Compare) -> Result<Design> {
    for team in teams {
        let probe =
            versus::play(scenario, options.first_seed, (team, team), Design::SeparateWorlds, 0, days.min(2))?;
        if probe.exhausted >= BINDING {
            return Ok(Design::BudgetSplit);
        }
    }
    Ok(Design::UserSplit)
}

fn threads(options: &cli::Compare) -> usize {
    options.threads.map_or_else(crate::clock::threads, usize::from)
}

fn progress(seeds: usize, quiet: bool) -> ProgressBar {
    if quiet || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} seed {pos} of {len}, {elapsed} gone, {eta} left")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::new(seeds as u64).with_style(style);
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// Puts the pairs before the statistics.
fn judge(
    title: &str,
    pairs: &[Pair],
    design: Design,
    exhausted: f64,
    options: &cli::Compare,
) -> Result<Report> {
    let split = match design {
        Design::SeparateWorlds => Split::SeparateWorlds,
        Design::BudgetSplit => Split::BudgetSplit,
        Design::UserSplit => Split::UserSplit,
    };
    let looks = match &*options.looks {
        "once" => Looks::Once,
        "planned" => Looks::Planned { spending: Spending::ObrienFleming, fractions: vec![1.0] },
        _ => Looks::Anytime { planned: f64::from(options.seeds) },
    };
    let budgets = if exhausted >= BINDING { Budgets::Bind } else { Budgets::Slack };
    let mut comparison = Comparison::new(title).design(split, Pairing::Paired).looks(looks).budgets(budgets);
    if design != Design::SeparateWorlds {
        let came = |of: fn(&Pair) -> f64| pairs.iter().map(of).sum::<f64>() as u64;
        comparison = comparison.counts([came(|p| p.a.units), came(|p| p.b.units)], [0.5, 0.5]);
    }
    let Some(primary) = MEASURES.iter().find(|measure| measure.name == options.metric) else {
        let names: Vec<&str> = MEASURES.iter().map(|measure| measure.name).collect();
        bail!("there is no metric '{}'; there are {}", options.metric, names.join(", "));
    };
    comparison = add(comparison, primary, Metric::primary(primary.name, primary.goal), pairs);
    for measure in MEASURES.iter().filter(|measure| measure.name != primary.name) {
        let metric = match measure.margin {
            Some(margin) => Metric::guardrail(measure.name, measure.goal, Margin::Relative(margin)),
            None => Metric::secondary(measure.name, measure.goal),
        };
        comparison = add(comparison, measure, metric, pairs);
    }
    Ok(comparison.run()?)
}

/// Adds a measure, unless no arm of any seed had any of it.
fn add(comparison: Comparison, measure: &Measure, metric: Metric, pairs: &[Pair]) -> Comparison {
    let nothing = pairs.iter().all(|pair| (measure.above)(&pair.a) == 0.0 && (measure.above)(&pair.b) == 0.0);
    if nothing && measure.margin.is_some() {
        return comparison;
    }
    let (mut a, mut b) = (measure.values(pairs, |pair| pair.a), measure.values(pairs, |pair| pair.b));
    if pairs.iter().all(|pair| pair.before.is_some()) && pairs.len() > 3 {
        a = measure.with_before(a, pairs, |before| before.0);
        b = measure.with_before(b, pairs, |before| before.1);
    }
    comparison.metric(metric, a, b)
}

/// Gives the statistics their values.
impl Measure {
    fn values(&self, pairs: &[Pair], arm: impl Fn(&Pair) -> versus::Arm) -> Values {
        let above = pairs.iter().map(|pair| (self.above)(&arm(pair))).collect();
        match self.below {
            None => Values::of(above),
            Some(below) => Values::ratio(above, pairs.iter().map(|pair| below(&arm(pair))).collect()),
        }
    }

    fn with_before(
        &self,
        values: Values,
        pairs: &[Pair],
        arm: impl Fn(&(versus::Arm, versus::Arm)) -> versus::Arm,
    ) -> Values {
        let before: Vec<versus::Arm> =
            pairs.iter().filter_map(|pair| pair.before.as_ref().map(&arm)).collect();
        let above = before.iter().map(|arm| (self.above)(arm)).collect();
        match self.below {
            None => values.with_before(above),
            Some(below) => values.with_before_ratio(above, before.iter().map(below).collect()),
        }
    }
}
