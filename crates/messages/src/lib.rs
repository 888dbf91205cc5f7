//! What parts of the platform say to each other: one Protobuf message for each thing that is said, an envelope for all.
//!
//! A message holds plain data of `model` and `agent`; its shape on the wire is in `proto/motet/v1` and may grow only as
//! `docs/messages.md` allows. Reading checks everything: a number out of its range, an unknown name or a missing part is
//! an [`Error`] that names the field, never a panic, and nothing of such a message is used. Writing never fails.
//!
//! * [`ask`] and [`answer`]: an agent is shown a view and proposes;
//! * [`feed`]: what an agent elsewhere learns from, and the state it starts from;
//! * [`screen`]: the guard's look at a notice; [`describe`]: what agent this is;
//! * [`events`], [`topics`], [`publish`]: what is published of a decision or a notice, and where it goes.
//!
//! Every message has a JSON form too: `json` (feature `json`).
//!
//! The catalog never travels with an ask: an agent elsewhere has a replica, built from its feed. This crate opens no
//! connection; `proto::agent_service_client` and `proto::agent_service_server` (feature `grpc`) are for those who do.

pub mod answer;
pub mod ask;
mod convert;
pub mod describe;
mod envelope;
mod error;
pub mod events;
pub mod feed;
#[cfg(feature = "json")]
pub mod json;
mod kind;
pub mod publish;
pub mod screen;
pub mod topics;
mod wire;

/// The messages as generated from `proto/motet/v1`.
#[allow(missing_docs, missing_debug_implementations, unreachable_pub, clippy::all, clippy::pedantic)]
pub mod proto {
    include!("generated/motet.v1.rs");
}

pub use envelope::{Envelope, MessageId, SCHEMA_VERSION, TraceContext};
pub use error::Error;
pub use kind::Kind;

/// The most bytes of an ask, an answer or one thing to learn; larger ones are refused unread.
pub const MOST_BYTES: usize = 1 << 20;

/// The most bytes of a seat, which holds a whole catalog and all an agent has learned.
pub const MOST_SEAT_BYTES: usize = 256 << 20;

/// The most proposals of an answer.
pub const MOST_PROPOSALS: usize = 4_096;
