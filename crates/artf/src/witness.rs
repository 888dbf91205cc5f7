//! Who is told what happened, to count it.

use std::{fmt, time::Duration};

use crate::{judge::Verdict, proto::artf::Intent};

/// How one call of an agent ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CallOutcome {
    /// It answered in time.
    Answered,
    /// It did not answer in time.
    Late,
    /// It cannot be reached.
    Unreachable,
    /// It answered with an error.
    Failed,
    /// What it answered is no answer to what was asked.
    Mismatched,
    /// It was not asked: its breaker is open.
    Resting,
    /// It was not asked: too many calls of it are under way.
    Busy,
    /// It was not asked: no time was left.
    NoTime,
}

impl CallOutcome {
    /// Every outcome.
    pub const ALL: [Self; 8] = [
        Self::Answered,
        Self::Late,
        Self::Unreachable,
        Self::Failed,
        Self::Mismatched,
        Self::Resting,
        Self::Busy,
        Self::NoTime,
    ];

    /// Returns the snake-case name used in metrics and logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Late => "late",
            Self::Unreachable => "unreachable",
            Self::Failed => "failed",
            Self::Mismatched => "mismatched",
            Self::Resting => "resting",
            Self::Busy => "busy",
            Self::NoTime => "no_time",
        }
    }
}

/// Told of every call and every verdict. All methods do nothing unless written.
pub trait Witness: fmt::Debug + Send + Sync + 'static {
    /// An agent was called, or was to be.
    fn called(&self, _agent: &str, _outcome: CallOutcome, _took: Duration) {}
    /// A mutation an agent proposed was judged.
    fn judged(&self, _agent: &str, _intent: Intent, _verdict: Verdict) {}
    /// A host's ask was answered with so many mutations; `None` where it was turned away.
    fn served(&self, _mutations: Option<usize>, _took: Duration) {}
}

/// Listens to nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Witness for Silent {}
