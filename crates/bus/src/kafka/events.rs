//! Events over Kafka: publishing.

use std::{
    collections::{BTreeSet, VecDeque},
    fmt::{Debug, Formatter},
    sync::{Arc, PoisonError, RwLock},
};

use futures_util::future::BoxFuture;
use rdkafka::{
    error::{KafkaError, RDKafkaErrorCode},
    message::{Header, OwnedHeaders},
    producer::{DeliveryFuture, FutureProducer, FutureRecord, Producer as _},
};

use super::{
    cluster::{Cluster, base_config},
    subscriber::KafkaSubscriber,
    watch::Watch,
};
use crate::{Bus, Counts, Error, Message, Result, Settings, Subscriber, message::check_name};

/// Events over a Kafka cluster.
pub struct KafkaBus {
    cluster: Arc<Cluster>,
    /// Replaced when librdkafka declares a fault it cannot go on from.
    producer: RwLock<FutureProducer<Watch>>,
    counts: Arc<Counts>,
}

impl Debug for KafkaBus {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KafkaBus").field("cluster", &self.cluster).finish_non_exhaustive()
    }
}

impl KafkaBus {
    /// Opens a cluster for events. No broker needs to answer yet.
    ///
    /// # Errors
    /// When librdkafka refuses the settings.
    pub fn open(servers: &str, settings: &Settings) -> Result<Self> {
        let counts = Arc::new(Counts::default());
        let cluster = Cluster::open(servers, settings, Watch::new(&counts))?;
        let producer = RwLock::new(open_producer(&cluster, &counts)?);
        Ok(Self { cluster, producer, counts })
    }

    async fn publish_all(&self, messages: &[Message]) -> Result<()> {
        let topics: BTreeSet<&str> = messages.iter().map(|message| &*message.topic).collect();
        for topic in topics {
            self.cluster.ensure(topic, self.cluster.events()).await?;
        }
        let producer = self.producer.read().unwrap_or_else(PoisonError::into_inner).clone();
        let sent = self.send_all(&producer, messages).await;
        if sent.is_err() && producer.client().fatal_error().is_some() {
            let fresh = open_producer(&self.cluster, &self.counts)?;
            *self.producer.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        }
        sent
    }

    /// Sends in order; waits for the oldest while the queue is full, and for all at the end.
    async fn send_all(&self, producer: &FutureProducer<Watch>, messages: &[Message]) -> Result<()> {
        let failed = |source| Error::broker("publish", &self.cluster.servers, source);
        let (mut under_way, mut first_error) = (VecDeque::with_capacity(messages.len()), None);
        for message in messages {
            match self.send(producer, message, &mut under_way).await {
                Ok(sent) => under_way.push_back(sent),
                Err(error) => {
                    first_error = Some(error);
                    break;
                }
            }
        }
        while let Some(sent) = under_way.pop_front() {
            if let Err(error) = delivered(sent).await {
                first_error.get_or_insert(error);
            }
        }
        first_error.map_or(Ok(()), |error| Err(failed(error)))
    }

    async fn send(
        &self,
        producer: &FutureProducer<Watch>,
        message: &Message,
        under_way: &mut VecDeque<DeliveryFuture>,
    ) -> Result<DeliveryFuture, KafkaError> {
        let mut record = record(message);
        loop {
            let refused = match producer.send_result(record) {
                Ok(sent) => return Ok(sent),
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), refused)) => refused,
                Err((error, _)) => return Err(error),
            };
            record = refused;
            match under_way.pop_front() {
                Some(oldest) => delivered(oldest).await?,
                // Others have filled the queue.
                None => tokio::time::sleep(std::time::Duration::from_millis(1)).await,
            }
        }
    }
}

impl Bus for KafkaBus {
    fn publish(&self, messages: Vec<Message>) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            let published = self.publish_all(&messages).await;
            match &published {
                Ok(()) => self.counts.add_published(messages.len()),
                Err(_) => self.counts.add_not_published(messages.len()),
            }
            published
        })
    }

    fn subscribe<'a>(
        &'a self,
        group: &'a str,
        topics: &'a [&'a str],
    ) -> BoxFuture<'a, Result<Box<dyn Subscriber>>> {
        Box::pin(async move {
            check_name(group)?;
            for topic in topics {
                self.cluster.ensure(topic, self.cluster.events()).await?;
            }
            let subscriber = KafkaSubscriber::open(&self.cluster, group, topics, &self.counts)?;
            Ok(Box::new(subscriber) as Box<dyn Subscriber>)
        })
    }

    fn counts(&self) -> &Counts {
        &self.counts
    }
}

fn open_producer(cluster: &Cluster, counts: &Arc<Counts>) -> Result<FutureProducer<Watch>> {
    let settings = &cluster.settings;
    base_config(&cluster.servers)
        .set("enable.idempotence", "true")
        .set("acks", "all")
        .set("linger.ms", "5")
        .set("compression.type", "lz4")
        .set("queue.buffering.max.messages", settings.queue.max(1).to_string())
        .set("message.timeout.ms", settings.publish_timeout.as_millis().to_string())
        .create_with_context(Watch::new(counts))
        .map_err(|source| Error::broker("open a producer", &cluster.servers, source))
}

fn record(message: &Message) -> FutureRecord<'_, [u8], [u8]> {
    let mut record = FutureRecord::to(&message.topic).payload(&message.payload[..]);
    if !message.key.is_empty() {
        record = record.key(&message.key[..]);
    }
    if message.headers.is_empty() {
        return record;
    }
    let headers = OwnedHeaders::new_with_capacity(message.headers.len());
    let insert = |headers: OwnedHeaders, (key, value)| headers.insert(Header { key, value: Some(value) });
    record.headers(message.headers.iter().fold(headers, insert))
}

/// Waits until a message is durable.
async fn delivered(sent: DeliveryFuture) -> Result<(), KafkaError> {
    match sent.await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err((error, _))) => Err(error),
        Err(_) => Err(KafkaError::Canceled),
    }
}
