//! The guard's look at a notice, where the guard runs in another process.

use motet_agent::{BidRecord, History};
use motet_model::{decision::Finding, outcome::Notice};
use motet_units::Timestamp;
use prost::Message as _;

use crate::{
    Envelope, Error, MOST_BYTES, envelope, proto,
    wire::{Wire, need},
};

/// What the guard is shown of a notice; when it became known is in the envelope.
#[derive(Clone, Debug, PartialEq)]
pub struct Screening {
    /// The bid.
    pub bid: BidRecord,
    /// The notice.
    pub notice: Notice,
    /// What was told of the bid before.
    pub history: History,
    /// When the notice became known.
    pub known_at: Timestamp,
}

/// Writes what the guard is shown; the envelope's `known_at` is when the notice became known.
pub fn encode_ask(envelope: &Envelope, bid: &BidRecord, notice: &Notice, history: History) -> Vec<u8> {
    let message = proto::ScreenAsk {
        envelope: Some(envelope.put()),
        bid: Some(bid.put()),
        notice: Some(notice.put()),
        history: Some(history.put()),
    };
    message.encode_to_vec()
}

/// Reads what the guard is shown.
///
/// # Errors
/// What is wrong with it, by field.
pub fn decode_ask(bytes: &[u8]) -> Result<(Envelope, Screening), Error> {
    let (envelope, message) =
        envelope::open(bytes, MOST_BYTES, |message: &mut proto::ScreenAsk| message.envelope.take())?;
    let screening = Screening {
        bid: need(message.bid, "ScreenAsk.bid")?,
        notice: need(message.notice, "ScreenAsk.notice")?,
        history: need(message.history, "ScreenAsk.history")?,
        known_at: envelope.known_at,
    };
    Ok((envelope, screening))
}

/// Writes what the guard found, if anything.
pub fn encode_answer(envelope: &Envelope, finding: Option<Finding>) -> Vec<u8> {
    proto::ScreenAnswer { envelope: Some(envelope.put()), finding: finding.put() }.encode_to_vec()
}

/// Reads what the guard found.
///
/// # Errors
/// What is wrong with it, by field.
pub fn decode_answer(bytes: &[u8]) -> Result<(Envelope, Option<Finding>), Error> {
    let (envelope, message) =
        envelope::open(bytes, MOST_BYTES, |message: &mut proto::ScreenAnswer| message.envelope.take())?;
    Ok((envelope, Wire::take(message.finding, "ScreenAnswer.finding")?))
}
