//! `motet bench sim`: the simulated markets, how fast they run and what they come to.
//!
//! Speeds are per CPU-second of one thread, not wall, so that a busy machine does not spoil them. What is timed is the whole
//! episode: traffic, bids, auctions, overspend passes, conversions. The hindsight reference is found in a second, untimed run.

use std::fs;

use anyhow::{Context, Result};
use cpu_time::ProcessTime;
use indicatif::{ProgressBar, ProgressStyle};
use motet_arena::{
    auctiongym::{Catalogue, Market},
    auctionnet::{EpisodeReport, League, Options, Seat, SeatReport},
};
use serde::Serialize;

use super::sim_world::{self, WorldSpeed};
use crate::cli::SimMarket;

/// The day the league's `OnlineLP`s remember; no episode measured here has this seed.
const DAY_SEED: u64 = 1 << 40;
const AUCTIONS_TIMED: u64 = 4_000_000;
const AUCTIONS_PER_RUN: u64 = 10_000;
const RUNS: u64 = 300;
const CATALOGUES: u64 = 60;

/// A mean with its spread.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Spread {
    pub(crate) mean: f64,
    /// Standard deviation from one episode or run to the next.
    pub(crate) sd: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
}

impl Spread {
    fn of(values: &[f64]) -> Self {
        let n = values.len().max(1) as f64;
        let mean = values.iter().sum::<f64>() / n;
        let squares = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>();
        Self {
            mean,
            sd: (squares / (n - 1.0).max(1.0)).sqrt(),
            least: values.iter().copied().fold(f64::INFINITY, f64::min),
            most: values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        }
    }
}

/// What was measured.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) auctionnet: Option<AuctionNet>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) auctiongym: Option<AuctionGym>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) world: Option<WorldSpeed>,
}

/// The AuctionNet-format market.
#[derive(Debug, Serialize)]
pub(crate) struct AuctionNet {
    pub(crate) seeds: Vec<u64>,
    pub(crate) episodes: usize,
    pub(crate) impressions: usize,
    /// Impressions times bidders, per CPU-second of one core, whole episodes.
    pub(crate) impression_agents_per_cpu_s: f64,
    pub(crate) cpu_s_per_episode: f64,
    /// The process's highest memory so far, in megabytes (10^6 bytes); nothing where the system does not say.
    pub(crate) peak_rss_mb: Option<f64>,
    /// Auction passes of an episode.
    pub(crate) passes: Spread,
    /// Mean score of a seat.
    pub(crate) score: Spread,
    pub(crate) conversions: Spread,
    /// Share of all budgets spent.
    pub(crate) spend_share: Spread,
    /// Seats, of 48, that paid more for a conversion than they wanted.
    pub(crate) violators: Spread,
    pub(crate) revenue: Spread,
    pub(crate) expected_welfare: Spread,
    /// Sum of the best constant multipliers' expected scores.
    pub(crate) best_constant: Spread,
    /// Sum of the scores over that.
    pub(crate) played_to_best: Spread,
    pub(crate) kinds: Vec<Kind>,
}

/// One kind of rival, over all its seats and episodes.
#[derive(Debug, Serialize)]
pub(crate) struct Kind {
    pub(crate) seat: Seat,
    pub(crate) seats: usize,
    pub(crate) score: f64,
    /// Mean of score over budget ÷ target CPA.
    pub(crate) score_to_budget: f64,
    pub(crate) played_to_best: f64,
    pub(crate) violators_share: f64,
    pub(crate) spend_share: f64,
}

/// The AuctionGym-format market.
#[derive(Debug, Serialize)]
pub(crate) struct AuctionGym {
    pub(crate) auctions: u64,
    pub(crate) auctions_per_cpu_s: f64,
    /// The published catalogue, runs of 10,000 auctions.
    pub(crate) welfare_per_10k: Spread,
    pub(crate) revenue_per_10k: Spread,
    /// Drawn catalogues, 10,000 auctions each.
    pub(crate) drawn_welfare_per_10k: Spread,
    pub(crate) drawn_revenue_per_10k: Spread,
}

