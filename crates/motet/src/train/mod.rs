//! `motet train`: a learner plays in a scenario's worlds and leaves a policy folder, its curves and a checkpoint.
//!
//! The checkpoint is written after every round under another name and renamed, so that a training that was killed goes on
//! from its last whole round, to the same bits as if it had never stopped.

mod curves;
mod events;
pub(crate) mod options;

use std::{collections::BTreeMap, io::IsTerminal as _, path::Path, time::Duration};

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressStyle};
use motet_policy::{
    PolicySet,
    file::{Made, Manifest},
};
use motet_sim::Scenario;
use motet_train::{Progress, Training};
use serde::Serialize;

use self::options::Train;
use crate::simulate::load;

const CHECKPOINT: &str = "training.bin";

/// What a training came to.
#[derive(Debug, Serialize)]
struct Closing {
    version: String,
    rounds: usize,
    rows: u64,
    updates: u64,
    /// Objective on the validation worlds: the best team's, the fixed policies', the baseline's.
    best: Option<f64>,
    fixed: f64,
    baseline: f64,
    seconds: f64,
    policy: String,
}

/// Trains a team.
pub(crate) fn command(options: &Train) -> Result<()> {
    let scenario = load::scenario(&options.scenario)?;
    std::fs::create_dir_all(&options.out)
        .with_context(|| format!("cannot make {}", options.out.display()))?;
    let threads = options.threads.unwrap_or_else(crate::clock::threads);
    let mut training = begin(&scenario, options)?;
    let bar = bar(&training, options.quiet);
    let began = crate::clock::monotonic();
    while !training.is_over() {
        let progress = training.round(threads)?;
        write_whole(&options.out.join(CHECKPOINT), &training.save())?;
        curves::write(&options.out, training.history())?;
        events::write(&options.out, training.history())?;
        bar.set_position(u64::from(progress.round));
        bar.set_message(message(&progress));
        if bar.is_hidden() && !options.quiet {
            eprintln!("{}", line(&progress));
        }
    }
    bar.finish_and_clear();
    close(&scenario, options, &training, began.elapsed().as_secs_f64())
}

fn begin(scenario: &Scenario, options: &Train) -> Result<Training> {
    let (path, config) = (options.out.join(CHECKPOINT), options.config()?);
    if !path.exists() {
        return Ok(Training::new(scenario, config)?);
    }
    let bytes = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let training = Training::load(scenario, config, &bytes)
        .with_context(|| format!("cannot go on with the training in {}", options.out.display()))?;
    if !options.quiet {
        eprintln!("going on after round {}", training.history().len());
    }
    Ok(training)
}

fn close(scenario: &Scenario, options: &Train, training: &Training, seconds: f64) -> Result<()> {
    let version = format!("{}@{}", options.name, options.seed);
    let (policies, best) = training.best(&version);
    let manifest = manifest(scenario, options, training, &policies, best);
    load::write_policies(&options.out, &policies, &manifest)?;
    let last = training.history().last().cloned().unwrap_or_default();
    let closing = Closing {
        version,
        rounds: training.history().len(),
        rows: last.rows,
        updates: last.updates,
        best,
        fixed: last.fixed,
        baseline: last.baseline,
        seconds,
        policy: options.out.display().to_string(),
    };
    if options.json {
        println!("{}", serde_json::to_string(&closing)?);
        return Ok(());
    }
    println!("policy      {} in {}", closing.version, closing.policy);
    println!(
        "learned     {} rows, {} updates, {} rounds, {seconds:.0} s",
        closing.rows, closing.updates, closing.rounds
    );
    let best = closing.best.map_or_else(|| "not tried".to_owned(), |best| format!("{best:.2}"));
    println!(
        "validation  objective {best}; fixed policies {:.2}, baseline {:.2}",
        closing.fixed, closing.baseline
    );
    println!("next        motet evaluate --gate --policy {} --scenario {}", closing.policy, options.scenario);
    Ok(())
}

fn manifest(
    scenario: &Scenario,
    options: &Train,
    training: &Training,
    policies: &PolicySet,
    best: Option<f64>,
) -> Manifest {
    let config = training.config();
    let sets: Vec<String> = options.overrides.iter().map(|set| format!(" --set {set}")).collect();
    let sets = sets.concat();
    let made = Made {
        learner: config.algo.name().to_owned(),
        scenario: scenario.name.clone(),
        data_hash: training.data_hash(),
        seed: config.seed,
        command: format!(
            "motet train --scenario {} --algo {} --seed {} --rounds {} --worlds {} --days {} --share {}{sets} --out DIR",
            options.scenario,
            config.algo.name(),
            config.seed,
            config.rounds,
            config.worlds,
            config.days,
            config.share
        ),
    };
    let last = training.history().last().cloned().unwrap_or_default();
    let mut metrics = BTreeMap::new();
    metrics.insert("validation_fixed".to_owned(), last.fixed);
    metrics.insert("validation_baseline".to_owned(), last.baseline);
    metrics.insert("rows".to_owned(), last.rows as f64);
    metrics.insert("updates".to_owned(), last.updates as f64);
    if let Some(best) = best {
        metrics.insert("validation_objective".to_owned(), best);
    }
    Manifest::of(policies, made, metrics)
}

fn bar(training: &Training, quiet: bool) -> ProgressBar {
    if quiet || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style =
        ProgressStyle::with_template("{bar:30} round {pos} of {len}, {elapsed} gone, {eta} left\n{msg}")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::new(u64::from(training.config().rounds)).with_style(style);
    bar.set_position(training.history().len() as u64);
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

fn message(progress: &Progress) -> String {
    let parts: Vec<String> =
        progress.parts.named().iter().map(|(name, value)| format!("{name} {value:.2}")).collect();
    format!("{}\n{}", line(progress), parts.join(", "))
}

fn line(progress: &Progress) -> String {
    let validation = progress.validation.map_or_else(String::new, |value| format!(", validation {value:.2}"));
    format!(
        "round {}: objective {:.2} while exploring{validation} (fixed {:.2}, baseline {:.2}), critic loss {:.4}, value {:.2}, {} rows, {} updates",
        progress.round,
        progress.objective,
        progress.fixed,
        progress.baseline,
        progress.critic_loss,
        progress.value,
        progress.rows,
        progress.updates
    )
}

/// Writes a file whole or not at all.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let unfinished = path.with_extension("tmp");
    std::fs::write(&unfinished, bytes).with_context(|| format!("cannot write {}", unfinished.display()))?;
    std::fs::rename(&unfinished, path).with_context(|| format!("cannot write {}", path.display()))
}
