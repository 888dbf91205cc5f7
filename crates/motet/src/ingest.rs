//! `motet ingest`: reads logs of other systems and of our own into one store.

use std::{
    fs::File,
    io::BufWriter,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use motet_engine::Record;
use motet_history::{Error, History, Ingest, Options, Progress, Season, Source, Summary};
use motet_store::journal::Reader;
use serde::Serialize;

use crate::{cli, clock};

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct Report<'a> {
    /// The store written, or read.
    store: &'a Path,
    #[serde(flatten)]
    summary: &'a Summary,
    /// The store's length, summary included.
    store_bytes: u64,
    /// Rows of all tables a second of wall time; none where nothing was read in.
    rows_per_second: Option<f64>,
}

/// Runs and prints.
pub(crate) fn command(options: &cli::Ingest) -> Result<()> {
    if options.show {
        return show(options);
    }
    let out = options.out.as_deref().context("--out FILE names the store to write")?;
    let started = clock::monotonic();
    let progress = progress(options)?;
    let part = part_of(out);
    let summary = write(options, &part, &progress).inspect_err(|_| {
        // What was written so far is of no use, and the failure itself is what is told.
        let _ = std::fs::remove_file(&part);
    });
    progress.finish_and_clear();
    let summary = summary.map_err(explain)?;
    std::fs::rename(&part, out).with_context(|| format!("cannot write {}", out.display()))?;
    if let Some(folder) = &options.parquet_out {
        export(out, folder)?;
    }
    print(options, out, &summary, Some(started.elapsed().as_secs_f64()))
}

/// Shows what a store says of itself.
fn show(options: &cli::Ingest) -> Result<()> {
    let [path] = options.logs.as_slice() else { bail!("--show takes one store") };
    let history = History::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    if let Some(folder) = &options.parquet_out {
        export(path, folder)?;
    }
    print(options, path, history.summary(), None)
}

/// Reads everything into a file that is not yet the store.
fn write(options: &cli::Ingest, part: &Path, progress: &ProgressBar) -> Result<Summary> {
    let folder = part.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let file = File::create(part).with_context(|| format!("cannot write {}", part.display()))?;
    let out = BufWriter::new(file);
    let (journals, others): (Vec<&PathBuf>, Vec<&PathBuf>) =
        options.logs.iter().partition(|path| is_journal(path));
    if let [folder] = others.as_slice()
        && folder.join("summary.json").is_file()
    {
        return import(folder, out);
    }
    let mut ingest = Ingest::new(out, read_options(options, folder))?;
    let mut tell = |now: Progress| {
        progress.set_position(now.bytes);
        progress.set_message(format!("{} rows", now.rows));
    };
    let files = expanded(&others)?;
    ingest.files(&files, &mut tell)?;
    for path in journals {
        read_journal(&mut ingest, path, &mut tell)?;
    }
    let (out, summary) = ingest.finish()?;
    let file = out.into_inner().context("cannot write the store")?;
    file.sync_all().context("cannot write the store")?;
    Ok(summary)
}

fn read_options(options: &cli::Ingest, scratch: &Path) -> Options {
    let season = options.season.map(|season| if season == 2 { Season::Second } else { Season::Third });
    Options {
        claim: options.format,
        season,
        max_bad_share: options.max_bad_share,
        user_salt: options.user_salt.clone(),
        scratch: scratch.to_owned(),
    }
}

/// Reads a journal, or the journal in a data folder.
fn read_journal(
    ingest: &mut Ingest<BufWriter<File>>,
    path: &Path,
    tell: &mut dyn FnMut(Progress),
) -> Result<()> {
    let folder = journal_folder(path);
    let reader =
        Reader::open(&folder).with_context(|| format!("cannot read the journal in {}", folder.display()))?;
    let mut found = reader.records()?;
    let records = std::iter::from_fn(|| {
        let read = found.read().map_err(|e| e.to_string()).transpose()?;
        Some(read.and_then(|record| {
            Record::decode(record.payload).map_err(|e| format!("record {}: {e}", record.sequence))
        }))
    });
    let name = path.display().to_string();
    ingest.journal(&name, bytes_in(&folder)?, records, tell)?;
    Ok(())
}

fn journal_folder(path: &Path) -> PathBuf {
    let inside = path.join("journal");
    if inside.is_dir() { inside } else { path.to_owned() }
}

fn is_journal(path: &Path) -> bool {
    let Ok(entries) = std::fs::read_dir(journal_folder(path)) else { return false };
    entries.flatten().any(|entry| entry.path().extension().is_some_and(|e| e == "journal"))
}

