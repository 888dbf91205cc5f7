//! The AuctionNet-format scenario: another kind of market, with its own rules, seats and score. A day is an episode.

use std::{fmt::Write as _, path::Path};

use anyhow::{Context, Result, ensure};
use motet_arena::auctionnet::{EpisodeReport, League, Options};
use motet_plot::{Axis, Chart, Mark, Page, Series, Table};
use serde::{Deserialize, Serialize};

use super::{progress, write};
use crate::cli;

/// The day the league's `OnlineLP`s remember; no episode has this seed.
const DAY_SEED: u64 = 1 << 40;

/// Such a scenario.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Market {
    name: String,
    about: String,
    /// Always `auctionnet`.
    format: String,
    /// Episodes, unless told otherwise.
    days: u32,
    impressions: u32,
    reserve: f32,
}

/// What a day came to.
#[derive(Debug, Serialize)]
struct Day {
    score: f64,
    mean_score: f64,
    played_to_best: Option<f64>,
    violators: usize,
    revenue: f64,
    expected_welfare: f64,
    episode: EpisodeReport,
}

#[derive(Debug, Serialize)]
struct Outcome<'a> {
    scenario: &'a Market,
    seed: u64,
    days: Vec<Day>,
}

/// Reads such a scenario, if a text is one.
pub(super) fn read(text: &str) -> Option<Result<Market>> {
    let table: toml::Table = text.parse().ok()?;
    (table.get("format")?.as_str() == Some("auctionnet"))
        .then(|| toml::from_str(text).context("the scenario cannot be read"))
}

/// Plays it and reports.
pub(super) fn command(market: &Market, options: &cli::Simulate) -> Result<()> {
    ensure!(
        options.team == "agents",
        "the seats of {} are filled by its league; --team has no seat there",
        market.name
    );
    let days = options.days.unwrap_or(market.days);
    let set = Options { impressions: market.impressions, reserve: market.reserve, ..Options::default() };
    let league = League::new(DAY_SEED, set)?;
    let bar = progress(days, options.quiet);
    let mut played = Vec::new();
    for day in 0..u64::from(days) {
        played.push(day_of(league.play_with_hindsight(options.seed + day)?));
        bar.inc(24);
    }
    bar.finish_and_clear();
    let outcome = Outcome { scenario: market, seed: options.seed, days: played };
    if let Some(path) = &options.json {
        write(path, &serde_json::to_string_pretty(&outcome)?)?;
    }
    if let Some(path) = &options.html {
        write(path, &page(&outcome)?)?;
    }
    if let Some(path) = &options.svg {
        write(path, &motet_plot::chart(&scores(&outcome))?)?;
    }
    if options.json.as_deref() != Some(Path::new("-")) {
        print!("{}", text(&outcome));
    }
    Ok(())
}

fn day_of(episode: EpisodeReport) -> Day {
    let seats = episode.seats.len().max(1) as f64;
    Day {
        score: episode.score(),
        mean_score: episode.score() / seats,
        played_to_best: episode.played_to_best(),
        violators: episode.violators(),
        revenue: episode.revenue().units(),
        expected_welfare: episode.expected_welfare(),
        episode,
    }
}

fn text(outcome: &Outcome<'_>) -> String {
    let mut text = format!("{}, seed {}\n", outcome.scenario.name, outcome.seed);
    for day in &outcome.days {
        let _ = writeln!(
            text,
            "seed {}: mean score {:.1}, {} of the best constant multipliers, {} of {} over their target, revenue {:.0}, \
             expected welfare {:.0}",
            day.episode.seed,
            day.mean_score,
            day.played_to_best.map_or_else(|| "–".to_owned(), |ratio| format!("{ratio:.3}")),
            day.violators,
            day.episode.seats.len(),
            day.revenue,
            day.expected_welfare
        );
    }
    text
}

fn scores(outcome: &Outcome<'_>) -> Chart {
    let points = |of: fn(&motet_arena::auctionnet::SeatReport) -> Option<f64>| {
        let seats = outcome.days.iter().flat_map(|day| day.episode.seats.iter().enumerate());
        seats.filter_map(|(place, seat)| of(seat).map(|score| (place as f64, score))).collect()
    };
    let series = vec![
        Series::new("played", Mark::Points, points(|seat| Some(seat.score))),
        Series::new("best constant multiplier", Mark::Points, points(|seat| seat.best_constant)),
    ];
    Chart::new("Score by seat", Axis::new("seat"), Axis::new("score"), series)
}

fn page(outcome: &Outcome<'_>) -> Result<String> {
    let mut page = Page::new(&format!("{}, seed {}", outcome.scenario.name, outcome.seed));
    page.paragraph(&outcome.scenario.about);
    page.charts(&[scores(outcome)])?;
    let mut table = Table::new(&[
        "seed",
        "seat",
        "who",
        "budget",
        "target cost",
        "spent",
        "conversions",
        "score",
        "best constant",
    ]);
    for day in &outcome.days {
        for (place, seat) in day.episode.seats.iter().enumerate() {
            table.rows.push(vec![
                day.episode.seed.to_string(),
                place.to_string(),
                format!("{:?}", seat.seat),
                format!("{:.0}", seat.budget.units()),
                format!("{:.0}", seat.target_cpa),
                format!("{:.0}", seat.cost.units()),
                seat.conversions.to_string(),
                format!("{:.2}", seat.score),
                seat.best_constant.map_or_else(|| "–".to_owned(), |best| format!("{best:.2}")),
            ]);
        }
    }
    page.table(&table);
    Ok(page.finish())
}
