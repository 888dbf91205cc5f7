//! What a tuning found: a page for people, JSON for programs, a picture.

use std::{fmt::Write as _, path::Path};

use anyhow::{Context, Result};
use motet_plot::{Axis, Chart, Mark, Series};
use motet_sim::Scenario;
use motet_train::tune::Tuning;
use serde::Serialize;

use crate::train::write_whole;

/// A tuning's report.
#[derive(Debug, Serialize)]
struct Report {
    scenario: String,
    learner: &'static str,
    seed: u64,
    /// Objective on the validation worlds of the fixed policies and of the baseline.
    fixed: Option<f64>,
    baseline: Option<f64>,
    /// The trial that was left and its objective there; absent while tuning goes on.
    best: Option<(u32, f64)>,
    trials: Vec<Trial>,
}

/// One trial.
#[derive(Debug, Serialize)]
#[expect(clippy::struct_field_names, reason = "the field's name is the report's")]
struct Trial {
    trial: u32,
    settings: Vec<(&'static str, f64)>,
    /// Rounds and the best objective on the validation worlds by then, rung by rung.
    values: Vec<(u32, Option<f64>)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    broke: Option<String>,
}

fn report(scenario: &Scenario, tuning: &Tuning) -> Report {
    let plan = &tuning.plan;
    let trials = (0..plan.trials).map(|trial| {
        let mut values = Vec::new();
        let mut broke = None;
        for (rung, scores) in tuning.rungs.iter().enumerate() {
            for score in scores.iter().filter(|score| score.trial == trial) {
                values.push((plan.rounds(rung), score.validation));
                broke = score.broke.clone().or(broke);
            }
        }
        Trial { trial, settings: plan.settings(trial), values, broke }
    });
    Report {
        scenario: scenario.name.clone(),
        learner: plan.base.algo.name(),
        seed: plan.base.seed,
        fixed: tuning.controls.map(|(fixed, _)| fixed),
        baseline: tuning.controls.map(|(_, baseline)| baseline),
        best: tuning.winner(),
        trials: trials.collect(),
    }
}

/// Writes `report.json`, `report.md` and `report.svg`.
pub(super) fn write(folder: &Path, scenario: &Scenario, tuning: &Tuning) -> Result<()> {
    let report = report(scenario, tuning);
    write_whole(&folder.join("report.json"), serde_json::to_string_pretty(&report)?.as_bytes())?;
    write_whole(&folder.join("report.md"), page(&report, tuning).as_bytes())?;
    let path = folder.join("report.svg");
    std::fs::write(&path, picture(&report, tuning)?)
        .with_context(|| format!("cannot write {}", path.display()))
}

fn page(report: &Report, tuning: &Tuning) -> String {
    let plan = &tuning.plan;
    let mut text = format!("# {} in {}, tuned\n\n", report.learner, report.scenario);
    let rungs: Vec<String> = plan
        .rungs()
        .iter()
        .enumerate()
        .map(|(rung, trials)| format!("{trials} to round {}", plan.rounds(rung)))
        .collect();
    let _ = writeln!(text, "Trials: {}. Seed {}.\n", rungs.join(", "), report.seed);
    if let (Some(fixed), Some(baseline)) = (report.fixed, report.baseline) {
        let _ =
            writeln!(text, "On the validation worlds: fixed policies {fixed:.2}, baseline {baseline:.2}.\n");
    }
    match report.best {
        Some((trial, value)) => {
            let _ = writeln!(
                text,
                "Best: trial {trial}, {value:.2}. It is the best of {} on the {} worlds it was chosen by, so the value is too good; \
                 `motet evaluate` says what it is worth in others.\n",
                plan.trials, plan.base.validation_worlds
            );
        }
        None => text.push_str("Not over yet, or every trial broke.\n\n"),
    }
    text + &table(report, tuning) + "\n![Objective by rounds](report.svg)\n"
}

/// Writes a line for each trial: its settings, and its value by rung.
fn table(report: &Report, tuning: &Tuning) -> String {
    let names: Vec<&str> = tuning.plan.ranges().map(|range| range.name).collect();
    let rungs = tuning.rungs.len();
    let rounds: Vec<String> = (0..rungs).map(|rung| format!("round {}", tuning.plan.rounds(rung))).collect();
    let mut text = format!("| trial | {} | {} |\n", names.join(" | "), rounds.join(" | "));
    let _ = writeln!(text, "|{}", "---|".repeat(1 + names.len() + rungs));
    for trial in &report.trials {
        let _ = write!(text, "| {} |", trial.trial);
        for (_, value) in &trial.settings {
            let _ = write!(text, " {} |", number(*value));
        }
        for rung in 0..rungs {
            let value = trial
                .values
                .get(rung)
                .map(|(_, value)| value.map_or("broke".to_owned(), |v| format!("{v:.2}")));
            let _ = write!(text, " {} |", value.unwrap_or_default());
        }
        text.push('\n');
    }
    text
}

/// Writes a setting with three digits that count.
fn number(value: f64) -> String {
    if value != 0.0 && value.abs() < 1e-2 { format!("{value:.2e}") } else { format!("{value:.3}") }
}

fn picture(report: &Report, tuning: &Tuning) -> Result<String> {
    let ends = [f64::from(tuning.plan.rounds(0)), f64::from(tuning.plan.full_rounds())];
    let level = |name: &str, value: Option<f64>| {
        value.map(|value| Series::new(name, Mark::Line, ends.map(|x| (x, value)).to_vec()))
    };
    let of_trial = |trial: &Trial| {
        let points = trial.values.iter().filter_map(|(x, y)| y.map(|y| (f64::from(*x), y)));
        Series::new(format!("trial {}", trial.trial), Mark::Line, points.collect())
    };
    let trials = report.trials.iter().filter(|trial| trial.values.len() > 1).map(of_trial);
    let levels = [level("fixed policies", report.fixed), level("baseline", report.baseline)];
    let series: Vec<Series> = levels.into_iter().flatten().chain(trials).collect();
    let (x, y) = (Axis::new("rounds"), Axis::new("units of the currency"));
    Ok(motet_plot::chart(&Chart::new("Best objective on the validation worlds", x, y, series))?)
}

/// Prints how it ended.
pub(super) fn show(folder: &Path, scenario: &Scenario, tuning: &Tuning, json: bool) -> Result<()> {
    let report = report(scenario, tuning);
    if json {
        println!("{}", serde_json::to_string(&report)?);
        return Ok(());
    }
    if let Some((trial, value)) = report.best {
        println!("best        trial {trial}, objective {value:.2} on the validation worlds");
        let settings = tuning.plan.settings(trial);
        let settings: Vec<String> =
            settings.iter().map(|(name, v)| format!("{name} {}", number(*v))).collect();
        println!("settings    {}", settings.join(", "));
    }
    if let Some((fixed, baseline)) = tuning.controls {
        println!("beside      fixed policies {fixed:.2}, baseline {baseline:.2}");
    }
    println!("report      {}", folder.join("report.md").display());
    println!("next        motet evaluate --gate --policy {}", folder.display());
    Ok(())
}
