//! `motet bench decide`: the decision alone, on one core, with all agents and a live feedback loop.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use motet_coordinator::Timing;
use motet_engine::{Detail, Effect, Engine, Event, Options, SealedRequest, TeamKind};
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
/// Decisions between control ticks: a minute's at a thousand a second.
const TICK_EVERY: usize = 60_000;
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
    /// The longest control tick, in milliseconds; no part of the decisions' times.
    pub(crate) tick_ms_max: f64,
    /// The median control tick, in milliseconds.
    pub(crate) tick_ms_p50: f64,
    /// The mean time of a notice, in microseconds: losses, bills and impressions together.
    pub(crate) notice_us: f64,
    /// Processor time for a request with its decision and all notices that follow it, in microseconds; none where the
    /// system does not tell it.
    pub(crate) cpu_us_per_request: Option<f64>,
}

/// Measures.
pub(crate) fn run(campaigns: usize, seconds: u64, team: &str, detail: Detail) -> Result<Report> {
    ensure!((1..=1_000_000).contains(&campaigns), "campaigns must be 1 to 1000000, was {campaigns}");
    let team_kind = if team == "baseline" { TeamKind::Baseline } else { TeamKind::Agents };
    let mut engine = Engine::new(Options { team: team_kind, seed: SEED, ..Options::default() }, 1);
    engine.set_detail(detail);
    let start = Timestamp::from_secs(1_760_000_000);
    let began = clock::monotonic();
    let effect = engine.step(start, &Event::Changed(world::market(campaigns, SEED)), Timing::Unlimited);
    ensure!(effect == Effect::Changed(Ok(())), "the market was refused: {effect:?}");
    let load = began.elapsed();
    let mut events: Vec<Event> = (0..REQUESTS as u64)
        .map(|n| Event::Requested(Box::new(SealedRequest::new(world::request(n, SEED)))))
        .collect();
    let mut drive = Drive::new(engine, start);
    for event in events.iter().cycle().take(WARM_UP) {
        drive.decide(event)?;
    }
    drive = Drive::new(drive.engine, drive.now);
    let (cpu, until) = (clock::thread_cpu(), clock::monotonic() + Duration::from_secs(seconds.max(1)));
    for number in 0.. {
        let event = &mut events[number % REQUESTS];
        rename(event, number);
        drive.decide(event)?;
        if drive.taken.len().is_multiple_of(64) && clock::monotonic() >= until {
            break;
        }
    }
    let used = clock::thread_cpu().zip(cpu).map(|(now, before)| now.saturating_sub(before));
    Ok(drive.report(campaigns, team, load, used))
}

/// Gives a request another id: one that comes again under its own is refused as a repeat.
fn rename(event: &mut Event, number: usize) {
    if let Event::Requested(sealed) = event {
        sealed.request.id = format!("again-{number}");
    }
}

struct Drive {
    engine: Engine,
    now: Timestamp,
    taken: Vec<u32>,
    bids: usize,
    ticks: Vec<Duration>,
    notices: u32,
    noticing: Duration,
}

impl Drive {
    fn new(engine: Engine, now: Timestamp) -> Self {
        let (taken, ticks, noticing) = (Vec::new(), Vec::new(), Duration::ZERO);
        Self { engine, now, taken, bids: 0, ticks, notices: 0, noticing }
    }

    /// Takes one request, measured, and lets its outcome come back, measured apart.
    fn decide(&mut self, event: &Event) -> Result<()> {
        self.now = self.now + Span::from_millis(1);
        let began = clock::monotonic();
        let effect = self.engine.step(self.now, event, Timing::Unlimited);
        let took = began.elapsed();
        self.taken.push(u32::try_from(took.as_nanos()).unwrap_or(u32::MAX));
        let Effect::Decided(trace) = effect else { anyhow::bail!("a request was not decided: {effect:?}") };
        let bids: Vec<Bid> = trace.decision.bids().cloned().collect();
        self.bids += bids.len().min(1);
        let began = clock::monotonic();
        for bid in bids {
            self.come_back(&bid);
        }
        self.noticing += began.elapsed();
        if self.taken.len().is_multiple_of(TICK_EVERY) {
            let began = clock::monotonic();
            self.engine.step(self.now, &Event::Ticked, Timing::Unlimited);
            self.ticks.push(began.elapsed());
        }
        Ok(())
    }

    fn come_back(&mut self, bid: &Bid) {
        let mut draw = Chance::new(SEED, bid.id.decision.0).stream("outcome");
        let mut tell = |kind| {
            self.notices += 1;
            let notice = Notice { bid: bid.id, kind, happened_at: self.now, key: 0 };
            self.engine.step(self.now, &Event::Noticed(notice), Timing::Unlimited);
        };
        if draw.unit() < 0.6 {
            return tell(NoticeKind::Lost { reason: 102, minimum_to_win: Some(bid.price.next_up()) });
        }
        tell(NoticeKind::Billed { price: Some(bid.price) });
        tell(NoticeKind::Impression);
    }

    fn report(mut self, campaigns: usize, team: &str, load: Duration, used: Option<Duration>) -> Report {
        let total: f64 = self.taken.iter().map(|n| f64::from(*n)).sum();
        let decisions = self.taken.len();
        self.taken.sort_unstable();
        self.ticks.sort_unstable();
        let tick = |q: f64| quantile(&self.ticks, q).map_or(0.0, |took| took.as_secs_f64() * 1e3);
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
            tick_ms_max: tick(1.0),
            tick_ms_p50: tick(0.5),
            notice_us: self.noticing.as_secs_f64() * 1e6 / f64::from(self.notices.max(1)),
            cpu_us_per_request: used.map(|used| used.as_secs_f64() * 1e6 / decisions.max(1) as f64),
        }
    }
}

/// Runs and prints.
pub(crate) fn command(campaigns: usize, seconds: u64, team: &str, detail: Detail, json: bool) -> Result<()> {
    let report = run(campaigns, seconds, team, detail)?;
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
        "  campaign list taken in {:.0} ms; control tick {:.1} ms, the longest {:.1} ms; a notice {:.1} µs",
        report.load_ms, report.tick_ms_p50, report.tick_ms_max, report.notice_us
    );
    if let Some(cpu) = report.cpu_us_per_request {
        println!("  {cpu:.1} µs of processor time for a request with all its notices");
    }
    Ok(())
}
