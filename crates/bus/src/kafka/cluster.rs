//! A cluster: its address, and the topics that are known to exist there.

use std::{
    collections::HashSet,
    fmt::{Debug, Formatter},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rdkafka::{
    ClientConfig,
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    error::RDKafkaErrorCode,
};

use super::watch::Watch;
use crate::{Error, Result, Settings, message::check_name};

/// A Kafka cluster as one opening of it knows it.
pub(super) struct Cluster {
    pub(super) servers: String,
    pub(super) settings: Settings,
    admin: AdminClient<Watch>,
    known: Mutex<HashSet<String>>,
}

impl Debug for Cluster {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cluster").field("servers", &self.servers).finish_non_exhaustive()
    }
}

/// What a topic that is made here is like.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub(super) partitions: u16,
    /// How long messages are kept; the broker's default when not told.
    pub(super) kept: Option<Duration>,
}

impl Cluster {
    pub(super) fn open(servers: &str, settings: &Settings, watch: Watch) -> Result<Arc<Self>> {
        let admin = base_config(servers).create_with_context(watch);
        let admin = admin.map_err(|source| Error::broker("open a connection", servers, source))?;
        let (servers, settings) = (servers.to_owned(), settings.clone());
        Ok(Arc::new(Self { servers, settings, admin, known: Mutex::default() }))
    }

    /// Returns the shape of a topic of events.
    pub(super) const fn events(&self) -> Shape {
        Shape { partitions: self.settings.partitions, kept: None }
    }

    /// Makes a topic unless it exists; one that exists keeps its shape.
    pub(super) async fn ensure(&self, topic: &str, shape: Shape) -> Result<()> {
        if self.known().contains(topic) {
            return Ok(());
        }
        check_name(topic)?;
        let kept_ms = shape.kept.map(|kept| kept.as_millis().to_string());
        let replicas = TopicReplication::Fixed(i32::from(self.settings.replicas.max(1)));
        let mut new = NewTopic::new(topic, i32::from(shape.partitions.max(1)), replicas);
        if let Some(kept_ms) = &kept_ms {
            new = new.set("retention.ms", kept_ms).set("segment.ms", kept_ms);
        }
        let limit = self.settings.publish_timeout;
        let options = AdminOptions::new().request_timeout(Some(limit)).operation_timeout(Some(limit));
        let made = self.admin.create_topics([&new], &options).await;
        let made = made.map_err(|source| Error::broker("make a topic", &self.servers, source))?;
        match made.into_iter().next() {
            Some(Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists))) => {}
            Some(Err((_, code))) => return Err(Error::broker("make a topic", &self.servers, code)),
            None => return Err(Error::broker("make a topic", &self.servers, "no answer")),
        }
        self.known().insert(topic.to_owned());
        Ok(())
    }

    /// Removes a topic.
    pub(super) async fn remove(&self, topic: &str) -> Result<()> {
        let removed = self.admin.delete_topics(&[topic], &AdminOptions::new()).await;
        removed.map(drop).map_err(|source| Error::broker("remove a topic", &self.servers, source))
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashSet<String>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns what every client of a cluster is opened with.
pub(super) fn base_config(servers: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", servers)
        .set("client.id", "motet")
        .set("socket.nagle.disable", "true")
        // A broker that restarts is found again soon.
        .set("reconnect.backoff.ms", "50")
        .set("reconnect.backoff.max.ms", "1000")
        .set("allow.auto.create.topics", "false");
    config
}
