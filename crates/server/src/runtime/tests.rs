//! The follower's state against the live engine's.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use motet_coordinator::Timing;
use motet_engine::{Engine, Event, Options, Record, SealedRequest};
use motet_model::{
    decision::ImpDecision,
    ids::BidId,
    outcome::{Notice, NoticeKind},
    request::AdRequest,
};
use motet_store::journal::{self, Batch, Journal, snapshot};
use motet_units::{CpmMicros, Timestamp};

use super::*;
use crate::api::spec::FileOfSpecs;

const SAMPLE: &str = include_str!("../../sample/campaigns.toml");

/// Counts what the follower complains of.
#[derive(Debug, Default)]
struct Complaints(AtomicU64);

impl Probe for Complaints {
    fn decided(&self, _: &Trace, _: Duration, _: &AgentTimes) {}
    fn judged(&self, _: &Notice, _: &Judgement) {}
    fn committed(&self, _: usize, _: usize, _: Duration) {}
    fn shed(&self) {}
    fn invariant_broken(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
    fn ticked(&self, _: &Catalog, _: &[Account], _: &motet_ledger::Totals, _: usize) {}
}

/// An engine and the journal of what it took.
struct Live {
    engine: Engine,
    journal: Journal,
    now: Timestamp,
}

impl Live {
    fn open(dir: &Path) -> Self {
        let (journal, _) = Journal::open(&open::journal_dir(dir), journal::Options::default()).unwrap();
        Self { engine: Engine::new(Options::default(), 1), journal, now: Timestamp::from_secs(1_700_000_000) }
    }

    fn take(&mut self, event: &Event) -> motet_engine::Effect {
        self.now = self.now + motet_units::Span::from_millis(250);
        let effect = self.engine.step(self.now, event, Timing::Unlimited);
        let mut batch = Batch::starting_at(self.journal.next_sequence());
        batch.push_with(|bytes| Record::encode_into(self.now, event, &effect, bytes)).unwrap();
        self.journal.commit(&batch).unwrap();
        effect
    }

    /// Asks for an ad, and has every second bid won and billed.
    fn visit(&mut self, number: u64) {
        let effect = self.take(&Event::Requested(Box::new(SealedRequest::new(request(number)))));
        let motet_engine::Effect::Decided(trace) = effect else { panic!("{effect:?}") };
        for (imp, decision) in trace.decision.imps.iter().enumerate() {
            let (ImpDecision::Bid(bid), true) = (decision, number.is_multiple_of(2)) else { continue };
            let id = BidId { decision: trace.decision.id, imp: imp as u16 };
            let kind = NoticeKind::Billed { price: Some(CpmMicros::new(bid.price.get() / 2)) };
            self.take(&Event::Noticed(Notice { bid: id, kind, happened_at: self.now, key: 0 }));
        }
        if number.is_multiple_of(20) {
            self.take(&Event::Ticked);
        }
    }

    fn sequence(&self) -> u64 {
        self.engine.next_sequence() - 1
    }
}

fn request(number: u64) -> AdRequest {
    let body = format!(
        r#"{{"id":"r{number}","at":1,"imp":[{{"id":"1","banner":{{"format":[{{"w":300,"h":250}}]}}}}],
        "site":{{"domain":"garden.example","cat":["IAB10"],"publisher":{{"id":"p{}"}}}},
        "device":{{"ip":"203.0.113.{}","geo":{{"country":"USA"}},
        "ua":"Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0"}}}}"#,
        number % 3,
        number % 200,
    );
    let rates = motet_openrtb::RateTable::new(motet_model::codes::Code::currency("USD").unwrap());
    motet_openrtb::decode(body.as_bytes(), &motet_openrtb::DecodeOptions::new(rates)).unwrap().request
}

fn follower(dir: &Path, keep_segments: Option<usize>) -> (follower::Follower, Arc<Complaints>, Arc<Shared>) {
    let settings = Settings {
        data_dir: dir.to_owned(),
        engine: Options::default(),
        segment_bytes: 64 << 20,
        snapshot_every: 50,
        keep_segments,
        commit_delay: Duration::ZERO,
        tick: Duration::from_secs(60),
        queue: 8,
        elsewhere: Vec::new(),
    };
    let complaints = Arc::new(Complaints::default());
    let shared = Arc::new(Shared {
        catalog: RwLock::default(),
        failed: Mutex::new(None),
        stopping: AtomicBool::new(false),
        durable: tokio::sync::watch::Sender::new(0),
        followed: AtomicU64::new(u64::MAX),
    });
    let probe: Arc<dyn Probe> = Arc::clone(&complaints) as _;
    (follower::Follower::new(&settings, Arc::clone(&shared), probe), complaints, shared)
}

