//! Calls over Kafka: a topic of asks for each subject, a topic of replies for each caller.
//!
//! ```text
//! caller ── ask (call, reply topic, time left) ──> topic <subject> ──group──> server
//!   ^                                                                           │
//!   └───────────────────────── topic motet.replies.<caller> <── reply (call) ───┘
//! ```
//!
//! Nothing waits for company (linger 0) or for other replicas (acks 1), and the caller is in no group, so no rebalance
//! is ever in its way. Servers are in a group: one that dies is missed until its session has passed, and what was asked
//! of it in between is late. An ask whose time has passed when it is read is dropped and counted; it is judged by the
//! clocks of two machines, so [`SKEW`] is granted. While partitions change hands an ask may be worked on twice; the second
//! reply is dropped as one that nobody waits for.

use std::{
    fmt::{Debug, Formatter},
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use rdkafka::{
    Message as _,
    consumer::{Consumer as _, StreamConsumer},
    message::{BorrowedMessage, Header, OwnedHeaders},
    producer::{DeliveryFuture, FutureProducer, FutureRecord, Producer as _},
};
use tokio::{sync::Semaphore, task::JoinHandle};

use super::{
    cluster::{Cluster, Shape, base_config},
    replies::{self, CALL, LEFT_MS, REPLY_TO, header},
    watch::Watch,
};
use crate::{
    CallError, Calls, Counts, Error, Handler, Result, Serving, Settings, message::check_name, monotonic,
    pending::Pending,
};

/// By how much two machines' clocks may differ before live asks are taken for stale ones.
const SKEW: Duration = Duration::from_secs(1);
/// Asks are kept no longer than anybody would wait.
const KEPT: Duration = Duration::from_secs(60);
/// How long joining a group may take.
const JOIN: Duration = Duration::from_secs(60);

/// Calls over a Kafka cluster.
pub struct KafkaCalls {
    cluster: Arc<Cluster>,
    producer: FutureProducer<Watch>,
    replies: String,
    pending: Arc<Pending>,
    counts: Arc<Counts>,
    reader: JoinHandle<()>,
}

impl Debug for KafkaCalls {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        let (cluster, replies) = (&self.cluster, &self.replies);
        f.debug_struct("KafkaCalls")
            .field("cluster", cluster)
            .field("replies", replies)
            .finish_non_exhaustive()
    }
}

impl KafkaCalls {
    /// Opens a cluster for calls and makes the topic of replies.
    ///
    /// # Errors
    /// When no broker answers in [`Settings::publish_timeout`].
    pub async fn open(servers: &str, settings: &Settings) -> Result<Self> {
        let counts = Arc::new(Counts::default());
        let cluster = Cluster::open(servers, settings, Watch::new(&counts))?;
        let producer = base_config(servers)
            .set("linger.ms", "0")
            .set("acks", "1")
            .set("sticky.partitioning.linger.ms", "0")
            .set("queue.buffering.max.messages", (settings.in_flight * 2).max(16).to_string())
            .set("message.timeout.ms", "10000")
            .create_with_context(Watch::new(&counts))
            .map_err(|source| Error::broker("open a producer", servers, source))?;
        let replies = format!("motet.replies.{:016x}", random()?);
        let consumer = replies::open(&cluster, &replies, Watch::new(&counts)).await?;
        let pending = Pending::new(settings.in_flight, Arc::clone(&counts));
        let reader = tokio::spawn(replies::read(consumer, Arc::clone(&pending)));
        Ok(Self { cluster, producer, replies, pending, counts, reader })
    }

    fn asks(&self) -> Shape {
        Shape { partitions: self.cluster.settings.partitions, kept: Some(KEPT) }
    }

    fn send(
        &self,
        subject: &str,
        ask: &Bytes,
        call: u64,
        left: Duration,
    ) -> Result<DeliveryFuture, CallError> {
        let (call, left) = (call.to_string(), left.as_millis().to_string());
        let headers = OwnedHeaders::new_with_capacity(3)
            .insert(Header { key: CALL, value: Some(&call) })
            .insert(Header { key: REPLY_TO, value: Some(&self.replies) })
            .insert(Header { key: LEFT_MS, value: Some(&left) });
        let record = FutureRecord::<[u8], [u8]>::to(subject).payload(ask).headers(headers);
        self.producer
            .send_result(record)
            .map_err(|(source, _)| CallError::Unsent { subject: subject.to_owned(), source: source.into() })
    }
}

