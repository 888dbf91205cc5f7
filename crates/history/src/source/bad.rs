//! Lines that do not read: why, how many, and the first few in words.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::Error;

/// How many bad lines of a log are shown.
const SAMPLES: usize = 5;
/// How much of an offending field is shown, in characters.
const SHOWN: usize = 40;

/// Why a line is bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BadReason {
    /// It is longer than lines may be.
    TooLong,
    /// It is the last line, has no line end and too few columns: the file was cut there.
    CutShort,
    /// It has another number of columns.
    ColumnCount,
    /// Its time is no time: a month 13, an hour 24.
    Timestamp,
    /// Its time is in another season than the file.
    OtherSeason,
    /// It belongs in another log: a click among impressions.
    OtherLog,
    /// A number does not read, or is out of its range.
    Number,
    /// Two columns contradict each other.
    Contradiction,
    /// A field that must be there is empty.
    Missing,
}

impl BadReason {
    /// Returns its snake-case name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TooLong => "too_long",
            Self::CutShort => "cut_short",
            Self::ColumnCount => "column_count",
            Self::Timestamp => "timestamp",
            Self::OtherSeason => "other_season",
            Self::OtherLog => "other_log",
            Self::Number => "number",
            Self::Contradiction => "contradiction",
            Self::Missing => "missing",
        }
    }
}

/// One bad line, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BadSample {
    /// Its number, from 1.
    pub line: u64,
    /// Why it is bad.
    pub reason: BadReason,
    /// What was found.
    pub detail: String,
}

impl std::fmt::Display for BadSample {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}: {} ({})", self.line, self.detail, self.reason.name())
    }
}

/// The bad lines of one log.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Bad {
    /// How many.
    pub lines: u64,
    /// How many by reason.
    pub by_reason: BTreeMap<BadReason, u64>,
    /// The first few.
    pub samples: Vec<BadSample>,
}

impl Bad {
    /// Counts a bad line.
    pub(crate) fn count(&mut self, line: u64, complaint: Complaint) {
        self.lines += 1;
        *self.by_reason.entry(complaint.reason).or_default() += 1;
        if self.samples.len() < SAMPLES {
            self.samples.push(BadSample { line, reason: complaint.reason, detail: complaint.detail });
        }
    }
}

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Complaint {
    pub(crate) reason: BadReason,
    pub(crate) detail: String,
}

/// Why a line made no row.
#[derive(Debug)]
pub(crate) enum LineError {
    /// It is bad, and counted.
    Bad(Complaint),
    /// The store cannot go on.
    Fatal(Error),
}

impl From<Error> for LineError {
    fn from(error: Error) -> Self {
        Self::Fatal(error)
    }
}

/// Makes a complaint about a field.
pub(crate) fn complain(reason: BadReason, what: &str, field: &[u8]) -> LineError {
    let text = String::from_utf8_lossy(field);
    let shown: String = text.chars().take(SHOWN).flat_map(char::escape_debug).collect();
    LineError::Bad(Complaint { reason, detail: format!("{what} '{shown}'") })
}

/// Makes a complaint about the number of columns.
pub(crate) fn columns(found: usize, expected: &str) -> LineError {
    let detail = format!("{found} columns, expected {expected}");
    LineError::Bad(Complaint { reason: BadReason::ColumnCount, detail })
}
