//! The decision trace: enough to recompute a decision bit for bit, and to explain it in words.

use std::sync::Arc;

use motet_agent::{AgentName, CandidateIx, Proposal, Verdict};
use motet_auction::Mechanism;
use motet_model::decision::Decision;
use motet_units::{Chance, CpmMicros, Probability};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::timing::Presence;

/// How much of a decision is written down. What is decided and learned is the same either way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Detail {
    /// Every proposal with its verdict, and the auctions: what a journal and an explanation need.
    #[default]
    Full,
    /// The decision and who took part; the hearing and the auctions stay empty.
    Outcome,
}

/// Who said what, what became of it, and the decision.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trace {
    /// The decision.
    pub decision: Decision,
    /// A digest of the request it was made from.
    pub view_digest: u64,
    /// The key all its chance was drawn under.
    pub chance: Chance,
    /// The policies in service, by agent.
    pub policies: Arc<Vec<(AgentName, String)>>,
    /// Who took part.
    pub presence: SmallVec<[(AgentName, Presence); 6]>,
    /// Every proposal with its one verdict, in the order they were made.
    pub hearing: Vec<(Proposal, Verdict)>,
    /// The auction of each imp that had one.
    pub auctions: Vec<AuctionRecord>,
}

/// One imp's auction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuctionRecord {
    /// The imp's place in the request.
    pub imp: u16,
    /// The entries in rank order, with their prices after pacing.
    pub ranked: SmallVec<[(CandidateIx, CpmMicros); 8]>,
    /// The greed of the exploration in force; `None` means the highest entry wins.
    pub greed: Option<f64>,
    /// The entry chosen.
    pub chosen: CandidateIx,
    /// The chance with which it was chosen.
    pub propensity: Probability,
    /// What it pays or offers.
    pub price: CpmMicros,
    /// The lowest price taken for the entry chosen.
    pub floor: CpmMicros,
    /// How the price was worked out.
    pub mechanism: Mechanism,
}
