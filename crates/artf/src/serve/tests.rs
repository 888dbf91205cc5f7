//! The extension point over real gRPC on loopback.

use tokio::sync::Notify;
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

use super::*;
use crate::{
    proto::{
        artf::{Intent, Operation},
        openrtb::{BidRequest, BidResponse},
        services::rtb_extension_point_client::RtbExtensionPointClient,
    },
    testing::{Notes, floor, ids, mutation},
};

/// A counsellor that says the same of every auction, as far as it is applicable, or hangs.
struct Speaker {
    heard: Arc<std::sync::Mutex<Vec<Ask>>>,
    hangs: bool,
}

impl Counsellor for Speaker {
    async fn counsel(&self, ask: Ask) -> Result<Said, NoCounsel> {
        self.heard.lock().unwrap().push(ask.clone());
        if self.hangs {
            std::future::pending::<()>().await;
        }
        let mut mutations = vec![
            mutation(Intent::ActivateSegments, Operation::Add, "/user/data/segment", ids(&["9:533"])),
            mutation(Intent::AdjustDealFloor, Operation::Replace, "/imp/1/pmp/deals/d", floor(2.0)),
        ];
        mutations.retain(|mutation| ask.intents.has(mutation.intent()));
        Ok(Said { mutations, model: "fixed@1".to_owned() })
    }

    fn is_ready(&self) -> bool {
        true
    }
}

struct Point {
    addr: std::net::SocketAddr,
    heard: Arc<std::sync::Mutex<Vec<Ask>>>,
    notes: Arc<Notes>,
    stop: Arc<Notify>,
    serving: tokio::task::JoinHandle<Result<(), tonic::transport::Error>>,
}

const LIMITS: Limits = Limits { message: 4_096, in_flight: 1, time: Duration::from_millis(50) };

async fn start(hangs: bool) -> Point {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let (heard, notes, stop) = (Arc::default(), Arc::new(Notes::default()), Arc::new(Notify::new()));
    let speaker = Speaker { heard: Arc::clone(&heard), hangs };
    let point = ExtensionPoint::new(Arc::new(speaker), LIMITS, Arc::clone(&notes) as Arc<dyn Witness>);
    let stopped = Arc::clone(&stop);
    let serving = tokio::spawn(serve(listener, point, async move { stopped.notified().await }));
    Point { addr, heard, notes, stop, serving }
}

fn ask(lifecycle: Lifecycle, intents: &[Intent]) -> RtbRequest {
    RtbRequest {
        lifecycle: lifecycle.into(),
        id: "ask-1".to_owned(),
        tmax: 30,
        bid_request: Some(BidRequest { id: Some("r".to_owned()), ..BidRequest::default() }),
        bid_response: (lifecycle == Lifecycle::DspBidResponse).then(BidResponse::default),
        applicable_intents: intents.iter().map(|intent| *intent as i32).collect(),
        ..RtbRequest::default()
    }
}

async fn call(point: &Point, ask: RtbRequest) -> Result<RtbResponse, Status> {
    let endpoint = tonic::transport::Endpoint::from_shared(format!("http://{}", point.addr)).unwrap();
    let mut client = RtbExtensionPointClient::new(endpoint.connect().await.unwrap());
    Box::pin(client.get_mutations(ask)).await.map(Response::into_inner)
}

