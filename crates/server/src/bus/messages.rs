//! Which messages a record makes.
//!
//! *Events*: what the record tells, as the messages of `proto/motet/v1` on the topics of the topic map
//! ([`motet_messages::topics`]): of a decision the request, the decision, interests, ranked lists, pacing verdicts and bids; of a
//! judged notice the notice; of policies the policies. Their ids follow from the record, so a reader knows one it has had. What a record
//! does not hold is not published from here: the features of candidates, and impressions, clicks and conversions with their bid.
//!
//! *The record itself*, where that is wanted, on [`JOURNAL_TOPIC`] as it stands in the journal: the form is the journal's own and has its
//! version in it (`motet_engine::Record::decode` reads it). The key is the node, so that a node's records stay in order.
//!
//! Both carry the header [`RECORD_HEADER`], `NODE/SEQUENCE`. A message larger than [`MOST_BYTES`] goes out without its payload, with its
//! size in [`LEFT_OUT_HEADER`]: brokers refuse larger messages, and what cannot be published must not hold up what follows.

use bytes::Bytes;
use motet_bus::Message;
use motet_coordinator::{Presence, Trace};
use motet_engine::{Effect, Event, Record, SealedRequest};
use motet_messages::{
    events::{self, Part},
    publish::{self, Decided, Judged, Outgoing},
};
use motet_model::ids::DecisionId;

/// The topic of records.
pub const JOURNAL_TOPIC: &str = "motet.journal";
/// The header that names a record: `NODE/SEQUENCE`.
pub const RECORD_HEADER: &str = "motet-record";
/// The header with the size in bytes of a payload that was left out.
pub(super) const LEFT_OUT_HEADER: &str = "motet-left-out-bytes";
/// The largest payload that is published.
pub(super) const MOST_BYTES: usize = 900 << 10;

/// What is published of each record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    /// What it tells, on the topics of the topic map.
    pub(super) events: bool,
    /// The record itself.
    pub(super) records: bool,
}

/// Returns the messages a record makes, in order.
pub(super) fn messages(wanted: Wanted, node: u16, sequence: u64, record: &[u8]) -> Vec<Message> {
    let name = format!("{node}/{sequence}");
    let mut messages = Vec::new();
    if wanted.records {
        messages.push(message(&name, JOURNAL_TOPIC, node.to_string(), record));
    }
    // A record of another version's form tells nothing here; as a record it goes out all the same.
    if let (true, Ok(record)) = (wanted.events, Record::decode(record)) {
        let told = events(DecisionId::new(node, sequence), &record);
        messages.extend(told.into_iter().map(|out| message(&name, out.topic.name(), out.key, &out.bytes)));
    }
    messages
}

fn message(name: &str, topic: &str, key: impl Into<Bytes>, payload: &[u8]) -> Message {
    let mut message = Message::new(topic, key, Bytes::new()).with(RECORD_HEADER, name);
    if payload.len() <= MOST_BYTES {
        message.payload = Bytes::copy_from_slice(payload);
    } else {
        message = message.with(LEFT_OUT_HEADER, &payload.len().to_string());
    }
    message
}

/// Returns what a record tells.
fn events(name: DecisionId, record: &Record) -> Vec<Outgoing> {
    match (&record.event, &record.effect) {
        (Event::Requested(sealed), Effect::Decided(trace)) => decided(sealed, trace),
        (Event::Noticed(notice) | Event::NoticedStray(notice, _), Effect::Judged(judgement)) => {
            publish::judged(&Judged {
                record: name,
                notice,
                verdict: judgement.verdict,
                known_at: record.at,
                bid: None,
                trace: None,
            })
        }
        (Event::Steered(policies), Effect::Changed(Ok(()))) => {
            vec![publish::steered(name, policies, record.at)]
        }
        _ => Vec::new(),
    }
}

fn decided(sealed: &SealedRequest, trace: &Trace) -> Vec<Outgoing> {
    let parts: Vec<Part> = trace
        .presence
        .iter()
        .map(|(agent, presence)| Part { agent: *agent, presence: part(*presence) })
        .collect();
    publish::decided(&Decided {
        request: &sealed.request,
        decision: &trace.decision,
        bids: &[],
        request_digest: sealed.digest,
        chance: trace.chance,
        policies: &trace.policies,
        parts: &parts,
        hearing: &trace.hearing,
        trace: None,
    })
}

const fn part(presence: Presence) -> events::Presence {
    match presence {
        Presence::Answered => events::Presence::Answered,
        Presence::Late => events::Presence::Late,
        Presence::Broken => events::Presence::Broken,
        Presence::Skipped => events::Presence::Skipped,
        Presence::Unreachable => events::Presence::Unreachable,
    }
}
