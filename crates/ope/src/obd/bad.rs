//! Lines that could not be read.

use serde::Serialize;

/// How many bad lines are kept with their number; all are counted.
const KEPT: usize = 100;

/// What is wrong with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BadReason {
    /// Not as many fields as the header.
    Fields,
    /// Not UTF-8.
    Encoding,
    /// Not `YYYY-MM-DD HH:MM:SS[.ffffff]` with an offset, or no such moment.
    Timestamp,
    /// Not a whole number, or no item of the item context.
    Item,
    /// Not 1 to 64.
    Position,
    /// Neither 0 nor 1.
    Click,
    /// Not a number above 0 and at most 1.
    Propensity,
    /// An affinity that is not a finite number.
    Affinity,
}

impl BadReason {
    /// Returns what is wrong, in words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Fields => "the number of fields is not that of the header",
            Self::Encoding => "not UTF-8",
            Self::Timestamp => "the timestamp is not a moment",
            Self::Item => "the item is unknown",
            Self::Position => "the position is not 1 to 64",
            Self::Click => "the click is neither 0 nor 1",
            Self::Propensity => "the propensity is not above 0 and at most 1",
            Self::Affinity => "an affinity is not a number",
        }
    }
}

/// A line that could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct BadLine {
    /// The line, counted from 1; the header is line 1.
    pub line: u64,
    /// What is wrong with it.
    pub reason: BadReason,
}

/// All lines that could not be read, counted, and the first hundred of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct BadLines {
    /// How many, by reason.
    pub counts: std::collections::BTreeMap<BadReason, u64>,
    /// The first hundred.
    pub first: Vec<BadLine>,
}

impl BadLines {
    /// Counts one.
    pub fn add(&mut self, bad: BadLine) {
        *self.counts.entry(bad.reason).or_default() += 1;
        if self.first.len() < KEPT {
            self.first.push(bad);
        }
    }

    /// Returns how many there are.
    pub fn total(&self) -> u64 {
        self.counts.values().sum()
    }
}