/// Has a follower carry out orders.
fn order(follower: follower::Follower, orders: Vec<follower::Order>) {
    let (sender, receiver) = sync_channel(orders.len());
    for order in orders {
        sender.send(order).unwrap();
    }
    drop(sender);
    follower.run(&receiver);
}

fn live_with_campaigns(dir: &Path) -> Live {
    let mut live = Live::open(dir);
    live.take(&Event::Changed(FileOfSpecs::from_toml(SAMPLE).unwrap().changes().unwrap()));
    live
}

#[test]
fn the_followers_snapshots_are_the_live_state_at_their_record() {
    let folder = tempfile::tempdir().unwrap();
    let mut live = live_with_campaigns(folder.path());
    for round in 0..3 {
        (0..40).for_each(|number| live.visit(round * 40 + number));
        let (sequence, digest) = (live.sequence(), live.engine.digest());
        // The journal goes on meanwhile; the snapshot must not.
        live.visit(1_000 + round);
        let (follower, complaints, _) = follower(folder.path(), None);
        order(follower, vec![follower::Order::FoldTo(sequence)]);
        let latest = snapshot::latest(&open::snapshot_dir(folder.path())).unwrap().snapshot.unwrap();
        assert_eq!(latest.sequence, sequence);
        assert_eq!(Engine::load(&latest.bytes).unwrap().digest(), digest);
        assert_eq!(complaints.0.load(Ordering::Relaxed), 0);
    }
    assert!(live.engine.open_bids() > 0, "a state worth comparing has open bids");
    drop(live.journal);
    let (rebuilt, opened) = open_engine(folder.path()).unwrap();
    assert_eq!(rebuilt.digest(), live.engine.digest());
    assert!(opened.snapshot > 0 && opened.replayed > 0);
}

#[test]
fn a_record_that_comes_out_differently_is_counted_and_no_snapshot_is_made_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut live = live_with_campaigns(folder.path());
    (0..10).for_each(|number| live.visit(number));
    // A tick that claims to have judged a notice.
    let effect = motet_engine::Effect::Changed(Ok(()));
    let mut batch = Batch::starting_at(live.journal.next_sequence());
    batch.push_with(|bytes| Record::encode_into(live.now, &Event::Ticked, &effect, bytes)).unwrap();
    live.journal.commit(&batch).unwrap();
    let (follower, complaints, _) = follower(folder.path(), None);
    order(follower, vec![follower::Order::FoldTo(live.sequence() + 1)]);
    assert_eq!(complaints.0.load(Ordering::Relaxed), 1);
    assert!(snapshot::latest(&open::snapshot_dir(folder.path())).unwrap().snapshot.is_none());
}

#[test]
fn a_follower_that_is_told_to_stop_leaves_the_last_snapshot_to_the_engine() {
    let folder = tempfile::tempdir().unwrap();
    let mut live = live_with_campaigns(folder.path());
    (0..200).for_each(|number| live.visit(number));
    let (follower, _, shared) = follower(folder.path(), None);
    shared.stopping.store(true, Ordering::Relaxed);
    let (sequence, state) = (live.sequence(), live.engine.save());
    order(follower, vec![follower::Order::FoldTo(sequence - 1), follower::Order::Write { sequence, state }]);
    let latest = snapshot::latest(&open::snapshot_dir(folder.path())).unwrap().snapshot.unwrap();
    assert_eq!((latest.sequence, latest.bytes), (sequence, live.engine.save()));
}

#[test]
fn segments_go_only_where_the_settings_say_so_and_the_rest_is_enough_to_restart() {
    let folder = tempfile::tempdir().unwrap();
    let options = journal::Options { segment_bytes: 16 << 10, ..journal::Options::default() };
    let mut live = live_with_campaigns(folder.path());
    drop(live.journal);
    live.journal = Journal::open(&open::journal_dir(folder.path()), options).unwrap().0;
    let first =
        || journal::Reader::open(&open::journal_dir(folder.path())).unwrap().first_sequence().unwrap();
    for (round, keep_segments) in [None, None, Some(1), Some(1)].into_iter().enumerate() {
        (0..40).for_each(|number| live.visit(round as u64 * 40 + number));
        let (follower, _, _) = follower(folder.path(), keep_segments);
        order(follower, vec![follower::Order::FoldTo(live.sequence())]);
        assert_eq!(first() > 1, keep_segments.is_some());
    }
    drop(live.journal);
    assert_eq!(open_engine(folder.path()).unwrap().0.digest(), live.engine.digest());
}
