//! `motet bench ledger`: durable reserves and settles, a thousand campaigns, many in flight, one commit a batch.
//!
//! Each operation passes the ledger's checks, is encoded as a record, and counts once its batch is on the disk.
//! One thread works; the disk is the machine's.

use std::{path::Path, time::Duration};

use anyhow::{Context, Result, ensure};
use motet_ledger::{Budget, Ledger, Limits, Settlement};
use motet_model::ids::{BidId, CampaignIx, DecisionId};
use motet_store::journal::{Batch, Journal, Options};
use motet_units::{Nanos, Timestamp};
use serde::Serialize;

use super::quantile;
use crate::clock;

const CAMPAIGNS: u32 = 1_000;
/// Operations in flight: what a thousand requests waiting together amount to.
const IN_FLIGHT: usize = 4_096;

/// What was measured.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// Durable operations (reserves and settles) per second.
    pub(crate) durable_ops_per_s: f64,
    /// Operations made durable.
    pub(crate) operations: u64,
    /// Operations in one commit.
    pub(crate) in_flight: usize,
    /// The median commit, in milliseconds.
    pub commit_p50_ms: f64,
    /// The slowest of a hundred commits, in milliseconds.
    pub commit_p99_ms: f64,
    /// What the ledger charged, in nanos: equals the sum of the settles acknowledged.
    pub(crate) spent_nanos: i64,
}

#[derive(Serialize)]
enum Operation {
    Reserve { bid: BidId, campaign: CampaignIx, amount: Nanos },
    Settle { bid: BidId, price: Nanos },
}

/// Measures.
pub(crate) fn run(seconds: u64, dir: &Path) -> Result<Report> {
    let mut ledger = Ledger::new(Limits::default());
    for campaign in 0..CAMPAIGNS {
        let budget = Budget {
            total: Some(Nanos::from_units(9_000_000.0)),
            daily: Some(Nanos::from_units(9_000_000.0)),
        };
        ledger.set_budget(CampaignIx(campaign), budget).map_err(|e| anyhow::anyhow!("{e:?}"))?;
    }
    let (mut journal, _) = Journal::open(&dir.join("ledger-bench"), Options::default())?;
    let mut batch = Batch::starting_at(journal.next_sequence());
    let (mut number, mut commits, mut spent) = (0_u64, Vec::new(), Nanos::ZERO);
    let began = clock::monotonic();
    let until = began + Duration::from_secs(seconds.max(1));
    while clock::monotonic() < until {
        let first = number;
        for _ in 0..IN_FLIGHT / 2 {
            reserve(&mut ledger, &mut batch, number)?;
            number += 1;
        }
        for settled in first..number {
            spent += settle(&mut ledger, &mut batch, settled)?;
        }
        let commit = clock::monotonic();
        journal.commit(&batch).context("the journal failed")?;
        commits.push(u32::try_from(commit.elapsed().as_micros()).unwrap_or(u32::MAX));
        batch.restart_at(journal.next_sequence());
    }
    let took = began.elapsed().as_secs_f64();
    ledger.check().map_err(|violation| anyhow::anyhow!("{violation:?}"))?;
    ensure!(
        ledger.totals().spent_nanos == i128::from(spent.get()),
        "the ledger disagrees with its acknowledgements"
    );
    commits.sort_unstable();
    let at = |q: f64| quantile(&commits, q).map_or(0.0, |micros| f64::from(micros) / 1_000.0);
    Ok(Report {
        durable_ops_per_s: (number * 2) as f64 / took,
        operations: number * 2,
        in_flight: IN_FLIGHT,
        commit_p50_ms: at(0.5),
        commit_p99_ms: at(0.99),
        spent_nanos: spent.get(),
    })
}

fn bid(number: u64) -> BidId {
    BidId { decision: DecisionId(number), imp: 0 }
}

/// A moment that advances with the operations, so that old keys are forgotten as they are in service.
fn moment(number: u64) -> Timestamp {
    Timestamp::from_micros(i64::try_from(number).unwrap_or(i64::MAX) * 10)
}

fn reserve(ledger: &mut Ledger, batch: &mut Batch, number: u64) -> Result<()> {
    let (campaign, amount) = (CampaignIx(number as u32 % CAMPAIGNS), Nanos::new(2_000_000));
    let expires = moment(number + 500_000);
    ledger.expire(moment(number), &mut Vec::new());
    ledger.reserve(bid(number), campaign, amount, 0, expires).map_err(|e| anyhow::anyhow!("{e:?}"))?;
    append(batch, &Operation::Reserve { bid: bid(number), campaign, amount })
}

fn settle(ledger: &mut Ledger, batch: &mut Batch, number: u64) -> Result<Nanos> {
    let price = Nanos::new(1_500_000);
    let settlement = ledger.settle(bid(number), price, moment(number));
    let Settlement::Settled { charged, .. } = settlement else {
        anyhow::bail!("not settled: {settlement:?}")
    };
    append(batch, &Operation::Settle { bid: bid(number), price: charged })?;
    Ok(charged)
}

fn append(batch: &mut Batch, operation: &Operation) -> Result<()> {
    let mut encoded = [0; 64];
    let bytes = postcard::to_slice(operation, &mut encoded)?;
    batch.push(bytes)?;
    Ok(())
}

/// Runs and prints.
pub(crate) fn command(seconds: u64, dir: Option<&Path>, json: bool) -> Result<()> {
    let temporary = tempfile::tempdir().context("cannot make a temporary folder")?;
    let report = run(seconds, dir.unwrap_or(temporary.path()))?;
    if json {
        println!("{}", serde_json::to_string(&report)?);
        return Ok(());
    }
    println!("{:.0} durable operations/s ({} in flight)", report.durable_ops_per_s, report.in_flight);
    println!("  commit p50 {:.2} ms   p99 {:.2} ms", report.commit_p50_ms, report.commit_p99_ms);
    Ok(())
}
