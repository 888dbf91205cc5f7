//! `motet tune`: settings of a learner by successive halving, and the best trial's policy.
//!
//! `DIR/state.json` holds what is known and is written whole after every trial of every rung; `DIR/trial-N/training.bin` is a
//! trial's checkpoint, written whole after every round. So a tuning that was killed goes on from its last whole round, to the
//! same result as if it had never stopped.

mod report;

use std::{
    collections::BTreeMap,
    io::IsTerminal as _,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use motet_policy::file::{Made, Manifest};
use motet_sim::Scenario;
use motet_train::{
    Error, Groundwork, Training,
    tune::{Job, Plan, Tuning},
};

use crate::{
    simulate::load,
    train::{options::Tune, write_whole},
};

const STATE: &str = "state.json";
const CHECKPOINT: &str = "training.bin";

/// What trials are trained with.
struct Bench<'a> {
    scenario: &'a Scenario,
    options: &'a Tune,
    threads: usize,
    bar: ProgressBar,
    groundwork: Option<Groundwork>,
}

/// Tunes a learner.
pub(crate) fn command(options: &Tune) -> Result<()> {
    let scenario = load::scenario(&options.scenario)?;
    let plan = Plan { scenario: scenario.to_toml()?, base: options.config()?, trials: options.trials };
    std::fs::create_dir_all(&options.out)
        .with_context(|| format!("cannot make {}", options.out.display()))?;
    let mut tuning = begin(plan, options)?;
    let threads = options.threads.unwrap_or_else(crate::clock::threads);
    let bar = bar(&tuning, options.quiet);
    let mut bench = Bench { scenario: &scenario, options, threads, bar, groundwork: None };
    while let Some(job) = tuning.next() {
        let value = bench.play(&mut tuning, job)?;
        if let (Err(why), false) = (&value, options.quiet) {
            eprintln!("trial {} broke: {why}", job.trial);
        }
        tuning.told(job, value);
        write_whole(&options.out.join(STATE), serde_json::to_string_pretty(&tuning)?.as_bytes())?;
        report::write(&options.out, &scenario, &tuning)?;
    }
    bench.bar.finish_and_clear();
    let Some((trial, value)) = tuning.winner() else { bail!("every trial broke; {STATE} says how") };
    keep(&scenario, &tuning, trial, value, options)?;
    report::show(&options.out, &scenario, &tuning, options.json)
}

/// Begins a tuning, or goes on with the one in the folder.
fn begin(plan: Plan, options: &Tune) -> Result<Tuning> {
    let path = options.out.join(STATE);
    if !path.exists() {
        return Ok(Tuning::new(plan)?);
    }
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let tuning: Tuning =
        serde_json::from_str(&text).with_context(|| format!("{} is no tuning's state", path.display()))?;
    ensure!(
        tuning.plan == plan && tuning.rungs.len() == plan.rungs().len(),
        "{} was tuned with another scenario or other settings; remove it, or tune with the same",
        options.out.display()
    );
    if !options.quiet {
        let scores: usize = tuning.rungs.iter().map(Vec::len).sum();
        eprintln!("going on after {scores} scores");
    }
    Ok(tuning)
}

impl Bench<'_> {
    /// Trains a job's trial up to the job's rounds and returns its best objective on the validation worlds, or what broke it.
    fn play(&mut self, tuning: &mut Tuning, job: Job) -> Result<Result<f64, String>> {
        let folder = folder(self.options, job.trial);
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let mut training = open(self.scenario, &tuning.plan, job.trial, &folder)?;
        if let Some(work) = &self.groundwork {
            training.build_on(work);
        }
        let behind = tuning.rounds_done();
        let before = if job.rung > 0 { tuning.plan.rounds(job.rung - 1) } else { 0 };
        while training.history().len() < job.rounds as usize {
            let progress = match training.round(self.threads) {
                Ok(progress) => progress,
                Err(Error::Learner(error)) => return Ok(Err(error.to_string())),
                Err(error) => return Err(error.into()),
            };
            write_whole(&folder.join(CHECKPOINT), &training.save())?;
            self.bar.set_position(behind + u64::from(progress.round.saturating_sub(before)));
            self.bar.set_message(format!("rung {}, trial {}", job.rung + 1, job.trial));
            if self.bar.is_hidden() && !self.options.quiet {
                let value = progress.validation.map_or_else(String::new, |v| format!(", validation {v:.2}"));
                eprintln!("rung {}, trial {}, round {}{value}", job.rung + 1, job.trial, progress.round);
            }
        }
        if let Some(last) = training.history().last() {
            tuning.controls = Some((last.fixed, last.baseline));
        }
        self.groundwork = Some(training.groundwork());
        let (_, value) = training.best("trial@0");
        Ok(Ok(value.context("every rung ends with a validation")?))
    }
}

fn folder(options: &Tune, trial: u32) -> PathBuf {
    options.out.join(format!("trial-{trial}"))
}

/// Opens a trial's training where it stands.
fn open(scenario: &Scenario, plan: &Plan, trial: u32, folder: &Path) -> Result<Training> {
    let (config, path) = (plan.config(trial), folder.join(CHECKPOINT));
    if !path.exists() {
        return Ok(Training::new(scenario, config)?);
    }
    let bytes = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    Training::load(scenario, config, &bytes)
        .with_context(|| format!("cannot go on with the trial in {}", folder.display()))
}

/// Copies the best trial's policy into the tuning's folder.
fn keep(scenario: &Scenario, tuning: &Tuning, trial: u32, value: f64, options: &Tune) -> Result<()> {
    let training = open(scenario, &tuning.plan, trial, &folder(options, trial))?;
    let (policies, _) = training.best(&format!("{}@{}", options.name, options.seed));
    let config = training.config();
    let made = Made {
        learner: config.algo.name().to_owned(),
        scenario: scenario.name.clone(),
        data_hash: training.data_hash(),
        seed: config.seed,
        command: format!(
            "motet tune --scenario {} --algo {} --seed {} --trials {} --rounds {} (trial {trial})",
            options.scenario,
            config.algo.name(),
            config.seed,
            options.trials,
            tuning.plan.base.rounds
        ),
    };
    let mut metrics = BTreeMap::from([("validation_objective".to_owned(), value)]);
    if let Some((fixed, baseline)) = tuning.controls {
        metrics.insert("validation_fixed".to_owned(), fixed);
        metrics.insert("validation_baseline".to_owned(), baseline);
    }
    for (name, setting) in tuning.plan.settings(trial) {
        metrics.insert(format!("setting_{name}"), setting);
    }
    load::write_policies(&options.out, &policies, &Manifest::of(&policies, made, metrics))
}

fn bar(tuning: &Tuning, quiet: bool) -> ProgressBar {
    if quiet || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style =
        ProgressStyle::with_template("{bar:30} round {pos} of {len}, {elapsed} gone, {eta} left {msg}")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::new(tuning.plan.rounds_in_all()).with_style(style);
    bar.set_position(tuning.rounds_done());
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
