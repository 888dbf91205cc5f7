//! What goes into the engine and what comes out.

use std::sync::Arc;

use motet_coordinator::Trace;
use motet_ledger::Grant;
use motet_model::{
    catalog::Change,
    ids::CampaignIx,
    outcome::{Notice, NoticeVerdict},
    request::AdRequest,
};
use motet_policy::PolicySet;
use motet_units::Nanos;
use serde::{Deserialize, Serialize};

use crate::Options;

/// Something that happened, in the order it is taken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// The options in force from here on.
    Configured(Box<Options>),
    /// A request came in.
    Requested(Box<SealedRequest>),
    /// A notice about a bid came in.
    Noticed(Notice),
    /// Advertisers changed something.
    Changed(Vec<Change>),
    /// A control tick.
    Ticked,
    /// Other policies for the agents from here on, all or none.
    Steered(Arc<PolicySet>),
    /// What the node may commit of shared budgets from here on.
    Leased(Vec<Grant>),
    /// Changes made on any node, from the log that all nodes follow.
    Followed(Followed),
    /// What was spent before, in other books.
    Carried(Vec<Carry>),
}

/// Changes from a log that several nodes follow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Followed {
    /// The place of the last of them in the log. Changes up to the place followed before are passed over.
    pub through: u64,
    /// The changes, each with its place in the log, in order. Those of one place are taken together.
    pub changes: Vec<(u64, Vec<Change>)>,
}

/// What a campaign spent on a day, by other books.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Carry {
    /// Whose budget.
    pub campaign: CampaignIx,
    /// The day, by the campaign's clock, as a day number.
    pub day: i64,
    /// What was spent.
    pub spent: Nanos,
}

/// A request with a digest of its journalled form.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SealedRequest {
    /// The request.
    pub request: AdRequest,
    /// FNV-1a of its journalled bytes.
    pub digest: u64,
}

impl SealedRequest {
    /// Seals a request: works out its digest. Done at the edge, where work is spread over threads.
    pub fn new(request: AdRequest) -> Self {
        let digest = Self::digest_of(&request);
        Self { request, digest }
    }

    /// Takes a request as it is, with a digest of 0: for simulations, which write no journal. A replay of it would be
    /// reported as different.
    pub const fn unsealed(request: AdRequest) -> Self {
        Self { request, digest: 0 }
    }

    /// Works out the digest of a request.
    pub fn digest_of(request: &AdRequest) -> u64 {
        let bytes = postcard::to_allocvec(request).expect("plain data always has a binary form");
        fnv(&bytes)
    }
}

/// Hashes bytes with 64-bit FNV-1a: stable across versions and machines.
pub(crate) fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, b| (hash ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3))
}

/// What came of an event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Effect {
    /// A request was decided.
    Decided(Box<Trace>),
    /// A notice was judged.
    Judged(Judgement),
    /// Changes or policies were taken, or refused as a whole with this reason.
    Changed(Result<(), String>),
    /// Grants were taken: for each, what the node cannot do without on its day.
    Leased(Vec<Nanos>),
    /// Nothing that needs telling.
    Done,
}

/// What came of a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judgement {
    /// Whether it counted.
    pub verdict: NoticeVerdict,
    /// What it charged.
    pub charged: Nanos,
}
