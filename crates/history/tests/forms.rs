//! Each form on small made-up logs: recognised, mapped, joined, and refused when claimed wrongly.

use std::{io::Write, path::PathBuf};

use flate2::{Compression, write::GzEncoder};
use motet_history::{
    Claim, Error, History, Ingest, Offer, Options, OutcomeKind, Season, Summary, Table, Trajectory,
};

/// A folder of logs.
struct Logs {
    folder: tempfile::TempDir,
    paths: Vec<PathBuf>,
}

impl Logs {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), paths: Vec::new() }
    }

    fn add(mut self, name: &str, bytes: impl AsRef<[u8]>) -> Self {
        let path = self.folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        self.paths.push(path);
        self
    }

    fn ingest(&self, options: Options) -> Result<(History, Summary), Error> {
        let options = Options { scratch: self.folder.path().to_owned(), ..options };
        let mut ingest = Ingest::new(Vec::new(), options)?;
        ingest.files(&self.paths, &mut |_| {})?;
        let (bytes, summary) = ingest.finish()?;
        Ok((History::from_bytes(bytes.into())?, summary))
    }
}

fn row(id: &str, time: &str, log_type: &str, price: &str) -> String {
    let place = "238\t0\t1\tdom\turl";
    format!(
        "{id}\t{time}\t{log_type}\tuser7\tMozilla Firefox Linux\t1.2.3.*\t{place}\tnull\tslot\t300\t250\t1\t0\t5\te1f2\t294\t{price}\tnull\t1458\t10063\n"
    )
}

fn bid(id: &str, time: &str) -> String {
    format!(
        "{id}\t{time}\tuser7\tMozilla Firefox Linux\t1.2.3.*\t238\t0\t1\tdom\turl\t\tslot\t300\t250\t1\t0\t5\te1f2\t294\t1458\t10063\n"
    )
}

const JUNE: &str = "20130606000104000";
const LATER: &str = "20130606000204000";

#[test]
fn with_bid_logs_an_impression_is_an_outcome_and_a_bid_without_one_was_lost_or_not_shown() {
    let bids = bid("a", JUNE) + &bid("b", JUNE) + &bid("c", JUNE);
    let logs = Logs::new()
        .add("clk", row("b", LATER, "2", "70") + &row("z", LATER, "2", "70"))
        .add("imp", row("b", JUNE, "1", "70"))
        .add("conv", row("b", LATER, "3", "70"))
        .add("bid", bids);
    let (history, summary) = logs.ingest(Options::default()).unwrap();
    let forms: Vec<&str> = summary.sources.iter().map(|s| s.form.as_str()).collect();
    assert_eq!(forms, ["ipinyou-bid", "ipinyou-imp", "ipinyou-clk", "ipinyou-conv"]);
    assert!(summary.sources.iter().all(|s| s.season == Some(2)));
    let offers: Vec<Offer> = history.offers().unwrap().map(Result::unwrap).collect();
    assert_eq!(offers.len(), 3);
    let kinds: Vec<OutcomeKind> = offers[1].outcomes.iter().map(|o| o.kind).collect();
    assert_eq!(kinds, [OutcomeKind::Impression, OutcomeKind::Click, OutcomeKind::Conversion]);
    assert_eq!(offers[1].pay().unwrap().get(), 700_000);
    assert!(offers[0].outcomes.is_empty() && offers[2].outcomes.is_empty());
    assert_eq!(summary.joins.outcomes["click"].without_bid, 1);
    let click = offers[1].outcome(OutcomeKind::Click).unwrap();
    assert_eq!(
        click.happened_at.unwrap() - offers[1].opportunity.at.unwrap(),
        motet_units::Span::from_secs(60)
    );
    let (opportunity, bid) = (&offers[0].opportunity, offers[0].bid.as_ref().unwrap());
    assert_eq!((opportunity.region.as_deref(), opportunity.city.as_deref()), (Some("238"), None));
    assert_eq!((bid.creative.as_deref(), bid.advertiser.as_deref()), (Some("e1f2"), Some("1458")));
    assert_eq!(opportunity.network, Some((1 << 16) + (2 << 8) + 3));
    assert_eq!(opportunity.agent_class.as_deref(), Some("linux_firefox"));
}

#[test]
fn a_gzip_log_reads_as_its_plain_twin_and_bzip2_is_named() {
    let plain = row("a", JUNE, "1", "70") + &row("b", JUNE, "1", "71");
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(plain.as_bytes()).unwrap();
    let packed = packed.finish().unwrap();
    let (history, summary) = Logs::new().add("imp.gz", &packed).ingest(Options::default()).unwrap();
    assert_eq!((history.rows(Table::Opportunities), summary.bytes_in), (2, packed.len() as u64));
    let cut = Logs::new().add("imp.gz", &packed[..packed.len() / 2]).ingest(Options::default());
    assert!(cut.unwrap_err().to_string().contains("cannot read"));
    let other = Logs::new().add("imp.bz2", b"BZh91AY").ingest(Options::default()).unwrap_err();
    assert!(other.to_string().contains("packed with bzip2"), "{other}");
}

