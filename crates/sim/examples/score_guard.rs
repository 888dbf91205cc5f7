//! Scores the guard on a scenario: `cargo run --release -p motet-sim --example score_guard -- SCENARIO.toml DAYS SEED...`
//!
//! Three runs a seed meet the very same visits and attacks: the agents with their guard, the agents with a guard that
//! lets everything pass, and the baseline, which has none.

use std::collections::BTreeMap;

use motet_engine::TeamKind;
use motet_sim::{
    Run, Scenario, World,
    fraud_score::{Group, OpenGuard, Scorecard, Scorer},
    run::Setup,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().unwrap_or_else(|| "scenarios/fraud-wave.toml".to_owned());
    let scenario = Scenario::parse(&std::fs::read_to_string(path)?)?;
    let days = arguments.next().map_or(Ok(scenario.days), |days| days.parse())?;
    let mut seeds = arguments.map(|seed| seed.parse::<u64>()).collect::<Result<Vec<_>, _>>()?;
    if seeds.is_empty() {
        seeds = vec![1, 2, 3];
    }
    let mut recalls: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for seed in seeds {
        let world = World::new(&scenario, seed);
        let guarded = score(&world, Setup::new(&world, TeamKind::Agents)?, days, false);
        let open = score(&world, Setup::new(&world, TeamKind::Agents)?, days, true);
        let baseline = score(&world, Setup::new(&world, TeamKind::Baseline)?, days, false);
        print(seed, &guarded, &open, &baseline);
        for (attack, recall) in guarded.attacks.iter().zip(guarded.recalls(&open)) {
            recalls.entry(attack.family.name()).or_default().extend(recall);
        }
    }
    println!("\nrecall over seeds: mean (lowest to highest)");
    for (family, found) in &recalls {
        let mean = found.iter().sum::<f64>() / found.len().max(1) as f64;
        let (least, most) = found.iter().fold((1.0_f64, 0.0_f64), |(a, b), x| (a.min(*x), b.max(*x)));
        println!("{family:22} {:6.2} % ({:.2} to {:.2})", mean * 100.0, least * 100.0, most * 100.0);
    }
    Ok(())
}

fn score(world: &World, setup: Setup, days: u32, open: bool) -> Scorecard {
    let mut run = Run::new(world, setup);
    if open {
        run.engine_mut().seat(Box::new(OpenGuard));
    }
    let mut scorer = Scorer::new(world);
    run.until_day(days, &mut scorer);
    scorer.finish()
}

fn print(seed: u64, guarded: &Scorecard, open: &Scorecard, baseline: &Scorecard) {
    println!("\nseed {seed}");
    println!(
        "{:22} {:8} {:>8} {:>8} {:>7} {:>8} {:>7} {:>9} {:>9} {:>9} {:>8} {:>9} {:>9}  findings",
        "family",
        "group",
        "requests",
        "recall",
        "events",
        "recall",
        "control",
        "missed",
        "open",
        "baseline",
        "money",
        "first s",
        "half s",
    );
    let against = guarded.recall_against(open);
    for (place, attack) in guarded.attacks.iter().enumerate() {
        let found: Vec<String> =
            attack.findings.iter().map(|(name, count)| format!("{name} {count}")).collect();
        println!(
            "{:22} {:8} {:>8} {:>8} {:>7} {:>8} {:>7} {:>9.3} {:>9.3} {:>9.3} {:>8} {:>9} {:>9}  {}",
            attack.family.name(),
            Group::of(attack.family).name(),
            attack.requests,
            percent(attack.request_recall()),
            attack.events,
            percent(attack.event_recall()),
            percent(against[place]),
            attack.missed.units(),
            open.attacks[place].missed.units(),
            baseline.attacks[place].missed.units(),
            percent(attack.money_recall()),
            attack.first_caught_s.map_or("-".to_owned(), |s| format!("{s:.0}")),
            attack.half_caught_s.map_or("-".to_owned(), |s| format!("{s:.0}")),
            found.join(", "),
        );
    }
    let honest = &guarded.honest;
    println!(
        "honest: {} requests, {} flagged ({:.4} %), lost {:.3}; at carriers {} requests, {} flagged ({:.2} %); events {} filtered {} ({:.4} %); billed {:.2}, without guard {:.2}; precision {}",
        honest.requests,
        honest.flagged,
        honest.false_positive_rate() * 100.0,
        honest.lost.units(),
        honest.carrier_requests,
        honest.carrier_flagged,
        honest.carrier_rate() * 100.0,
        honest.events,
        honest.filtered_events,
        honest.event_rate() * 100.0,
        honest.billed.units(),
        open.honest.billed.units(),
        percent(guarded.precision()),
    );
    for group in guarded.groups(open) {
        println!(
            "{:8} mean recall {} lowest {} bar {:.0} % at {:.2} %: {}",
            group.group.name(),
            percent(group.recall),
            percent(group.lowest),
            group.group.bar().recall * 100.0,
            group.group.bar().false_positive_rate * 100.0,
            if group.meets_bar { "met" } else { "not met" },
        );
    }
}

fn percent(share: Option<f64>) -> String {
    share.map_or("-".to_owned(), |share| format!("{:.2}%", share * 100.0))
}
