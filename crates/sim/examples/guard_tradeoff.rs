//! What catching costs: how many honest visitors are refused, and what is caught, as the guard may refuse more people.
//!
//! `cargo run --release -p motet-sim --example guard_tradeoff -- SCENARIO.toml SHARE[,SHARE...] FIRST_SEED SEEDS`
//!
//! Each seed is a world; in each the guard plays once for every share (`most_people_refused`) and once lets everything
//! pass, which is the control. Figures are means over seeds with the lowest and the highest.

use std::collections::BTreeMap;

use motet_engine::TeamKind;
use motet_sim::{
    Run, Scenario, World,
    fraud_score::{OpenGuard, Scorecard, Scorer},
    parallel,
    run::Setup,
};

type Error = Box<dyn std::error::Error>;

/// What one world showed under one share.
struct Shown {
    /// By row of the table: a share in [0, 1].
    rows: BTreeMap<(u8, &'static str), f64>,
}

fn main() -> Result<(), Error> {
    let argument = |place: usize| std::env::args().nth(place);
    let path = argument(1).unwrap_or_else(|| "scenarios/fraud-wave.toml".to_owned());
    let scenario = Scenario::parse(&std::fs::read_to_string(path)?)?;
    let shares = argument(2).unwrap_or_else(|| "0.03".to_owned());
    let shares: Vec<f64> = shares.split(',').map(str::parse).collect::<Result<_, _>>()?;
    let first: u64 = argument(3).map_or(Ok(1), |text| text.parse())?;
    let count: u64 = argument(4).map_or(Ok(3), |text| text.parse())?;
    let seeds: Vec<u64> = (first..first + count).collect();
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let shown = parallel(&seeds, threads, |seed| play(&scenario, *seed, &shares));
    println!("seeds {first} to {}; mean (lowest to highest)", first + count - 1);
    for (place, share) in shares.iter().enumerate() {
        println!("\nmost_people_refused = {share}");
        print(&shown.iter().map(|of_seed| &of_seed[place]).collect::<Vec<_>>());
    }
    Ok(())
}

fn play(scenario: &Scenario, seed: u64, shares: &[f64]) -> Vec<Shown> {
    let guarded = shares.iter().map(|share| {
        let card = score(scenario, seed, Some(*share));
        eprintln!("seed {seed}, {share}: {:.3} % at attacked sellers", card.honest.carrier_rate() * 100.0);
        card
    });
    let guarded: Vec<Scorecard> = guarded.collect();
    let open = score(scenario, seed, None);
    guarded.iter().map(|card| Shown::of(card, &open)).collect()
}

/// Scores the guard in a world; without a share, a guard that lets everything pass.
fn score(scenario: &Scenario, seed: u64, share: Option<f64>) -> Scorecard {
    let world = World::new(scenario, seed);
    let mut setup = Setup::new(&world, TeamKind::Agents).expect("options the engine knows");
    setup.options.guard.most_people_refused = share.unwrap_or(0.0);
    let mut run = Run::new(&world, setup);
    if share.is_none() {
        run.engine_mut().seat(Box::new(OpenGuard));
    }
    let mut scorer = Scorer::new(&world);
    run.until_day(scenario.days, &mut scorer);
    scorer.finish()
}

impl Shown {
    fn of(own: &Scorecard, open: &Scorecard) -> Self {
        let honest = &own.honest;
        let mut rows = BTreeMap::from([
            ((0, "honest, attacked sellers"), honest.carrier_rate()),
            ((0, "honest, other sellers"), honest.false_positive_rate()),
            ((0, "honest events filtered"), honest.event_rate()),
        ]);
        rows.extend(own.precision().map(|precision| ((1, "precision of flags"), precision)));
        let groups = own.groups(open);
        rows.extend(groups.iter().filter_map(|g| Some(((2, g.group.name()), g.recall?))));
        let families = own.attacks.iter().zip(own.recalls(open));
        rows.extend(families.filter_map(|(attack, recall)| Some(((3, attack.family.name()), recall?))));
        Self { rows }
    }
}

fn print(shown: &[&Shown]) {
    let mut rows: BTreeMap<(u8, &str), Vec<f64>> = BTreeMap::new();
    for (row, share) in shown.iter().flat_map(|shown| &shown.rows) {
        rows.entry(*row).or_default().push(*share);
    }
    for ((_, name), mut shares) in rows {
        shares.sort_by(f64::total_cmp);
        let mean = shares.iter().sum::<f64>() / shares.len() as f64;
        let (least, most) = (shares[0], shares[shares.len() - 1]);
        println!("{name:26} {:7.3} % ({:.3} to {:.3})", mean * 100.0, least * 100.0, most * 100.0);
    }
}
