//! One member of a group over `JetStream`: a durable pull consumer for each topic, shared by the members.

use std::{
    collections::{BTreeMap, HashMap},
    fmt::{Debug, Formatter},
    sync::Arc,
    time::Duration,
};

use async_nats::jetstream::{
    self, Context,
    consumer::{AckPolicy, DeliverPolicy, pull},
    message::Acker,
};
use futures_util::{
    FutureExt as _, StreamExt as _,
    future::BoxFuture,
    stream::{self, BoxStream, SelectAll},
};

use super::events::{KEY, from_hex, stream_name};
use crate::{Counts, Delivered, Error, Headers, Position, Positions, Result, Settings, Subscriber};

/// How long an open request for messages lasts at the server before it is made again.
const PULL: Duration = Duration::from_secs(2);
/// How long a failed request rests.
const TRY_AGAIN: Duration = Duration::from_millis(100);

type Arrived = (Arc<str>, Result<jetstream::Message, crate::error::Cause>);

/// A member of a group.
pub(super) struct NatsSubscriber {
    messages: SelectAll<BoxStream<'static, Arrived>>,
    /// What was delivered and is not committed yet, by topic and number.
    open: HashMap<Arc<str>, BTreeMap<u64, Acker>>,
    /// What waits at the server behind the last message of each topic.
    pending: HashMap<Arc<str>, u64>,
    server: String,
    batch: usize,
    counts: Arc<Counts>,
}

impl Debug for NatsSubscriber {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NatsSubscriber").field("server", &self.server).finish_non_exhaustive()
    }
}

impl NatsSubscriber {
    pub(super) async fn open(
        context: &Context,
        server: &str,
        group: &str,
        topics: &[&str],
        settings: &Settings,
        counts: &Arc<Counts>,
    ) -> Result<Self> {
        let mut messages = SelectAll::new();
        for topic in topics {
            let batch = request(context, group, topic, settings).await;
            let batch = batch.map_err(|source| Error::broker("join a group", server, source))?;
            let source = Source {
                context: context.clone(),
                group: group.to_owned(),
                topic: (*topic).into(),
                settings: settings.clone(),
                batch: Some(batch),
            };
            let arriving = stream::unfold(source, |mut source| async move {
                let next = source.next().await;
                Some(((Arc::clone(&source.topic), next), source))
            });
            messages.push(arriving.boxed());
        }
        let (open, pending) = (HashMap::new(), HashMap::new());
        let (server, batch, counts) = (server.to_owned(), settings.batch, Arc::clone(counts));
        Ok(Self { messages, open, pending, server, batch, counts })
    }

    /// Waits for one message and takes those that are there with it.
    async fn some(&mut self) -> Result<Vec<Delivered>> {
        let mut taken = Vec::new();
        while taken.is_empty() {
            let first = self.messages.next().await;
            self.take(first, &mut taken)?;
        }
        while taken.len() < self.batch {
            let Some(next) = self.messages.next().now_or_never() else { break };
            self.take(next, &mut taken)?;
        }
        Ok(taken)
    }

    fn take(&mut self, arrived: Option<Arrived>, taken: &mut Vec<Delivered>) -> Result<()> {
        let Some((topic, arrived)) = arrived else {
            return Err(Error::Stopped { cause: "the consumer is gone".to_owned() });
        };
        match arrived.and_then(|message| self.deliver(topic, message)) {
            Ok(delivered) => taken.push(delivered),
            Err(error) => {
                // The client goes on asking; what was missed is delivered again.
                self.counts.add_faults(1);
                tracing::debug!(%error, "cannot receive for now");
            }
        }
        Ok(())
    }

