//! What librdkafka tells of itself: faults, lag, and that a group has been joined.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use rdkafka::{
    ClientContext, Statistics,
    config::RDKafkaLogLevel,
    consumer::{BaseConsumer, ConsumerContext, Rebalance},
    error::KafkaError,
    statistics::Partition,
};
use tokio::sync::watch;

use crate::Counts;

/// No lag is known yet.
const UNKNOWN: u64 = u64::MAX;

/// Listens to one client.
#[derive(Clone, Debug)]
pub(super) struct Watch {
    counts: Arc<Counts>,
    lag: Arc<AtomicU64>,
    joined: Arc<watch::Sender<bool>>,
}

impl Watch {
    pub(super) fn new(counts: &Arc<Counts>) -> Self {
        let joined = Arc::new(watch::Sender::new(false));
        Self { counts: Arc::clone(counts), lag: Arc::new(AtomicU64::new(UNKNOWN)), joined }
    }

    pub(super) fn lag(&self) -> Option<u64> {
        Some(self.lag.load(Ordering::Relaxed)).filter(|lag| *lag != UNKNOWN)
    }

    /// Returns once the group has given this member its share, which may be nothing.
    pub(super) async fn joined(&self) {
        // The sender lives as long as this.
        let _ = self.joined.subscribe().wait_for(|joined| *joined).await;
    }
}

impl ClientContext for Watch {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        tracing::debug!(?level, facility, message, "librdkafka");
    }

    fn stats(&self, statistics: Statistics) {
        let partitions = statistics.topics.values().flat_map(|topic| topic.partitions.values());
        let mut ours = partitions.filter(|partition| partition.fetch_state == "active").peekable();
        if ours.peek().is_some() {
            self.lag.store(ours.map(behind).sum(), Ordering::Relaxed);
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.counts.add_faults(1);
        tracing::warn!(%error, reason, "a connection to Kafka has a fault; it is tried again");
    }
}

/// Returns how many messages of a partition lie behind the last commit; what was never committed lies behind it too.
fn behind(partition: &Partition) -> u64 {
    let done = partition.committed_offset.max(partition.lo_offset).max(0);
    partition.hi_offset.saturating_sub(done).max(0).unsigned_abs()
}

impl ConsumerContext for Watch {
    fn post_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        if let Rebalance::Assign(_) = rebalance {
            self.joined.send_replace(true);
        }
    }
}
