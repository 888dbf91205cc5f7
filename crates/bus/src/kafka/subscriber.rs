//! One member of a Kafka group.

use std::{
    collections::BTreeSet,
    fmt::{Debug, Formatter},
    sync::Arc,
};

use bytes::Bytes;
use futures_util::{FutureExt as _, StreamExt as _, future::BoxFuture};
use rdkafka::{
    Message as _, Offset, TopicPartitionList,
    consumer::{CommitMode, Consumer as _, StreamConsumer},
    error::{KafkaError, RDKafkaErrorCode},
    message::{BorrowedMessage, Headers as _},
};

use super::{
    cluster::{Cluster, base_config},
    watch::Watch,
};
use crate::{Counts, Delivered, Error, Headers, Position, Positions, Result, Subscriber};

/// A member of a group; librdkafka heartbeats, rebalances and fetches ahead on its own threads.
pub(super) struct KafkaSubscriber {
    consumer: Option<Arc<StreamConsumer<Watch>>>,
    cluster: Arc<Cluster>,
    watch: Watch,
    counts: Arc<Counts>,
    /// The names of the topics, shared by every message.
    names: BTreeSet<Arc<str>>,
}

impl Debug for KafkaSubscriber {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KafkaSubscriber").field("topics", &self.names).finish_non_exhaustive()
    }
}

impl KafkaSubscriber {
    pub(super) fn open(
        cluster: &Arc<Cluster>,
        group: &str,
        topics: &[&str],
        counts: &Arc<Counts>,
    ) -> Result<Self> {
        let watch = Watch::new(counts);
        let failed = |source| Error::broker("join a group", &cluster.servers, source);
        let consumer: StreamConsumer<Watch> = base_config(&cluster.servers)
            .set("group.id", group)
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("auto.offset.reset", "earliest")
            .set("partition.assignment.strategy", "cooperative-sticky")
            .set("session.timeout.ms", cluster.settings.session.as_millis().to_string())
            .set("statistics.interval.ms", "1000")
            // What is fetched ahead is bounded.
            .set("queued.max.messages.kbytes", "16384")
            .create_with_context(watch.clone())
            .map_err(failed)?;
        consumer.subscribe(topics).map_err(failed)?;
        let names = topics.iter().map(|topic| Arc::from(*topic)).collect();
        let (cluster, counts) = (Arc::clone(cluster), Arc::clone(counts));
        Ok(Self { consumer: Some(Arc::new(consumer)), cluster, watch, counts, names })
    }

    fn consumer(&self) -> &Arc<StreamConsumer<Watch>> {
        self.consumer.as_ref().expect("the consumer is taken out only when this is dropped")
    }

    /// Waits for one message and takes those that are there with it. Between the first and the return nothing is
    /// awaited, so dropping the future loses nothing.
    async fn some(&self) -> Result<Vec<Delivered>> {
        loop {
            let first = match self.consumer().recv().await {
                Ok(message) => self.take(&message),
                Err(error) => {
                    self.wait_out(error)?;
                    continue;
                }
            };
            let mut taken = vec![first];
            let mut stream = self.consumer().stream();
            while taken.len() < self.cluster.settings.batch {
                match stream.next().now_or_never() {
                    Some(Some(Ok(message))) => taken.push(self.take(&message)),
                    Some(Some(Err(error))) => {
                        // Told again, if it lasts, when there is nothing else to return.
                        tracing::debug!(%error, "a fault while messages were taken");
                        break;
                    }
                    Some(None) | None => break,
                }
            }
            return Ok(taken);
        }
    }

    /// Counts a fault that librdkafka goes on after; returns one that it does not.
    fn wait_out(&self, error: KafkaError) -> Result<()> {
        let is_fatal = matches!(error, KafkaError::MessageConsumptionFatal(_));
        if is_fatal || self.consumer().client().fatal_error().is_some() {
            return Err(Error::broker("receive", &self.cluster.servers, error));
        }
        self.counts.add_faults(1);
        tracing::debug!(%error, "cannot receive for now");
        Ok(())
    }

    fn take(&self, message: &BorrowedMessage<'_>) -> Delivered {
        let topic = self.names.get(message.topic()).map_or_else(|| message.topic().into(), Arc::clone);
        let copy = |bytes: Option<&[u8]>| Bytes::copy_from_slice(bytes.unwrap_or_default());
        let mut headers = Headers::default();
        for header in message.headers().into_iter().flat_map(|headers| headers.iter()) {
            headers.push(header.key, &String::from_utf8_lossy(header.value.unwrap_or_default()));
        }
        let position = Position {
            topic,
            partition: message.partition().unsigned_abs(),
            offset: message.offset().unsigned_abs(),
        };
        Delivered { position, key: copy(message.key()), headers, payload: copy(message.payload()) }
    }

    async fn commit_done(&self, done: &Positions) -> Result<()> {
        let failed = |source| Error::broker("commit", &self.cluster.servers, source);
        let consumer = Arc::clone(self.consumer());
        let ours = consumer.assignment().map_err(failed)?;
        let (mut positions, mut moved) = (TopicPartitionList::new(), false);
        for (topic, partition, offset) in done.iter() {
            let (Ok(partition), Ok(next)) = (i32::try_from(partition), i64::try_from(offset + 1)) else {
                continue;
            };
            if ours.find_partition(topic, partition).is_none() {
                // To commit what another member has now could take it back to here.
                moved = true;
                continue;
            }
            positions.add_partition_offset(topic, partition, Offset::Offset(next)).map_err(failed)?;
        }
        if positions.count() > 0 {
            // Waiting for the coordinator blocks.
            let commit = move || consumer.commit(&positions, CommitMode::Sync);
            let committed = tokio::task::spawn_blocking(commit).await;
            let committed =
                committed.map_err(|_| Error::Stopped { cause: "the runtime is stopping".to_owned() })?;
            committed.map_err(|error| if has_moved(&error) { Error::Moved } else { failed(error) })?;
        }
        if moved { Err(Error::Moved) } else { Ok(()) }
    }
}

fn has_moved(error: &KafkaError) -> bool {
    use RDKafkaErrorCode::{
        AssignmentLost, FencedInstanceId, IllegalGeneration, RebalanceInProgress, UnknownMemberId,
    };
    error.rdkafka_error_code().is_some_and(|code| {
        matches!(
            code,
            AssignmentLost | FencedInstanceId | IllegalGeneration | RebalanceInProgress | UnknownMemberId
        )
    })
}

impl Subscriber for KafkaSubscriber {
    fn receive(&mut self) -> BoxFuture<'_, Result<Vec<Delivered>>> {
        Box::pin(async move {
            let some = self.some().await?;
            self.counts.add_received(some.len());
            Ok(some)
        })
    }

    fn commit<'a>(&'a mut self, done: &'a Positions) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let committed = self.commit_done(done).await;
            match &committed {
                Ok(()) => self.counts.add_committed(1),
                Err(Error::Moved) => self.counts.add_moved(1),
                Err(_) => {}
            }
            committed
        })
    }

    fn lag(&self) -> Option<u64> {
        self.watch.lag()
    }
}

impl Drop for KafkaSubscriber {
    fn drop(&mut self) {
        let Some(consumer) = self.consumer.take() else { return };
        // Leaving a group blocks until the coordinator has heard of it.
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(move || drop(consumer))),
            Err(_) => drop(consumer),
        }
    }
}
