//! The coordinator: it asks the agents in a written order, judges every proposal alone, and makes the decision.
//!
//! Order: intent, guard and safety (which see only the request, so their order among themselves cannot matter),
//! then relevance, bidder, pacer; then resolution, auction and reserve. Conflicts are settled by a written
//! priority: safety > consent > fraud > budget > bidding > relevance.
//!
//! What it never does: raise a price, charge money, read a clock, draw chance outside the decision's key, or
//! wait for an agent. An agent that is late or broken is absent, and its card says what that means; the trace
//! says that it was. The clock is a seam ([`Timing`]): live it is read, in a replay it is the recorded presence,
//! so a replay takes the very same turns.

mod auctioning;
mod explore;
mod hearing;
mod inquiry;
mod pricing;
mod ranking;
mod screening;
mod team;
mod timing;
mod trace;

pub use explore::{drawn, propensities};
pub use inquiry::{Asking, Inquiry};
pub use motet_auction::Mechanism;
pub use team::Team;
pub use timing::{Presence, Stopwatch, TimeLeft, Timing};
pub use trace::{AuctionRecord, Detail, Trace};

use motet_agent::{AccountBook, AgentName, BidRecord, Interests, RemoteAnswer, Restraint};
use motet_model::{
    catalog::Catalog,
    decision::{Decision, ImpDecision, NoBidReason},
    ids::{BidId, CampaignIx, DecisionId},
    request::{AdRequest, Imp, MediaKind},
};
use motet_units::{Chance, Multiplier, Nanos, Span, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    hearing::{Hearing, Minutes},
    ranking::Admitted,
};

/// What the coordinator is bound by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// The most candidates considered per imp, 1 to 1000.
    pub candidates_per_imp: usize,
    /// How long notices about a bid count, unless the imp states a longer expiry.
    pub bid_window_s: BidWindows,
    /// How the winner pays on our own inventory.
    pub owned_pricing: OwnedPricing,
    /// The pacing multiplier used where the pacer is absent, 0 to 1.
    pub absent_pacing_multiplier: f64,
    /// The highest greed an exploration may ask for.
    pub greed_most: f64,
}

/// How long notices about a bid count, in seconds, by media kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BidWindows {
    /// For banners.
    pub banner: u32,
    /// For video, which may be cached before it plays.
    pub video: u32,
    /// For audio, likewise.
    pub audio: u32,
    /// For native ads.
    pub native: u32,
}

impl Default for BidWindows {
    fn default() -> Self {
        Self { banner: 3_600, video: 7_200, audio: 7_200, native: 3_600 }
    }
}

impl BidWindows {
    const fn of(&self, kind: MediaKind) -> u32 {
        match kind {
            MediaKind::Banner => self.banner,
            MediaKind::Video => self.video,
            MediaKind::Audio => self.audio,
            MediaKind::Native => self.native,
        }
    }
}

/// How the winner pays on our own inventory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OwnedPricing {
    /// Its bid.
    FirstPrice,
    /// The next bid; with several imps, slot by slot, which for equal slots is the generalised second price.
    SecondPrice,
}

impl OwnedPricing {
    const fn mechanism(self) -> Mechanism {
        match self {
            Self::FirstPrice => Mechanism::FirstPrice,
            Self::SecondPrice => Mechanism::SecondPrice,
        }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            candidates_per_imp: 16,
            bid_window_s: BidWindows::default(),
            owned_pricing: OwnedPricing::SecondPrice,
            absent_pacing_multiplier: 0.5,
            greed_most: 1e9,
        }
    }
}

impl Options {
    /// Returns the moment until which notices about a bid count.
    fn expiry(&self, imp: &Imp, kind: MediaKind, now: Timestamp) -> Timestamp {
        let seconds = self.bid_window_s.of(kind);
        let window = Span::from_secs(i64::from(seconds));
        now + imp.expiry.map_or(window, |stated| stated.max(window))
    }

    fn absent_pacing(&self) -> Multiplier {
        Multiplier::clamped(self.absent_pacing_multiplier)
    }
}

/// One request to decide.
#[derive(Clone, Copy, Debug)]
pub struct Brief<'a> {
    /// The decision's name.
    pub id: DecisionId,
    /// What time it is.
    pub now: Timestamp,
    /// The key its chance is drawn under.
    pub chance: Chance,
    /// The request.
    pub request: &'a AdRequest,
    /// A digest of the request as journalled.
    pub view_digest: u64,
    /// The catalog.
    pub catalog: &'a Catalog,
    /// What agents placed elsewhere answered: taken in place of asking the ones seated here.
    pub answers: &'a [RemoteAnswer],
}

