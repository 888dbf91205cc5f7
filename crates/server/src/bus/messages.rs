//! Which messages a record makes.
//!
//! Each record goes to one topic as it stands in the journal: the form is the journal's own and has its version in it
//! (`motet_engine::Record::decode` reads it). The key is the node, so that a node's records stay in order; the header
//! [`RECORD_HEADER`] is `NODE/SEQUENCE`, by which a reader knows a record it has had. A record larger than
//! [`MOST_BYTES`] goes out without its payload, with its size in [`LEFT_OUT_HEADER`]: brokers refuse larger messages, and
//! what cannot be published must not hold up what follows. Such records are imports of many campaigns.

use bytes::Bytes;
use motet_bus::Message;

/// The topic of records.
pub const JOURNAL_TOPIC: &str = "motet.journal";
/// The header that names a record: `NODE/SEQUENCE`.
pub const RECORD_HEADER: &str = "motet-record";
/// The header with the size in bytes of a payload that was left out.
pub(super) const LEFT_OUT_HEADER: &str = "motet-left-out-bytes";
/// The largest payload that is published.
pub(super) const MOST_BYTES: usize = 900 << 10;

/// Returns the messages a record makes, in order.
pub(super) fn messages(node: u16, sequence: u64, record: &[u8]) -> Vec<Message> {
    let message = Message::new(JOURNAL_TOPIC, node.to_string(), Bytes::new());
    let mut message = message.with(RECORD_HEADER, &format!("{node}/{sequence}"));
    if record.len() <= MOST_BYTES {
        message.payload = Bytes::copy_from_slice(record);
    } else {
        message = message.with(LEFT_OUT_HEADER, &record.len().to_string());
    }
    vec![message]
}
