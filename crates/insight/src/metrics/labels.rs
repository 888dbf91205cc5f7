//! The closed sets of labels, each value with its place among the handles.

use motet_agent::{AgentName, RefusedReason};
use motet_model::{
    decision::NoBidReason,
    outcome::{NoticeKind, NoticeVerdict},
};

pub(super) const AGENTS: [AgentName; 7] = [
    AgentName::Intent,
    AgentName::Guard,
    AgentName::Safety,
    AgentName::Relevance,
    AgentName::Bidder,
    AgentName::Pacer,
    AgentName::Baseline,
];

pub(super) const fn agent_place(agent: AgentName) -> usize {
    match agent {
        AgentName::Intent => 0,
        AgentName::Guard => 1,
        AgentName::Safety => 2,
        AgentName::Relevance => 3,
        AgentName::Bidder => 4,
        AgentName::Pacer => 5,
        AgentName::Baseline => 6,
    }
}

pub(super) const REFUSALS: usize = 15;

pub(super) const fn refusal_place(reason: RefusedReason) -> usize {
    match reason {
        RefusedReason::NotOnCard => 0,
        RefusedReason::OutOfRange => 1,
        RefusedReason::UnknownTarget => 2,
        RefusedReason::Repeated => 3,
        RefusedReason::Late => 4,
        RefusedReason::Overruled(_) => 5,
        RefusedReason::Unsafe(_) => 6,
        RefusedReason::NoConsent => 7,
        RefusedReason::InvalidTraffic(_) => 8,
        RefusedReason::NotEligible => 9,
        RefusedReason::NoBudget => 10,
        RefusedReason::Paced => 11,
        RefusedReason::BelowFloor => 12,
        RefusedReason::AboveValue => 13,
        RefusedReason::CandidateRefused => 14,
    }
}

pub(super) const NO_BIDS: [&str; 15] = [
    "no_match",
    "no_creative",
    "frequency_capped",
    "unsafe",
    "policy_blocked",
    "invalid_traffic",
    "budget_exhausted",
    "paced",
    "below_floor",
    "no_deal",
    "seat_not_allowed",
    "currency_not_taken",
    "deadline_passed",
    "agent_absent",
    "technical",
];

pub(super) const fn no_bid_place(reason: NoBidReason) -> usize {
    match reason {
        NoBidReason::NoMatch => 0,
        NoBidReason::NoCreative => 1,
        NoBidReason::FrequencyCapped => 2,
        NoBidReason::Unsafe => 3,
        NoBidReason::PolicyBlocked => 4,
        NoBidReason::InvalidTraffic(_) => 5,
        NoBidReason::BudgetExhausted => 6,
        NoBidReason::Paced => 7,
        NoBidReason::BelowFloor => 8,
        NoBidReason::NoDeal => 9,
        NoBidReason::SeatNotAllowed => 10,
        NoBidReason::CurrencyNotTaken => 11,
        NoBidReason::DeadlinePassed => 12,
        NoBidReason::AgentAbsent => 13,
        NoBidReason::Technical => 14,
    }
}

pub(super) const KINDS: [&str; 6] = ["win", "billing", "loss", "impression", "click", "conversion"];

pub(super) const fn kind_place(kind: &NoticeKind) -> usize {
    match kind {
        NoticeKind::Won { .. } => 0,
        NoticeKind::Billed { .. } => 1,
        NoticeKind::Lost { .. } => 2,
        NoticeKind::Impression => 3,
        NoticeKind::Click => 4,
        NoticeKind::Conversion { .. } => 5,
    }
}

pub(super) const VERDICTS: [NoticeVerdict; 5] = [
    NoticeVerdict::Counted,
    NoticeVerdict::Duplicate,
    NoticeVerdict::Expired,
    NoticeVerdict::Contradicts,
    NoticeVerdict::Filtered,
];

pub(super) const fn verdict_place(verdict: NoticeVerdict) -> usize {
    match verdict {
        NoticeVerdict::Counted => 0,
        NoticeVerdict::Duplicate => 1,
        NoticeVerdict::Expired => 2,
        NoticeVerdict::Contradicts => 3,
        NoticeVerdict::Filtered => 4,
    }
}
