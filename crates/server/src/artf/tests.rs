//! The extension point before a real engine whose bidder has learned a market.

#![expect(clippy::large_futures, reason = "tests need not be small")]

use motet_artf::proto::{
    artf::{Mutation, RtbRequest, RtbResponse, mutation::Value},
    openrtb::{
        BidRequest,
        bid_request::{self as wire, DistributionchannelOneof},
        bid_response,
    },
    services::rtb_extension_point_client::RtbExtensionPointClient,
};
use motet_model::{
    decision::{Bid, ImpDecision},
    outcome::{Notice, NoticeKind},
};

use motet_engine::SealedRequest;

use super::*;
use crate::{
    api::spec::FileOfSpecs,
    http::{AdminToken, Parts},
    runtime::{NoProbe, Runtime, Settings},
    tokens::{Claim, Kind, Secrets},
};

/// One campaign that bids wherever it may.
const CAMPAIGNS: &str = r#"
    [[advertisers]]
    id = "acme"
    name = "Acme"
    seat = "acme-seat"
    [[advertisers.campaigns]]
    id = "spring"
    name = "Spring"
    goal = { cpm = "4.00" }
    budget = { daily = "50", total = "500" }
    pacing = "asap"
    [[advertisers.campaigns.creatives]]
    id = "spring-banner"
    domains = ["acme.example"]
    landing_page = "https://acme.example/spring"
    banner = { size = "300x250", image = "https://cdn.example/spring.png", mime = "image/png" }
"#;

const BROWSER: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36";

/// A slot for a banner at a publisher, first price, seen from another address each time.
fn request(number: u8) -> BidRequest {
    let publisher = Some(wire::Publisher { id: Some("pub-1".to_owned()), ..wire::Publisher::default() });
    let content =
        Some(wire::Content { cattax: Some(7), cat: vec!["533".to_owned()], ..wire::Content::default() });
    let site =
        wire::Site { domain: Some("news.example".to_owned()), publisher, content, ..wire::Site::default() };
    let format = wire::Format { w: Some(300), h: Some(250), ..wire::Format::default() };
    let banner = Some(wire::Banner { format: vec![format], ..wire::Banner::default() });
    let deal = wire::Deal { id: Some("d-1".to_owned()), bidfloor: Some(0.05), ..wire::Deal::default() };
    let pmp = Some(wire::Pmp { deals: vec![deal], ..wire::Pmp::default() });
    let device = wire::Device {
        ua: Some(BROWSER.to_owned()),
        ip: Some(format!("82.14.{number}.9")),
        devicetype: Some(2),
        os: Some("Windows".to_owned()),
        geo: Some(wire::Geo { country: Some("GBR".to_owned()), ..wire::Geo::default() }),
        ..wire::Device::default()
    };
    BidRequest {
        id: Some(format!("r-{number}")),
        imp: vec![wire::Imp { id: Some("1".to_owned()), banner, pmp, ..wire::Imp::default() }],
        at: Some(1),
        device: Some(device),
        distributionchannel_oneof: Some(DistributionchannelOneof::Site(site)),
        ..BidRequest::default()
    }
}

fn response(price: f64) -> BidResponse {
    let bid = bid_response::Bid {
        id: Some("b-1".to_owned()),
        impid: Some("1".to_owned()),
        price: Some(price),
        ..bid_response::Bid::default()
    };
    let seat = bid_response::SeatBid { bid: vec![bid], seat: Some("rival".to_owned()), group: None };
    BidResponse { id: Some("r".to_owned()), seatbid: vec![seat], ..BidResponse::default() }
}

/// Returns what a bid's token states.
fn claim(bid: &Bid, kind: &NoticeKind) -> Claim {
    let Bid { id, creative, reserved, price, charge, expires, .. } = *bid;
    Claim { bid: id, creative, reserved, price, charge, day: 0, kind: Kind::of(kind), expires }
}

struct Stand {
    _folder: tempfile::TempDir,
    app: Arc<App<Arc<Runtime>>>,
    client: RtbExtensionPointClient<tonic::transport::Channel>,
    shutdown: Shutdown,
}

async fn stand() -> Stand {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings {
        data_dir: folder.path().to_owned(),
        engine: motet_engine::Options::default(),
        segment_bytes: 1 << 20,
        snapshot_every: 1_000_000,
        keep_segments: None,
        commit_delay: Duration::ZERO,
        tick: Duration::from_secs(600),
        queue: 64,
        elsewhere: Vec::new(),
    };
    let runtime = Arc::new(Runtime::start(&settings, Arc::new(NoProbe)).unwrap());
    runtime.change(FileOfSpecs::from_toml(CAMPAIGNS).unwrap().changes().unwrap()).await.unwrap();
    // The small machine tests run on may pause: time is no matter here.
    let config = Config::read(None, [], &[("artf.time_ms".to_owned(), "60000".to_owned())]).unwrap();
    let parts = Parts {
        platform: runtime,
        metrics: Arc::new(Metrics::new("0")),
        secrets: Secrets::generate(wall_clock()).unwrap(),
        admin_token: Some(AdminToken::new("t")),
        consent: motet_agents::safety::consent::ConsentOptions::default(),
        public_url: "https://ads.example".to_owned(),
    };
    let app = App::new(&config, parts).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let (shutdown, served) = (Shutdown::default(), Arc::clone(&app));
    let stop = shutdown.clone();
    tokio::spawn(async move { serve(&config, served, listener, stop).await.unwrap() });
    let endpoint = tonic::transport::Endpoint::from_shared(format!("http://{addr}")).unwrap();
    let client = RtbExtensionPointClient::new(endpoint.connect().await.unwrap());
    Stand { _folder: folder, app, client, shutdown }
}

