//! `motet bench bus-faults`: consumer, producer and broker killed with kill -9 at random under load.
//!
//! ```text
//! requests over HTTP ──> server ──bids──> a file of notice addresses ──> feeder ──> broker ──> server: judged, committed
//!                          └── its journal ──> broker ──> read here at the end
//! ```
//!
//! Server, feeder and broker are processes of their own; each kill meets one of them, which is started again at once on
//! what it kept. At the end every address must have had its effect exactly once in the server's journal (else it is *lost*
//! or *double*), and every record of the journal must have come out (else it is counted in `records_lost`; coming out
//! twice is what at least once means, and is counted too).

#[cfg(feature = "kafka")]
mod faults;

use anyhow::{Result, ensure};
use serde::Serialize;

use crate::cli::BusFaults;

/// What was found.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    /// Kills, in all.
    pub(crate) kills: u32,
    /// Of the server, which consumes notices and publishes its journal.
    pub(crate) consumer_kills: u32,
    /// Of the feeder, which publishes notices.
    pub(crate) producer_kills: u32,
    /// Of the broker.
    pub(crate) broker_kills: u32,
    /// Notices fed.
    pub(crate) events: usize,
    /// Notices that had no effect.
    pub(crate) lost: usize,
    /// Notices that had more than one.
    pub(crate) double: usize,
    /// Notices that came again and were known.
    pub(crate) known_again: usize,
    /// Records of the server's journal.
    pub(crate) records: u64,
    /// Records that did not come out.
    pub(crate) records_lost: u64,
    /// Records that came out more than once.
    pub(crate) records_again: u64,
    /// The upper 95 % bound on the share of kills that lose or double something, if none did: 3 / kills.
    pub(crate) failure_rate_below: f64,
}

/// Runs and prints. Fails when anything was lost or doubled.
pub(crate) fn command(options: &BusFaults) -> Result<()> {
    ensure!(options.kills > 0, "kills must be above 0");
    let report = run(options)?;
    if options.json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        println!("{} kills: {} lost, {} double", report.kills, report.lost, report.double);
        println!(
            "  {} notices, {} came again and were known; {} records out, {} lost, {} again",
            report.events, report.known_again, report.records, report.records_lost, report.records_again
        );
    }
    ensure!(
        report.lost == 0 && report.double == 0 && report.records_lost == 0,
        "something was lost or counted twice"
    );
    Ok(())
}

#[cfg(feature = "kafka")]
fn run(options: &BusFaults) -> Result<Report> {
    let progress = if options.json {
        indicatif::ProgressBar::hidden()
    } else {
        indicatif::ProgressBar::new(u64::from(options.kills))
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let report = runtime.block_on(faults::run(options.kills, options.seed, &progress));
    progress.finish_and_clear();
    runtime.shutdown_timeout(std::time::Duration::from_secs(5));
    report
}

#[cfg(not(feature = "kafka"))]
fn run(_: &BusFaults) -> Result<Report> {
    super::bus::broker().map(|broker| match broker {})
}