#[tokio::test]
async fn an_ask_is_answered_under_its_own_id_and_with_what_is_applicable_alone() {
    let point = start(false).await;
    let both = call(&point, ask(Lifecycle::PublisherBidRequest, &[])).await.unwrap();
    assert_eq!((both.id.as_str(), both.mutations.len()), ("ask-1", 2));
    let metadata = both.metadata.unwrap();
    assert_eq!((metadata.api_version.as_str(), metadata.model_version.as_str()), ("1.0", "fixed@1"));
    let one = call(&point, ask(Lifecycle::PublisherBidRequest, &[Intent::AdjustDealFloor])).await.unwrap();
    assert_eq!(one.mutations.iter().map(Mutation::intent).collect::<Vec<_>>(), [Intent::AdjustDealFloor]);
    let none = RtbRequest { applicable_intents: vec![1_500], ..ask(Lifecycle::PublisherBidRequest, &[]) };
    assert!(call(&point, none).await.unwrap().mutations.is_empty());
    assert_eq!(point.heard.lock().unwrap().len(), 2, "nobody is asked what no host can use");
    assert_eq!(*point.notes.served.lock().unwrap(), [Some(2), Some(1), Some(0)]);
}

#[tokio::test]
async fn the_lifecycle_is_honoured_and_what_is_missing_is_named() {
    let point = start(false).await;
    let unstated = |response| RtbRequest { bid_response: response, ..ask(Lifecycle::Unspecified, &[]) };
    call(&point, unstated(None)).await.unwrap();
    call(&point, unstated(Some(BidResponse::default()))).await.unwrap();
    let places: Vec<Lifecycle> = point.heard.lock().unwrap().iter().map(|ask| ask.lifecycle).collect();
    assert_eq!(places, [Lifecycle::PublisherBidRequest, Lifecycle::DspBidResponse]);
    let later = RtbRequest { lifecycle: 9, ..ask(Lifecycle::Unspecified, &[]) };
    assert!(call(&point, later).await.unwrap().mutations.is_empty());
    for (wrong, field) in [
        (RtbRequest { id: String::new(), ..ask(Lifecycle::Unspecified, &[]) }, "id"),
        (RtbRequest { bid_request: None, ..ask(Lifecycle::Unspecified, &[]) }, "bid_request"),
        (RtbRequest { bid_response: None, ..ask(Lifecycle::DspBidResponse, &[]) }, "bid_response"),
    ] {
        let status = call(&point, wrong).await.unwrap_err();
        assert_eq!(status.code(), tonic::Code::InvalidArgument);
        assert_eq!(status.message(), format!("{field} is missing"));
    }
}

#[tokio::test]
async fn an_answer_that_is_not_known_in_time_is_empty_and_a_crowd_is_turned_away() {
    let point = Arc::new(start(true).await);
    let mut crowd = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let point = Arc::clone(&point);
        crowd.spawn(async move { call(&point, ask(Lifecycle::PublisherBidRequest, &[])).await });
    }
    let answers = crowd.join_all().await;
    let empty = answers.iter().filter(|answer| answer.as_ref().is_ok_and(|a| a.mutations.is_empty())).count();
    let turned_away = answers.iter().filter_map(|answer| answer.as_ref().err());
    assert!(empty >= 1, "{answers:?}");
    assert!(turned_away.into_iter().all(|status| status.code() == tonic::Code::ResourceExhausted));
}

#[tokio::test]
async fn a_large_ask_is_refused() {
    let point = start(false).await;
    let large = RtbRequest { id: "x".repeat(5_000), ..ask(Lifecycle::PublisherBidRequest, &[]) };
    assert_eq!(call(&point, large).await.unwrap_err().code(), tonic::Code::OutOfRange);
}

#[tokio::test]
async fn health_tells_of_the_service_and_stopping_ends_it() {
    let point = start(false).await;
    let channel = tonic::transport::Endpoint::from_shared(format!("http://{}", point.addr)).unwrap();
    let mut health = HealthClient::new(channel.connect().await.unwrap());
    let service = "com.iabtechlab.bidstream.mutation.services.v1.RTBExtensionPoint".to_owned();
    let mut serving = false;
    for _ in 0..1_000 {
        let asked = health.check(HealthCheckRequest { service: service.clone() }).await;
        serving = asked.is_ok_and(|answer| answer.into_inner().status() == ServingStatus::Serving);
        if serving {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(serving);
    drop(health);
    point.stop.notify_one();
    point.serving.await.unwrap().unwrap();
}
