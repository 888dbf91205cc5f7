//! `motet bench decide`: the decision alone, on one core, with all agents and a live feedback loop.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use motet_coordinator::Timing;
use motet_engine::{Effect, Engine, Event, Options, SealedRequest, TeamKind};
use motet_model::{
    decision::Bid,
    outcome::{Notice, NoticeKind},
};
use motet_units::{Chance, Span, Timestamp};
use serde::Serialize;

use super::{quantile, world};
use crate::clock;

/// Requests made ahead, so that making them is not measured.
const REQUESTS: usize = 20_000;
/// Decisions before measuring begins.
const WARM_UP: usize = 5_000;
const SEED: u64 = 7;

/// What was measured.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// Active campaigns, two creatives each.
    pub(crate) campaigns: usize,
    /// Who decided.
    pub(crate) team: String,
    /// Decisions measured.
    pub(crate) decisions: usize,
    /// Share of decisions with a bid.
    pub(crate) bid_rate: f64,
    /// Decisions per second of one core.
    pub(crate) decisions_per_s_core: f64,
    /// The median decision, in microseconds.
    pub p50_us: f64,
    /// The slowest of a hundred, in microseconds.
    pub p99_us: f64,
    /// The slowest of a thousand, in microseconds.
    pub p999_us: f64,
    /// The slowest of all, in microseconds.
    pub(crate) slowest_us: f64,
    /// The time to take in the whole campaign list, in milliseconds.
    pub(crate) load_ms: f64,
    /// The time to write the whole state for a snapshot, in milliseconds: decisions wait for it.
    pub(crate) snapshot_ms: f64,
    /// The longest control tick, in milliseconds.
    pub(crate) tick_ms_max: f64,
}

/// Measures.
pub(crate) fn run(campaigns: usize, seconds: u64, team: &str) -> Result<Report> {
    ensure!((1..=1_000_000).contains(&campaigns), "campaigns must be 1 to 1000000, was {campaigns}");
    let team_kind = if team == "baseline" { TeamKind::Baseline } else { TeamKind::Agents };
    let mut engine = Engine::new(Options { team: team_kind, seed: SEED, ..Options::default() }, 1);
    let start = Timestamp::from_secs(1_760_000_000);
    let began = clock::monotonic();
    let effect = engine.step(start, &Event::Changed(world::market(campaigns, SEED)), Timing::Unlimited);
    ensure!(effect == Effect::Changed(Ok(())), "the market was refused: {effect:?}");
    let load = began.elapsed();
    let events: Vec<Event> = (0..REQUESTS as u64)
        .map(|n| Event::Requested(Box::new(SealedRequest::new(world::request(n, SEED)))))
        .collect();
    let mut drive = Drive { engine, now: start, taken: Vec::new(), bids: 0, tick_max: Duration::ZERO };
    for event in events.iter().cycle().take(WARM_UP) {
        drive.decide(event)?;
    }
    (drive.bids, drive.tick_max) = (0, Duration::ZERO);
    drive.taken.clear();
    let until = clock::monotonic() + Duration::from_secs(seconds.max(1));
    for event in events.iter().cycle() {
        drive.decide(event)?;
        if drive.taken.len().is_multiple_of(64) && clock::monotonic() >= until {
            break;
        }
    }
    Ok(drive.report(campaigns, team, load))
}

struct Drive {
    engine: Engine,
    now: Timestamp,
    taken: Vec<u32>,
    bids: usize,
    tick_max: Duration,
}

impl Drive {
    /// Takes one request, measured, and lets its outcome come back, unmeasured.
    fn decide(&mut self, event: &Event) -> Result<()> {
        self.now = self.now + Span::from_millis(1);
        let began = clock::monotonic();
        let effect = self.engine.step(self.now, event, Timing::Unlimited);
        let took = began.elapsed();
        self.taken.push(u32::try_from(took.as_nanos()).unwrap_or(u32::MAX));
        let Effect::Decided(trace) = effect else { anyhow::bail!("a request was not decided: {effect:?}") };
        let bids: Vec<Bid> = trace.decision.bids().cloned().collect();
        self.bids += bids.len().min(1);
        for bid in bids {
            self.come_back(&bid);
        }
        if self.taken.len().is_multiple_of(60_000) {
            let began: Instant = clock::monotonic();
            self.engine.step(self.now, &Event::Ticked, Timing::Unlimited);
            self.tick_max = self.tick_max.max(began.elapsed());
        }
        Ok(())
    }

    fn come_back(&mut self, bid: &Bid) {
        let mut draw = Chance::new(SEED, bid.id.decision.0).stream("outcome");
        let mut tell = |kind| {
            let notice = Notice { bid: bid.id, kind, happened_at: self.now, key: 0 };
            self.engine.step(self.now, &Event::Noticed(notice), Timing::Unlimited);
        };
        if draw.unit() < 0.6 {
            return tell(NoticeKind::Lost { reason: 102, minimum_to_win: Some(bid.price.next_up()) });
        }
        tell(NoticeKind::Billed { price: Some(bid.price) });
        tell(NoticeKind::Impression);
    }

    fn report(mut self, campaigns: usize, team: &str, load: Duration) -> Report {
        let total: f64 = self.taken.iter().map(|n| f64::from(*n)).sum();
        let decisions = self.taken.len();
        self.taken.sort_unstable();
        let began = clock::monotonic();
        std::hint::black_box(self.engine.save());
        let snapshot_ms = began.elapsed().as_secs_f64() * 1e3;
        let at = |q: f64| quantile(&self.taken, q).map_or(0.0, |nanos| f64::from(nanos) / 1_000.0);
        Report {
            campaigns,
            team: team.to_owned(),
            decisions,
            bid_rate: self.bids as f64 / decisions.max(1) as f64,
            decisions_per_s_core: decisions as f64 / (total / 1e9),
            p50_us: at(0.5),
            p99_us: at(0.99),
            p999_us: at(0.999),
            slowest_us: at(1.0),
            load_ms: load.as_secs_f64() * 1e3,
            snapshot_ms,
            tick_ms_max: self.tick_max.as_secs_f64() * 1e3,
        }
    }
}

/// Runs and prints.
pub(crate) fn command(campaigns: usize, seconds: u64, team: &str, json: bool) -> Result<()> {
    let report = run(campaigns, seconds, team)?;
    if json {
        println!("{}", serde_json::to_string(&report).context("cannot write the report")?);
        return Ok(());
    }
    println!("{} campaigns, {} decisions by the {}", report.campaigns, report.decisions, report.team);
    println!(
        "  p50 {:.1} µs   p99 {:.1} µs   p99.9 {:.1} µs   slowest {:.0} µs",
        report.p50_us, report.p99_us, report.p999_us, report.slowest_us
    );
    println!(
        "  {:.0} decisions/s on one core, {:.0} % with a bid",
        report.decisions_per_s_core,
        report.bid_rate * 100.0
    );
    println!(
        "  campaign list taken in {:.0} ms; longest control tick {:.1} ms",
        report.load_ms, report.tick_ms_max
    );
    Ok(())
}
