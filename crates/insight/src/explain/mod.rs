//! Why a decision came out as it did: who said what, who was overruled and why, and what would have changed it.
//!
//! An [`Explanation`] is made from three things that the journal holds or rebuilds: the trace, the request as
//! journalled, and the catalog as it stood. Nothing else is read, so an explanation is the same today and in a
//! year. It has three readers: an engineer ([`Explanation::to_text`]), an advertiser
//! ([`Explanation::to_advertiser_text`]) and the listener who was shown the ad ([`Explanation::to_viewer_text`]).
//!
//! What would have changed the outcome is not estimated. The recorded auction is run again with one number
//! changed and the same draw, and only a change that then chooses the candidate is stated ([`Change`]).
//!
//! What it never does: show a user key, a network address, a user agent or a page's address; name one
//! advertiser's rivals to another; tell a viewer anything learned from other people.
//!
//! Edge cases: a candidate's floor and deal are those the relevance agent named. A clearing price on our own
//! inventory is recorded, its mechanism is not: the text says what was paid. Campaigns changed or removed since
//! are named, and held to the highest price they state, as the catalog given has them.

mod audience;
mod candidates;
mod counterfactual;
mod proposals;
mod request;
mod text;
mod words;

use motet_coordinator::Trace;
use motet_model::{
    catalog::Catalog,
    decision::{Bid, ImpDecision, NoBidReason},
    request::{AdRequest, Imp, MediaKind},
};
use motet_units::{CpmMicros, Nanos};
use serde::Serialize;

pub use audience::InterestsUsed;
pub use candidates::{CandidateLine, Fate};
pub use counterfactual::{Change, Counterfactual};
pub use proposals::{AgentLine, ProposalLine};
pub use request::{Identity, RequestSummary};

use candidates::{Field, Names};

/// Why a decision came out as it did.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation {
    /// The decision's id, 16 hex digits.
    pub decision: String,
    /// When it was made, UTC.
    pub at: String,
    /// The request, without identity.
    pub request: RequestSummary,
    /// What became of each imp, in the request's order.
    pub imps: Vec<ImpExplanation>,
    /// Who took part, in the order they were asked, with what each proposed and what became of it.
    pub agents: Vec<AgentLine>,
    /// The interests the decision was made with; none where no profile was accepted.
    pub interests: Option<InterestsUsed>,
    /// Digest of the request as journalled, 16 hex digits.
    pub view_digest: String,
    /// The key all the decision's chance was drawn under, 16 hex digits.
    pub chance_key: String,
}

/// What became of one imp.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ImpExplanation {
    /// Its place in the request, from 0.
    pub imp: u16,
    /// The caller's id for it.
    pub id: String,
    /// The media kinds it takes.
    pub media: Vec<MediaKind>,
    /// The lowest price taken in the open auction, as CPM.
    pub floor_cpm_micros: CpmMicros,
    /// What became of it.
    pub outcome: Outcome,
    /// The same in a plain sentence.
    pub sentence: String,
    /// The greed of the exploration in force; none where the highest price wins.
    pub greed: Option<f64>,
    /// The ads considered: those in the auction in rank order, then those that fell before it.
    pub candidates: Vec<CandidateLine>,
    /// Whom the chosen campaign asked to reach, in words.
    pub reach: Vec<String>,
    /// What would have changed the outcome, nearest first. Computed from the recorded auction.
    pub would_have_changed: Vec<Counterfactual>,
}

/// What became of an imp, for machines.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Outcome {
    /// An ad is offered.
    Bid {
        /// The campaign's id.
        campaign: String,
        /// The creative's id.
        creative: String,
        /// The price, as CPM.
        price_cpm_micros: CpmMicros,
        /// The money held, which is the most the bid can cost.
        reserved_nanos: Nanos,
        /// The chance with which it was chosen, above 0.
        propensity: f64,
    },
    /// None is.
    NoBid {
        /// The reason's name.
        reason: &'static str,
        /// What the guard found, where that is the reason.
        finding: Option<&'static str>,
    },
}

/// Explains a decision.
///
/// `request` is the one the trace was made from, `catalog` the one in force then.
pub fn explain(trace: &Trace, request: &AdRequest, catalog: &Catalog) -> Explanation {
    let names = Names(catalog);
    let field = Field::read(trace, request, names);
    let decided = request.imps.iter().zip(&trace.decision.imps).enumerate();
    Explanation {
        decision: trace.decision.id.to_string(),
        at: trace.decision.at.to_string(),
        request: RequestSummary::of(request, trace),
        imps: decided
            .map(|(at, (imp, decision))| explain_imp(at as u16, imp, decision, trace, &field))
            .collect(),
        agents: proposals::by_agent(trace, names),
        interests: audience::interests_used(trace),
        view_digest: format!("{:016x}", trace.view_digest),
        chance_key: format!("{:016x}", trace.chance.key()),
    }
}

fn explain_imp(
    at: u16,
    imp: &Imp,
    decision: &ImpDecision,
    trace: &Trace,
    field: &Field<'_>,
) -> ImpExplanation {
    let auction = trace.auctions.iter().find(|auction| auction.imp == at);
    let candidates = field.of_imp(at, auction);
    let (bid, sentence) = match decision {
        ImpDecision::Bid(bid) => (Some(bid), words::bid_sentence(bid, &candidates, field.names)),
        ImpDecision::NoBid(reason) => (None, reason.sentence().to_owned()),
    };
    // Where the platform itself could not go on, no agent's number would have helped.
    let undecided = *decision == ImpDecision::NoBid(NoBidReason::Technical);
    ImpExplanation {
        imp: at,
        id: imp.id.clone(),
        media: MediaKind::ALL.into_iter().filter(|kind| imp.media.takes(*kind)).collect(),
        floor_cpm_micros: imp.floor,
        outcome: outcome(decision, field.names),
        sentence,
        greed: auction.and_then(|auction| auction.greed),
        reach: bid.map_or_else(Vec::new, |bid| audience::reach(bid, field.names.0)),
        would_have_changed: if undecided {
            Vec::new()
        } else {
            counterfactual::of_imp(&candidates, auction, trace.chance)
        },
        candidates,
    }
}

fn outcome(decision: &ImpDecision, names: Names<'_>) -> Outcome {
    match decision {
        ImpDecision::Bid(bid) => bid_outcome(bid, names),
        ImpDecision::NoBid(reason) => {
            let finding = match reason {
                NoBidReason::InvalidTraffic(finding) => Some(finding.name()),
                _ => None,
            };
            Outcome::NoBid { reason: reason.name(), finding }
        }
    }
}

fn bid_outcome(bid: &Bid, names: Names<'_>) -> Outcome {
    Outcome::Bid {
        campaign: names.campaign(bid.campaign),
        creative: names.creative(bid.creative),
        price_cpm_micros: bid.price,
        reserved_nanos: bid.reserved,
        propensity: bid.propensity.get(),
    }
}

#[cfg(test)]
#[expect(clippy::needless_raw_string_hashes, reason = "expect-test writes them")]
mod tests;
