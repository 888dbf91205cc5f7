//! `motet calibrate`: fits a world to logs and writes it as a scenario, with a report of how well it fits.

use std::{
    io::IsTerminal as _,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result};
use indicatif::ProgressBar;
use motet_calibrate::{Fit, FitReport, Options, calibrate, page};
use motet_history::{History, Ingest, Summary};

use crate::cli;

/// Fits and writes.
pub(crate) fn command(options: &cli::Calibrate) -> Result<()> {
    let bar = spinner(options.json);
    let scratch = tempfile::tempdir().context("cannot make a temporary folder")?;
    let (history, summary) = open(&options.logs, scratch.path(), &bar)?;
    bar.set_message("fitting");
    let name = options.name.clone().unwrap_or_else(|| stem(&options.out));
    let Fit { scenario, report } = calibrate(&history, &Options { name, seed: options.seed })?;
    bar.finish_and_clear();
    write(&options.out, &scenario.to_toml()?)?;
    if let Some(path) = &options.report {
        write(path, &page(&scenario, &report)?)?;
    }
    if options.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print(&report, summary.as_ref(), &options.out);
    }
    Ok(())
}

fn spinner(json: bool) -> ProgressBar {
    if json || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new_spinner();
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

fn write(path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

fn stem(path: &Path) -> String {
    path.file_stem().map_or_else(|| "world".to_owned(), |stem| stem.to_string_lossy().into_owned())
}

/// Opens a store, or reads logs into one first.
fn open(logs: &[PathBuf], scratch: &Path, bar: &ProgressBar) -> Result<(History, Option<Summary>)> {
    if let [one] = logs
        && let Ok(history) = History::open(one)
    {
        return Ok((history, None));
    }
    let store = scratch.join("history");
    let file = std::fs::File::create(&store).context("cannot write a temporary store")?;
    let options = motet_history::Options { scratch: scratch.to_owned(), ..Default::default() };
    let mut ingest = Ingest::new(std::io::BufWriter::new(file), options)?;
    ingest.files(logs, &mut |progress| bar.set_message(format!("{} rows read", progress.rows)))?;
    let (out, summary) = ingest.finish()?;
    drop(out);
    Ok((History::open(&store)?, Some(summary)))
}

fn print(report: &FitReport, summary: Option<&Summary>, out: &Path) {
    let number =
        |value: Option<f64>| value.map_or_else(|| "not in the log".to_owned(), |v| format!("{v:.4}"));
    if let Some(summary) = summary {
        let rows: u64 = summary.rows.values().sum();
        println!("{rows} rows read");
    }
    println!("{} rows fitted, {} held out to check the fit", report.fitted_rows, report.held_out_rows);
    println!(
        "prices to win     KS distance {} (chance alone reaches {} one time in twenty)",
        number(report.price_distance),
        number(report.price_distance_by_chance)
    );
    println!("floors            KS distance {}", number(report.floor_distance));
    println!(
        "click rates       {} of {} classes with clicks enough fit",
        report.classes_fit.0, report.classes_fit.1
    );
    match report.worst_hour {
        Some(worst) => println!("traffic by hour   off by {:.1} % at most", worst * 100.0),
        None => println!("traffic by hour   not in the log"),
    }
    report.notes.iter().for_each(|note| println!("note: {note}"));
    println!("written to {}", out.display());
}