/// Where money is looked up and held. Only the ledger behind it can charge.
pub trait Purse: AccountBook {
    /// Holds the most a bid can cost until `expires`.
    ///
    /// # Errors
    /// When the money is not there, or no more can be held.
    fn reserve(
        &mut self,
        bid: BidId,
        campaign: CampaignIx,
        amount: Nanos,
        expires: Timestamp,
    ) -> Result<(), NotReserved>;

    /// Returns the book for looking accounts up.
    fn book(&self) -> &dyn AccountBook;
}

/// Why money could not be held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotReserved {
    /// The campaign cannot pay for it.
    NoBudget,
    /// The ledger cannot hold more open bids.
    Full,
}

/// A decision with everything said on the way to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Ruling {
    /// The trace, the decision within.
    pub trace: Trace,
    /// The bids made, with what is needed to learn from them.
    pub records: Vec<BidRecord>,
}

/// What the first stage settled.
#[derive(Clone, Debug, Default)]
struct Screening {
    restraints: Vec<Restraint>,
    interests: Interests,
    refusal: Option<NoBidReason>,
}

impl Screening {
    fn allows_identity(&self) -> bool {
        !self.restraints.iter().any(|r| matches!(r, Restraint::ContextOnly(_)))
    }
}

/// Decides one request, written down in full.
pub fn decide(
    options: &Options,
    brief: &Brief<'_>,
    team: &Team<'_>,
    purse: &mut dyn Purse,
    timing: Timing<'_>,
) -> Ruling {
    Desk::default().decide(options, brief, team, purse, timing)
}

/// A place to decide at, one request after another: it keeps its buffers, and nothing that a decision depends on.
#[derive(Debug, Default)]
pub struct Desk {
    detail: Detail,
    minutes: Minutes,
    admitted: Admitted,
}

impl Desk {
    /// Makes a desk that writes down so much.
    pub fn new(detail: Detail) -> Self {
        Self { detail, ..Self::default() }
    }

    /// Returns how much is written down.
    pub const fn detail(&self) -> Detail {
        self.detail
    }

    /// Decides one request.
    pub fn decide(
        &mut self,
        options: &Options,
        brief: &Brief<'_>,
        team: &Team<'_>,
        purse: &mut dyn Purse,
        timing: Timing<'_>,
    ) -> Ruling {
        let Self { detail, minutes, admitted } = self;
        let mut hearing = Hearing::new(brief, *detail, timing, minutes);
        let screening = screening::screen(&mut hearing, team);
        if let Some(reason) = screening.refusal {
            return hearing.close_without_bids(reason);
        }
        let field = match team {
            Team::Agents { relevance, bidder, pacer, .. } => {
                let greeds = ranking::rank(&mut hearing, options, &screening, *relevance, admitted);
                let asked = (*bidder, *pacer);
                pricing::price(&mut hearing, options, admitted, purse.book(), asked, greeds)
            }
            Team::Baseline { baseline, .. } => {
                let book = purse.book();
                pricing::price_baseline(&mut hearing, options, &screening, book, *baseline, admitted)
            }
        };
        let mut outcomes = auctioning::run(&mut hearing, options, &screening, &field, purse);
        explain_missing(&mut hearing, &screening, team, &mut outcomes);
        hearing.close(outcomes)
    }
}

/// Where nothing was named for an imp, asks the relevance agent why.
fn explain_missing(
    hearing: &mut Hearing<'_, '_>,
    screening: &Screening,
    team: &Team<'_>,
    outcomes: &mut auctioning::Outcomes,
) {
    let Team::Agents { relevance, .. } = team else { return };
    if !hearing.answered(AgentName::Relevance) {
        return;
    }
    for (imp, outcome) in outcomes.imps.iter_mut().enumerate() {
        if *outcome == ImpDecision::NoBid(NoBidReason::NoMatch) {
            let view = ranking::view(hearing.brief, screening);
            *outcome = ImpDecision::NoBid(relevance.why_none(&view, imp as u16));
        }
    }
}

impl Ruling {
    /// Returns the decision.
    pub const fn decision(&self) -> &Decision {
        &self.trace.decision
    }
}

#[cfg(test)]
mod tests;
