//! The caller's topic of replies: read from its beginning, by nobody else, in no group.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use rdkafka::{
    Message as _, Offset, TopicPartitionList,
    consumer::{Consumer as _, StreamConsumer},
    message::Headers as _,
};

use super::{
    cluster::{Cluster, Shape, base_config},
    watch::Watch,
};
use crate::{Error, Result, pending::Pending};

/// The header of an ask that names its topic of replies.
pub(super) const REPLY_TO: &str = "motet-reply";
/// The header that tells calls apart, in asks and replies.
pub(super) const CALL: &str = "motet-call";
/// The header of an ask with the time it has left when it is sent, in milliseconds.
pub(super) const LEFT_MS: &str = "motet-left-ms";

/// Replies are read at once; kept a little for a caller that was away.
const KEPT: Duration = Duration::from_secs(60);

/// Makes the topic and begins to read it.
pub(super) async fn open(cluster: &Cluster, topic: &str, watch: Watch) -> Result<StreamConsumer<Watch>> {
    cluster.ensure(topic, Shape { partitions: 1, kept: Some(KEPT) }).await?;
    let failed = |source| Error::broker("read replies", &cluster.servers, source);
    let consumer: StreamConsumer<Watch> = base_config(&cluster.servers)
        // Named only because reading asks for a name: nothing is committed under it.
        .set("group.id", topic)
        .set("enable.auto.commit", "false")
        .set("auto.offset.reset", "earliest")
        .set("fetch.wait.max.ms", "20")
        .create_with_context(watch)
        .map_err(failed)?;
    let mut whole = TopicPartitionList::new();
    whole.add_partition_offset(topic, 0, Offset::Beginning).map_err(failed)?;
    consumer.assign(&whole).map_err(failed)?;
    Ok(consumer)
}

/// Reads replies and hands each to whoever waits for it.
pub(super) async fn read(consumer: StreamConsumer<Watch>, pending: Arc<Pending>) {
    loop {
        match consumer.recv().await {
            Ok(reply) => {
                let id = header(&reply, CALL).and_then(|text| text.parse().ok());
                pending.resolve(id, Ok(Bytes::copy_from_slice(reply.payload().unwrap_or_default())));
            }
            Err(error) => {
                tracing::debug!(%error, "cannot read replies for now");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
}

/// Returns a header's text.
pub(super) fn header<'a, M: rdkafka::Message<Headers = rdkafka::message::BorrowedHeaders>>(
    message: &'a M,
    name: &str,
) -> Option<&'a str> {
    let headers = message.headers()?;
    let found = headers.iter().find(|header| header.key == name)?;
    std::str::from_utf8(found.value?).ok()
}