/// Measures.
pub(crate) fn run(market: SimMarket, episodes: u64, seed: u64, quiet: bool) -> Result<Report> {
    let wants = |one| market == one || market == SimMarket::All;
    let auctionnet = wants(SimMarket::Auctionnet).then(|| auctionnet(episodes, seed, quiet)).transpose()?;
    let auctiongym = wants(SimMarket::Auctiongym).then(|| auctiongym(seed));
    let world = wants(SimMarket::World).then(|| sim_world::measure(seed)).transpose()?;
    Ok(Report { auctionnet, auctiongym, world })
}

fn auctionnet(episodes: u64, seed: u64, quiet: bool) -> Result<AuctionNet> {
    let seeds: Vec<u64> = (seed..seed + episodes).collect();
    let league = League::new(DAY_SEED, Options::default())?;
    let bar = progress(2 * episodes, quiet);
    let (mut timed, mut impressions, mut reports) = (0.0, 0, Vec::new());
    for &seed in &seeds {
        let began = ProcessTime::now();
        impressions += league.play(seed)?.impressions;
        timed += began.elapsed().as_secs_f64();
        bar.inc(1);
    }
    let peak_rss_mb = peak_rss_mb();
    for &seed in &seeds {
        reports.push(league.play_with_hindsight(seed)?);
        bar.inc(1);
    }
    bar.finish_and_clear();
    let spread = |of: &dyn Fn(&EpisodeReport) -> f64| Spread::of(&reports.iter().map(of).collect::<Vec<_>>());
    let seats = league.seats().len() as f64;
    let budgets: f64 = league.options().advertisers.iter().map(|a| a.budget.units()).sum();
    Ok(AuctionNet {
        episodes: seeds.len(),
        impressions,
        impression_agents_per_cpu_s: impressions as f64 * seats / timed,
        cpu_s_per_episode: timed / seeds.len().max(1) as f64,
        peak_rss_mb,
        passes: spread(&|r| f64::from(r.passes)),
        score: spread(&|r| r.score() / seats),
        conversions: spread(&|r| r.seats.iter().map(|s| f64::from(s.conversions)).sum()),
        spend_share: spread(&|r| r.revenue().units() / budgets),
        violators: spread(&|r| r.violators() as f64),
        revenue: spread(&|r| r.revenue().units()),
        expected_welfare: spread(&EpisodeReport::expected_welfare),
        best_constant: spread(&|r| r.seats.iter().filter_map(|s| s.best_constant).sum()),
        played_to_best: spread(&|r| r.played_to_best().unwrap_or(f64::NAN)),
        kinds: kinds(&reports),
        seeds,
    })
}

fn kinds(reports: &[EpisodeReport]) -> Vec<Kind> {
    let mut seats: Vec<Seat> = reports.iter().flat_map(|r| &r.seats).map(|s| s.seat).collect();
    seats.sort_unstable();
    seats.dedup();
    let kind = |seat: Seat| {
        let all: Vec<&SeatReport> =
            reports.iter().flat_map(|r| &r.seats).filter(|s| s.seat == seat).collect();
        let mean =
            |of: &dyn Fn(&SeatReport) -> f64| all.iter().map(|s| of(s)).sum::<f64>() / all.len() as f64;
        Kind {
            seat,
            seats: all.len() / reports.len(),
            score: mean(&|s| s.score),
            score_to_budget: mean(&|s| s.score * s.target_cpa / s.budget.units()),
            played_to_best: mean(&|s| s.score) / mean(&|s| s.best_constant.unwrap_or(f64::NAN)),
            violators_share: mean(&|s| f64::from(u8::from(s.violates()))),
            spend_share: mean(&|s| s.cost.units() / s.budget.units()),
        }
    };
    seats.into_iter().map(kind).collect()
}

