//! The learned bidder on logs of prices, drawn and real.

use std::{fs::File, io::BufReader, path::PathBuf, sync::Arc};

use motet_autobid::{
    evolve::Plan,
    folder::{self, Training},
    logged::{Mind, Pilot, Recipe, kind, learn},
    net::Net,
};
use motet_backtest::{Auction, Paid, Rules, ceiling::ceiling, log::auctions, price_from_fen, replay};
use motet_units::{Chance, Nanos};
use proptest::prelude::*;

/// A log of two kinds of impressions at one price: one in ten is worth ten times the others.
fn two_kinds(length: u64, seed: u64) -> Vec<Auction> {
    let mut stream = Chance::new(seed, 0).stream("log");
    let mut one = |_| {
        let rare = stream.below(10) == 0;
        Auction { price: price_from_fen(50), pctr: if rare { 0.01 } else { 0.001 }, hour: None, click: false }
    };
    (0..length).map(&mut one).collect()
}

fn unlearned() -> Mind {
    let net = Net::new(vec![kind().observation.len(), 1]).unwrap();
    let mut chances = vec![0.0; 401];
    chances[1..=100].fill(0.01);
    Mind { chances, usual: 50.0, memory: 20_000.0, weights: net.start(1), net }
}

fn ratio(mind: &Mind, log: &[Auction], rules: &Rules) -> f64 {
    let tally = replay(log, rules, &mut Pilot::new(Arc::new(mind.clone())), &mut |_| ());
    assert!(tally.dearest_episode <= rules.budget);
    tally.sum_pctr / ceiling(log, rules).sum_pctr
}

#[test]
fn with_money_for_the_better_kind_alone_it_buys_that_kind() {
    // A hundred of a thousand are of the better kind, and a budget pays for a hundred.
    let log = two_kinds(10_000, 1);
    let rules =
        Rules { budget: price_from_fen(100 * 50).per_impression(), episode: 1_000, paid: Paid::Second };
    let found = ratio(&unlearned(), &log, &rules);
    assert!(found > 0.93, "{found} of the optimum");
}

#[test]
fn with_money_for_all_it_buys_all() {
    let log = two_kinds(3_000, 2);
    let rules =
        Rules { budget: price_from_fen(1_000 * 50).per_impression(), episode: 1_000, paid: Paid::Second };
    let found = ratio(&unlearned(), &log, &rules);
    assert!(found > 0.98, "{found} of the optimum");
}

#[test]
fn without_money_it_bids_and_buys_nothing() {
    let log = two_kinds(100, 3);
    let rules = Rules { budget: Nanos::ZERO, episode: 0, paid: Paid::Second };
    let tally = replay(&log, &rules, &mut Pilot::new(Arc::new(unlearned())), &mut |_| ());
    assert_eq!((tally.impressions, tally.cost), (0, Nanos::ZERO));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn whatever_the_log_and_the_weights_no_budget_is_exceeded(
        seed: u64, length in 1_usize..400, budget in 0_i64..20_000, episode in 0_usize..150, first in proptest::bool::ANY,
    ) {
        let mut stream = Chance::new(seed, 0).stream("log");
        let mut mind = unlearned();
        mind.weights = mind.weights.iter().map(|_| (20.0 * stream.unit() - 10.0) as f32).collect();
        let log: Vec<Auction> = (0..length).map(|_| Auction {
            price: price_from_fen(stream.below(350) as u32),
            pctr: if stream.below(20) == 0 { 0.0 } else { stream.unit() * stream.unit() },
            hour: None,
            click: false,
        }).collect();
        let paid = if first { Paid::First } else { Paid::Second };
        let rules = Rules { budget: price_from_fen(budget as u32).per_impression(), episode, paid };
        let tally = replay(&log, &rules, &mut Pilot::new(Arc::new(mind)), &mut |_| ());
        prop_assert!(tally.dearest_episode <= rules.budget);
        prop_assert!(tally.sum_pctr <= ceiling(&log, &rules).sum_pctr * (1.0 + 1e-9) + 1e-12);
    }
}

#[test]
fn the_same_seed_learns_the_same_bytes_and_a_folder_holds_them() {
    let log = two_kinds(4_000, 4);
    let recipe = |threads| {
        let plan = Plan { generations: 2, pairs: 2, threads, ..Recipe::SHIPPED.plan };
        Recipe { campaigns: 2, choice_campaigns: 2, look: 1, plan, ..Recipe::SHIPPED }
    };
    let write = |mind: &Mind| {
        let (manifest, numbers) = mind.write("tiny@1", Training::default());
        (folder::text(&manifest), numbers)
    };
    let (one, two) =
        (learn(&log, &recipe(1), |_, _| ()).unwrap(), learn(&log, &recipe(2), |_, _| ()).unwrap());
    let (manifest, numbers) = write(&one.mind);
    assert_eq!((&manifest, &numbers), (&write(&two.mind).0, &write(&two.mind).1));
    assert_eq!(Mind::read(&manifest, &numbers).unwrap().0, one.mind);
    assert!(Mind::read(&manifest, &numbers[1..]).unwrap_err().to_string().contains("holds"));
    assert!(learn(&[], &recipe(1), |_, _| ()).is_err());
}

/// Reads a log of the shared data, or says that it is not there.
fn campaign(name: &str) -> Option<Vec<Auction>> {
    #[expect(clippy::disallowed_methods, reason = "tests are told by the environment where real data is")]
    let told = std::env::var("MOTET_SHARED_DATA").ok();
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");
    let path =
        PathBuf::from(told.unwrap_or_else(|| beside.to_owned())).join(format!("ipinyou/replay/{name}.txt"));
    let Ok(file) = File::open(&path) else {
        eprintln!("skipped: {} is not there", path.display());
        return None;
    };
    Some(auctions::read(BufReader::new(file), |_| ()).expect("the log can be read").auctions)
}

fn shipped() -> Mind {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../policies/ipinyou-theta-bidder"));
    let manifest =
        std::fs::read_to_string(folder.join(folder::MANIFEST)).expect("the shipped policy is there");
    let numbers = std::fs::read(folder.join(folder::NUMBERS)).expect("with its numbers");
    Mind::read(&manifest, &numbers).expect("and can be served").0
}

#[test]
fn the_shipped_policy_is_close_to_the_optimum_on_campaigns_it_never_saw() {
    // The first 20,000 auctions of each, with a budget for every thousand.
    for (name, units, least) in [("1458.test", 4_179, 0.97), ("2259.test", 5_508, 0.97)] {
        let Some(log) = campaign(name) else { continue };
        let rules =
            Rules { budget: price_from_fen(units).per_impression(), episode: 1_000, paid: Paid::Second };
        let found = ratio(&shipped(), &log[..20_000], &rules);
        assert!(found > least, "{name}: {found}");
    }
}
