//! What a replay prints, for people and as JSON. Amounts are in the log's unit, thousandths of a fen.

use std::fmt::Display;

use motet_backtest::{
    Comparison, Setting, Standing,
    log::{
        BadLines,
        rows::{Spread, Summary},
    },
    log_units,
};
use motet_units::Nanos;
use serde_json::{Value, json};

fn units(amount: Nanos) -> i64 {
    // A first price may end in a fraction of the log's unit; what was paid is never shown as less.
    log_units(amount).ceil() as i64
}

/// Returns the replay as JSON: one bidder's figures at the top, several under `bidders`.
pub(super) fn json(setting: &Setting<'_>, comparison: &Comparison) -> Value {
    let ceiling = &comparison.ceiling;
    let mut found = json!({
        "budget": units(setting.rules.budget),
        "episode": setting.episode,
        "auction": setting.rules.paid,
        "seed": setting.seed,
        "learnt_from": learnt_from(setting),
        "lp_sum_pctr": ceiling.sum_pctr,
        "lp_clicks": ceiling.clicks,
        "lp_cost": units(ceiling.cost),
    });
    let lines: Vec<Value> = comparison.standings.iter().map(standing).collect();
    if let ([one], None) = (lines.as_slice(), &comparison.best_linear) {
        let all = one.as_object().into_iter().flatten();
        all.for_each(|(name, value)| found[name.as_str()] = value.clone());
    } else {
        found["auctions"] = setting.log.len().into();
        found["bidders"] = lines.into();
        found["best_linear_in_hindsight"] = comparison.best_linear.as_ref().map_or(Value::Null, standing);
        let absent = comparison.absent.iter();
        found["absent"] = absent.map(|(who, why)| json!({"policy": who.name(), "why": why})).collect();
    }
    found
}

fn standing(standing: &Standing) -> Value {
    let tally = &standing.tally;
    json!({
        "policy": standing.name,
        "auctions": tally.auctions,
        "impressions": tally.impressions,
        "clicks": tally.clicks,
        "sum_pctr": tally.sum_pctr,
        "cost": units(tally.cost),
        "ratio": standing.ratio,
        "episodes": tally.episodes,
        "dearest_episode": units(tally.dearest_episode),
    })
}

fn learnt_from(setting: &Setting<'_>) -> &'static str {
    if setting.looks_ahead { "the log itself" } else { "the train file" }
}

/// Prints the table of bidders.
pub(super) fn table(setting: &Setting<'_>, comparison: &Comparison) {
    let ceiling = &comparison.ceiling;
    let episodes = setting.log.len().div_ceil(setting.episode as usize);
    println!(
        "budget {} for each of {episodes} × {} auctions; bidders learnt from {}; seed {}",
        units(setting.rules.budget),
        setting.episode,
        learnt_from(setting),
        setting.seed
    );
    if setting.looks_ahead {
        println!("  (so they knew the log's means beforehand; name another with --train)");
    }
    println!(
        "{:<22} {:>7} {:>10} {:>12} {:>8} {:>13}",
        "", "÷ LP", "Σ pCTR", "impressions", "clicks", "cost"
    );
    println!(
        "{:<22} {:>7.4} {:>10.4} {:>12} {:>8} {:>13}",
        "hindsight LP",
        1.0,
        ceiling.sum_pctr,
        ceiling.impressions,
        ceiling.clicks,
        units(ceiling.cost)
    );
    for line in comparison.best_linear.iter().chain(&comparison.standings) {
        let tally = &line.tally;
        println!(
            "{:<22} {:>7.4} {:>10.4} {:>12} {:>8} {:>13}",
            line.name,
            line.ratio,
            tally.sum_pctr,
            tally.impressions,
            tally.clicks,
            units(tally.cost)
        );
    }
    for (who, why) in &comparison.absent {
        println!("{:<22} {why}", who.name());
    }
}

/// Prints bad lines by reason, if there are any.
pub(super) fn bad_lines<Reason: Display + Copy + Ord>(bad: &BadLines<Reason>) {
    for line in describe(bad) {
        println!("{line}");
    }
}

/// Says on standard error what is wrong with a file of which nothing could be read.
pub(super) fn complain<Reason: Display + Copy + Ord>(bad: &BadLines<Reason>) {
    for line in describe(bad) {
        eprintln!("{line}");
    }
}

fn describe<Reason: Display + Copy + Ord>(bad: &BadLines<Reason>) -> Vec<String> {
    if bad.total() == 0 {
        return Vec::new();
    }
    let mut lines = vec![format!("{} bad lines", bad.total())];
    lines.extend(bad.by_reason().iter().map(|(reason, count)| format!("  {count} × {reason}")));
    lines.extend(bad.examples.iter().map(|(line, reason)| format!("  line {line}: {reason}")));
    lines
}

/// Prints what a file of rows holds.
pub(super) fn summary(summary: &Summary) {
    println!("{} rows read from {} lines", summary.rows, summary.lines);
    bad_lines(&summary.bad);
    let least = if summary.duplicates_at_least { "at least " } else { "" };
    println!("{least}{} duplicate bid ids", summary.duplicates);
    spread("prices paid", &summary.prices);
    spread("bids logged", &summary.bids);
    spread(&format!("floors, on {} rows", summary.floored), &summary.floors);
    if let Some(ctr) = summary.ctr() {
        println!("{} clicks, CTR {ctr:.6}", summary.clicks);
    } else {
        println!("{} rows of clicks; the rows do not say which impressions were clicked", summary.clicks);
    }
    if summary.conversions > 0 {
        println!("{} rows of conversions", summary.conversions);
    }
}

fn spread(what: &str, spread: &Spread) {
    if let Some(mean) = spread.mean_fen() {
        let fen = |price| motet_backtest::fen_of(price);
        println!("{what}: {} to {} fen CPM, mean {mean:.2}", fen(spread.lowest), fen(spread.highest));
    }
}

/// Returns what a file of rows holds as JSON.
pub(super) fn summary_json(summary: &Summary) -> Value {
    let spread = |spread: &Spread| {
        json!({
            "count": spread.count,
            "lowest_fen_cpm": motet_backtest::fen_of(spread.lowest),
            "highest_fen_cpm": motet_backtest::fen_of(spread.highest),
            "mean_fen_cpm": spread.mean_fen(),
        })
    };
    let bad = summary.bad.by_reason().iter();
    let examples = summary.bad.examples.iter();
    json!({
        "lines": summary.lines,
        "rows": summary.rows,
        "bad_lines": summary.bad.total(),
        "bad_by_reason": bad.map(|(reason, count)| json!({"reason": reason.to_string(), "count": count}))
            .collect::<Vec<_>>(),
        "bad_examples": examples.map(|(line, reason)| json!({"line": line, "reason": reason.to_string()}))
            .collect::<Vec<_>>(),
        "duplicates": summary.duplicates,
        "duplicates_at_least": summary.duplicates_at_least,
        "prices": spread(&summary.prices),
        "bids": spread(&summary.bids),
        "floors": spread(&summary.floors),
        "clicks": summary.clicks,
        "conversions": summary.conversions,
        "ctr": summary.ctr(),
    })
}
