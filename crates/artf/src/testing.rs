//! What the tests build their requests and mutations from.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use motet_model::{
    codes::Code,
    request::{
        Access, AdRequest, Banner, Blocks, Channel, CurrencyRate, Deal, DealPricing, Device, DeviceKind, Geo,
        Imp, Inventory, Media, Mode, Oddities, Ownership, Placement, Pricing, Privacy, Security, Size,
        SupplyChain, User,
    },
};
use motet_units::CpmMicros;
use tokio::sync::Semaphore;

use crate::{
    AgentOptions, CallOutcome, DealTerms, LifecycleName, Money, Options, Verdict, Witness,
    proto::{
        artf::{
            AdjustDealPayload, IDsPayload, Intent, Mutation, Operation, RtbRequest, RtbResponse,
            mutation::Value,
        },
        services::rtb_extension_point_server::{RtbExtensionPoint, RtbExtensionPointServer},
    },
};

pub(crate) fn cpm(units: f64) -> CpmMicros {
    CpmMicros::from_units(units)
}

pub(crate) fn usd() -> CurrencyRate {
    CurrencyRate { code: Code::currency("USD").unwrap(), nanos_per_unit: 1_000_000_000 }
}

pub(crate) fn money() -> Money {
    Money(usd())
}

pub(crate) fn deal(id: &str, floor: f64) -> Deal {
    Deal {
        id: id.to_owned(),
        floor: cpm(floor),
        pricing: DealPricing::Auction(Pricing::FirstPrice),
        seats: vec!["rival-seat".to_owned()],
        advertiser_domains: Vec::new(),
    }
}

/// A request for one banner on our own inventory, with a known user and two deals.
pub(crate) fn request() -> AdRequest {
    let banner = Banner { sizes: [Size { w: 300, h: 250 }].into_iter().collect(), ..Banner::default() };
    let imp = Imp {
        id: "1".to_owned(),
        media: Media { banner: Some(banner), ..Media::default() },
        floor: cpm(0.5),
        deals: vec![deal("d-1", 2.0), Deal { pricing: DealPricing::Fixed, ..deal("d-fixed", 5.0) }],
        access: Access::Open,
        secure: Security::Any,
        tag: Some("top".to_owned()),
        expiry: None,
        quantity_millis: 1_000,
        placement: Placement::Ordinary,
        metric_viewability: None,
    };
    AdRequest {
        id: "seller-1".to_owned(),
        imps: vec![imp],
        inventory: Inventory {
            channel: Channel::Site,
            ownership: Ownership::Owned,
            domain: Some("radio.example".to_owned()),
            page: Some("https://radio.example/?reader=42".to_owned()),
            publisher: Some("pub-1".to_owned()),
            categories: ["9:533".parse().unwrap()].into_iter().collect(),
            keywords: vec!["live".to_owned()],
            title: Some("Match day".to_owned()),
            ..Inventory::default()
        },
        device: Device {
            kind: DeviceKind::Phone,
            user_agent: Some("Mozilla/5.0".to_owned()),
            ip: Some("203.0.113.7".parse().unwrap()),
            geo: Geo { country: Code::country("SWE"), city: Some("lund".to_owned()), ..Geo::default() },
            os: Some("ios".to_owned()),
            ..Device::default()
        },
        user: User {
            key: Some(motet_model::ids::UserKey(42)),
            segments: vec!["acme/runners".to_owned()],
            keywords: vec!["marathon".to_owned()],
        },
        privacy: Privacy { tcf: Some("CONSENT-STRING".to_owned()), ..Privacy::default() },
        blocks: Blocks { domains: vec!["rival.example".to_owned()], ..Blocks::default() },
        pricing: Pricing::FirstPrice,
        currency: usd(),
        languages: std::iter::empty().collect(),
        tmax: None,
        mode: Mode::Live,
        supply: SupplyChain::default(),
        oddities: Oddities::default(),
    }
}

pub(crate) fn mutation(intent: Intent, op: Operation, path: &str, value: Value) -> Mutation {
    Mutation { intent: intent.into(), op: op.into(), path: path.to_owned(), value: Some(value) }
}

pub(crate) fn ids(ids: &[&str]) -> Value {
    Value::Ids(IDsPayload { id: ids.iter().map(|id| (*id).to_owned()).collect() })
}

