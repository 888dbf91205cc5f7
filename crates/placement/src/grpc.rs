//! The server's side of gRPC: asking a process, and keeping it fed.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use motet_agent::{Absence, AgentName};
use motet_messages::{MOST_BYTES, proto::FeedAck};
use prost::Message as _;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{
    Code, Request, Status, Streaming,
    client::Grpc,
    transport::{Channel, Endpoint},
};

use crate::{
    After, Feed, Seats, Watch,
    caller::{Caller, Failed},
    raw::{ATTEND, PROPOSE, Raw, path},
};

/// How long making a connection may take.
const CONNECT: Duration = Duration::from_secs(2);
/// How often a silent connection is tried, and how long the answer may take.
const KEEP_ALIVE: Duration = Duration::from_secs(5);
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(5);
/// The wait before a feed that broke off is begun again.
const AGAIN: Duration = Duration::from_millis(500);
/// The most bytes of a feed sent in one go before acknowledgements are looked at.
const GO_BYTES: usize = 1 << 20;
/// Messages of a feed on their way to the connection.
const UNDER_WAY: usize = 64;

/// Makes a way to a process; it connects when first used, and again whenever the connection is lost.
///
/// # Errors
/// When the address is not `HOST:PORT`.
pub fn channel(address: &str) -> Result<Channel, tonic::transport::Error> {
    let endpoint = Endpoint::from_shared(format!("http://{address}"))?;
    let endpoint = endpoint
        .connect_timeout(CONNECT)
        .tcp_nodelay(true)
        .http2_keep_alive_interval(KEEP_ALIVE)
        .keep_alive_timeout(KEEP_ALIVE_TIMEOUT)
        .keep_alive_while_idle(true);
    Ok(endpoint.connect_lazy())
}

/// Asks over gRPC a process that has its feed.
#[derive(Clone, Debug)]
pub struct OverGrpc {
    channel: Channel,
    /// Whether the process has been seated: before that it could only answer that it knows nothing.
    seated: Arc<AtomicBool>,
}

impl OverGrpc {
    /// Makes a way to a process over a channel.
    pub fn new(channel: Channel) -> Self {
        Self { channel, seated: Arc::default() }
    }
}

impl Caller for OverGrpc {
    fn call(&self, ask: Bytes, deadline: Instant) -> BoxFuture<'_, Result<Bytes, Failed>> {
        let mut grpc = Grpc::new(self.channel.clone()).max_decoding_message_size(MOST_BYTES);
        Box::pin(async move {
            if !self.seated.load(Ordering::Relaxed) {
                return Err(Failed::new(Absence::Unreachable, "it has not been seated yet"));
            }
            let unreachable =
                |error: tonic::transport::Error| Failed::new(Absence::Unreachable, error.to_string());
            grpc.ready().await.map_err(unreachable)?;
            let mut request = Request::new(ask);
            request.set_timeout(deadline.saturating_duration_since(crate::monotonic()));
            let answer = grpc.unary(request, path(PROPOSE), Raw).await;
            answer.map(tonic::Response::into_inner).map_err(|status| failed(&status))
        })
    }
}

fn failed(status: &Status) -> Failed {
    let absence = match status.code() {
        Code::DeadlineExceeded | Code::Cancelled => Absence::Late,
        Code::Unavailable => Absence::Unreachable,
        _ => Absence::Broken,
    };
    Failed::new(absence, status.to_string())
}

/// Keeps one process fed: seats it, sends what happens, and begins again whenever that breaks off. Runs until dropped.
pub async fn keep_fed(
    over: OverGrpc,
    feed: Arc<Feed>,
    seats: Arc<dyn Seats>,
    version: String,
    watch: Arc<dyn Watch>,
) {
    let agent = feed.agent();
    loop {
        let ended = attend(&over, &feed, &*seats, |behind| watch.behind(agent, &version, behind)).await;
        over.seated.store(false, Ordering::Relaxed);
        if let Err(error) = ended {
            tracing::debug!(agent = agent.name(), version, %error, "its feed broke off");
        } else {
            tracing::warn!(agent = agent.name(), version, "fell behind its feed and is seated anew");
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// Seats a process and sends it the feed, until it has fallen too far behind.
async fn attend(over: &OverGrpc, feed: &Feed, seats: &dyn Seats, behind: impl Fn(u64)) -> Result<(), Status> {
    let mut grpc = Grpc::new(over.channel.clone());
    grpc.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
    let seat = seats.seat(feed.agent()).await.ok_or_else(|| Status::unavailable("the engine is stopping"))?;
    let (messages, outbound) = mpsc::channel(UNDER_WAY);
    send(&messages, seat.message).await?;
    let request = Request::new(ReceiverStream::new(outbound));
    let mut acks = grpc.streaming(request, path(ATTEND), Raw).await?.into_inner();
    let mut sent = seat.sequence;
    let mut done = take_ack(&mut acks, feed.agent()).await?;
    over.seated.store(true, Ordering::Relaxed);
    loop {
        behind(feed.last().saturating_sub(done));
        tokio::select! {
            ack = take_ack(&mut acks, feed.agent()) => done = ack?,
            () = feed.more_than(sent) => match feed.after(sent, GO_BYTES) {
                After::Gone => return Ok(()),
                After::Next(next) => for message in next {
                    sent += 1;
                    send(&messages, message).await?;
                },
            },
        }
    }
}

async fn send(messages: &mpsc::Sender<Bytes>, message: Bytes) -> Result<(), Status> {
    messages.send(message).await.map_err(|_| Status::unavailable("the process hung up"))
}

async fn take_ack(acks: &mut Streaming<Bytes>, agent: AgentName) -> Result<u64, Status> {
    let bytes = acks.message().await?.ok_or_else(|| Status::unavailable("the process ended its feed"))?;
    let ack = FeedAck::decode(bytes).map_err(|error| Status::internal(error.to_string()))?;
    if !ack.error.is_empty() {
        tracing::warn!(agent = agent.name(), error = ack.error, "a remote agent could not take its feed");
        return Err(Status::aborted(ack.error));
    }
    Ok(ack.sequence)
}
