//! Judging what outside agents propose: each mutation alone, one verdict each, with a reason.
//!
//! In every case: the intent must be allowed for the agent by the configuration and be among those the ask said were
//! applicable; the operation, the path and the value must fit the intent. A mutation is taken whole or not at all.
//!
//! | intent | operation, path | taken when |
//! |---|---|---|
//! | `ACTIVATE_SEGMENTS` | add or remove, `/user/data/segment` | identity is permitted and no segment is sensitive; kept as `AGENT/ID` |
//! | `ACTIVATE_DEALS` | add, `/imp/ID` | own inventory, the deal's terms are configured |
//! | `SUPPRESS_DEALS` | remove, `/imp/ID` | own inventory, the deal is on offer |
//! | `ADJUST_DEAL_FLOOR` | replace, `/imp/ID/pmp/deals/DEAL` | own inventory, no fixed price, from the imp's floor to the configured highest |
//! | `ADJUST_DEAL_MARGIN` | add or replace, the same | the same, above 0; the margin goes on top of the deal's floor |
//! | `BID_SHADE` | replace, `/seatbid/SEAT/bid/ID` | below the bid, at least its floor, never on own inventory or at a fixed price |
//! | `ADD_METRICS` | add, `/imp/ID` | viewability from 0 to 1 that the seller did not state; no other metric is used here |
//! | `ADD_CIDS` | add, `/site/content` | kept as keyword `cid:NAME:ID`, for campaigns to target |
//!
//! Where two ask for the same change, the agent with the lower priority number is heard first and stands. Suppressing comes
//! after activating, floors before margins, whoever asks: so the outcome does not depend on the order of answers.

mod request;
mod response;

use std::collections::BTreeMap;

use crate::{
    IntentSet,
    proto::artf::{Intent, Mutation, Operation},
};

pub use request::RequestBench;
pub use response::{ResponseBench, SentBid};

/// Mutations of one answer that are looked at; further ones are refused.
pub const MOST_MUTATIONS: usize = 256;
/// Ids in one mutation.
pub(crate) const MOST_IDS: usize = 64;
/// Bytes of one id.
pub(crate) const LONGEST_ID: usize = 128;

/// What became of a mutation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It was applied.
    Applied,
    /// It was refused, for this reason.
    Refused(Refusal),
}

/// Why a mutation was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Refusal {
    /// The configuration does not allow the agent this intent.
    NotAllowed,
    /// The intent is not among those the ask named.
    NotApplicable,
    /// The operation does not fit the intent.
    WrongOperation,
    /// The path names nothing the intent can change here.
    UnknownPath,
    /// The value is of another kind than the intent's, or missing.
    WrongValue,
    /// The value is outside its range.
    OutOfRange,
    /// Identity is not permitted for this request.
    NoConsent,
    /// A segment tells of something sensitive.
    Sensitive,
    /// The inventory is not our own.
    NotOwn,
    /// The deal is not known, or not on offer.
    UnknownDeal,
    /// The deal's price is agreed.
    FixedPrice,
    /// It would raise a bid.
    RaisesPrice,
    /// It would bring a price under its floor.
    BelowFloor,
    /// It changes nothing.
    NoEffect,
    /// The same agent asked for the same change before.
    Repeated,
    /// Another's word on it stands.
    Overruled,
    /// There are too many of them.
    TooMany,
    /// Nothing here uses what it adds.
    Unused,
}

impl Verdict {
    /// Every verdict.
    pub const ALL: [Self; 19] = [
        Self::Applied,
        Self::Refused(Refusal::NotAllowed),
        Self::Refused(Refusal::NotApplicable),
        Self::Refused(Refusal::WrongOperation),
        Self::Refused(Refusal::UnknownPath),
        Self::Refused(Refusal::WrongValue),
        Self::Refused(Refusal::OutOfRange),
        Self::Refused(Refusal::NoConsent),
        Self::Refused(Refusal::Sensitive),
        Self::Refused(Refusal::NotOwn),
        Self::Refused(Refusal::UnknownDeal),
        Self::Refused(Refusal::FixedPrice),
        Self::Refused(Refusal::RaisesPrice),
        Self::Refused(Refusal::BelowFloor),
        Self::Refused(Refusal::NoEffect),
        Self::Refused(Refusal::Repeated),
        Self::Refused(Refusal::Overruled),
        Self::Refused(Refusal::TooMany),
        Self::Refused(Refusal::Unused),
    ];