pub(crate) fn floor(price: f64) -> Value {
    Value::AdjustDeal(AdjustDealPayload { bidfloor: Some(price), margin: None })
}

/// Returns a number that tells a test's orchestrator from another's.
pub(crate) const NAME: u64 = 0xabc;

/// What an outside agent does when it is asked.
pub(crate) type Answerer = fn(&RtbRequest) -> RtbResponse;

/// An outside agent over real gRPC on loopback. It keeps what it was asked and can be held.
pub(crate) struct OutsideAgent {
    pub(crate) asked: Arc<Mutex<Vec<RtbRequest>>>,
    pub(crate) held: Arc<Semaphore>,
    pub(crate) addr: SocketAddr,
    serving: tokio::task::JoinHandle<()>,
}

struct Listening {
    /// Without one it answers with an error.
    answerer: Option<Answerer>,
    asked: Arc<Mutex<Vec<RtbRequest>>>,
    held: Arc<Semaphore>,
}

#[tonic::async_trait]
impl RtbExtensionPoint for Listening {
    async fn get_mutations(
        &self,
        request: tonic::Request<RtbRequest>,
    ) -> Result<tonic::Response<RtbResponse>, tonic::Status> {
        let request = request.into_inner();
        self.asked.lock().unwrap().push(request.clone());
        let _free = self.held.acquire().await.unwrap();
        match self.answerer {
            Some(answerer) => Ok(tonic::Response::new(answerer(&request))),
            None => Err(tonic::Status::internal("broken")),
        }
    }
}

impl OutsideAgent {
    /// Starts one that answers at once.
    pub(crate) async fn start(answerer: Answerer) -> Self {
        Self::listen(Some(answerer)).await
    }

    /// Starts one that answers with an error.
    pub(crate) async fn start_broken() -> Self {
        Self::listen(None).await
    }

    async fn listen(answerer: Option<Answerer>) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let (asked, held) = (Arc::default(), Arc::new(Semaphore::new(64)));
        let listening = Listening { answerer, asked: Arc::clone(&asked), held: Arc::clone(&held) };
        let incoming = tonic::transport::server::TcpIncoming::from(listener);
        let serving = tokio::spawn(async move {
            let service = RtbExtensionPointServer::new(listening);
            tonic::transport::Server::builder()
                .add_service(service)
                .serve_with_incoming(incoming)
                .await
                .unwrap();
        });
        Self { asked, held, addr, serving }
    }

    /// Lets it answer nobody from here on.
    pub(crate) fn hold(&self) {
        self.held.forget_permits(64);
    }

    pub(crate) fn options(&self, name: &str, intents: &[&str]) -> AgentOptions {
        AgentOptions {
            name: name.to_owned(),
            endpoint: format!("http://{}", self.addr),
            intents: intents.iter().map(|intent| (*intent).to_owned()).collect(),
            lifecycle: LifecycleName::Both,
            timeout_ms: 1_000,
            priority: 0,
            in_flight: 16,
        }
    }
}

impl Drop for OutsideAgent {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Keeps what a witness is told.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    pub(crate) calls: Mutex<Vec<(String, CallOutcome)>>,
    pub(crate) verdicts: Mutex<Vec<(String, Intent, &'static str)>>,
    pub(crate) served: Mutex<Vec<Option<usize>>>,
}

impl Witness for Notes {
    fn called(&self, agent: &str, outcome: CallOutcome, _took: Duration) {
        self.calls.lock().unwrap().push((agent.to_owned(), outcome));
    }

    fn judged(&self, agent: &str, intent: Intent, verdict: Verdict) {
        self.verdicts.lock().unwrap().push((agent.to_owned(), intent, verdict.name()));
    }

    fn served(&self, mutations: Option<usize>, _took: Duration) {
        self.served.lock().unwrap().push(mutations);
    }
}

/// Options with these agents and room for slow machines.
pub(crate) fn options(agents: Vec<AgentOptions>) -> Options {
    Options {
        originator: "motet-test".to_owned(),
        share: 0.5,
        deal_floor_most_cpm: "50".to_owned(),
        deals: vec![DealTerms { id: "d-own".to_owned(), floor_cpm: "3".to_owned() }],
        agents,
    }
}