impl Calls for KafkaCalls {
    fn call<'a>(
        &'a self,
        subject: &'a str,
        ask: Bytes,
        deadline: Instant,
    ) -> BoxFuture<'a, Result<Bytes, CallError>> {
        Box::pin(async move {
            let waiting = self.pending.enter()?;
            let left = deadline.saturating_duration_since(monotonic());
            let sent = self.send(subject, &ask, waiting.id, left)?;
            waiting.answer(deadline, unsent(subject, sent)).await
        })
    }

    fn serve<'a>(
        &'a self,
        subject: &'a str,
        group: &'a str,
        handler: Handler,
    ) -> BoxFuture<'a, Result<Serving>> {
        Box::pin(async move {
            check_name(group)?;
            self.cluster.ensure(subject, self.asks()).await?;
            let watch = Watch::new(&self.counts);
            let failed = |source| Error::broker("serve a subject", &self.cluster.servers, source);
            let consumer: StreamConsumer<Watch> = base_config(&self.cluster.servers)
                .set("group.id", group)
                .set("enable.auto.commit", "true")
                .set("auto.commit.interval.ms", "1000")
                // Not the latest: what is asked while partitions change hands would be passed over. Stale asks are dropped.
                .set("auto.offset.reset", "earliest")
                .set("fetch.wait.max.ms", "20")
                .set("session.timeout.ms", self.cluster.settings.session.as_millis().to_string())
                .set("partition.assignment.strategy", "cooperative-sticky")
                .create_with_context(watch.clone())
                .map_err(failed)?;
            consumer.subscribe(&[subject]).map_err(failed)?;
            let server = Server {
                producer: self.producer.clone(),
                handler,
                room: Arc::new(Semaphore::new(self.cluster.settings.in_flight)),
                counts: Arc::clone(&self.counts),
            };
            let serving = Serving::new(tokio::spawn(server.run(consumer)));
            let joined = tokio::time::timeout(JOIN, watch.joined()).await;
            joined.map_err(|_| Error::Late { operation: "join a group", limit_ms: JOIN.as_millis() })?;
            Ok(serving)
        })
    }

    fn prepare<'a>(&'a self, subject: &'a str) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            self.cluster.ensure(subject, self.asks()).await?;
            let (producer, topic) = (self.producer.clone(), subject.to_owned());
            let limit = self.cluster.settings.publish_timeout;
            // Asking for metadata blocks.
            let asked = move || producer.client().fetch_metadata(Some(&topic), limit).map(drop);
            let asked = tokio::task::spawn_blocking(asked).await;
            let asked = asked.map_err(|_| Error::Stopped { cause: "the runtime is stopping".to_owned() })?;
            asked.map_err(|source| Error::broker("read metadata", &self.cluster.servers, source))
        })
    }

    fn counts(&self) -> &Counts {
        &self.counts
    }
}

impl Drop for KafkaCalls {
    fn drop(&mut self) {
        self.reader.abort();
        // Should this not come to run, the topic stays behind and empties by itself.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let (cluster, replies) = (Arc::clone(&self.cluster), self.replies.clone());
            runtime.spawn(async move { drop(cluster.remove(&replies).await) });
        }
    }
}

/// Resolves when an ask is known not to have been sent; else never.
async fn unsent(subject: &str, sent: DeliveryFuture) -> CallError {
    if let Ok(Err((source, _))) = sent.await {
        return CallError::Unsent { subject: subject.to_owned(), source: source.into() };
    }
    std::future::pending().await
}

/// What serves one subject.
struct Server {
    producer: FutureProducer<Watch>,
    handler: Handler,
    room: Arc<Semaphore>,
    counts: Arc<Counts>,
}

impl Server {
    async fn run(self, consumer: StreamConsumer<Watch>) {
        loop {
            match consumer.recv().await {
                Ok(ask) => self.take(&ask).await,
                Err(error) => {
                    tracing::debug!(%error, "cannot read asks for now");
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
        }
    }

    /// Starts work on an ask; waits while there is no room.
    async fn take(&self, ask: &BorrowedMessage<'_>) {
        let (Some(call), Some(reply_to)) = (header(ask, CALL), header(ask, REPLY_TO)) else {
            self.counts.add_stale_asks(1);
            return;
        };
        if is_stale(ask) {
            self.counts.add_stale_asks(1);
            return;
        }
        let Ok(room) = Arc::clone(&self.room).acquire_owned().await else { return };
        let answer = (self.handler)(Bytes::copy_from_slice(ask.payload().unwrap_or_default()));
        let (call, reply_to) = (call.to_owned(), reply_to.to_owned());
        let (producer, counts) = (self.producer.clone(), Arc::clone(&self.counts));
        tokio::spawn(async move {
            let answer = answer.await;
            drop(room);
            match reply(&producer, &reply_to, &call, &answer).await {
                Ok(()) => counts.add_answered(1),
                Err(error) => {
                    counts.add_not_published(1);
                    tracing::debug!(%error, "a reply could not be sent");
                }
            }
        });
    }
}

async fn reply(
    producer: &FutureProducer<Watch>,
    topic: &str,
    call: &str,
    answer: &Bytes,
) -> Result<(), rdkafka::error::KafkaError> {
    let headers = OwnedHeaders::new_with_capacity(1).insert(Header { key: CALL, value: Some(call) });
    let record = FutureRecord::<[u8], [u8]>::to(topic).partition(0).payload(answer).headers(headers);
    let sent = producer.send_result(record).map_err(|(error, _)| error)?;
    match sent.await {
        Ok(Err((error, _))) => Err(error),
        Ok(Ok(_)) => Ok(()),
        Err(_) => Err(rdkafka::error::KafkaError::Canceled),
    }
}

/// Tells whether an ask's time had passed before it was read.
fn is_stale(ask: &BorrowedMessage<'_>) -> bool {
    let left = header(ask, LEFT_MS).and_then(|text| text.parse().ok()).map_or(KEPT, Duration::from_millis);
    let sent = ask.timestamp().to_millis().and_then(|ms| u64::try_from(ms).ok());
    sent.is_some_and(|sent| since_epoch() > Duration::from_millis(sent) + left + SKEW)
}

#[expect(clippy::disallowed_methods, reason = "asks carry the time of the caller's clock")]
fn since_epoch() -> Duration {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default()
}

fn random() -> Result<u64> {
    getrandom::u64().map_err(|error| Error::Stopped { cause: format!("no random number: {error}") })
}
