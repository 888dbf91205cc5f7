//! What is recorded goes out once and again after a crash; what comes in counts once. Over the embedded bus, and over a
//! real Kafka where that is built in.

use std::{collections::BTreeSet, path::Path, sync::Arc, time::Duration};

use motet_bus::{Bus, Delivered, Message, REASON};
use motet_engine::{Effect, Event, Record, SealedRequest};
use motet_insight::metrics::Metrics;
use motet_model::{
    decision::{Bid, ImpDecision},
    ids::CampaignIx,
    outcome::NoticeVerdict,
    request::AdRequest,
};
use motet_openrtb::{LinkKind, Links as _};
use motet_store::journal::Reader;
use motet_units::Nanos;

use super::{Couriers, JOURNAL_TOPIC, RECORD_HEADER};
use crate::{
    api::spec::FileOfSpecs,
    config::Config,
    http::{App, Parts},
    runtime::{NoProbe, Runtime, Settings, journal_dir, monotonic, wall_clock},
    tokens::Secrets,
};

const SAMPLE: &str = include_str!("../../sample/campaigns.toml");
/// How long anything may take; far more than it does.
const LIMIT: Duration = Duration::from_secs(120);

/// A server without its sockets.
struct Node {
    config: Config,
    app: Arc<App<Arc<Runtime>>>,
}

impl Node {
    fn open(dir: &Path, url: &str) -> Self {
        let overrides = [
            ("journal.dir".to_owned(), dir.to_str().unwrap().to_owned()),
            ("bus.url".to_owned(), url.to_owned()),
            ("bus.session_ms".to_owned(), "3000".to_owned()),
            ("bus.records".to_owned(), "true".to_owned()),
        ];
        let config = Config::read(None, [], &overrides).unwrap();
        assert_eq!(config.check(), []);
        let settings = Settings {
            data_dir: dir.to_owned(),
            engine: motet_engine::Options::default(),
            segment_bytes: 1 << 20,
            snapshot_every: 1_000_000,
            keep_segments: None,
            commit_delay: Duration::ZERO,
            tick: Duration::from_secs(3_600),
            queue: 1_024,
            elsewhere: Vec::new(),
        };
        let runtime = Arc::new(Runtime::start(&settings, Arc::new(NoProbe)).unwrap());
        let parts = Parts {
            platform: runtime,
            metrics: Arc::new(Metrics::new("test")),
            secrets: Secrets::open_or_create(&config.secrets_path(), wall_clock()).unwrap(),
            admin_token: None,
            consent: motet_agents::safety::consent::ConsentOptions::default(),
            public_url: "http://ads.example".to_owned(),
        };
        let app = App::new(&config, parts).unwrap();
        Self { config, app }
    }

    fn runtime(&self) -> &Arc<Runtime> {
        self.app.platform()
    }

    async fn couriers(&self) -> Couriers {
        Couriers::start(&self.config, &self.app, self.runtime()).await.unwrap().expect("there is a bus")
    }

    /// Decides requests until there are some bids.
    async fn bids(&self, wanted: usize) -> Vec<Bid> {
        let mut bids = Vec::new();
        for number in 0..10_000_u32 {
            let sealed = Box::new(SealedRequest::new(request(number)));
            let answer =
                self.runtime().decide(sealed, monotonic() + LIMIT).await.expect("there is an answer");
            let made = answer.decision.imps.into_iter().filter_map(|imp| match imp {
                ImpDecision::Bid(bid) => Some(bid),
                ImpDecision::NoBid(_) => None,
            });
            bids.extend(made);
            if bids.len() >= wanted {
                return bids;
            }
        }
        panic!("too few bids: {}", bids.len());
    }

    /// Returns the addresses of the notices of a bid that was won at its price.
    fn addresses(&self, bid: &Bid) -> Vec<String> {
        let catalog = self.app.platform().catalog();
        let kinds = [LinkKind::Win, LinkKind::Billing, LinkKind::Impression];
        let address = |kind| {
            let mut address = String::new();
            self.app.links().of(&catalog, wall_clock()).write(bid, kind, &mut address);
            format!("{address}?price={}&cur=USD", bid.price)
        };
        kinds.into_iter().map(address).collect()
    }

    async fn spent(&self) -> Nanos {
        let campaigns = self.runtime().catalog().campaigns().len();
        let all = (0..campaigns).map(|place| CampaignIx(place as u32)).collect();
        let accounts = self.runtime().accounts(all).await.unwrap();
        accounts.iter().fold(Nanos::ZERO, |sum, account| sum + account.spent)
    }

    fn last_record(&self) -> u64 {
        *self.runtime().durable().borrow()
    }

    /// Reads how often each notice counted.
    fn counted(&self) -> Vec<(String, usize)> {
        let mut counted = std::collections::BTreeMap::new();
        for record in Reader::open(&journal_dir(self.runtime().data_dir())).unwrap().records().unwrap() {
            let record = Record::decode(&record.unwrap().1).unwrap();
            let (Event::Noticed(notice), Effect::Judged(judgement)) = (record.event, record.effect) else {
                continue;
            };
            let times = usize::from(judgement.verdict == NoticeVerdict::Counted);
            *counted.entry(format!("{:?}/{}", notice.bid, notice.kind.name())).or_insert(0) += times;
        }
        counted.into_iter().collect()
    }
}

