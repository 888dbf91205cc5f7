//! A store exported to Parquet and imported again has the same rows.
#![cfg(feature = "parquet")]

use std::sync::Arc;

use motet_history::{Auction, Error, History, Ingest, Item, Options, parquet};

const ITEMS: &str = ",item_id,item_feature_0,item_feature_1\n0,0,-0.5,aed7\n1,1,0.25,31af\n";
const ROUNDS: &str = ",timestamp,item_id,position,click,propensity_score,user_feature_0,user-item_affinity_0,user-item_affinity_1\n0,2019-11-24 00:00:34.762830+00:00,14,3,0,0.0125,81ce,0.0,2.5\n";
const IMPS: &str = "a\t20131021192300738\t1\tC4ND\tMSIE Windows\t222.218.230.*\t238\t0\tnull\tdom\turl\tnull\tslot1\t300\t250\tFirstView\tNa\t5\t10722\t294\t201\tnull\t2821\t10063,10006\nb\t20131021192300739\t1\tC4ND\tMSIE Windows\t222.218.230.*\t238\t246\t1\tdom\turl\tnull\tslot1\t300\t250\tFirstView\tNa\t5\t10722\t294\t201\tnull\t2821\tnull\n";

#[test]
fn a_store_exported_and_imported_has_the_same_rows() {
    let folder = tempfile::tempdir().unwrap();
    let line =
        |n: u32| format!("{} {} 0.00015{}\n", n % 2, n % 300, if n.is_multiple_of(3) { " 7" } else { "" });
    let auctions = (0..20_000).map(line).collect::<Vec<_>>().concat();
    let mut paths = Vec::new();
    for (name, text) in [("imp", IMPS), ("rounds", ROUNDS), ("items", ITEMS), ("auctions", &auctions)] {
        paths.push(folder.path().join(name));
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let options = Options { scratch: folder.path().to_owned(), ..Options::default() };
    let mut ingest = Ingest::new(Vec::new(), options).unwrap();
    ingest.files(&paths, &mut |_| {}).unwrap();
    let (bytes, summary) = ingest.finish().unwrap();
    let bytes: Arc<[u8]> = bytes.into();
    let out = tempfile::tempdir().unwrap();
    parquet::export(&History::from_bytes(bytes.clone()).unwrap(), out.path()).unwrap();
    let (again, read) = parquet::import(out.path(), Vec::new()).unwrap();
    assert_eq!(read.sources, summary.sources);
    let again = History::from_bytes(again.into()).unwrap();
    let before = History::from_bytes(bytes).unwrap();
    let offers = |history: &History| history.offers().unwrap().map(Result::unwrap).collect::<Vec<_>>();
    assert_eq!(offers(&again), offers(&before));
    let auctions =
        |history: &History| history.read::<Auction>().unwrap().map(Result::unwrap).collect::<Vec<_>>();
    assert_eq!(auctions(&again), auctions(&before));
    let items = |history: &History| history.read::<Item>().unwrap().map(Result::unwrap).collect::<Vec<_>>();
    assert_eq!(items(&again), items(&before));

    std::fs::rename(out.path().join("items.parquet"), out.path().join("bids.parquet")).unwrap();
    let mixed = parquet::import(out.path(), Vec::new()).unwrap_err();
    assert!(matches!(mixed, Error::Parquet { .. }), "{mixed}");
}