fn auctiongym(seed: u64) -> AuctionGym {
    let mut market = Market::new(Catalogue::reference(), seed);
    let began = ProcessTime::now();
    market.run(AUCTIONS_TIMED);
    let took = began.elapsed().as_secs_f64();
    let (welfare, revenue) = runs(seed, RUNS, |_| Catalogue::reference());
    let (drawn_welfare, drawn_revenue) = runs(seed, CATALOGUES, Catalogue::drawn);
    AuctionGym {
        auctions: AUCTIONS_TIMED,
        auctions_per_cpu_s: AUCTIONS_TIMED as f64 / took,
        welfare_per_10k: welfare,
        revenue_per_10k: revenue,
        drawn_welfare_per_10k: drawn_welfare,
        drawn_revenue_per_10k: drawn_revenue,
    }
}

/// Returns welfare and revenue of several runs of 10,000 auctions.
fn runs(seed: u64, runs: u64, catalogue: impl Fn(u64) -> Catalogue) -> (Spread, Spread) {
    let one = |run: u64| {
        let mut market = Market::new(catalogue(seed + run), seed + run);
        market.run(AUCTIONS_PER_RUN);
        (market.totals().welfare, market.totals().revenue)
    };
    let (welfare, revenue): (Vec<f64>, Vec<f64>) = (0..runs).map(one).unzip();
    (Spread::of(&welfare), Spread::of(&revenue))
}

fn progress(steps: u64, quiet: bool) -> ProgressBar {
    if quiet {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{msg} [{bar:40}] {pos}/{len} {eta} left")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(steps).with_style(style).with_message("episodes")
}

/// Returns the process's highest resident memory so far, in megabytes, where the system tells.
fn peak_rss_mb() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kib: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1024.0 / 1e6)
}

/// Runs and prints.
pub(crate) fn command(market: SimMarket, episodes: u64, seed: u64, json: bool) -> Result<()> {
    let report = run(market, episodes, seed, json)?;
    if json {
        println!("{}", serde_json::to_string(&report).context("cannot write the report")?);
        return Ok(());
    }
    if let Some(report) = &report.auctionnet {
        print_auctionnet(report);
    }
    if let Some(report) = &report.auctiongym {
        print_auctiongym(report);
    }
    if let Some(speed) = &report.world {
        sim_world::print(speed);
    }
    Ok(())
}

fn line(name: &str, s: &Spread, digits: usize) {
    println!(
        "  {name:<28} {:>10.digits$} ± {:.digits$} (from {:.digits$} to {:.digits$})",
        s.mean, s.sd, s.least, s.most
    );
}

fn print_auctionnet(r: &AuctionNet) {
    println!("AuctionNet's format: {} episodes, {} impressions, 48 bidders", r.episodes, r.impressions);
    println!(
        "  {:.1} M impression·agents per CPU-s, {:.3} CPU-s an episode, peak memory {} MB",
        r.impression_agents_per_cpu_s / 1e6,
        r.cpu_s_per_episode,
        r.peak_rss_mb.map_or("unknown".to_owned(), |mb| format!("{mb:.0}"))
    );
    line("passes", &r.passes, 0);
    line("mean score of a seat", &r.score, 2);
    line("played ÷ best constant", &r.played_to_best, 3);
    line("seats above their target CPA", &r.violators, 1);
    line("share of budgets spent", &r.spend_share, 3);
    line("conversions", &r.conversions, 0);
    line("revenue", &r.revenue, 0);
    line("expected welfare", &r.expected_welfare, 0);
    println!("  kind         seats  score  ÷(budget/CPA)  ÷best  above target  spent");
    for k in &r.kinds {
        println!(
            "  {:<12} {:>5}  {:>5.1}  {:>13.2}  {:>5.2}  {:>12.2}  {:>5.2}",
            format!("{:?}", k.seat),
            k.seats,
            k.score,
            k.score_to_budget,
            k.played_to_best,
            k.violators_share,
            k.spend_share
        );
    }
}

fn print_auctiongym(r: &AuctionGym) {
    println!(
        "AuctionGym's format, second-price oracle: {:.2} M auctions per CPU-s",
        r.auctions_per_cpu_s / 1e6
    );
    line("welfare per 10,000", &r.welfare_per_10k, 0);
    line("revenue per 10,000", &r.revenue_per_10k, 0);
    line("drawn catalogues: welfare", &r.drawn_welfare_per_10k, 0);
    line("drawn catalogues: revenue", &r.drawn_revenue_per_10k, 0);
}
