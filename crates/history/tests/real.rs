//! Real logs, read where they are present: every row, every duplicate, every click that joins.

use std::path::PathBuf;

use motet_history::{
    Auction, History, Impression, Ingest, Item, Options, OutcomeKind, Result, Round, Summary, Table,
};

/// Returns the folder of real data, or says that it is missing.
#[expect(clippy::disallowed_methods, reason = "a test is an edge: it finds its data by the environment")]
fn data() -> Option<PathBuf> {
    let given = std::env::var("MOTET_SHARED_DATA").map(PathBuf::from);
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let folder = given.unwrap_or(beside);
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: no real data in {}", folder.display());
    None
}

fn ingested(logs: &[&str]) -> Option<(History, Summary)> {
    let folder = data()?;
    let paths: Vec<PathBuf> = logs.iter().map(|log| folder.join(log)).collect();
    let scratch = tempfile::tempdir().unwrap();
    let options = Options { scratch: scratch.path().to_owned(), ..Options::default() };
    let mut ingest = Ingest::new(Vec::new(), options).unwrap();
    ingest.files(&paths, &mut |_| {}).unwrap();
    let (bytes, summary) = ingest.finish().unwrap();
    Some((History::from_bytes(bytes.into()).unwrap(), summary))
}

const RAW: &str = "ipinyou/raw/imp.20131021.adv2821.limit1000.txt";
const CLICKS: &str = "ipinyou/raw/clk.20131021.adv2821.txt";

#[test]
fn every_raw_impression_is_read_with_its_duplicates_and_three_clicks() {
    let Some((history, summary)) = ingested(&[CLICKS, RAW]) else { return };
    assert_eq!(summary.rows["opportunities"], 10_000);
    assert_eq!(summary.rows["bids"], 10_000);
    assert_eq!(summary.joins.duplicate_bid_ids, 40);
    let clicks = summary.joins.outcomes["click"];
    assert_eq!((clicks.read, clicks.joined), (442, 3));
    assert_eq!(clicks.read, clicks.joined + clicks.duplicates + clicks.without_bid);
    assert!(summary.sources.iter().all(|s| s.bad.lines == 0 && s.season == Some(3)));

    let shown: Vec<Impression> = history.impressions().unwrap().collect::<Result<_>>().unwrap();
    assert_eq!(shown.len(), 10_000);
    assert_eq!(shown.iter().filter(|i| i.click).count(), 3);
    // Click logs repeat the impression's time, so no click has a time of its own.
    assert!(shown.iter().all(|i| i.click_at.is_none()));
    assert!(shown.iter().all(|i| i.weekday == 0 && (18..=23).contains(&i.hour)));
    let paid: i64 = shown.iter().map(|i| i.pay.unwrap().get() / motet_history::MICROS_PER_FEN).sum();
    assert!((paid as f64 / 10_000.0 - 87.6).abs() < 0.05, "mean price {}", paid as f64 / 10_000.0);
    assert!(shown.iter().all(|i| i.pay <= i.bid));
    let first = &shown[0];
    assert_eq!(first.at.to_string(), "2013-10-21T11:23:00.738000Z");
    assert_eq!(first.slot.as_deref(), Some("mm_12712107_1718689_6742002"));
    assert_eq!((first.size, first.agent_class.as_deref()), (Some((300, 250)), Some("windows_ie")));
    assert_eq!((first.region.as_deref(), &first.tags[..]), (Some("238"), &[10_063][..]));
}

#[test]
fn every_row_of_the_prepared_logs_is_read() {
    let logs = ["ipinyou/full-2259/train.log.txt", "ipinyou/full-2259/test.log.txt"];
    let Some((history, summary)) = ingested(&logs) else { return };
    assert_eq!(summary.sources.iter().map(|s| s.lines).collect::<Vec<_>>(), [8_355, 4_171]);
    assert_eq!(summary.rows["opportunities"], 12_526);
    assert!(summary.sources.iter().all(|s| s.bad.lines == 0));
    let shown: Vec<Impression> = history.impressions().unwrap().collect::<Result<_>>().unwrap();
    assert_eq!(shown.len(), 12_526);
    assert_eq!(shown.iter().filter(|i| i.click).count(), 5);
    assert!(shown.iter().all(|i| i.advertiser.as_deref() == Some("2259")));
}

#[test]
fn every_auction_for_replay_is_read() {
    let logs =
        ["ipinyou/replay/1458.train.txt", "ipinyou/replay/1458.test.txt", "ipinyou/replay/2259.test.txt"];
    let Some((history, summary)) = ingested(&logs) else { return };
    assert_eq!(summary.sources.iter().map(|s| s.rows).collect::<Vec<_>>(), [220_000, 80_000, 80_000]);
    let mut clicks = [0; 3];
    for auction in history.read::<Auction>().unwrap() {
        let auction = auction.unwrap();
        clicks[auction.source as usize] += u32::from(auction.click);
    }
    assert_eq!(clicks, [156, 51, 26]);
}

#[test]
fn every_round_of_the_six_bandit_logs_is_read() {
    let logs: Vec<String> = ["random", "bts"]
        .iter()
        .flat_map(|policy| ["all", "men", "women"].map(|campaign| (policy, campaign)))
        .flat_map(|(policy, campaign)| {
            [
                format!("obd/{policy}/{campaign}/{campaign}.csv"),
                format!("obd/{policy}/{campaign}/item_context.csv"),
            ]
        })
        .collect();
    let logs: Vec<&str> = logs.iter().map(String::as_str).collect();
    let Some((history, summary)) = ingested(&logs) else { return };
    assert_eq!(summary.rows["rounds"], 60_000);
    assert_eq!(summary.rows["items"], 2 * (80 + 34 + 46));
    assert!(summary.sources.iter().all(|s| s.bad.lines == 0));
    let mut by_source = vec![(0_u32, 0_u32, 0.0); logs.len()];
    for round in history.read::<Round>().unwrap() {
        let round = round.unwrap();
        let entry = &mut by_source[round.source as usize];
        entry.0 += 1;
        entry.1 += u32::from(round.click);
        entry.2 = round.propensity;
        assert_eq!((round.user_features.len(), (1..=3).contains(&round.position)), (4, true));
    }
    assert_eq!(
        by_source.iter().step_by(2).map(|e| (e.0, e.1)).collect::<Vec<_>>(),
        [(10_000, 38), (10_000, 46), (10_000, 46), (10_000, 42), (10_000, 69), (10_000, 46)]
    );
    assert_eq!((by_source[0].2, by_source[2].2), (0.0125, 0.029_411_764_705_882_353));
    let item = history.read::<Item>().unwrap().next().unwrap().unwrap();
    assert_eq!((item.item, item.numbers.len(), item.categories.len()), (0, 1, 3));
}

#[test]
fn a_column_reads_alone_and_equals_the_rows() {
    let Some((history, _)) = ingested(&[RAW]) else { return };
    let mut rows = history.impressions().unwrap();
    for column in history.column(Table::Opportunities, "floor").unwrap() {
        let motet_history::Values::Int(floors) = column.unwrap().values().clone() else {
            panic!("floors are numbers")
        };
        for floor in floors {
            assert_eq!(rows.next().unwrap().unwrap().floor.get(), floor);
        }
    }
    assert!(rows.next().is_none());
    let outcomes =
        history.offers().unwrap().filter(|o| o.as_ref().unwrap().outcome(OutcomeKind::Won).is_some());
    assert_eq!(outcomes.count(), 0);
}
