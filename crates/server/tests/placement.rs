//! Agents in processes of their own, fed and asked over gRPC and over a broker: they decide, learn what the server's own
//! agents learn, and what they said replays.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use motet_agent::AgentName;
use motet_bus::{Calls, EmbeddedCalls};
use motet_engine::{Options, SealedRequest};
use motet_insight::metrics::Metrics;
use motet_messages::feed::{self, News};
use motet_model::{
    decision::ImpDecision,
    ids::BidId,
    outcome::{Notice, NoticeKind, Stated},
    request::AdRequest,
};
use motet_placement::{Elsewhere, NoWatch, OverBroker, Process, Remote, Rules, Version, broker, serve_grpc};
use motet_server::{
    api::spec::FileOfSpecs,
    config::{Config, MAIN},
    placing,
    runtime::{NoProbe, Runtime, Settings, monotonic, open_engine, wall_clock},
};

const SAMPLE: &str = include_str!("../sample/campaigns.toml");

fn settings(dir: &Path) -> Settings {
    Settings {
        data_dir: dir.to_owned(),
        engine: Options { seed: 7, ..Options::default() },
        segment_bytes: 64 << 20,
        snapshot_every: 1_000_000,
        keep_segments: None,
        commit_delay: Duration::ZERO,
        tick: Duration::from_millis(500),
        queue: 64,
        elsewhere: AgentName::TEAM.to_vec(),
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

/// Waits for something, generously: machines that run tests are busy.
async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let give_up = monotonic() + Duration::from_secs(60);
    while !holds() {
        assert!(monotonic() < give_up, "in vain waited until {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn processes() -> Vec<Arc<Process>> {
    AgentName::TEAM.into_iter().map(|name| Arc::new(Process::new(name, None).unwrap())).collect()
}

async fn load_sample(runtime: &Runtime) {
    let changes = FileOfSpecs::from_toml(SAMPLE).unwrap().changes().unwrap();
    runtime.change(changes).await.unwrap().unwrap();
}

/// Waits until every process has learned everything that the server has told.
async fn until_fed(runtime: &Runtime, processes: &[Arc<Process>]) {
    for feed in runtime.feeds().0 {
        let process = processes.iter().find(|process| process.name() == feed.agent()).unwrap();
        until("a process has its feed", || process.sequence().is_some_and(|at| at >= feed.last())).await;
    }
}

/// Decides some requests, and has every second bid billed and clicked. Returns how many bids were made.
async fn traffic(runtime: &Runtime, numbers: std::ops::Range<u64>) -> usize {
    let mut bids = 0;
    for number in numbers {
        let deadline: Instant = monotonic() + Duration::from_secs(5);
        let answer = runtime.decide(Box::new(SealedRequest::new(request(number))), deadline).await.unwrap();
        for (imp, decided) in answer.decision.imps.iter().enumerate() {
            let ImpDecision::Bid(made) = decided else { continue };
            bids += 1;
            let stated = Stated::from(made);
            let bid = BidId { decision: answer.decision.id, imp: imp as u16 };
            for kind in [NoticeKind::Billed { price: None }, NoticeKind::Impression, NoticeKind::Click] {
                if number.is_multiple_of(2) {
                    let notice = Notice { bid, kind, happened_at: wall_clock(), key: 1 };
                    runtime.notice(notice, Some(stated)).await.unwrap();
                }
            }
        }
    }
    bids
}

/// Compares what each process has learned with what the server's own agent has.
async fn learned_the_same(runtime: &Runtime, processes: &[Arc<Process>]) {
    let (feeds, seats) = runtime.feeds();
    for process in processes {
        // A tick may come between the two looks; then they are taken again.
        let mut same = false;
        for _ in 0..20 {
            until_fed(runtime, processes).await;
            let seat = seats.seat(process.name()).await.unwrap();
            let News::Seat(held) = feed::decode(&seat.message).unwrap().news else { panic!("it is a seat") };
            same = process.sequence() == Some(seat.sequence) && process.learned().unwrap() == held.state;
            if same {
                break;
            }
        }
        let feed = feeds.iter().find(|feed| feed.agent() == process.name()).unwrap();
        assert!(same, "the {} learned something else after {} messages", process.name().name(), feed.last());
    }
}

fn replays(dir: &Path) {
    let (_, opened) = open_engine(dir).expect("every record comes out the same");
    assert!(opened.replayed > 0 || opened.snapshot > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_grpc_agents_decide_and_learn_as_in_the_server_and_a_new_process_takes_over() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = Runtime::start(&settings(folder.path()), Arc::new(NoProbe)).unwrap();
    load_sample(&runtime).await;
    let mut config = Config::default();
    let mut processes = processes();
    let mut serving = Vec::new();
    for process in &processes {
        let listening = serve_grpc::listen("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let place = motet_server::config::Place::Grpc(listening.addr.to_string());
        match process.name() {
            AgentName::Intent => config.placement.intent = place,
            AgentName::Guard => config.placement.guard = place,
            AgentName::Safety => config.placement.safety = place,
            AgentName::Relevance => config.placement.relevance = place,
            AgentName::Bidder => config.placement.bidder = place,
            AgentName::Pacer => config.placement.pacer = place,
            AgentName::Baseline => unreachable!("it is in no team of agents"),
        }
        let addr = listening.addr;
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let served = serve_grpc::serve(Arc::clone(process), listening, async { drop(stopped.await) });
        serving.push((process.name(), addr, stop, tokio::spawn(async move { served.await.unwrap() })));
    }
    let metrics = Arc::new(Metrics::new("test"));
    let placed = placing::place(&runtime, &config.placement, &metrics).await.unwrap();
    until_fed(&runtime, &processes).await;
    assert!(traffic(&runtime, 0..60).await > 10);
    learned_the_same(&runtime, &processes).await;

    // The bidder's process ends; another starts in its place and knows what the first did.
    let place = serving.iter().position(|(name, ..)| *name == AgentName::Bidder).unwrap();
    let (_, addr, stop, task) = serving.swap_remove(place);
    drop(stop);
    task.await.unwrap();
    let bidder = Arc::new(Process::new(AgentName::Bidder, None).unwrap());
    *processes.iter_mut().find(|process| process.name() == AgentName::Bidder).unwrap() = Arc::clone(&bidder);
    let mut listening = serve_grpc::listen(addr).await;
    while listening.is_err() {
        tokio::time::sleep(Duration::from_millis(50)).await;
        listening = serve_grpc::listen(addr).await;
    }
    let again = serve_grpc::serve(bidder, listening.unwrap(), std::future::pending());
    let again = tokio::spawn(async move { again.await.unwrap() });
    until_fed(&runtime, &processes).await;
    // Left alone while it was gone, it is found again by a probe.
    let mut bids = 0;
    for round in 1..40 {
        bids = traffic(&runtime, round * 100..round * 100 + 20).await;
        if bids > 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert!(bids > 0, "the new bidder is asked: {}", metrics.encode());
    learned_the_same(&runtime, &processes).await;

    drop(placed);
    again.abort();
    for (.., task) in &serving {
        task.abort();
    }
    tokio::task::spawn_blocking(move || runtime.stop()).await.unwrap();
    replays(folder.path());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_a_broker_agents_decide_and_learn_as_in_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = Arc::new(Runtime::start(&settings(folder.path()), Arc::new(NoProbe)).unwrap());
    load_sample(&runtime).await;
    let calls: Arc<dyn Calls> = Arc::new(EmbeddedCalls::new(&motet_bus::Settings::default()));
    let (feeds, seats) = runtime.feeds();
    let processes = processes();
    let (mut serving, mut feeding, mut remotes) = (Vec::new(), Vec::new(), Vec::new());
    for process in &processes {
        let feed = feeds.iter().find(|feed| feed.agent() == process.name()).unwrap();
        serving.push(broker::serve_feed(&*calls, Arc::clone(feed), Arc::clone(&seats)).await.unwrap());
        serving.push(broker::serve_asks(&*calls, Arc::clone(process), MAIN).await.unwrap());
        let (calls_here, process_here) = (Arc::clone(&calls), Arc::clone(process));
        feeding.push(tokio::spawn(async move { broker::keep_fed(&*calls_here, &process_here).await }));
        let subject = broker::ask_subject(process.name(), MAIN);
        let over = Box::new(OverBroker::new(Arc::clone(&calls), subject));
        let rules = Rules::default();
        let version = Version::new(MAIN.to_owned(), 1, over, &rules);
        remotes.push(Remote::new(process.name(), vec![version], rules, Arc::new(NoWatch)));
    }
    until_fed(&runtime, &processes).await;
    runtime.place(Elsewhere::new(remotes));
    assert!(traffic(&runtime, 0..60).await > 10);
    learned_the_same(&runtime, &processes).await;
    for task in &feeding {
        task.abort();
    }
    drop(serving);
    tokio::task::spawn_blocking(move || runtime.stop()).await.unwrap();
    replays(folder.path());
}
