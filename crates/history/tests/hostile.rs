//! Damaged stores and hostile logs: an error or fewer rows with a count, never a panic, never a wrong row.

use std::sync::{Arc, LazyLock};

use motet_history::{Auction, Bid, Error, History, Ingest, Item, Offer, Options, Round, Summary, Table};
use proptest::{collection::vec, prelude::*};

const LOG: &str = "0 51 0.000154 0\n1 87 0.00014 0\n0 33 0.000322 1\n";

fn imp(id: &str, day: &str) -> String {
    format!(
        "{id}\t{day}192300738\t1\tC4ND\tMozilla MSIE Windows\t222.218.230.*\t238\t246\t1\tdom\turl\tnull\tslot1\t300\t250\tFirstView\tNa\t5\t10722\t294\t201\tnull\t2821\t10063,10006\n"
    )
}

/// Reads texts as logs, in the order given.
fn ingest(logs: &[&[u8]], options: &Options) -> Result<(Vec<u8>, Summary), Error> {
    let folder = tempfile::tempdir().unwrap();
    let mut paths = Vec::new();
    for (n, log) in logs.iter().enumerate() {
        paths.push(folder.path().join(format!("log{n}")));
        std::fs::write(&paths[n], log).unwrap();
    }
    let options = Options { scratch: folder.path().to_owned(), ..options.clone() };
    let mut ingest = Ingest::new(Vec::new(), options)?;
    ingest.files(&paths, &mut |_| {})?;
    ingest.finish()
}

fn lenient() -> Options {
    Options { max_bad_share: 1.0, ..Options::default() }
}

static STORE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let imps: String = (0..60).map(|n| imp(&format!("id{}", n / 2), "20131021")).collect();
    ingest(&[LOG.as_bytes(), imps.as_bytes()], &Options::default()).unwrap().0
});

/// Reads everything there is to read, whatever comes.
fn read_all(history: &History) -> usize {
    let offers: Vec<Result<Offer, Error>> = history.offers().unwrap().collect();
    let shown = history.impressions().unwrap().flatten().count();
    let auctions = history.read::<Auction>().unwrap().flatten().count();
    let others = history.read::<Round>().unwrap().count() + history.read::<Item>().unwrap().count();
    let prices = history.column(Table::Bids, "price").unwrap().flatten().count();
    offers.iter().filter(|o| o.is_ok()).count() + shown + auctions + others + prices
}

#[test]
fn a_store_cut_at_any_byte_is_refused_and_its_whole_blocks_are_salvaged() {
    let store = STORE.clone();
    let whole = History::from_bytes(store.clone().into()).unwrap();
    let all_rows: u64 = Table::ALL.iter().map(|table| whole.rows(*table)).sum();
    let mut most = 0;
    for cut in 0..store.len() {
        let bytes: Arc<[u8]> = store[..cut].into();
        assert!(History::from_bytes(bytes.clone()).is_err(), "cut at {cut}");
        let Ok((salvaged, found)) = History::salvage_bytes(bytes) else {
            assert!(cut < 16, "cut at {cut}");
            continue;
        };
        assert!(found.rows >= most && found.rows <= all_rows);
        most = found.rows;
        if cut % 37 == 0 {
            read_all(&salvaged);
        }
    }
    assert_eq!(most, all_rows);
}

