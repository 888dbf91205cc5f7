//! Fits to real logs, where they are present.

use std::path::{Path, PathBuf};

use motet_calibrate::{Fit, Judged, Options, calibrate};
use motet_history::{History, Ingest};

/// Returns the folder of shared data, if it is there.
fn shared(file: &str) -> Option<PathBuf> {
    let root = std::env::var_os("MOTET_SHARED_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"), PathBuf::from);
    let path = root.join(file);
    if path.exists() {
        return Some(path);
    }
    eprintln!("skipped: {} is not there", path.display());
    None
}

fn fit(logs: &[PathBuf], lines: Option<usize>) -> Fit {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let logs: Vec<PathBuf> = match lines {
        None => logs.to_vec(),
        Some(lines) => {
            let text = std::fs::read_to_string(&logs[0]).expect("a readable log");
            let head: Vec<&str> = text.lines().take(lines).collect();
            let path = folder.path().join("head.txt");
            std::fs::write(&path, head.join("\n") + "\n").expect("a writable folder");
            vec![path]
        }
    };
    let options = motet_history::Options { scratch: folder.path().to_owned(), ..Default::default() };
    let mut ingest = Ingest::new(Vec::new(), options).expect("a new store");
    ingest.files(&logs, &mut |_| {}).expect("readable logs");
    let (store, _) = ingest.finish().expect("a finished store");
    let history = History::from_bytes(store.into()).expect("the store just written");
    calibrate(&history, &Options { name: "fitted".to_owned(), seed: 1 }).expect("a fit")
}

#[test]
fn raw_impressions_of_one_day_are_matched_by_the_world_fitted_to_half_of_them() {
    let (Some(imps), Some(clicks)) = (
        shared("ipinyou/raw/imp.20131021.adv2821.limit1000.txt"),
        shared("ipinyou/raw/clk.20131021.adv2821.txt"),
    ) else {
        return;
    };
    let report = fit(&[imps, clicks], None).report;
    assert!(report.held_out_rows >= 4_900, "{report:?}");
    assert!(report.price_distance.is_some_and(|distance| distance <= 0.05), "{:?}", report.price_distance);
    assert!(report.floor_distance.is_some_and(|distance| distance <= 0.05), "{:?}", report.floor_distance);
}

#[test]
fn auctions_with_predictions_are_matched_in_price_and_click_rate_by_decile() {
    let Some(log) = shared("ipinyou/replay/1458.train.txt") else { return };
    let report = fit(&[log], Some(60_000)).report;
    assert!(report.price_distance.is_some_and(|distance| distance <= 0.05), "{:?}", report.price_distance);
    let wrong = report.classes.iter().filter(|class| class.judged == Judged::DoesNotFit).count();
    assert!(report.classes.len() >= 9 && wrong <= 1, "{:?}", report.classes);
}

#[test]
fn prices_of_a_market_where_one_in_five_ends_at_the_floor_are_matched() {
    let (Some(test), Some(train)) =
        (shared("ipinyou/full-2259/test.log.txt"), shared("ipinyou/full-2259/train.log.txt"))
    else {
        return;
    };
    let report = fit(&[test, train], None).report;
    assert!(report.price_distance.is_some_and(|distance| distance <= 0.03), "{:?}", report.price_distance);
    assert!(report.floor_distance.is_some_and(|distance| distance <= 0.03), "{:?}", report.floor_distance);
}
