//! Apache Kafka through librdkafka.
//!
//! Events go out through one idempotent producer: its own retries add no duplicate and change no order. They come in
//! through a group whose positions are committed by hand. Exactness is not built on Kafka's transactions: a message is
//! delivered at least once, and whoever takes it counts it once.

mod calls;
mod cluster;
mod events;
mod replies;
mod subscriber;
mod watch;

pub use calls::KafkaCalls;
pub use events::KafkaBus;
