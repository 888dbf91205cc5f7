//! An agent's process serving over gRPC: asks, its feed, what it is, and whether it is healthy.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use futures_util::{StreamExt as _, future::BoxFuture, stream::BoxStream};
use motet_messages::{MOST_BYTES, MOST_SEAT_BYTES, describe::Description, proto::FeedAck};
use prost::Message as _;
use tokio::{net::TcpListener, sync::watch};
use tonic::{
    Request, Response, Status, Streaming,
    body::Body,
    server::{Grpc, NamedService, StreamingService, UnaryService},
    transport::{Server, server::TcpIncoming},
};

use crate::{
    process::{Error, Process},
    raw::{ATTEND, DESCRIBE, PROPOSE, Raw, SERVICE},
};

/// The most asks worked on at once over one connection.
const AT_ONCE: usize = 256;

/// A process reached over gRPC.
#[derive(Clone, Debug)]
struct Service {
    process: Arc<Process>,
    /// True once the process is told to stop: its feeds end then, which would otherwise never.
    stopping: watch::Receiver<bool>,
}

impl NamedService for Service {
    const NAME: &'static str = SERVICE;
}

impl tower::Service<http::Request<Body>> for Service {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let Self { process, stopping } = self.clone();
        let grpc = |most| Grpc::new(Raw).max_decoding_message_size(most);
        Box::pin(async move {
            Ok(match request.uri().path() {
                PROPOSE => grpc(MOST_BYTES).unary(Propose(process), request).await,
                ATTEND => grpc(MOST_SEAT_BYTES).streaming(Attend { process, stopping }, request).await,
                DESCRIBE => grpc(MOST_BYTES).unary(Describe(process), request).await,
                other => Status::unimplemented(format!("there is no {other} here")).into_http(),
            })
        })
    }
}

struct Propose(Arc<Process>);

impl UnaryService<Bytes> for Propose {
    type Response = Bytes;
    type Future = BoxFuture<'static, Result<Response<Bytes>, Status>>;

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        let process = Arc::clone(&self.0);
        Box::pin(async move {
            let answer = process.answer(request.get_ref()).await;
            answer.map(|answer| Response::new(answer.into())).map_err(|error| status(&error))
        })
    }
}

struct Describe(Arc<Process>);

impl UnaryService<Bytes> for Describe {
    type Response = Bytes;
    type Future = std::future::Ready<Result<Response<Bytes>, Status>>;

    fn call(&mut self, _: Request<Bytes>) -> Self::Future {
        let process = &self.0;
        let card = motet_engine::CARDS.iter().find(|card| card.name == process.name());
        let described = card.map(|card| {
            let sequence = process.sequence().unwrap_or(0);
            let description = Description::of(card, &process.policy(), env!("CARGO_PKG_VERSION"), sequence);
            Response::new(description.to_proto().encode_to_vec().into())
        });
        std::future::ready(described.ok_or_else(|| Status::internal("it has no card")))
    }
}

struct Attend {
    process: Arc<Process>,
    stopping: watch::Receiver<bool>,
}

impl StreamingService<Bytes> for Attend {
    type Response = Bytes;
    type ResponseStream = BoxStream<'static, Result<Bytes, Status>>;
    type Future = std::future::Ready<Result<Response<Self::ResponseStream>, Status>>;

    fn call(&mut self, request: Request<Streaming<Bytes>>) -> Self::Future {
        let (process, mut stopping) = (Arc::clone(&self.process), self.stopping.clone());
        let acks = request.into_inner().map(move |message| message.map(|message| take(&process, &message)));
        let acks = acks.take_until(async move {
            // Whoever would tell of stopping is gone: that is a stop too.
            let _ = stopping.wait_for(|stopping| *stopping).await;
        });
        std::future::ready(Ok(Response::new(acks.boxed())))
    }
}

fn take(process: &Process, message: &[u8]) -> Bytes {
    let ack = match process.take(message) {
        Ok(sequence) => FeedAck { sequence, error: String::new() },
        Err(error) => {
            tracing::warn!(%error, "could not take a message of the feed");
            FeedAck { sequence: process.sequence().unwrap_or(0), error: error.to_string() }
        }
    };
    ack.encode_to_vec().into()
}

fn status(error: &Error) -> Status {
    let text = error.to_string();
    match error {
        Error::NotSeated(_) => Status::unavailable(text),
        Error::Broke(_) => Status::internal(text),
        _ => Status::invalid_argument(text),
    }
}

/// Where a process listens, before it serves.
#[derive(Debug)]
pub struct Listening {
    listener: TcpListener,
    /// The address.
    pub addr: SocketAddr,
}

/// Listens on an address.
///
/// # Errors
/// When it cannot be had.
pub async fn listen(addr: SocketAddr) -> std::io::Result<Listening> {
    let listener = TcpListener::bind(addr).await?;
    let addr = listener.local_addr()?;
    Ok(Listening { listener, addr })
}

/// Serves a process until told to stop; then answers what is in flight. Tells of its health by the standard's service
/// `grpc.health.v1.Health`: serving once it is seated.
///
/// # Errors
/// When the connection fails as a whole.
pub async fn serve(
    process: Arc<Process>,
    listening: Listening,
    stop: impl Future<Output = ()>,
) -> Result<(), tonic::transport::Error> {
    let (reporter, health) = tonic_health::server::health_reporter();
    let told = tokio::spawn(tell_health(Arc::clone(&process), reporter));
    let (told_to_stop, stopping) = watch::channel(false);
    let stop = async {
        stop.await;
        told_to_stop.send_replace(true);
    };
    // Without it an answer waits for the acknowledgement of the one before.
    let incoming = TcpIncoming::from(listening.listener).with_nodelay(Some(true));
    let served = Server::builder()
        .concurrency_limit_per_connection(AT_ONCE)
        .add_service(health)
        .add_service(Service { process, stopping })
        .serve_with_incoming_shutdown(incoming, stop)
        .await;
    told.abort();
    served
}

/// How often health is looked at.
const HEALTH: std::time::Duration = std::time::Duration::from_millis(200);

async fn tell_health(process: Arc<Process>, reporter: tonic_health::server::HealthReporter) {
    loop {
        let seated = process.sequence().is_some();
        let status = if seated {
            tonic_health::ServingStatus::Serving
        } else {
            tonic_health::ServingStatus::NotServing
        };
        reporter.set_service_status(SERVICE, status).await;
        reporter.set_service_status("", status).await;
        tokio::time::sleep(HEALTH).await;
    }
}
