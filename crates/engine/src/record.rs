//! The journal's record of one event, and the check that it comes out the same again.

use motet_coordinator::Timing;
use motet_units::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Effect, Engine, Event, SealedRequest};

/// The version of the record's form. Raised with every change that an older reader cannot take.
const VERSION: u8 = 4;

/// One event as journalled, with what came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// When it was taken.
    pub at: Timestamp,
    /// The event.
    pub event: Event,
    /// What came of it.
    pub effect: Effect,
}

/// A record that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// It has another version's form.
    #[error("record has form {found}, this program reads {VERSION}")]
    Version {
        /// The form found.
        found: u8,
    },
    /// It is not a record.
    #[error("record cannot be read: {0}")]
    Unreadable(String),
}

/// An event that came out differently when taken again.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// The event's number.
    pub sequence: u64,
    /// What was recorded.
    pub recorded: Effect,
    /// What came out now.
    pub recomputed: Effect,
}

impl Record {
    /// Writes a record's binary form.
    pub fn encode(at: Timestamp, event: &Event, effect: &Effect) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(2_048);
        Self::encode_into(at, event, effect, &mut bytes);
        bytes
    }

    /// Appends a record's binary form.
    pub fn encode_into(at: Timestamp, event: &Event, effect: &Effect, bytes: &mut Vec<u8>) {
        bytes.push(VERSION);
        let written = postcard::to_io(&(at, event, effect), &mut *bytes);
        debug_assert!(written.is_ok(), "plain data always has a binary form");
    }

    /// Reads a record's binary form.
    ///
    /// # Errors
    /// When it has another version's form or is damaged.
    pub fn decode(bytes: &[u8]) -> Result<Self, RecordError> {
        let (version, body) =
            bytes.split_first().ok_or_else(|| RecordError::Unreadable("it is empty".to_owned()))?;
        if *version != VERSION {
            return Err(RecordError::Version { found: *version });
        }
        let (at, event, effect) =
            postcard::from_bytes(body).map_err(|e| RecordError::Unreadable(e.to_string()))?;
        Ok(Self { at, event, effect })
    }
}

impl Engine {
    /// Takes a recorded event again, under its recorded timing, and compares what comes out.
    ///
    /// # Errors
    /// When anything differs, to the bit. The engine has then taken the event all the same.
    pub fn retake(&mut self, record: &Record) -> Result<(), Box<Difference>> {
        let sequence = self.next_sequence();
        let timing = match &record.effect {
            Effect::Decided(trace) => Timing::Recorded(&trace.presence),
            _ => Timing::Unlimited,
        };
        let recomputed = self.step(record.at, &record.event, timing);
        let sealed_well = match &record.event {
            Event::Requested(sealed) => SealedRequest::digest_of(&sealed.request) == sealed.digest,
            _ => true,
        };
        // Bits are compared, not values: a NaN is equal to itself here, and -0 differs from 0.
        let same = postcard::to_allocvec(&recomputed) == postcard::to_allocvec(&record.effect);
        if same && sealed_well {
            return Ok(());
        }
        Err(Box::new(Difference { sequence, recorded: record.effect.clone(), recomputed }))
    }
}