    /// Returns the snake-case name used in metrics and logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Refused(refusal) => refusal.name(),
        }
    }
}

impl Refusal {
    /// Returns the snake-case name used in metrics and logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotAllowed => "not_allowed",
            Self::NotApplicable => "not_applicable",
            Self::WrongOperation => "wrong_operation",
            Self::UnknownPath => "unknown_path",
            Self::WrongValue => "wrong_value",
            Self::OutOfRange => "out_of_range",
            Self::NoConsent => "no_consent",
            Self::Sensitive => "sensitive",
            Self::NotOwn => "not_own",
            Self::UnknownDeal => "unknown_deal",
            Self::FixedPrice => "fixed_price",
            Self::RaisesPrice => "raises_price",
            Self::BelowFloor => "below_floor",
            Self::NoEffect => "no_effect",
            Self::Repeated => "repeated",
            Self::Overruled => "overruled",
            Self::TooMany => "too_many",
            Self::Unused => "unused",
        }
    }
}

impl From<Result<(), Refusal>> for Verdict {
    fn from(outcome: Result<(), Refusal>) -> Self {
        match outcome {
            Ok(()) => Self::Applied,
            Err(refusal) => Self::Refused(refusal),
        }
    }
}

/// Who proposes, and what it may.
#[derive(Clone, Copy, Debug)]
pub struct Proposer<'a> {
    /// Its name.
    pub name: &'a str,
    /// What the configuration allows it.
    pub allowed: IntentSet,
    /// What the ask said was applicable.
    pub applicable: IntentSet,
}

impl Proposer<'_> {
    /// Checks the intent, and that the operation is one of those that fit it.
    fn may(&self, mutation: &Mutation) -> Result<(Intent, Operation), Refusal> {
        let intent = mutation.intent();
        if !self.allowed.has(intent) {
            return Err(Refusal::NotAllowed);
        }
        if !self.applicable.has(intent) {
            return Err(Refusal::NotApplicable);
        }
        let operation = mutation.op();
        let fits: &[Operation] = match intent {
            Intent::Unspecified => &[],
            Intent::ActivateSegments => &[Operation::Add, Operation::Remove],
            Intent::ActivateDeals | Intent::AddMetrics | Intent::AddCids => &[Operation::Add],
            Intent::SuppressDeals => &[Operation::Remove],
            Intent::AdjustDealFloor | Intent::BidShade => &[Operation::Replace],
            Intent::AdjustDealMargin => &[Operation::Add, Operation::Replace],
        };
        if fits.contains(&operation) { Ok((intent, operation)) } else { Err(Refusal::WrongOperation) }
    }
}

/// Who changed what, so that nothing is changed twice.
#[derive(Debug, Default)]
struct Touched(BTreeMap<String, String>);

impl Touched {
    /// Checks that a thing was not changed before.
    fn check(&self, thing: &str, by: &str) -> Result<(), Refusal> {
        match self.0.get(thing) {
            None => Ok(()),
            Some(before) if before == by => Err(Refusal::Repeated),
            Some(_) => Err(Refusal::Overruled),
        }
    }

    fn note(&mut self, thing: String, by: &str) {
        self.0.insert(thing, by.to_owned());
    }
}

/// Checks ids for their number and size.
fn well_formed(ids: &[String]) -> Result<(), Refusal> {
    let fits = |id: &String| !id.is_empty() && id.len() <= LONGEST_ID && !id.chars().any(char::is_control);
    if ids.is_empty() || ids.len() > MOST_IDS || !ids.iter().all(fits) {
        return Err(Refusal::OutOfRange);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
