//! The extension point before a real engine whose bidder has learned a market.

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
    decision::ImpDecision,
    outcome::{Notice, NoticeKind},
};

use super::*;
use crate::{
    api::spec::FileOfSpecs,
    http::{AdminToken, Parts},
    runtime::{NoProbe, Runtime, Settings},
    tokens::Secrets,
};

const SAMPLE: &str = include_str!("../../sample/campaigns.toml");

/// A slot that plays audio at a publisher; `at` 1 is first price.
fn request(id: &str) -> BidRequest {
    let publisher = Some(wire::Publisher { id: Some("pub-1".to_owned()), ..wire::Publisher::default() });
    let content =
        Some(wire::Content { cattax: Some(7), cat: vec!["533".to_owned()], ..wire::Content::default() });
    let site =
        wire::Site { domain: Some("radio.example".to_owned()), publisher, content, ..wire::Site::default() };
    let audio = wire::Audio {
        mimes: vec!["audio/mpeg".to_owned()],
        minduration: Some(5),
        maxduration: Some(60),
        ..wire::Audio::default()
    };
    let deal = wire::Deal { id: Some("d-1".to_owned()), bidfloor: Some(0.05), ..wire::Deal::default() };
    let pmp = Some(wire::Pmp { deals: vec![deal], ..wire::Pmp::default() });
    let imp = wire::Imp { id: Some("1".to_owned()), audio: Some(audio), pmp, ..wire::Imp::default() };
    BidRequest {
        id: Some(id.to_owned()),
        imp: vec![imp],
        at: Some(1),
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
    };
    let runtime = Arc::new(Runtime::start(&settings, Arc::new(NoProbe)).unwrap());
    runtime.change(FileOfSpecs::from_toml(SAMPLE).unwrap().changes().unwrap()).await.unwrap();
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
        for n in 0..2_000 {
            let mut wire = request(&format!("learn-{n}"));
            wire.imp[0].pmp = None;
            let body = openrtb_json::bid_request(&wire).to_string();
            let request = motet_openrtb::decode(body.as_bytes(), &options).unwrap().request;
            let deadline = crate::runtime::monotonic() + Duration::from_secs(60);
            let Some(answer) = runtime.decide(request, deadline).await else { continue };
            let ImpDecision::Bid(bid) = &answer.decision.imps[0] else { continue };
            let minimum_to_win = Some(CpmMicros::from_units(0.4));
            let kind = NoticeKind::Won { price: None, minimum_to_win };
            runtime.notice(Notice { bid: bid.id, kind, happened_at: wall_clock(), key: 0 }).await.unwrap();
            heard += 1;
            if heard == 120 {
                return;
            }
        }
        panic!("only {heard} bids in 2,000 requests");
    }

    async fn ask(&mut self, lifecycle: Lifecycle, intents: &[Intent], bid: Option<f64>) -> RtbResponse {
        let ask = RtbRequest {
            lifecycle: lifecycle.into(),
            id: "ask".to_owned(),
            tmax: 60_000,
            bid_request: Some(request("r")),
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
    let mut european = request("r");
    european.regs = Some(wire::Regs { gdpr: Some(true), ..wire::Regs::default() });
    let ask = RtbRequest { id: "ask".to_owned(), bid_request: Some(european), ..RtbRequest::default() };
    let answer = stand.client.get_mutations(ask).await.unwrap().into_inner();
    assert_eq!(of(&answer, Intent::ActivateSegments), None);
    let mut wrong = request("r");
    wrong.imp[0].pmp.as_mut().unwrap().deals[0].id = None;
    let ask = RtbRequest { id: "ask".to_owned(), bid_request: Some(wrong), ..RtbRequest::default() };
    let status = stand.client.get_mutations(ask).await.unwrap_err();
    assert_eq!(status.code(), tonic::Code::InvalidArgument);
    assert!(status.message().starts_with("bid_request: "), "{status}");
    stand.shutdown.begin();
}