    fn deliver(
        &mut self,
        topic: Arc<str>,
        message: jetstream::Message,
    ) -> Result<Delivered, crate::error::Cause> {
        let info = message.info()?;
        let (offset, pending) = (info.stream_sequence, info.pending);
        let (message, acker) = message.split();
        self.pending.insert(Arc::clone(&topic), pending);
        self.open.entry(Arc::clone(&topic)).or_default().insert(offset, acker);
        let (mut headers, mut key) = (Headers::default(), Vec::new());
        for (name, values) in message.headers.iter().flat_map(|headers| headers.iter()) {
            match name.as_ref() {
                KEY => key = values.first().map_or_else(Vec::new, |value| from_hex(value.as_str())),
                name => {
                    for value in values {
                        headers.push(name, value.as_str());
                    }
                }
            }
        }
        let position = Position { topic, partition: 0, offset };
        Ok(Delivered { position, key: key.into(), headers, payload: message.payload })
    }

    /// Acknowledges everything up to a position; the last one with the server's word that it has heard of all.
    async fn acknowledge(&mut self, topic: &str, offset: u64) -> Result<(), crate::error::Cause> {
        let Some(open) = self.open.get_mut(topic) else { return Ok(()) };
        let later = open.split_off(&(offset + 1));
        let mut done = std::mem::replace(open, later);
        let last = done.pop_last();
        for acker in done.values() {
            acker.ack().await?;
        }
        match last {
            Some((_, acker)) => acker.double_ack().await,
            None => Ok(()),
        }
    }
}

/// Where the messages of one topic come from.
struct Source {
    context: Context,
    group: String,
    topic: Arc<str>,
    settings: Settings,
    /// The request for messages that is open at the server.
    batch: Option<pull::Batch>,
}

impl Source {
    /// Waits for the next message. A request that ends or fails is made anew, consumer and all: a server that was
    /// restarted knows nothing of it.
    async fn next(&mut self) -> Result<jetstream::Message, crate::error::Cause> {
        loop {
            let batch = match &mut self.batch {
                Some(batch) => batch,
                none => match request(&self.context, &self.group, &self.topic, &self.settings).await {
                    Ok(batch) => none.insert(batch),
                    Err(error) => {
                        tokio::time::sleep(TRY_AGAIN).await;
                        return Err(error);
                    }
                },
            };
            match batch.next().await {
                Some(Ok(message)) => return Ok(message),
                None => self.batch = None,
                Some(Err(error)) => {
                    self.batch = None;
                    return Err(error);
                }
            }
        }
    }
}

/// Opens a request for messages at a topic's consumer, making that if need be.
async fn request(
    context: &Context,
    group: &str,
    topic: &str,
    settings: &Settings,
) -> Result<pull::Batch, crate::error::Cause> {
    let durable = stream_name(group);
    let config = pull::Config {
        durable_name: Some(durable.clone()),
        deliver_policy: DeliverPolicy::All,
        ack_policy: AckPolicy::Explicit,
        ack_wait: settings.redeliver_after,
        max_ack_pending: i64::try_from(settings.queue).unwrap_or(i64::MAX),
        ..pull::Config::default()
    };
    let stream = context.get_stream(stream_name(topic)).await?;
    let consumer = stream.get_or_create_consumer(&durable, config).await?;
    Ok(consumer.batch().max_messages(settings.batch).expires(PULL).messages().await?)
}

impl Subscriber for NatsSubscriber {
    fn receive(&mut self) -> BoxFuture<'_, Result<Vec<Delivered>>> {
        Box::pin(async move {
            let some = self.some().await?;
            self.counts.add_received(some.len());
            Ok(some)
        })
    }

    fn commit<'a>(&'a mut self, done: &'a Positions) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            for (topic, _, offset) in done.iter() {
                let acknowledged = self.acknowledge(topic, offset).await;
                acknowledged.map_err(|source| Error::broker("commit", &self.server, source))?;
            }
            self.counts.add_committed(1);
            Ok(())
        })
    }

    fn lag(&self) -> Option<u64> {
        (!self.pending.is_empty()).then(|| self.pending.values().sum())
    }
}
