//! `motet bench bus`: notices through a bus into the engine, each counted once, and calls there and back.
//!
//! The engine is given bids first. Then every bid's four notices (win, billing, impression, click) are published as
//! addresses, and taken as a server takes them: token checked, judged, the record on the disk, the position committed. One half
//! is published before anything is taken, which measures the taking alone (`events_per_s`); the other while it is taken,
//! which measures all of it together (`through_per_s`). Everything is on one machine: publisher, bus, engine and disk.
//!
//! Afterwards the journal is read: a notice that never counted is *lost*, one that counted twice *double*.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use motet_bus::{Bus, Message, Settings, handler};
use motet_engine::{Effect, Event, Record, SealedRequest};
use motet_insight::metrics::Metrics;
use motet_model::{
    decision::{Bid, ImpDecision},
    outcome::NoticeVerdict,
};
use motet_openrtb::{LinkKind, Links as _};
use motet_server::{
    bus::Couriers,
    config::Config,
    http::{App, Parts, SignedLinks},
    runtime::{NoProbe, Runtime, wall_clock},
    tokens::Secrets,
};
use motet_store::journal::Reader;
use serde::Serialize;

use super::{quantile, world};
use crate::{cli::BusBench, clock, serve};

/// Notices a second that the figure is held to; so many are made for every second asked for.
const EVENTS_PER_S: usize = 50_000;
/// Campaigns of the market that bids are made in.
const CAMPAIGNS: usize = 100;
/// Requests decided at once while bids are made.
const DECIDERS: u64 = 32;
/// Messages published together.
const TOGETHER: usize = 2_000;
/// Bytes of an ask and of its answer.
const ASK_BYTES: usize = 512;
/// How long all of a part may take.
const LIMIT: Duration = Duration::from_secs(600);

/// What was measured.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    /// Which bus.
    pub(crate) bus: String,
    /// Notices published, and taken.
    pub(crate) events: usize,
    /// Notices taken a second, when they wait already: received, judged, durable, committed.
    pub(crate) events_per_s: f64,
    /// Notices published and acknowledged a second, when nothing is taken.
    pub(crate) publish_per_s: f64,
    /// Notices published and taken a second, at once.
    pub(crate) through_per_s: f64,
    /// Notices that never counted.
    pub(crate) lost: usize,
    /// Notices that counted more than once.
    pub(crate) double: usize,
    /// Calls answered.
    pub(crate) calls: usize,
    /// Calls not answered within a second.
    pub(crate) calls_late: usize,
    /// The median call, there and back, in milliseconds.
    pub(crate) call_p50_ms: f64,
    /// The slowest of a hundred calls, in milliseconds.
    pub(crate) call_p99_ms: f64,
}

/// Runs and prints.
pub(crate) fn command(options: &BusBench) -> Result<()> {
    let started = if options.url.is_none() { Some(broker()?) } else { None };
    let url = started.as_ref().map_or_else(|| options.url.clone().unwrap_or_default(), Broker::url);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let report = runtime.block_on(run(&url, options))?;
    runtime.shutdown_timeout(Duration::from_secs(5));
    if options.json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        let Report { events_per_s, publish_per_s, through_per_s, lost, double, .. } = &report;
        println!(
            "{events_per_s:.0} notices/s received, judged, durable and committed ({} in all)",
            report.events
        );
        println!("  publishing alone {publish_per_s:.0}/s, both at once {through_per_s:.0}/s");
        println!("  {lost} lost, {double} double");
        println!("  calls p50 {:.2} ms   p99 {:.2} ms", report.call_p50_ms, report.call_p99_ms);
    }
    ensure!(report.lost == 0 && report.double == 0, "a notice was lost or counted twice");
    Ok(())
}

#[cfg(feature = "kafka")]
pub(super) type Broker = motet_services::Kafka;
/// There is none to start.
#[cfg(not(feature = "kafka"))]
pub(super) enum Broker {}

#[cfg(not(feature = "kafka"))]
impl Broker {
    fn url(&self) -> String {
        match *self {}
    }
}

/// Starts a broker of one's own.
pub(super) fn broker() -> Result<Broker> {
    #[cfg(feature = "kafka")]
    return Ok(motet_services::Kafka::start()?);
    #[cfg(not(feature = "kafka"))]
    anyhow::bail!("Kafka is not built in: build with the feature 'kafka' (cargo build --features kafka)")
}