#[test]
fn the_prepared_form_reads_with_a_header_and_refuses_an_hour_that_is_not_the_times() {
    let header = "click\tweekday\thour\tbidid\ttimestamp\tlogtype\trest\n";
    let body = format!("1\t4\t00\t{}0\t4\t13\t{}", row("a", JUNE, "1", "70"), row("b", JUNE, "1", "70"));
    let logs = Logs::new().add("train", header.to_owned() + &body);
    let (history, summary) = logs.ingest(Options { max_bad_share: 0.5, ..Options::default() }).unwrap();
    assert_eq!(summary.sources[0].bad.by_reason.len(), 1);
    assert_eq!(summary.sources[0].bad.samples[0].reason.name(), "contradiction");
    let shown: Vec<_> = history.impressions().unwrap().map(Result::unwrap).collect();
    assert_eq!((shown.len(), shown[0].click, shown[0].click_at), (1, true, None));
    assert_eq!((shown[0].weekday, shown[0].hour), (3, 0));
}

#[test]
fn a_log_of_another_season_or_kind_than_claimed_is_refused_in_words() {
    let logs = Logs::new().add("imp", row("a", JUNE, "1", "70"));
    let options = Options { season: Some(Season::Third), ..Options::default() };
    let season = logs.ingest(options).unwrap_err().to_string();
    assert!(season.ends_with("was said to be a log of season 3, but reads as a log of season 2"), "{season}");
    let options = Options { claim: Some("ipinyou-clk".parse().unwrap()), ..Options::default() };
    let kind = logs.ingest(options).unwrap_err().to_string();
    assert!(kind.ends_with("was said to be ipinyou-clk, but reads as ipinyou-imp"), "{kind}");
    assert!(logs.ingest(Options { claim: Some(Claim::AnyIPinYou), ..Options::default() }).is_ok());
    let first = Logs::new().add("imp", row("a", "20130311000104000", "1", "70"));
    assert!(first.ingest(Options::default()).unwrap_err().to_string().contains("first season"));
}

#[test]
fn unknown_and_empty_files_are_refused_with_what_was_seen() {
    let seen = Logs::new().add("x", "hello,world\n").ingest(Options::default()).unwrap_err().to_string();
    assert!(seen.contains("in none of the known forms") && seen.contains("hello,world"), "{seen}");
    assert!(
        Logs::new().add("x", "").ingest(Options::default()).unwrap_err().to_string().contains("it is empty")
    );
    assert!("season-2".parse::<Claim>().unwrap_err().contains("ipinyou-bid"));
}

#[test]
fn auctionnet_reads_by_names_by_numbers_and_without_a_header() {
    let body = "7,0,3,2900,100,0,2900.0,11,0.0012,0.0002,0.12,1,2,0.05,1,0,0.04,0\n";
    let names = "deliveryPeriodIndex,advertiserNumber,advertiserCategoryIndex,budget,CPAConstraint,timeStepIndex,remainingBudget,pvIndex,pValue,pValueSigma,bid,xi,adSlot,cost,isExposed,conversionAction,leastWinningCost,isEnd\n";
    let numbers = "c1,c2,c3,c4,c5,c6,c7,c8,c9,c10,c11,c12,c13,c14,c15,c16,c17,c18\n";
    let mut found: Vec<Trajectory> = Vec::new();
    for header in [names, numbers, ""] {
        let (history, summary) =
            Logs::new().add("p", format!("{header}{body}{body}")).ingest(Options::default()).unwrap();
        assert_eq!(summary.rows["trajectories"], 2);
        found.extend(history.read().unwrap().map(Result::unwrap));
    }
    assert!(found.iter().all(|row| *row == found[0]));
    assert_eq!((found[0].impression, found[0].bid, found[0].won, found[0].slot), (11, 0.12, true, 2));
}

#[test]
fn salts_part_the_users_of_two_stores_and_one_salt_joins_them() {
    let user = |salt: &str| {
        let logs = Logs::new().add("imp", row("a", JUNE, "1", "70"));
        let options = Options { user_salt: salt.to_owned(), ..Options::default() };
        let (history, _) = logs.ingest(options).unwrap();
        history.impressions().unwrap().next().unwrap().unwrap().user
    };
    assert_eq!(user("a"), user("a"));
    assert_ne!(user("a"), user("b"));
}