#[test]
fn a_store_of_another_version_and_no_store_at_all_are_told_apart() {
    let mut store = STORE.clone();
    assert!(matches!(History::from_bytes(b"hello".as_slice().into()), Err(Error::NotAStore)));
    store[8] = 9;
    assert!(matches!(History::from_bytes(store.into()), Err(Error::Damaged { at: 0, .. })));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn a_changed_byte_gives_an_error_or_the_same_rows(at in any::<prop::sample::Index>(), to: u8) {
        let store = STORE.clone();
        let whole = History::from_bytes(store.clone().into()).unwrap();
        let bids: Vec<Bid> = whole.read().unwrap().map(Result::unwrap).collect();
        let mut changed = store.clone();
        let at = at.index(store.len());
        changed[at] = to;
        if let Ok(history) = History::from_bytes(changed.clone().into()) {
            read_all(&history);
            for (found, bid) in history.read::<Bid>().unwrap().zip(bids) {
                if let Ok(found) = found {
                    prop_assert_eq!(found, bid);
                }
            }
        }
        if let Ok((history, _)) = History::salvage_bytes(changed.into()) {
            read_all(&history);
        }
    }

    #[test]
    fn any_bytes_after_the_header_are_no_reason_to_panic(tail in vec(any::<u8>(), 0..300)) {
        let mut bytes = STORE[..16].to_vec();
        bytes.extend(tail);
        prop_assert!(History::from_bytes(bytes.clone().into()).is_err());
        let (history, _) = History::salvage_bytes(bytes.into()).unwrap();
        read_all(&history);
    }

    #[test]
    fn a_changed_log_makes_rows_and_counted_bad_lines_that_add_up(
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        cut in any::<prop::sample::Index>(),
    ) {
        let imps: String = (0..8).map(|n| imp(&format!("id{n}"), "20131021")).collect();
        let mut log = imps.into_bytes();
        for (at, to) in changes {
            let at = at.index(log.len());
            log[at] = to;
        }
        log.truncate(cut.index(log.len()) + 1);
        if let Ok((bytes, summary)) = ingest(&[&log], &lenient()) {
            let source = &summary.sources[0];
            prop_assert_eq!(source.lines, summary.rows["opportunities"] + source.bad.lines);
            prop_assert_eq!(source.bad.lines, source.bad.by_reason.values().sum::<u64>());
            read_all(&History::from_bytes(bytes.into()).unwrap());
        }
    }

    #[test]
    fn any_bytes_as_a_log_read_or_are_refused(log in vec(any::<u8>(), 0..400)) {
        let _ = ingest(&[&log], &lenient());
    }
}

#[test]
fn bad_lines_are_counted_by_reason_and_the_first_are_shown() {
    let good = imp("a", "20131021");
    let log = [
        good.clone(),
        good.replace("20131021192300738", "20131321192300738"),
        imp("b", "20130606"),
        good.replacen("\t1\t", "\t2\t", 1),
        good.replace("\t201\t", "\tcheap\t"),
        good.replace("\t2821\t", "\t"),
        "\n".to_owned(),
        "x".repeat(70_000) + "\n",
        good.trim_end()[..90].to_owned(),
    ]
    .concat();
    let strict = ingest(&[log.as_bytes()], &Options::default()).unwrap_err();
    assert!(strict.to_string().contains("7 of 8 lines are bad"), "{strict}");
    assert!(strict.to_string().contains("line 2: no such time '20131321192300738' (timestamp)"), "{strict}");
    let (_, summary) = ingest(&[log.as_bytes()], &lenient()).unwrap();
    let source = &summary.sources[0];
    let reasons: Vec<(&str, u64)> = source.bad.by_reason.iter().map(|(r, n)| (r.name(), *n)).collect();
    let expected =
        ["too_long", "cut_short", "column_count", "timestamp", "other_season", "other_log", "number"]
            .map(|r| (r, 1));
    assert_eq!(reasons, expected);
    assert_eq!((source.blank_lines, source.bad.samples.len(), source.season), (1, 5, Some(3)));
}

#[test]
fn a_text_that_is_not_utf8_is_kept_with_marks_and_counted() {
    let mut log = imp("a", "20131021").into_bytes();
    let at = log.windows(5).position(|w| w == b"slot1").unwrap();
    log[at] = 0xb0;
    let (bytes, summary) = ingest(&[&log], &Options::default()).unwrap();
    assert_eq!(summary.sources[0].invalid_utf8_fields, 1);
    let offer = History::from_bytes(bytes.into()).unwrap().offers().unwrap().next().unwrap().unwrap();
    assert_eq!(offer.opportunity.slot.as_deref(), Some("\u{fffd}lot1"));
}

#[test]
fn reading_twice_gives_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    std::fs::write(&log, (0..90).map(|n| imp(&format!("id{}", n / 2), "20131021")).collect::<String>())
        .unwrap();
    let read = || {
        let options = Options { scratch: folder.path().to_owned(), ..Options::default() };
        let mut ingest = Ingest::new(Vec::new(), options).unwrap();
        ingest.files(std::slice::from_ref(&log), &mut |_| {}).unwrap();
        ingest.finish().unwrap().0
    };
    assert!(read() == read());
}
