//! Bounds and times of a bus.

use std::time::Duration;

/// How much a bus may have in hand, and how long it may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The most messages published and not yet acknowledged; more make the publisher wait.
    pub queue: usize,
    /// The most messages received at once.
    pub batch: usize,
    /// The most calls under way, and the most asks a server works on at once.
    pub in_flight: usize,
    /// How long a message may take to become durable.
    pub publish_timeout: Duration,
    /// Partitions of a topic that is made here: Kafka's members of a group at work, at most. At least 1.
    pub partitions: u16,
    /// Copies of a topic that is made here, at Kafka's brokers. At least 1.
    pub replicas: u16,
    /// How long a member of a Kafka group may be silent before its partitions go to others; the broker allows no less
    /// than 6 s unless told otherwise.
    pub session: Duration,
    /// How long NATS waits for a commit before it delivers a message again.
    pub redeliver_after: Duration,
    /// When a segment of an embedded topic is full, in bytes.
    pub segment_bytes: u64,
    /// Segments of an embedded topic kept although every group has passed them; `None` keeps all.
    pub keep_segments: Option<usize>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            queue: 16_384,
            batch: 4_096,
            in_flight: 1_024,
            publish_timeout: Duration::from_secs(30),
            partitions: 8,
            replicas: 1,
            session: Duration::from_secs(10),
            redeliver_after: Duration::from_secs(30),
            segment_bytes: 64 << 20,
            keep_segments: None,
        }
    }
}
