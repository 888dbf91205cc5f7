//! What the HTTP edge asks of the platform behind it.
//!
//! Handlers know this and nothing of journals, threads or engines. The runtime implements it; tests bring a small
//! platform of their own.

use std::{future::Future, sync::Arc, time::Instant};

use motet_agent::Account;
use motet_engine::{Counsel, Question, SealedRequest, Shade};
use motet_model::{
    catalog::{Catalog, Change},
    ids::{CampaignIx, DecisionId},
    outcome::{Notice, NoticeVerdict},
};

pub use crate::policies::{Ask, Report, Swap, SwapError};
pub use crate::runtime::{Answer, Unavailable};
use crate::tokens::Claim;

/// Why changes were not applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    /// They refer to something that is not there; none was applied.
    #[error("{0}")]
    Refused(String),
    /// The platform cannot take them now.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// One decision explained.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// For programs.
    pub json: serde_json::Value,
    /// For people.
    pub text: String,
}

/// Whether requests can be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// They can.
    Ready,
    /// They cannot, for this reason.
    NotReady(String),
}

/// The platform behind the edge.
pub trait Platform: Send + Sync + 'static {
    /// Decides a request. What a bid may cost is held durably when this resolves, or covered by the float. Resolves by the deadline; `None` when the request was
    /// turned away or its time passed.
    fn decide(
        &self,
        sealed: Box<SealedRequest>,
        deadline: Instant,
    ) -> impl Future<Output = Option<Answer>> + Send;

    /// Judges a notice that came with a token; durable when this resolves.
    fn notice(
        &self,
        notice: Notice,
        claim: &Claim,
    ) -> impl Future<Output = Result<NoticeVerdict, Unavailable>> + Send;

    /// Judges notices that came with tokens, in order; all are durable when this resolves. After an error some may have
    /// counted: told again, they are known.
    fn notices(
        &self,
        notices: Vec<(Notice, Claim)>,
    ) -> impl Future<Output = Result<Vec<NoticeVerdict>, Unavailable>> + Send {
        async move {
            let mut verdicts = Vec::with_capacity(notices.len());
            for (notice, claim) in &notices {
                verdicts.push(self.notice(*notice, claim).await?);
            }
            Ok(verdicts)
        }
    }

    /// Applies changes, all or none; durable when this resolves.
    fn change(&self, changes: Vec<Change>) -> impl Future<Output = Result<(), ChangeError>> + Send;

    /// Notes that bids went out lower than decided. Whatever is told of them later comes after it.
    ///
    /// # Errors
    /// When it could not be taken: then they must go out as decided.
    fn shade(&self, shades: Vec<Shade>) -> Result<(), Unavailable>;

    /// Asks the agents what they say of somebody else's auction; nothing comes of it here.
    fn consult(&self, question: Box<Question>) -> impl Future<Output = Result<Counsel, Unavailable>> + Send;

    /// Returns the catalog as last applied.
    fn catalog(&self) -> Arc<Catalog>;

    /// Returns the accounts of some campaigns, in their order.
    fn accounts(
        &self,
        campaigns: Vec<CampaignIx>,
    ) -> impl Future<Output = Result<Vec<Account>, Unavailable>> + Send;

    /// Explains a decision; `None` when it is not on record here.
    fn explanation(
        &self,
        id: DecisionId,
    ) -> impl Future<Output = Result<Option<Explanation>, Unavailable>> + Send;

    /// Returns the policies in service and what is known of them.
    fn policies(&self) -> impl Future<Output = Result<Report, Unavailable>> + Send;

    /// Seats other policies; durable when this resolves. Where it fails, those in service stay.
    fn swap_policies(&self, ask: Ask) -> impl Future<Output = Result<Swap, SwapError>> + Send;

    /// Tells whether requests can be answered.
    fn health(&self) -> Health;
}
