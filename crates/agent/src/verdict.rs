//! Verdicts: what became of each proposal, and why.

use motet_model::decision::Finding;
use serde::{Deserialize, Serialize};

use crate::{Priority, SafetyReason};

/// What became of a proposal. Exactly one each (CO-2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// It was taken into the decision.
    Accepted,
    /// It was not.
    Refused(RefusedReason),
}

/// Why a proposal was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusedReason {
    /// The agent's card does not allow this ask.
    NotOnCard,
    /// A number is not finite or outside its range.
    OutOfRange,
    /// It names an imp, creative or candidate that is not there.
    UnknownTarget,
    /// The same agent asked the same thing before.
    Repeated,
    /// It came after the agent's time was up.
    Late,
    /// A higher priority had already settled the matter.
    Overruled(Priority),
    /// A safety restraint forbids it.
    Unsafe(SafetyReason),
    /// It uses identity that is not permitted.
    NoConsent,
    /// The traffic is invalid.
    InvalidTraffic(Finding),
    /// The creative does not run or does not fit the imp.
    NotEligible,
    /// No budget is left.
    NoBudget,
    /// After pacing, the bid is below the floor.
    Paced,
    /// The bid is below the floor.
    BelowFloor,
    /// The bid is above the value (CO-1).
    AboveValue,
    /// Its candidate was refused.
    CandidateRefused,
}

impl RefusedReason {
    /// Returns the snake-case name used in metrics and the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotOnCard => "not_on_card",
            Self::OutOfRange => "out_of_range",
            Self::UnknownTarget => "unknown_target",
            Self::Repeated => "repeated",
            Self::Late => "late",
            Self::Overruled(_) => "overruled",
            Self::Unsafe(_) => "unsafe",
            Self::NoConsent => "no_consent",
            Self::InvalidTraffic(_) => "invalid_traffic",
            Self::NotEligible => "not_eligible",
            Self::NoBudget => "no_budget",
            Self::Paced => "paced",
            Self::BelowFloor => "below_floor",
            Self::AboveValue => "above_value",
            Self::CandidateRefused => "candidate_refused",
        }
    }
}
