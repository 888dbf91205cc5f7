//! What a store says of itself: where its rows come from, what was bad, and how many there are.

use std::collections::BTreeMap;

use motet_units::Timestamp;
use serde::{Deserialize, Serialize};

use crate::source::Bad;

/// What was read into a store.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Summary {
    /// The logs read, in the order of their numbers.
    pub sources: Vec<Source>,
    /// Rows by table.
    pub rows: BTreeMap<String, u64>,
    /// What joining by bid id found.
    pub joins: Joins,
    /// The earliest time of an opportunity or round, in microseconds since 1970 UTC.
    pub first_at: Option<Timestamp>,
    /// The latest.
    pub last_at: Option<Timestamp>,
    /// Bytes read, as stored (packed).
    pub bytes_in: u64,
    /// Bytes of the store's blocks.
    pub bytes_out: u64,
}

/// One log that was read.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Source {
    /// Its name: the path as given.
    pub name: String,
    /// Its form.
    pub form: String,
    /// The season, for `iPinYou`.
    pub season: Option<u8>,
    /// The currency of its prices.
    pub currency: Option<String>,
    /// Its bytes as stored.
    pub bytes: u64,
    /// SHA-256 of its bytes as stored, in hex; none for a journal.
    pub sha256: Option<String>,
    /// Rows made, but for outcomes: those are written when all logs are read.
    pub rows: u64,
    /// Lines read, a header and blank ones left out.
    pub lines: u64,
    /// Bad lines.
    pub bad: Bad,
    /// Blank lines, passed over.
    pub blank_lines: u64,
    /// Notices in a journal that the engine did not count (repeats, too late, contradicting), left out.
    pub uncounted_notices: u64,
    /// Fields that were not UTF-8 and were kept with replacement marks.
    pub invalid_utf8_fields: u64,
}

/// What joining by bid id found.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Joins {
    /// Opportunities whose bid id had been seen before: rows less distinct ids.
    pub duplicate_bid_ids: u64,
    /// Outcomes by kind: rows in their logs, joined, duplicates left out, and those without a bid.
    pub outcomes: BTreeMap<String, Joined>,
}

/// What became of the outcomes of one kind that had to find their bid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Joined {
    /// Rows read.
    pub read: u64,
    /// Rows that found their bid and were written.
    pub joined: u64,
    /// Rows that say again what another said; left out.
    pub duplicates: u64,
    /// Rows whose bid is in none of the logs; left out.
    pub without_bid: u64,
}