async fn run(url: &str, options: &BusBench) -> Result<Report> {
    motet_bus::check(url)?;
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    let node = Node::open(folder.path(), url).await?;
    let events = EVENTS_PER_S * options.seconds as usize;
    let bids = node.bids(events / 4).await?;
    let notices: Vec<Message> = bids.iter().flat_map(|bid| node.notices(bid)).collect();
    let mut report = Report { bus: kind_of(url), events: notices.len(), ..Report::default() };
    node.measure(&notices, &mut report).await?;
    let runtime = Arc::clone(node.app.platform());
    tokio::task::spawn_blocking(move || runtime.stop()).await?;
    (report.lost, report.double) = lost_and_double(&folder.path().join("journal"), &bids)?;
    calls(url, options, &mut report).await?;
    Ok(report)
}

fn kind_of(url: &str) -> String {
    url.split(':').next().unwrap_or_default().to_owned()
}

/// A server without its sockets.
struct Node {
    config: Config,
    app: Arc<App<Arc<Runtime>>>,
    links: SignedLinks,
}

impl Node {
    async fn open(dir: &Path, url: &str) -> Result<Self> {
        let dir = dir.to_str().context("the temporary folder has an odd name")?;
        let set = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        let topic = format!("motet.bench.{:x}", (clock::wall_s() * 1e6) as u64);
        let config = Config::read(
            None,
            [],
            &[
                set("journal.dir", dir),
                set("journal.snapshot_every", "100000000"),
                set("bus.url", url),
                set("bus.publish", "false"),
                set("bus.notices_topic", &topic),
            ],
        )?;
        let settings = serve::settings(&config)?;
        let runtime = tokio::task::spawn_blocking(move || Runtime::start(&settings, Arc::new(NoProbe)));
        let runtime = Arc::new(runtime.await??);
        let changed = runtime.change(world::market(CAMPAIGNS, 1)).await?;
        changed.map_err(|refusal| anyhow::anyhow!("the market was refused: {refusal}"))?;
        let secrets = Secrets::open_or_create(&config.secrets_path(), wall_clock())?;
        let links = SignedLinks::new(secrets.signer(), "", config.attribution);
        let parts = Parts {
            platform: runtime,
            metrics: Arc::new(Metrics::new(env!("CARGO_PKG_VERSION"))),
            secrets,
            admin_token: None,
            consent: motet_agents::safety::consent::ConsentOptions::default(),
            public_url: String::new(),
        };
        let app = App::new(&config, parts)?;
        Ok(Self { config, app, links })
    }

    /// Decides requests until there are so many bids.
    async fn bids(&self, wanted: usize) -> Result<Vec<Bid>> {
        let deciders = (0..DECIDERS).map(|decider| {
            let runtime = Arc::clone(self.app.platform());
            tokio::spawn(async move {
                let (mut bids, mut number) = (Vec::new(), decider);
                while bids.len() < wanted.div_ceil(DECIDERS as usize) {
                    let sealed = Box::new(SealedRequest::new(world::request(number, 1)));
                    number += DECIDERS;
                    let answer = runtime.decide(sealed, clock::monotonic() + LIMIT).await;
                    let imps = answer.into_iter().flat_map(|answer| answer.decision.imps);
                    bids.extend(imps.filter_map(|imp| match imp {
                        ImpDecision::Bid(bid) => Some(bid),
                        ImpDecision::NoBid(_) => None,
                    }));
                }
                bids
            })
        });
        let mut all = Vec::with_capacity(wanted);
        for decider in deciders.collect::<Vec<_>>() {
            all.extend(tokio::time::timeout(LIMIT, decider).await.context("too few bids")??);
        }
        Ok(all)
    }

    /// Returns a bid's notices. Its number is their key, so that they stay in order: a click before its impression
    /// would contradict what is known, and not count.
    fn notices(&self, bid: &Bid) -> [Message; 4] {
        let topic: Arc<str> = self.config.bus.notices_topic.as_str().into();
        let key = bytes::Bytes::copy_from_slice(&bid.id.decision.0.to_be_bytes());
        let catalog = self.app.platform().catalog();
        [LinkKind::Win, LinkKind::Billing, LinkKind::Impression, LinkKind::Click].map(|kind| {
            let mut address = String::with_capacity(80);
            self.links.of(&catalog, wall_clock()).write(bid, kind, &mut address);
            if matches!(kind, LinkKind::Win | LinkKind::Billing) {
                address.push_str("?price=");
                address.push_str(&bid.price.to_string());
            }
            Message::new(Arc::clone(&topic), key.clone(), address)
        })
    }

