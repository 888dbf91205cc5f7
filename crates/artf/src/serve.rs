//! The extension point served: hosts ask over gRPC, Motet's agents answer.
//!
//! `applicable_intents` is honoured, so is the lifecycle, and an answer leaves before the host's `tmax` is over: what is
//! not known by then is not said, and the answer is empty rather than late. At the limit of asks under way a host is told
//! `RESOURCE_EXHAUSTED` at once. The standard gRPC health service tells whether agents can be asked.

use std::{future::Future, sync::Arc, time::Duration};

use tokio::{net::TcpListener, sync::Semaphore, time::Instant};
use tonic::{Request, Response, Status, transport::Server};

use crate::{
    IntentSet, Witness,
    proto::{
        artf::{Lifecycle, Mutation, RtbRequest, RtbResponse},
        services::rtb_extension_point_server::{RtbExtensionPoint, RtbExtensionPointServer},
    },
    views,
};

/// What hosts are held to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The largest ask taken, in bytes.
    pub message: usize,
    /// Asks under way at once.
    pub in_flight: usize,
    /// The most time for an answer, and what a host that states no `tmax` gets.
    pub time: Duration,
}

/// What a host asked, checked.
#[derive(Clone, Debug)]
pub struct Ask {
    /// The ask as it came; it holds a bid request.
    pub request: RtbRequest,
    /// What may be proposed.
    pub intents: IntentSet,
    /// Where the host stands.
    pub lifecycle: Lifecycle,
}

/// What is said to a host.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Said {
    /// The proposals.
    pub mutations: Vec<Mutation>,
    /// The policies that spoke, by version.
    pub model: String,
}

/// Why nothing can be said.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoCounsel {
    /// The host's request is not OpenRTB.
    #[error("{0}")]
    BadRequest(String),
    /// The agents cannot be asked now.
    #[error("{0}")]
    Unavailable(String),
}

/// Asks Motet's agents.
pub trait Counsellor: Send + Sync + 'static {
    /// Answers an ask. Whoever waits may stop waiting.
    fn counsel(&self, ask: Ask) -> impl Future<Output = Result<Said, NoCounsel>> + Send;

    /// Tells whether agents can be asked.
    fn is_ready(&self) -> bool;
}

/// The extension point.
#[derive(Debug)]
pub struct ExtensionPoint<C> {
    counsellor: Arc<C>,
    limits: Limits,
    places: Arc<Semaphore>,
    witness: Arc<dyn Witness>,
}

impl<C: Counsellor> ExtensionPoint<C> {
    /// Makes an extension point before a counsellor.
    pub fn new(counsellor: Arc<C>, limits: Limits, witness: Arc<dyn Witness>) -> Self {
        let places = Arc::new(Semaphore::new(limits.in_flight.clamp(1, Semaphore::MAX_PERMITS)));
        Self { counsellor, limits, places, witness }
    }

    async fn answer(&self, request: RtbRequest) -> Result<RtbResponse, Status> {
        let id = request.id.clone();
        let wait = self.time_for(request.tmax);
        let Some(ask) = read(request)? else { return Ok(empty(id)) };
        match tokio::time::timeout(wait, self.counsellor.counsel(ask)).await {
            Err(_) => Ok(empty(id)),
            Ok(Ok(said)) => {
                let metadata = Some(views::metadata(&said.model));
                Ok(RtbResponse { id, mutations: said.mutations, metadata })
            }
            Ok(Err(NoCounsel::BadRequest(why))) => Err(Status::invalid_argument(why)),
            Ok(Err(NoCounsel::Unavailable(why))) => Err(Status::unavailable(why)),
        }
    }

    /// Returns the time an answer may take: four fifths of what the host waits, the rest being the way there and back.
    fn time_for(&self, tmax: i32) -> Duration {
        match u64::try_from(tmax) {
            Ok(tmax @ 1..) => (Duration::from_millis(tmax) * 4 / 5).min(self.limits.time),
            _ => self.limits.time,
        }
    }
}

fn empty(id: String) -> RtbResponse {
    RtbResponse { id, mutations: Vec::new(), metadata: Some(views::metadata("")) }
}

/// Checks an ask; `None` where nothing of it can be answered.
fn read(request: RtbRequest) -> Result<Option<Ask>, Status> {
    if request.id.is_empty() {
        return Err(Status::invalid_argument("id is missing"));
    }
    if request.bid_request.is_none() {
        return Err(Status::invalid_argument("bid_request is missing"));
    }
    let lifecycle = match (request.lifecycle(), &request.bid_response) {
        // A number of a later version: nothing is known of that place.
        _ if Lifecycle::try_from(request.lifecycle).is_err() => return Ok(None),
        (Lifecycle::Unspecified, None) => Lifecycle::PublisherBidRequest,
        (Lifecycle::Unspecified, Some(_)) => Lifecycle::DspBidResponse,
        (Lifecycle::DspBidResponse, None) => return Err(Status::invalid_argument("bid_response is missing")),
        (stated, _) => stated,
    };
    let intents = IntentSet::applicable(&request.applicable_intents);
    Ok((!intents.is_empty()).then_some(Ask { request, intents, lifecycle }))
}

#[tonic::async_trait]
impl<C: Counsellor> RtbExtensionPoint for ExtensionPoint<C> {
    async fn get_mutations(&self, request: Request<RtbRequest>) -> Result<Response<RtbResponse>, Status> {
        let began = Instant::now();
        let Ok(_place) = Arc::clone(&self.places).try_acquire_owned() else {
            self.witness.served(None, began.elapsed());
            return Err(Status::resource_exhausted("too many asks are under way"));
        };
        let answer = self.answer(request.into_inner()).await;
        self.witness.served(answer.as_ref().ok().map(|answer| answer.mutations.len()), began.elapsed());
        answer.map(Response::new)
    }
}

/// How often health is looked at.
const LOOK: Duration = Duration::from_millis(500);

/// Serves an extension point and the gRPC health service on a listener until `stop` is over; then takes no more asks and
/// finishes those under way.
///
/// # Errors
/// When the transport fails.
pub async fn serve<C: Counsellor>(
    listener: TcpListener,
    point: ExtensionPoint<C>,
    stop: impl Future<Output = ()> + Send,
) -> Result<(), tonic::transport::Error> {
    let (reporter, health) = tonic_health::server::health_reporter();
    let limits = point.limits;
    let counsellor = Arc::clone(&point.counsellor);
    let looking = tokio::spawn(async move {
        let mut every = tokio::time::interval(LOOK);
        loop {
            every.tick().await;
            if counsellor.is_ready() {
                reporter.set_serving::<RtbExtensionPointServer<ExtensionPoint<C>>>().await;
            } else {
                reporter.set_not_serving::<RtbExtensionPointServer<ExtensionPoint<C>>>().await;
            }
        }
    });
    let service = RtbExtensionPointServer::new(point).max_decoding_message_size(limits.message);
    let incoming = tonic::transport::server::TcpIncoming::from(listener).with_nodelay(Some(true));
    let served = Server::builder()
        .max_concurrent_streams(u32::try_from(limits.in_flight).ok())
        .http2_keepalive_interval(Some(Duration::from_secs(20)))
        .timeout(limits.time * 2)
        .add_service(health)
        .add_service(service)
        .serve_with_incoming_shutdown(incoming, stop)
        .await;
    looking.abort();
    served
}

#[cfg(test)]
mod tests;
