//! Agents in processes of their own.
//!
//! ```text
//!   server                                              a process (any number of each version)
//!   ──────                                              ───────
//!   request ─▶ engine.inquire ─▶ asks ──▶ Remote ──▶    Process.propose ── the same agent code
//!                  ▲                        │  by deadline, breaker, version        ▲
//!   answers ◀──────┴────────────────────────┘                                       │ seat, then feed
//!   engine.step(request with answers)                                               │
//!   engine ── Listener ─▶ Feeder ─▶ Feed (numbered, bounded) ──────────────────────-┘
//! ```
//!
//! The server keeps an agent of each name itself, which learns as before: it is the truth about what an agent has
//! learned, it is what a snapshot holds, and what a process is seated with. A process is a replica that proposes. What it
//! said is recorded with the request, so a replay asks nobody; what it did not say in time counts as its card says.
//!
//! Asking is bounded three ways: by the request's deadline, of which each round gets its part; by what the agent lately
//! took ([`allowance`]); and by a breaker that leaves a failing agent alone ([`breaker`]). So no process, whatever it does,
//! makes a request late.

pub mod allowance;
mod blank;
pub mod breaker;
pub mod broker;
mod caller;
mod elsewhere;
mod feed;
pub mod grpc;
mod process;
mod raw;
mod remote;
mod seat;
pub mod serve_grpc;

use bytes::Bytes;
pub use caller::{Caller, Failed, OverBroker};
pub use elsewhere::{Elsewhere, NoWatch, Told, Watch};
pub use feed::{After, Feed, Feeder};
use motet_agent::{AgentName, View};
use motet_messages::{Envelope, MessageId};
use motet_units::Timestamp;
pub use process::{Drill, Error, Process};
pub use remote::{Remote, Rules, Version};
/// What connections fail with.
pub use tonic::transport::Error as TransportError;

pub use seat::{Seat, Seats, write as write_seat};

/// Makes the envelope of a message to or from an agent. Its id is the writer's number for it, unique as long as its epoch is.
pub(crate) fn envelope(id: u128, agent: AgentName, at: Timestamp) -> Envelope {
    let version = motet_engine::CARDS.iter().find(|card| card.name == agent).map_or(0, |card| card.version);
    Envelope { agent: Some(agent), agent_version: version, ..Envelope::new(MessageId(id), at) }
}

/// Writes what one remote agent is asked in a hearing.
pub fn write_ask(
    hearing: u64,
    deadline: Timestamp,
    asked_at: Timestamp,
    agent: AgentName,
    view: &View<'_>,
) -> Bytes {
    let id = (u128::from(hearing) << 64) | (agent as u128 + 1);
    let envelope = Envelope { hearing, deadline: Some(deadline), ..envelope(id, agent, asked_at) };
    motet_messages::ask::encode(&envelope, view).into()
}

/// Reads the monotonic clock: asking others is at the edge.
#[expect(clippy::disallowed_methods, reason = "deadlines of remote agents are kept at the edge")]
pub(crate) fn monotonic() -> std::time::Instant {
    std::time::Instant::now()
}