    async fn measure(&self, notices: &[Message], report: &mut Report) -> Result<()> {
        let bus = motet_bus::open_bus(&self.config.bus.url, &self.config.bus.settings()).await?;
        let (waiting, coming) = notices.split_at(notices.len() / 2);
        let began = clock::monotonic();
        publish(&*bus, waiting).await?;
        report.publish_per_s = waiting.len() as f64 / began.elapsed().as_secs_f64();

        let couriers =
            Couriers::start(&self.config, &self.app, self.app.platform()).await?.context("there is a bus")?;
        // Joining a group takes its time, and is done once.
        let (first, began) = judged(&couriers, 1).await?;
        let (all, ended) = judged(&couriers, waiting.len() as u64).await?;
        report.events_per_s = (all - first) as f64 / (ended - began).as_secs_f64();

        let began = clock::monotonic();
        publish(&*bus, coming).await?;
        let (_, ended) = judged(&couriers, notices.len() as u64).await?;
        report.through_per_s = coming.len() as f64 / (ended - began).as_secs_f64();
        couriers.stop().await;
        Ok(())
    }
}

async fn publish(bus: &dyn Bus, notices: &[Message]) -> Result<()> {
    for some in notices.chunks(TOGETHER) {
        bus.publish(some.to_vec()).await?;
    }
    Ok(())
}

/// Waits until so many notices are judged; returns how many are, and when.
async fn judged(couriers: &Couriers, wanted: u64) -> Result<(u64, Instant)> {
    let until = clock::monotonic() + LIMIT;
    loop {
        let (judged, now) = (couriers.judged(), clock::monotonic());
        if judged >= wanted {
            return Ok((judged, now));
        }
        ensure!(now < until, "{judged} of {wanted} notices were judged in {} s", LIMIT.as_secs());
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Reads from the journal how many notices of these bids never counted, and how many counted more than once.
fn lost_and_double(journal: &Path, bids: &[Bid]) -> Result<(usize, usize)> {
    let counted = counted(journal)?;
    let kinds = ["win", "billing", "impression", "click"];
    let expected: BTreeSet<_> = bids.iter().flat_map(|bid| kinds.map(|kind| (bid.id, kind))).collect();
    let lost = expected.iter().filter(|notice| !counted.contains_key(*notice)).count();
    Ok((lost, counted.values().filter(|times| **times > 1).count()))
}

/// Reads from the journal how often each notice had an effect. Traffic found invalid is an effect: it is recorded, and
/// a second notice of it is a duplicate.
pub(super) fn counted(journal: &Path) -> Result<BTreeMap<(motet_model::ids::BidId, &'static str), u32>> {
    let mut counted = BTreeMap::new();
    for record in Reader::open(journal)?.records()? {
        let record = Record::decode(&record?.1)?;
        let (Event::Noticed(notice), Effect::Judged(judgement)) = (record.event, record.effect) else {
            continue;
        };
        if matches!(judgement.verdict, NoticeVerdict::Counted | NoticeVerdict::Filtered) {
            *counted.entry((notice.bid, notice.kind.name())).or_insert(0) += 1;
        }
    }
    Ok(counted)
}

/// Measures calls there and back, at a steady rate, to a server in this process over connections of its own.
async fn calls(url: &str, options: &BusBench, report: &mut Report) -> Result<()> {
    let embedded = kind_of(url) == "embedded";
    let caller = motet_bus::open_calls(url, &Settings::default()).await?;
    // An embedded one reaches only what is served through the same opening.
    let server =
        if embedded { Arc::clone(&caller) } else { motet_bus::open_calls(url, &Settings::default()).await? };
    let subject = format!("motet.bench.echo.{:x}", (clock::wall_s() * 1e6) as u64);
    let serving = server.serve(&subject, "bench", handler(|ask| async move { ask })).await?;
    caller.prepare(&subject).await?;
    let ask = bytes::Bytes::from(vec![7; ASK_BYTES]);
    let warm_until = clock::monotonic() + LIMIT;
    while caller.call(&subject, ask.clone(), clock::monotonic() + Duration::from_secs(1)).await.is_err() {
        ensure!(clock::monotonic() < warm_until, "calls are not answered");
    }
    let mut pace = tokio::time::interval(Duration::from_secs(1) / options.calls);
    let mut under_way = tokio::task::JoinSet::new();
    for _ in 0..options.calls * options.seconds {
        pace.tick().await;
        let (caller, subject, ask) = (Arc::clone(&caller), subject.clone(), ask.clone());
        under_way.spawn(async move {
            let began = clock::monotonic();
            let answer = caller.call(&subject, ask, began + Duration::from_secs(1)).await;
            answer.ok().map(|_| began.elapsed())
        });
    }
    let mut took: Vec<Duration> = under_way.join_all().await.into_iter().flatten().collect();
    took.sort_unstable();
    let ms = |q| quantile(&took, q).map_or(0.0, |took| took.as_secs_f64() * 1e3);
    (report.calls, report.call_p50_ms, report.call_p99_ms) = (took.len(), ms(0.5), ms(0.99));
    report.calls_late = (options.calls * options.seconds) as usize - took.len();
    drop(serving);
    Ok(())
}