/// Replaces folders by the files in them, by name.
fn expanded(paths: &[&PathBuf]) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push((*path).clone());
            continue;
        }
        let entries = std::fs::read_dir(path).with_context(|| format!("cannot list {}", path.display()))?;
        let mut inside: Vec<PathBuf> = entries.flatten().map(|e| e.path()).filter(|p| p.is_file()).collect();
        anyhow::ensure!(!inside.is_empty(), "{} holds no file", path.display());
        inside.sort();
        files.append(&mut inside);
    }
    Ok(files)
}

fn bytes_in(folder: &Path) -> Result<u64> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    Ok(entries.flatten().filter_map(|entry| entry.metadata().ok()).map(|meta| meta.len()).sum())
}

fn part_of(out: &Path) -> PathBuf {
    let mut name = out.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    out.with_file_name(name)
}

/// A bar by bytes with the time left; hidden where nobody watches.
fn progress(options: &cli::Ingest) -> Result<ProgressBar> {
    let length = |path: &PathBuf| {
        if path.is_dir() {
            bytes_in(&journal_folder(path)).unwrap_or(0)
        } else {
            path.metadata().map_or(0, |meta| meta.len())
        }
    };
    let total: u64 = options.logs.iter().map(length).sum();
    let style =
        ProgressStyle::with_template("{bar:30} {bytes}/{total_bytes}, {bytes_per_sec}, {eta} left, {msg}")?;
    let target = if options.json { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
    Ok(ProgressBar::with_draw_target(Some(total), target).with_style(style))
}

/// Adds the first bad lines to the failure they led to.
fn explain(error: anyhow::Error) -> anyhow::Error {
    let Some(Error::TooManyBad { samples, .. }) = error.downcast_ref::<Error>() else { return error };
    let lines: Vec<String> = samples.iter().map(|sample| format!("\n  {sample}")).collect();
    anyhow::anyhow!("{error:#}{}\n--max-bad-share allows more", lines.concat())
}

fn print(options: &cli::Ingest, store: &Path, summary: &Summary, seconds: Option<f64>) -> Result<()> {
    let rows: u64 = summary.rows.values().sum();
    let store_bytes = store.metadata().map_or(0, |meta| meta.len());
    let rows_per_second = seconds.map(|seconds| rows as f64 / seconds.max(1e-9));
    if options.json {
        let report = Report { store, summary, store_bytes, rows_per_second };
        println!("{}", serde_json::to_string(&report)?);
        return Ok(());
    }
    println!(
        "{}: {rows} rows, {} bytes read, {store_bytes} bytes written",
        store.display(),
        summary.bytes_in
    );
    for (table, rows) in summary.rows.iter().filter(|(_, rows)| **rows > 0) {
        println!("  {table}: {rows}");
    }
    if let (Some(first), Some(last)) = (summary.first_at, summary.last_at) {
        println!("  from {first} to {last}");
    }
    println!("  duplicate bid ids: {}", summary.joins.duplicate_bid_ids);
    for (kind, found) in &summary.joins.outcomes {
        println!(
            "  {kind} rows: {} read, {} joined, {} duplicates, {} without a bid here",
            found.read, found.joined, found.duplicates, found.without_bid
        );
    }
    summary.sources.iter().for_each(print_source);
    if let Some(rate) = rows_per_second {
        println!("  {rate:.0} rows/s");
    }
    Ok(())
}

fn print_source(source: &Source) {
    let season = source.season.map_or_else(String::new, |season| format!(" season {season}"));
    println!("  {} ({}{season}): {} lines, {} bad", source.name, source.form, source.lines, source.bad.lines);
    for (reason, count) in &source.bad.by_reason {
        println!("    {}: {count}", reason.name());
    }
    for sample in &source.bad.samples {
        println!("    {sample}");
    }
    let notes = [
        ("blank lines passed over", source.blank_lines),
        ("fields not in UTF-8, kept with marks", source.invalid_utf8_fields),
        ("notices the engine did not count, left out", source.uncounted_notices),
    ];
    for (note, count) in notes.iter().filter(|(_, count)| *count > 0) {
        println!("    {count} {note}");
    }
}

#[cfg(feature = "parquet")]
fn export(store: &Path, folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    Ok(motet_history::parquet::export(&History::open(store)?, folder)?)
}

#[cfg(not(feature = "parquet"))]
fn export(_: &Path, _: &Path) -> Result<()> {
    bail!("this build leaves Parquet out; build it in with: cargo build --release --features parquet")
}

#[cfg(feature = "parquet")]
fn import(folder: &Path, out: BufWriter<File>) -> Result<Summary> {
    Ok(motet_history::parquet::import(folder, out)?.1)
}

#[cfg(not(feature = "parquet"))]
fn import(folder: &Path, _: BufWriter<File>) -> Result<Summary> {
    bail!(
        "{} holds tables in Parquet, and this build leaves Parquet out; build it in with: cargo build --release --features parquet",
        folder.display()
    )
}
