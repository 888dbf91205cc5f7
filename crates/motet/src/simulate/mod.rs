//! `motet simulate`: lets a team decide in a simulated world, and reports what came of it.

mod latency;
mod league;
pub(crate) mod load;
mod page;
mod summary;

use std::{io::IsTerminal as _, path::Path, time::Duration};

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressStyle};
use motet_sim::{
    Team, World,
    fraud_score::Scorer,
    regret::{RegretReport, Sampler},
    report::{Recorder, Report},
    run::Audience,
};
use motet_units::Span;
use serde::Serialize;

use self::latency::{Latency, Measured};
use crate::{cli, clock};

/// Everything a simulation tells.
#[derive(Debug, Serialize)]
pub(crate) struct Outcome {
    /// What happened.
    #[serde(flatten)]
    pub(crate) report: Report,
    /// How far it stayed behind the best that could have been done.
    pub(crate) regret: RegretReport,
    /// How the guard did, by family of attack.
    pub(crate) fraud: serde_json::Value,
    /// What a clock said: the only part that differs between two runs of one seed.
    pub(crate) measured: Measured,
}

/// Runs a simulation and writes its reports.
pub(crate) fn command(options: &cli::Simulate) -> Result<()> {
    if let Some(market) = league::read(&load::text(&options.scenario)?) {
        return league::command(&market?, options);
    }
    let scenario = load::scenario(&options.scenario)?;
    let team = load::team(&options.team)?;
    let days = options.days.unwrap_or(scenario.days);
    let world = World::new(&scenario, options.seed);
    let bar = progress(days, options.quiet);
    let outcome = simulate(&world, &team, days, &bar)?;
    bar.finish_and_clear();
    if let Some(path) = &options.json {
        write(path, &serde_json::to_string_pretty(&outcome)?)?;
    }
    if let Some(path) = &options.html {
        write(path, &page::page(&scenario, &outcome)?)?;
    }
    if let Some(path) = &options.svg {
        write(path, &page::picture(&outcome)?)?;
    }
    if options.json.as_deref() != Some(Path::new("-")) {
        print!("{}", summary::text(&outcome));
    }
    Ok(())
}

/// Writes to a file, or to standard output for `-`.
fn write(path: &Path, text: &str) -> Result<()> {
    if path == Path::new("-") {
        println!("{text}");
        return Ok(());
    }
    std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

/// Makes a bar over simulated hours with the time left.
pub(crate) fn progress(days: u32, quiet: bool) -> ProgressBar {
    if quiet || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style =
        ProgressStyle::with_template("{bar:40} hour {pos} of {len}, {elapsed} gone, {eta} left {msg}")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::new(u64::from(days) * 24).with_style(style);
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

fn simulate(world: &World, team: &Team, days: u32, bar: &ProgressBar) -> Result<Outcome> {
    let mut run = team.run(world, Audience::ALL)?;
    let mut watch = ((Recorder::new(world), Sampler::new(world, days)), (Scorer::new(world), Latency::new()));
    let began = clock::monotonic();
    for hour in 1..=i64::from(days) * 24 {
        run.until(world.begins() + Span::from_secs(hour * 3_600), &mut watch);
        bar.inc(1);
    }
    let wall_s = began.elapsed().as_secs_f64();
    let ((recorder, sampler), (scorer, latency)) = watch;
    let mut report = recorder.finish(run.engine());
    team.name().clone_into(&mut report.team);
    Ok(Outcome {
        report,
        regret: sampler.finish(),
        fraud: serde_json::to_value(scorer.finish())?,
        measured: latency.finish(wall_s),
    })
}
