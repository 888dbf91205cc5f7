//! The agent contract: what an agent is shown, what it may propose, what becomes of each proposal.
//!
//! Small and slow to change: it is what an outsider implements. An agent gets a least-data [`View`] and returns
//! [`Proposal`]s; the coordinator judges each one alone and answers with exactly one [`Verdict`]. An agent never
//! calls another, never touches money and never reads a clock.

mod appraisal;
mod card;
mod features;
mod observation;
mod proposal;
mod remote;
mod verdict;
mod view;

pub use appraisal::{Appraisal, Lot};
pub use card::{AgentCard, AgentName, Limit, Parameter, Priority};
pub use features::{Features, MarketKey};
pub use observation::{Account, BidRecord, BudgetState, History, Observation, Tick};
pub use proposal::{
    Ask, Basis, CandidateIx, Intent, Interests, Operation, Proposal, Ranking, Restraint, SafetyReason,
};
pub use remote::{Absence, RemoteAnswer, Said};
pub use verdict::{RefusedReason, Verdict};
pub use view::{
    AccountBook, BaselineSight, BidderSight, Candidate, GuardSight, IntentSight, PacerSight, RelevanceSight,
    SafetySight, Sight, View,
};

use motet_model::{
    catalog::Catalog,
    decision::{Finding, NoBidReason},
    outcome::Notice,
};
use motet_policy::Policy;
use motet_units::Timestamp;

/// One specialised decision maker.
///
/// `propose` takes `&self`: between decisions an agent learns, inside one it only looks. Equal views under equal
/// state give equal proposals, which is what makes a decision replayable.
pub trait Agent: Send {
    /// Returns the promises this agent is held to.
    fn card(&self) -> &'static AgentCard;

    /// Names the policy in service, for the trace: `name@version`.
    fn policy_version(&self) -> &str;

    /// Seats another policy at once; the one in service stays where the new one does not fit.
    ///
    /// # Errors
    /// When the policy does not fit the card, or the agent takes none.
    fn take_policy(&mut self, _policy: Box<dyn Policy>) -> Result<(), motet_policy::Error> {
        Err(motet_policy::Error::NotSteered)
    }

    /// Returns how many actions of its policy were refused: not finite or out of range. The parameters stayed as they were.
    fn refused_actions(&self) -> u64 {
        0
    }

    /// Proposes, from the view alone.
    fn propose(&self, view: &View<'_>, proposals: &mut Vec<Proposal>);

    /// Says why it named no ad for an imp. Asked of the relevance agent alone, when nothing was named.
    fn why_none(&self, _view: &View<'_>, _imp: u16) -> NoBidReason {
        NoBidReason::NoMatch
    }

    /// Says whether a notice's traffic is invalid. Asked of the guard alone, before a notice counts.
    fn screen_notice(
        &self,
        _bid: &BidRecord,
        _notice: &Notice,
        _history: History,
        _known_at: Timestamp,
    ) -> Option<Finding> {
        None
    }

    /// Says how prices lie on a market, for the bids and the floors of others. Asked of the bidder alone; `None` where it
    /// knows nothing of the market.
    fn appraise(&self, _lot: &Lot) -> Option<Appraisal> {
        None
    }

    /// Learns from something that happened. Runs between decisions, never inside one.
    fn observe(&mut self, observation: &Observation<'_>);

    /// Moves its parameters by the policy in service. Runs on control ticks.
    fn control(&mut self, tick: &Tick<'_>);

    /// Goes on with the last control tick: `tick.accounts` holds the next campaigns in turn. Called between decisions
    /// where there are more campaigns than one tick can tell of without holding decisions up.
    fn control_more(&mut self, _tick: &Tick<'_>) {}

    /// Writes everything it has learned, so that `restore` brings back an agent that behaves identically.
    fn save(&self) -> Vec<u8>;

    /// Takes back what `save` wrote.
    ///
    /// # Errors
    /// A sentence saying what cannot be read; the agent is then unchanged.
    fn restore(&mut self, state: &[u8], catalog: &Catalog) -> Result<(), String>;
}
