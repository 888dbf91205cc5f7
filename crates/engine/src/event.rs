//! What goes into the engine and what comes out.

use std::sync::Arc;

use motet_agent::RemoteAnswer;
use motet_coordinator::Trace;
use motet_ledger::Grant;
use motet_model::{
    catalog::Change,
    ids::{BidId, CampaignIx},
    outcome::{Notice, NoticeVerdict, Stated},
    request::AdRequest,
};
use motet_policy::PolicySet;
use motet_units::{CpmMicros, Nanos};
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
    /// The engine begins to serve. Where it served before and was not [`Event::Closed`], bids it answered may be missing from
    /// the journal: what they can cost is withheld.
    Opened,
    /// The engine has stopped serving, and everything it answered is in the journal.
    Closed,
    /// A notice about a stray bid came in: one whose record was lost, of which only its token tells.
    NoticedStray(Notice, Stated),
    /// Bids of one decision went out lower than decided.
    Shaded(Vec<Shade>),
    /// What the node may commit of shared budgets from here on.
    Leased(Vec<Grant>),
    /// Changes made on any node, from the log that all nodes follow.
    Followed(Followed),
    /// What was spent before, in other books.
    Carried(Vec<Carry>),
}

/// A bid that went out lower than it was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shade {
    /// Which bid.
    pub bid: BidId,
    /// The price it went out at: above 0, at least its floor and below the price decided.
    pub price: CpmMicros,
}

impl Shade {
    /// Returns what a bid that was decided at a price, and held so much, holds at the price it went out at: rounded up, as
    /// the money was held. Several impressions a play are in it.
    pub fn holds(&self, reserved: Nanos, decided: CpmMicros) -> Nanos {
        let (reserved, decided) = (i128::from(reserved.get()), i128::from(decided.get().max(1)));
        let nanos = (reserved * i128::from(self.price.get()) + decided - 1) / decided;
        Nanos::new(i64::try_from(nanos).unwrap_or(i64::MAX))
    }
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
    /// What agents placed elsewhere answered to it: taken in place of asking the ones seated here.
    pub answers: Vec<RemoteAnswer>,
}

impl SealedRequest {
    /// Seals a request: works out its digest. Done at the edge, where work is spread over threads.
    pub fn new(request: AdRequest) -> Self {
        let digest = Self::digest_of(&request);
        Self { request, digest, answers: Vec::new() }
    }

    /// Takes a request as it is, with a digest of 0: for simulations, which write no journal. A replay of it would be
    /// reported as different.
    pub const fn unsealed(request: AdRequest) -> Self {
        Self { request, digest: 0, answers: Vec::new() }
    }

    /// Works out the digest of a request.
    pub fn digest_of(request: &AdRequest) -> u64 {
        postcard::to_io(request, Fnv::default()).expect("plain data always has a binary form").0
    }
}

/// Hashes bytes with 64-bit FNV-1a: stable across versions and machines.
pub(crate) fn fnv(bytes: &[u8]) -> u64 {
    Fnv::default().over(bytes).0
}

/// A 64-bit FNV-1a of what was written to it.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    fn over(&self, bytes: &[u8]) -> Self {
        Self(bytes.iter().fold(self.0, |hash, b| (hash ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3)))
    }
}

impl std::io::Write for Fnv {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        *self = self.over(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What came of an event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Effect {
    /// A request was decided.
    Decided(Box<Trace>),
    /// A notice was judged.
    Judged(Judgement),
    /// Changes, policies or lower prices were taken, or refused as a whole with this reason.
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
