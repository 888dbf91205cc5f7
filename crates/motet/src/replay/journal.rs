//! `motet replay`: takes every journalled decision again and reports differences; there must be none.

use std::path::Path;

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressStyle};
use motet_engine::{Effect, Engine, Event, Options, Record};
use motet_model::outcome::NoticeVerdict;
use motet_store::journal::{Reader, snapshot};
use serde::Serialize;

/// What a replay found.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// Events taken again.
    pub(crate) events: u64,
    /// Decisions among them.
    pub(crate) decisions: u64,
    /// Notices of stray bids that counted: bids answered before a stop that lost their records.
    pub(crate) strays: u64,
    /// Events that came out differently.
    pub(crate) different: u64,
    /// The sequence numbers of the first hundred of these.
    pub(crate) differing: Vec<u64>,
    /// The first event taken: 1, unless older ones were retired and a snapshot stands in for them.
    pub(crate) from: u64,
    /// A digest of the state at the end.
    pub(crate) state_digest: String,
    /// Whether the ledger's books balance at the end.
    pub(crate) balanced: bool,
}

/// Replays a data folder.
pub(crate) fn run(data_dir: &Path, progress: &ProgressBar) -> Result<Report> {
    let journal = data_dir.join("journal");
    let reader = Reader::open(&journal)
        .with_context(|| format!("cannot read the journal in {}", journal.display()))?;
    let first = reader.first_sequence()?;
    let mut engine =
        if first == 1 { Engine::new(Options::default(), 1) } else { from_snapshot(data_dir, first)? };
    let from = engine.next_sequence();
    let mut report = Report {
        events: 0,
        decisions: 0,
        strays: 0,
        different: 0,
        differing: Vec::new(),
        from,
        state_digest: String::new(),
        balanced: true,
    };
    let mut records = reader.records_from(from)?;
    while let Some(found) = records.read()? {
        let sequence = found.sequence;
        let record =
            Record::decode(found.payload).with_context(|| format!("cannot read record {sequence}"))?;
        report.events += 1;
        report.decisions += u64::from(matches!(record.effect, Effect::Decided(_)));
        report.strays += u64::from(is_stray(&record));
        if engine.retake(&record).is_err() {
            report.different += 1;
            if report.differing.len() < 100 {
                report.differing.push(sequence);
            }
        }
        progress.inc(1);
    }
    report.state_digest = format!("{:016x}", engine.digest());
    report.balanced = engine.check().is_ok();
    Ok(report)
}

fn is_stray(record: &Record) -> bool {
    match (&record.event, &record.effect) {
        (Event::NoticedStray(..), Effect::Judged(judgement)) => judgement.verdict == NoticeVerdict::Counted,
        _ => false,
    }
}

/// Takes the newest snapshot that stands in for retired records.
fn from_snapshot(data_dir: &Path, first: u64) -> Result<Engine> {
    let latest = snapshot::latest(&data_dir.join("snapshots"))?;
    let found = latest.snapshot.filter(|found| found.sequence + 1 >= first);
    let found = found.with_context(|| {
        format!("the journal begins at record {first}, and no snapshot stands in for what came before")
    })?;
    Ok(Engine::load(&found.bytes)?)
}

/// Runs and prints. Fails when anything differs, so that scripts notice.
pub(crate) fn command(data_dir: &Path, json: bool) -> Result<()> {
    let style = ProgressStyle::with_template("{spinner} {pos} events taken again, {per_sec}, {elapsed}")?;
    let progress = ProgressBar::new_spinner().with_style(style);
    let report = run(data_dir, &progress)?;
    progress.finish_and_clear();
    if json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        println!(
            "{} decisions among {} events taken again, {} different",
            report.decisions, report.events, report.different
        );
        println!(
            "  state {}, books {}",
            report.state_digest,
            if report.balanced { "balance" } else { "DO NOT BALANCE" }
        );
        for sequence in &report.differing {
            println!("  event {sequence} differs");
        }
    }
    anyhow::ensure!(report.different == 0 && report.balanced, "the replay differs from the journal");
    Ok(())
}