impl Stand {
    /// Bids in auctions whose highest other bid lies at 0.40 CPM, and hears so.
    async fn learn(&self) {
        let runtime = self.app.platform();
        let options = self.app.decode_options(wall_clock());
        let mut heard = 0;
        for number in 0..=255 {
            let mut wire = request(number);
            wire.imp[0].pmp = None;
            let body = openrtb_json::bid_request(&wire).to_string();
            let request = motet_openrtb::decode(body.as_bytes(), &options).unwrap().request;
            let deadline = crate::runtime::monotonic() + Duration::from_secs(60);
            let Some(answer) = runtime.decide(Box::new(SealedRequest::new(request)), deadline).await else {
                continue;
            };
            let ImpDecision::Bid(bid) = &answer.decision.imps[0] else { continue };
            let minimum_to_win = Some(CpmMicros::from_units(0.4));
            let kind = NoticeKind::Won { price: None, minimum_to_win };
            let notice = Notice { bid: bid.id, kind, happened_at: wall_clock(), key: 0 };
            runtime.notice(notice, &claim(bid, &kind)).await.unwrap();
            heard += 1;
            if heard == 120 {
                return;
            }
        }
        panic!("only {heard} bids in 256 requests");
    }

    async fn ask(&mut self, lifecycle: Lifecycle, intents: &[Intent], bid: Option<f64>) -> RtbResponse {
        let ask = RtbRequest {
            lifecycle: lifecycle.into(),
            id: "ask".to_owned(),
            tmax: 60_000,
            bid_request: Some(request(0)),
            bid_response: bid.map(response),
            applicable_intents: intents.iter().map(|intent| *intent as i32).collect(),
            ..RtbRequest::default()
        };
        self.client.get_mutations(ask).await.unwrap().into_inner()
    }
}

fn of(answer: &RtbResponse, intent: Intent) -> Option<&Mutation> {
    answer.mutations.iter().find(|mutation| mutation.intent() == intent)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_agents_learned_is_what_hosts_are_told() {
    let mut stand = stand().await;
    let before = stand.ask(Lifecycle::DspBidResponse, &[], Some(4.0)).await;
    assert_eq!(before.mutations, [], "a market nobody knows is nothing to speak of");
    stand.learn().await;

    let answer = stand.ask(Lifecycle::DspBidResponse, &[], Some(4.0)).await;
    let shade = of(&answer, Intent::BidShade).unwrap();
    assert_eq!(shade.path, "/seatbid/rival/bid/b-1");
    let Some(Value::AdjustBid(adjusted)) = &shade.value else { panic!("{shade:?}") };
    assert!((0.3..1.0).contains(&adjusted.price), "the market clears at 0.40: {}", adjusted.price);
    assert!(answer.metadata.unwrap().model_version.starts_with("fixed@"));

    let answer = stand.ask(Lifecycle::PublisherBidRequest, &[], None).await;
    let floor = of(&answer, Intent::AdjustDealFloor).unwrap();
    assert_eq!(floor.path, "/imp/1/pmp/deals/d-1");
    let Some(Value::AdjustDeal(terms)) = &floor.value else { panic!("{floor:?}") };
    assert!((0.2..0.5).contains(&terms.bidfloor.unwrap()), "{terms:?}");
    let Some(Value::AdjustDeal(terms)) = &of(&answer, Intent::AdjustDealMargin).unwrap().value else {
        panic!()
    };
    assert!(terms.margin.unwrap().value > 0.0);
    let Some(Value::Metrics(metrics)) = &of(&answer, Intent::AddMetrics).unwrap().value else { panic!() };
    assert!((0.0..=1.0).contains(&metrics.metric[0].value()));
    let segments = of(&answer, Intent::ActivateSegments).unwrap();
    assert_eq!(segments.path, "/user/data/segment");

    let one = stand.ask(Lifecycle::PublisherBidRequest, &[Intent::AddMetrics], None).await;
    assert!(one.mutations.iter().all(|mutation| mutation.intent() == Intent::AddMetrics), "{one:?}");
    stand.shutdown.begin();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_consent_nothing_is_said_of_a_user_and_what_is_no_request_is_named() {
    let mut stand = stand().await;
    let mut european = request(0);
    european.regs = Some(wire::Regs { gdpr: Some(true), ..wire::Regs::default() });
    let ask = RtbRequest { id: "ask".to_owned(), bid_request: Some(european), ..RtbRequest::default() };
    let answer = stand.client.get_mutations(ask).await.unwrap().into_inner();
    assert_eq!(of(&answer, Intent::ActivateSegments), None);
    let mut wrong = request(0);
    wrong.imp[0].pmp.as_mut().unwrap().deals[0].id = None;
    let ask = RtbRequest { id: "ask".to_owned(), bid_request: Some(wrong), ..RtbRequest::default() };
    let status = stand.client.get_mutations(ask).await.unwrap_err();
    assert_eq!(status.code(), tonic::Code::InvalidArgument);
    assert!(status.message().starts_with("bid_request: "), "{status}");
    stand.shutdown.begin();
}
