//! Figures on real logs. They are read where `MOTET_SHARED_DATA` points, or beside the workspace, and skipped where they are not.

use std::{fs::File, io::BufReader, path::PathBuf};

use motet_backtest::{
    Auction, Budget, BuiltIn, FEN, Landscape, Paid, Rules, Setting,
    bidder::{CostPerClick, Linear},
    ceiling::ceiling,
    control::respond,
    log::{auctions, rows},
    model::ClickModel,
    replay,
};

/// Opens a file of the shared data, or says that it is not there.
fn open(name: &str) -> Option<BufReader<File>> {
    #[expect(clippy::disallowed_methods, reason = "tests are told by the environment where real data is")]
    let told = std::env::var("MOTET_SHARED_DATA").ok();
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");
    let path = PathBuf::from(told.unwrap_or_else(|| beside.to_owned())).join("ipinyou").join(name);
    let file = File::open(&path).ok();
    if file.is_none() {
        eprintln!("skipped: {} is not there", path.display());
    }
    Some(BufReader::new(file?))
}

fn campaign(name: &str) -> Option<Vec<Auction>> {
    let read = auctions::read(open(&format!("replay/{name}.txt"))?, |_| ()).expect("the log can be read");
    assert_eq!(read.bad.total(), 0);
    Some(read.auctions)
}