fn request(number: u32) -> AdRequest {
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

async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let deadline = monotonic() + LIMIT;
    while !is_so().await {
        assert!(monotonic() < deadline, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn receive(bus: &dyn Bus, topic: &str, enough: impl Fn(&[Delivered]) -> bool) -> Vec<Delivered> {
    let mut subscriber = bus.subscribe("test", &[topic]).await.unwrap();
    let mut received = Vec::new();
    while !enough(&received) {
        let some = tokio::time::timeout(LIMIT, subscriber.receive()).await;
        received.extend(some.unwrap_or_else(|_| panic!("nothing more on {topic}")).unwrap());
    }
    received
}

/// Notices that come twice count once, bad ones are set aside, and every record goes out, before a stop and after.
async fn goes_out_and_comes_in(dir: &Path, url: &str) {
    let node = Node::open(dir, url);
    let specs = FileOfSpecs::from_toml(SAMPLE).unwrap().changes().unwrap();
    node.runtime().change(specs).await.unwrap().unwrap();
    let bids = node.bids(5).await;
    let couriers = node.couriers().await;
    // A bus of one's own would hold the embedded folder's lock; so this one is opened only where it may be.
    let notices: Vec<String> = bids.iter().flat_map(|bid| node.addresses(bid)).collect();
    let bad = ["/n/win/forged", "nothing like an address", "/n/other/x"];
    publish(&couriers, &node, notices.iter().chain(&notices).map(String::as_str).chain(bad)).await;
    until("all notices are judged", async || couriers.judged() >= notices.len() as u64 * 2).await;

    let price_of_all = bids.iter().fold(Nanos::ZERO, |sum, bid| sum + bid.price.per_impression());
    assert_eq!(node.spent().await, price_of_all);
    let counted = node.counted();
    assert_eq!(counted.len(), notices.len());
    assert!(counted.iter().all(|(_, times)| *times == 1), "{counted:?}");

    let dead_topic = format!("{}.dead", node.config.bus.notices_topic);
    let dead = receive(&*couriers.bus, &dead_topic, |dead| dead.len() >= bad.len()).await;
    let reasons: BTreeSet<&str> = dead.iter().filter_map(|dead| dead.headers.get(REASON)).collect();
    assert_eq!(reasons.len(), 2, "{reasons:?}");
    assert!(reasons.contains("the token is malformed"), "{reasons:?}");

    let last = node.last_record();
    until("all records are published", async || couriers.published() >= last).await;
    couriers.stop().await;
    node.runtime().stop();
    drop(node);

    let node = Node::open(dir, url);
    let couriers = started_again(&node).await;
    assert_eq!(couriers.published(), last, "it goes on where it stopped");
    node.bids(1).await;
    let last = node.last_record();
    let every = |received: &[Delivered]| names(received).len() as u64 >= last;
    let published = receive(&*couriers.bus, JOURNAL_TOPIC, every).await;
    let expected: BTreeSet<String> = (1..=last).map(|sequence| format!("1/{sequence}")).collect();
    assert_eq!(names(&published), expected);
    assert!(published.iter().all(|message| Record::decode(&message.payload).is_ok()));
    couriers.stop().await;
    node.runtime().stop();
}

fn names(records: &[Delivered]) -> BTreeSet<String> {
    records.iter().filter_map(|record| record.headers.get(RECORD_HEADER)).map(str::to_owned).collect()
}

/// Opens the bus again; an embedded one's folder may still be closing.
async fn started_again(node: &Node) -> Couriers {
    let deadline = monotonic() + LIMIT;
    loop {
        let couriers = node.couriers().await;
        if couriers.bus.subscribe("probe", &[JOURNAL_TOPIC]).await.is_ok() {
            return couriers;
        }
        assert!(monotonic() < deadline, "the bus stays closed");
        couriers.stop().await;
    }
}

async fn publish(couriers: &Couriers, node: &Node, addresses: impl Iterator<Item = &str>) {
    let topic: Arc<str> = node.config.bus.notices_topic.as_str().into();
    let message = |address: &str| Message::new(Arc::clone(&topic), "", address.to_owned());
    couriers.bus.publish(addresses.map(message).collect()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_the_embedded_bus() {
    let (data, bus) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    goes_out_and_comes_in(data.path(), &format!("embedded:{}", bus.path().display())).await;
}

#[cfg(feature = "kafka")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_kafka() {
    let kafka = motet_services::Kafka::start().unwrap_or_else(|error| panic!("{error}"));
    let data = tempfile::tempdir().unwrap();
    goes_out_and_comes_in(data.path(), &kafka.url()).await;
}

#[tokio::test]
async fn a_place_beyond_the_journal_is_refused() {
    let (data, bus) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let node = Node::open(data.path(), &format!("embedded:{}", bus.path().display()));
    std::fs::write(data.path().join("published"), "99\n").unwrap();
    let refused = Couriers::start(&node.config, &node.app, node.runtime()).await;
    assert!(matches!(refused, Err(super::Error::Outbox(super::outbox::Error::Ahead { place: 99, .. }))));
    node.runtime().stop();
}

#[test]
fn a_record_too_large_for_a_broker_goes_out_by_name_alone() {
    use super::messages::{LEFT_OUT_HEADER, MOST_BYTES, Wanted, messages};
    let wanted = Wanted { events: true, records: true };
    let [message] = &messages(wanted, 3, 7, &vec![1; MOST_BYTES + 1])[..] else { panic!("one message") };
    assert!(message.payload.is_empty());
    assert_eq!(message.headers.get(LEFT_OUT_HEADER), Some(&*(MOST_BYTES + 1).to_string()));
    assert_eq!(message.headers.get(RECORD_HEADER), Some("3/7"));
    assert_eq!(messages(wanted, 3, 8, b"record")[0].payload, "record");
}
