//! Topics and calls over one bus: embedded, Apache Kafka, or NATS. Bytes in, bytes out.
//!
//! Two small traits. [`Bus`] carries events: a published message is acknowledged once the bus has it durably, members of
//! a group share what arrives, and a position is committed *after* the effect of everything up to it is durable. So every
//! message is delivered at least once; that it counts once is the business of whoever takes it, by an idempotent effect.
//! [`Calls`] carries questions: one answer to each, by a deadline, and nothing is kept.
//!
//! Which bus it is, is said by a URL ([`BusUrl`]). Kafka and NATS are built in with the features `kafka` and `nats`; a
//! URL of a kind that is not built in is an error that names the feature.
//!
//! | | embedded | Kafka | NATS |
//! |---|---|---|---|
//! | durable once acknowledged | on this disk, synced | at the broker, as the topic is replicated | in `JetStream`; a server acknowledges before it syncs |
//! | order | the whole topic | within a partition: equal keys | the whole topic, with one member in the group |
//! | members of a group at work | one, others stand by | as many as there are partitions | any number |
//! | calls | within the process | a topic of asks, a topic of replies for each caller | core request and reply |
//!
//! It knows no kind of message, retries no effect, and drops nothing unseen: what could not be kept or came too late is
//! in [`Counts`]. Every queue has a bound ([`Settings`]); a full one makes the publisher wait.

mod calls;
mod counts;
mod embedded;
mod error;
#[cfg(feature = "kafka")]
mod kafka;
mod message;
#[cfg(feature = "nats")]
mod nats;
#[cfg(any(feature = "kafka", feature = "nats"))]
mod pending;
mod settings;
mod url;

use std::{fmt::Debug, sync::Arc};

pub use calls::{CallError, Calls, Handler, Serving, handler};
pub use counts::{Counts, CountsNow};
pub use embedded::{Embedded, EmbeddedCalls};
pub use error::Error;
use futures_util::future::BoxFuture;
#[cfg(feature = "kafka")]
pub use kafka::{KafkaBus, KafkaCalls};
pub use message::{
    Delivered, Headers, Message, Position, Positions, REASON, SOURCE, check_name, dead_letter,
};
#[cfg(feature = "nats")]
pub use nats::{NatsBus, NatsCalls};
pub use settings::Settings;
pub use url::BusUrl;

/// A result with this crate's error.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Carries events on topics.
pub trait Bus: Send + Sync + Debug {
    /// Publishes messages in order; returns once every one of them is durable at the bus.
    ///
    /// Messages of equal topic and key are delivered in this order. Waits while the bus has as much in hand as
    /// [`Settings::queue`] allows.
    ///
    /// # Errors
    /// When one could not be made durable in time. Those before it may be: publish all again, with a key or header by
    /// which a duplicate is known.
    fn publish(&self, messages: Vec<Message>) -> BoxFuture<'_, Result<()>>;

    /// Joins a group that reads topics. A group's positions outlive its members; a new group begins at the oldest
    /// message kept.
    ///
    /// # Errors
    /// When a topic has an illegal name or the bus cannot be reached.
    fn subscribe<'a>(
        &'a self,
        group: &'a str,
        topics: &'a [&'a str],
    ) -> BoxFuture<'a, Result<Box<dyn Subscriber>>>;

    /// Returns what was carried and dropped so far.
    fn counts(&self) -> &Counts;
}

/// One member of a group. Dropping it leaves the group; what it did not commit is delivered to another.
pub trait Subscriber: Send + Debug {
    /// Waits for messages and returns at least one and at most [`Settings::batch`], in the order of each partition.
    ///
    /// Nothing is lost when the future is dropped before it is done.
    ///
    /// # Errors
    /// When the bus refuses for good. A bus that is away is waited for.
    fn receive(&mut self) -> BoxFuture<'_, Result<Vec<Delivered>>>;

    /// Commits that everything up to these positions, and they themselves, need not be delivered again.
    ///
    /// # Errors
    /// [`Error::Moved`] when another member has the partition now and will be given those messages again; others when the
    /// bus cannot be reached. After any of them, going on to receive is sound.
    fn commit<'a>(&'a mut self, done: &'a Positions) -> BoxFuture<'a, Result<()>>;

    /// Returns how many messages wait behind what was last seen; `None` before that is known.
    fn lag(&self) -> Option<u64>;
}

/// Checks that a URL names a bus, of a kind that is built in. Nothing is opened.
///
/// # Errors
/// [`Error::Url`] or [`Error::NotBuiltIn`].
pub fn check(url: &str) -> Result<()> {
    match BusUrl::parse(url)? {
        BusUrl::Embedded { .. } => Ok(()),
        #[cfg(feature = "kafka")]
        BusUrl::Kafka { .. } => Ok(()),
        #[cfg(feature = "nats")]
        BusUrl::Nats { .. } => Ok(()),
        #[cfg(not(all(feature = "kafka", feature = "nats")))]
        other => Err(other.not_built_in()),
    }
}

/// Opens the bus of a URL for events.
///
/// # Errors
/// A kind that is not built in, or a bus that cannot be opened or reached.
#[cfg_attr(not(feature = "nats"), expect(clippy::unused_async, reason = "some kinds are waited for"))]
pub async fn open_bus(url: &str, settings: &Settings) -> Result<Arc<dyn Bus>> {
    match BusUrl::parse(url)? {
        BusUrl::Embedded { dir } => Ok(Arc::new(Embedded::open(&dir, settings)?)),
        #[cfg(feature = "kafka")]
        BusUrl::Kafka { servers } => Ok(Arc::new(KafkaBus::open(&servers, settings)?)),
        #[cfg(feature = "nats")]
        BusUrl::Nats { server } => Ok(Arc::new(NatsBus::open(&server, settings).await?)),
        #[cfg(not(all(feature = "kafka", feature = "nats")))]
        other => Err(other.not_built_in()),
    }
}

/// Opens the bus of a URL for calls. Calls over an embedded bus reach only what is served through the same opening.
///
/// # Errors
/// Those of [`open_bus`].
#[cfg_attr(
    not(any(feature = "kafka", feature = "nats")),
    expect(clippy::unused_async, reason = "some kinds are waited for")
)]
pub async fn open_calls(url: &str, settings: &Settings) -> Result<Arc<dyn Calls>> {
    match BusUrl::parse(url)? {
        BusUrl::Embedded { .. } => Ok(Arc::new(EmbeddedCalls::new(settings))),
        #[cfg(feature = "kafka")]
        BusUrl::Kafka { servers } => Ok(Arc::new(KafkaCalls::open(&servers, settings).await?)),
        #[cfg(feature = "nats")]
        BusUrl::Nats { server } => Ok(Arc::new(NatsCalls::open(&server, settings).await?)),
        #[cfg(not(all(feature = "kafka", feature = "nats")))]
        other => Err(other.not_built_in()),
    }
}

/// Reads the monotonic clock: the bus is at the edge.
#[cfg(any(feature = "kafka", all(test, feature = "nats")))]
#[expect(clippy::disallowed_methods, reason = "deadlines of calls are kept at the edge")]
fn monotonic() -> std::time::Instant {
    std::time::Instant::now()
}