/// Published for a share of the whole log's price: Σ pCTR and clicks of the optimum, and Σ pCTR of the dual descent and of the naive
/// linear bid as shares of it.
type Published = [(&'static str, f64, u64, f64, f64); 3];

fn check_campaign(name: &str, published: Published) {
    let Some(log) = campaign(name) else { return };
    for (share, sum_pctr, clicks, dual, naive) in published {
        let budget = share.parse().expect("a share");
        let setting = Setting::new(&log, None, budget, 0, Paid::Second, 1).expect("a log");
        let best = ceiling(&log, &setting.rules);
        assert!((best.whole_sum_pctr - sum_pctr).abs() <= 0.005, "{name} {share}: {best:?}");
        assert_eq!(best.clicks, clicks, "{name} {share}");
        assert!(best.cost <= setting.rules.budget);
        for (built_in, ratio) in [(BuiltIn::Dual, dual), (BuiltIn::Linear, naive)] {
            let mut bidder = built_in.make(&setting).expect("means are enough for it");
            let tally = replay(&log, &setting.rules, bidder.as_mut(), &mut |_| ());
            let found = tally.sum_pctr / best.sum_pctr;
            assert!((found - ratio).abs() <= 0.0006, "{name} {share} {built_in}: {found}, not {ratio}");
            assert!(tally.cost <= setting.rules.budget);
        }
    }
}

#[test]
fn the_train_part_of_campaign_1458_gives_the_published_figures() {
    check_campaign(
        "1458.train",
        [
            ("1/64", 93.38, 28, 0.990, 0.239),
            ("1/16", 102.09, 48, 0.995, 0.914),
            ("1/4", 118.00, 93, 0.997, 0.871),
        ],
    );
}

#[test]
fn the_test_part_of_campaign_1458_gives_the_published_figures() {
    check_campaign(
        "1458.test",
        [
            ("1/64", 28.06, 7, 0.989, 0.249),
            ("1/16", 31.65, 15, 0.993, 0.711),
            ("1/4", 38.08, 34, 0.998, 0.876),
        ],
    );
}

#[test]
fn campaign_2259_gives_the_published_figures() {
    check_campaign(
        "2259.test",
        [("1/64", 5.26, 4, 0.975, 0.232), ("1/16", 10.43, 9, 0.986, 0.452), ("1/4", 20.27, 16, 0.993, 0.916)],
    );
}

#[test]
fn dynamic_programming_beats_a_linear_bid_when_each_episode_has_its_budget() {
    let (Some(train), Some(log)) = (campaign("1458.train"), campaign("1458.test")) else { return };
    let log = &log[..20_000];
    let budget = Budget::Share(1.0 / 64.0);
    let setting = Setting::new(log, Some(&train), budget, 1_000, Paid::Second, 1).expect("a log");
    // int(66.875 · 1/64 · 1000), as the published replays make it.
    assert_eq!(setting.rules.budget.get(), 1_044 * FEN);
    let best = ceiling(log, &setting.rules).sum_pctr;
    let ratio = |built_in: BuiltIn| {
        let mut bidder = built_in.make(&setting).expect("the train part has clicks");
        replay(log, &setting.rules, bidder.as_mut(), &mut |_| ()).sum_pctr / best
    };
    let (rlb, linear) = (ratio(BuiltIn::Rlb), ratio(BuiltIn::Linear));
    assert!(rlb > 0.9 && linear < 0.5, "rlb {rlb}, linear {linear}");
}

#[test]
fn the_cost_per_click_settles_within_ten_percent_of_its_reference() {
    let Some(train) = campaign("1458.train") else { return };
    let log = &train[..100_000];
    let learnt = Landscape::learn(log).expect("a log");
    let naive = learnt.mean_price() / learnt.mean_pctr();
    let mut bidder = CostPerClick::new(naive, 40_000.0, CostPerClick::GAINS, log.len() as u64);
    let found = respond(log, 40, 40_000.0, &mut bidder);
    assert_eq!(found.rounds.len(), 40);
    assert!(found.settling.is_some_and(|round| round <= 31), "{found:?}");
    assert!(found.steady_error.is_some_and(|error| error <= 0.06), "{found:?}");
    // Left alone, the same bid costs less than half the reference a click.
    let alone = respond(log, 40, 40_000.0, &mut Linear::new(naive));
    assert_eq!(alone.settling, None);
}

#[test]
fn every_raw_row_is_read_and_duplicates_are_counted() {
    let Some(file) = open("raw/imp.20131021.adv2821.limit1000.txt") else { return };
    let found = rows::read(file, |_| (), |_| ()).expect("the log can be read");
    assert_eq!((found.lines, found.rows, found.bad.total()), (10_000, 10_000, 0));
    assert_eq!((found.duplicates, found.with_click), (40, 0));
    assert!((found.prices.mean_fen().expect("prices") - 87.6).abs() < 0.05);
    assert_eq!(found.floored, 6_102);
}

#[test]
fn every_row_of_the_full_log_is_read_with_its_clicks() {
    let (mut rows_read, mut clicks) = (0, 0);
    for name in ["train", "test"] {
        let Some(file) = open(&format!("full-2259/{name}.log.txt")) else { return };
        let found = rows::read(file, |_| (), |_| ()).expect("the log can be read");
        assert_eq!(found.bad.total(), 0, "{:?}", found.bad);
        rows_read += found.rows;
        clicks += found.clicks;
    }
    assert_eq!((rows_read, clicks), (12_526, 5));
}

#[test]
fn the_click_model_predicts_about_as_many_clicks_as_it_was_taught() {
    let Some(file) = open("full-2259/train.log.txt") else { return };
    let mut model = ClickModel::with_base_rate(6.0 / 8_357.0);
    let mut taught = Vec::new();
    let summary = rows::read(
        file,
        |_| (),
        |row| {
            let slots = ClickModel::slots(row);
            model.learn(&slots, row.click == Some(true));
            taught.push(slots);
        },
    );
    let summary = summary.expect("the log can be read");
    let expected: f64 = taught.iter().map(|slots| model.predict(slots)).sum();
    let clicks = summary.clicks as f64;
    // Two standard deviations of a count so small.
    assert!((expected - clicks).abs() <= 2.0 * clicks.max(1.0).sqrt() + 2.0, "{expected} against {clicks}");
}

#[test]
fn the_landscape_of_a_log_adds_up() {
    let Some(log) = campaign("1458.test") else { return };
    let learnt = Landscape::learn(&log).expect("a log");
    assert_eq!(learnt.cost().get(), 5_425_163 * FEN);
    assert!((learnt.chances().iter().sum::<f64>() - 1.0).abs() < 1e-12);
    let all = ceiling(&log, &Rules::whole_log(learnt.cost()));
    let worth_nothing = log.iter().filter(|auction| auction.pctr <= 0.0).count() as u64;
    assert_eq!((all.impressions + worth_nothing, all.clicks), (80_000, 51));
    assert!(all.cost <= learnt.cost() && all.multiplier <= 0.0, "with money for everything none is short");
}
