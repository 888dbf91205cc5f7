//! What every message begins with.

use std::{fmt, str::FromStr};

use motet_agent::AgentName;
use motet_model::ids::DecisionId;
use motet_units::Timestamp;

use crate::{
    Error, proto,
    wire::{Wire, need},
};

/// The version of the messages' meaning. Raised only by a change that an older reader would take wrongly.
pub const SCHEMA_VERSION: u32 = 1;

/// A message's own id: one that comes twice has the same. Given by the edge; this crate draws none.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct MessageId(pub u128);

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// A W3C trace context: which trace this belongs to, and under which span.
///
/// ```
/// use motet_messages::TraceContext;
/// let header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
/// let context: TraceContext = header.parse().unwrap();
/// assert_eq!(context.span, 0x00f0_67aa_0ba9_02b7);
/// assert_eq!(context.to_string(), header);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TraceContext {
    /// The trace; never 0.
    pub trace: u128,
    /// The span above; never 0.
    pub span: u64,
    /// Bit 0: sampled.
    pub flags: u8,
}

impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace, self.span, self.flags)
    }
}

impl FromStr for TraceContext {
    type Err = Error;

    /// Reads a `traceparent` header of any version, of which the parts of version 0 are kept.
    fn from_str(text: &str) -> Result<Self, Error> {
        let malformed = || Error::field("Envelope.traceparent", "a W3C traceparent", text);
        read_traceparent(text).ok_or_else(malformed)
    }
}

fn read_traceparent(text: &str) -> Option<TraceContext> {
    let parts: Vec<&str> = text.split('-').collect();
    let [version, trace, span, flags, later @ ..] = parts.as_slice() else { return None };
    let lengths = [version.len(), trace.len(), span.len(), flags.len()] == [2, 32, 16, 2];
    let digits = |part: &&str| part.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    let more_allowed = later.is_empty() || *version != "00";
    if !lengths || !parts.iter().take(4).all(digits) || *version == "ff" || !more_allowed {
        return None;
    }
    let trace = u128::from_str_radix(trace, 16).ok().filter(|trace| *trace != 0)?;
    let span = u64::from_str_radix(span, 16).ok().filter(|span| *span != 0)?;
    Some(TraceContext { trace, span, flags: u8::from_str_radix(flags, 16).ok()? })
}

/// Who says what about which decision, when, and until when it is of use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// The message's own id.
    pub message: MessageId,
    /// The decision it belongs to; `None` where there is none yet.
    pub decision: Option<DecisionId>,
    /// Ties the asks and answers of one request together; 0 where there is no hearing.
    pub hearing: u64,
    /// The agent that speaks or is spoken to.
    pub agent: Option<AgentName>,
    /// The version of that agent's card; 0 where no agent is named.
    pub agent_version: u32,
    /// The schema version it is written under: [`SCHEMA_VERSION`] unless read from an older writer.
    pub schema_version: u32,
    /// When what is told happened.
    pub happened_at: Timestamp,
    /// When it became known; never before it happened.
    pub known_at: Timestamp,
    /// After this moment an answer is of no use.
    pub deadline: Option<Timestamp>,
    /// The trace it belongs to.
    pub trace: Option<TraceContext>,
}

impl Envelope {
    /// Makes the envelope of something that happened and became known at one moment, about nothing yet.
    pub const fn new(message: MessageId, at: Timestamp) -> Self {
        Self {
            message,
            decision: None,
            hearing: 0,
            agent: None,
            agent_version: 0,
            schema_version: SCHEMA_VERSION,
            happened_at: at,
            known_at: at,
            deadline: None,
            trace: None,
        }
    }
}

impl Wire<proto::Envelope> for Envelope {
    fn put(&self) -> proto::Envelope {
        proto::Envelope {
            message_id: self.message.0.to_be_bytes().to_vec(),
            decision_id: self.decision.put(),
            hearing_id: self.hearing,
            agent: self.agent.put().unwrap_or_default(),
            agent_version: self.agent_version,
            schema_version: self.schema_version,
            happened_at_us: self.happened_at.put(),
            known_at_us: self.known_at.put(),
            deadline_us: self.deadline.put(),
            traceparent: self.trace.map(|trace| trace.to_string()).unwrap_or_default(),
        }
    }

    fn take(wire: proto::Envelope, _: &'static str) -> Result<Self, Error> {
        if !(1..=SCHEMA_VERSION).contains(&wire.schema_version) {
            return Err(Error::Schema { most: SCHEMA_VERSION, found: wire.schema_version });
        }
        let id: [u8; 16] = wire.message_id.as_slice().try_into().map_err(|_| {
            Error::field("Envelope.message_id", "16 bytes", format!("{} bytes", wire.message_id.len()))
        })?;
        if wire.known_at_us < wire.happened_at_us {
            let found =
                format!("{} µs before", i128::from(wire.happened_at_us) - i128::from(wire.known_at_us));
            return Err(Error::field("Envelope.known_at_us", "at or after happened_at_us", found));
        }
        Ok(Self {
            message: MessageId(u128::from_be_bytes(id)),
            decision: Wire::take(wire.decision_id, "Envelope.decision_id")?,
            hearing: wire.hearing_id,
            agent: Wire::take(Some(wire.agent).filter(|agent| *agent != 0), "Envelope.agent")?,
            agent_version: wire.agent_version,
            schema_version: wire.schema_version,
            happened_at: Wire::take(wire.happened_at_us, "Envelope.happened_at_us")?,
            known_at: Wire::take(wire.known_at_us, "Envelope.known_at_us")?,
            deadline: Wire::take(wire.deadline_us, "Envelope.deadline_us")?,
            trace: if wire.traceparent.is_empty() { None } else { Some(wire.traceparent.parse()?) },
        })
    }
}

/// Reads a message that has an envelope: checks its size, decodes it, and takes the envelope out.
pub(crate) fn open<M: prost::Message + Default>(
    bytes: &[u8],
    most: usize,
    envelope: impl FnOnce(&mut M) -> Option<proto::Envelope>,
) -> Result<(Envelope, M), Error> {
    if bytes.len() > most {
        return Err(Error::TooLarge { most, found: bytes.len() });
    }
    let mut message = M::decode(bytes)?;
    // The envelope comes first: what another schema wrote is not looked into.
    let envelope = need(envelope(&mut message), "envelope")?;
    Ok((envelope, message))
}
