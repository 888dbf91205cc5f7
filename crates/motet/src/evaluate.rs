//! `motet evaluate`: a team in worlds nobody trained in, beside the teams it must beat; with `--gate`, whether it may be
//! shipped.

use std::{io::IsTerminal as _, path::Path, time::Duration};

use anyhow::{Context, Result, bail, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use motet_policy::file::Gate as GateEntry;
use motet_sim::Scenario;
use motet_train::{Evaluation, Gate, Margins, Summary, evaluate, gate};
use serde::Serialize;

use crate::{simulate::load, train::options::Evaluate};

/// Everything an evaluation tells.
#[derive(Debug, Serialize)]
struct Outcome {
    scenarios: Vec<InScenario>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gate: Option<Gate>,
}

/// One scenario's evaluations: the team first, then those beside it.
#[derive(Debug, Serialize)]
struct InScenario {
    scenario: String,
    days: u32,
    evaluations: Vec<Evaluation>,
    /// What the team brought more than each beside it: name, paired difference, share of the other's mean.
    over: Vec<(String, Summary, f64)>,
}

/// Evaluates a team.
pub(crate) fn command(options: &Evaluate) -> Result<()> {
    let seeds = seeds(&options.seeds)?;
    let mut beside = options.beside.clone();
    for needed in ["baseline", "equal-split"] {
        if options.gate && !beside.iter().any(|name| name == needed) {
            beside.push(needed.to_owned());
        }
    }
    let scenarios: Vec<Scenario> =
        options.scenario.iter().map(|name| load::scenario(name)).collect::<Result<_>>()?;
    let total = scenarios.len() * seeds.len() * (beside.len() + 1);
    let bar = bar(total as u64, options.quiet);
    let played: Vec<InScenario> = scenarios
        .iter()
        .map(|scenario| in_scenario(options, scenario, &seeds, &beside, &bar))
        .collect::<Result<_>>()?;
    bar.finish_and_clear();
    let verdict = if options.gate { Some(ask_gate(options, &played)?) } else { None };
    let outcome = Outcome { scenarios: played, gate: verdict };
    show(options, &outcome)?;
    match &outcome.gate {
        Some(gate) if !gate.shippable => bail!("not shippable"),
        _ => Ok(()),
    }
}

fn in_scenario(
    options: &Evaluate,
    scenario: &Scenario,
    seeds: &[u64],
    beside: &[String],
    bar: &ProgressBar,
) -> Result<InScenario> {
    let days = options.days.unwrap_or(scenario.days);
    let threads = options.threads.unwrap_or_else(crate::clock::threads);
    let mut evaluations = Vec::new();
    for name in std::iter::once(&options.policy).chain(beside) {
        bar.set_message(format!("{} in {}", name, scenario.name));
        evaluations.push(evaluate(scenario, &load::team(name)?, seeds, days, threads, || bar.inc(1))?);
    }
    let over = evaluations[1..].iter().map(|other| {
        let (difference, share) = evaluations[0].over(other)?;
        Ok((other.team.clone(), difference, share))
    });
    let over = over.collect::<Result<_>>()?;
    Ok(InScenario { scenario: scenario.name.clone(), days, evaluations, over })
}

/// Asks the gate and writes what it says into the policy's manifest.
fn ask_gate(options: &Evaluate, played: &[InScenario]) -> Result<Gate> {
    ensure!(
        played.len() >= 2,
        "the gate wants a scenario that was held out as well: name two with --scenario"
    );
    let find = |of: &'_ InScenario, name: &str| of.evaluations.iter().position(|e| e.team == name);
    let mut judged = Vec::new();
    for of in played {
        let (Some(baseline), Some(split)) = (find(of, "baseline"), find(of, "equal-split")) else {
            bail!("the gate wants the baseline and the equal split beside the team");
        };
        judged.push((
            of.scenario.as_str(),
            &of.evaluations[0],
            &of.evaluations[baseline],
            &of.evaluations[split],
        ));
    }
    let verdict = gate(&judged, &Margins::default())?;
    let folder = Path::new(&options.policy);
    let (mut manifest, policies) = load::policies(folder).context("only a policy folder can be gated")?;
    let reasons = verdict.reasons.iter().map(|r| format!("{}: {}: {}", r.scenario, r.what, r.why)).collect();
    manifest.gate = Some(GateEntry { shippable: verdict.shippable, reasons });
    for of in played {
        manifest.metrics.insert(format!("objective_in_{}", of.scenario), of.evaluations[0].objective.mean);
    }
    load::write_policies(folder, &policies, &manifest)?;
    Ok(verdict)
}

/// Reads `A..B`, both ends taken, or one number.
fn seeds(text: &str) -> Result<Vec<u64>> {
    let number = |text: &str| text.trim().parse::<u64>().with_context(|| format!("'{text}' is no seed"));
    let (from, to) = match text.split_once("..") {
        Some((from, to)) => (number(from)?, number(to.trim_start_matches('='))?),
        None => (number(text)?, number(text)?),
    };
    ensure!(from <= to && to - from < 100_000, "seeds go from a number to a higher one, was '{text}'");
    Ok((from..=to).collect())
}

fn bar(worlds: u64, quiet: bool) -> ProgressBar {
    if quiet || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style =
        ProgressStyle::with_template("{bar:40} world {pos} of {len}, {elapsed} gone, {eta} left {msg}")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::new(worlds).with_style(style);
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

fn show(options: &Evaluate, outcome: &Outcome) -> Result<()> {
    if let Some(path) = &options.json {
        let text = serde_json::to_string_pretty(outcome)?;
        if path == Path::new("-") {
            println!("{text}");
            return Ok(());
        }
        std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    for of in &outcome.scenarios {
        print_scenario(of);
    }
    if let Some(gate) = &outcome.gate {
        println!("\ngate: {}", if gate.shippable { "shippable" } else { "not shippable" });
        for reason in &gate.reasons {
            let mark = if reason.passed { "yes" } else { "NO " };
            println!("  {mark} {}: {}: {}", reason.scenario, reason.what, reason.why);
        }
    }
    Ok(())
}

fn print_scenario(of: &InScenario) {
    let worlds = of.evaluations[0].worlds.len();
    println!("{}, {} days, {worlds} worlds; means with 95 % intervals over worlds", of.scenario, of.days);
    println!(
        "{:<14}{:>30}{:>10}{:>10}{:>9}{:>9}{:>9}{:>10}{:>10}",
        "team", "objective", "revenue", "surplus", "strain", "unspent", "invalid", "bid+pace", "over CPA"
    );
    for e in &of.evaluations {
        let part = |place: usize| e.components[place].1.mean;
        println!(
            "{:<14}{:>10.2} [{:>8.2}, {:>7.2}]{:>10.2}{:>10.2}{:>9.2}{:>9.2}{:>9.2}{:>8.1} %{:>8.1} %",
            e.team,
            e.objective.mean,
            e.objective.low,
            e.objective.high,
            part(0),
            part(1),
            part(2),
            part(3),
            part(4),
            e.bidding_and_pacing.mean * 100.0,
            e.cpa_violations.mean * 100.0
        );
    }
    for (name, difference, share) in &of.over {
        println!(
            "  over {name}: {:+.2} [{:+.2}, {:+.2}], {:+.1} %",
            difference.mean,
            difference.low,
            difference.high,
            share * 100.0
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_read_with_both_ends() {
        assert_eq!(seeds("3..5").unwrap(), [3, 4, 5]);
        assert_eq!(seeds("7").unwrap(), [7]);
        assert!(seeds("5..3").is_err() && seeds("a..b").is_err());
    }
}
