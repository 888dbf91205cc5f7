//! A node: a server that shares campaigns and budgets with others through PostgreSQL.
//!
//! ```text
//! bid requests ──────────────────────────────────> runtime: decides from what it holds
//! notices that charge, or of others' bids ─ Teller ─> PostgreSQL, durable ─ own ─> runtime
//! changes ─────────────────────────────── Follower ─> PostgreSQL, durable ─> Event::Followed on every node
//!                                         Keeper ──> looks, judges, renews ─> Event::Leased
//! ```
//!
//! A decision never waits for the store: it takes from the leases the engine holds. Whatever charges is taken by the
//! store first, within the lease of the node that made the bid; then the bid's node judges it. Each node keeps a journal
//! and an engine of its own; changes and grants are events of it, so that its replay needs no store.
//!
//! A node that cannot reach the store answers bids until its leases run out, then no-bids; it takes no changes and no
//! notices that charge (503: to be told again).

pub mod copy;
mod follower;
mod keeper;
mod opening;
mod teller;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use motet_agent::Account;
use motet_engine::{Counsel, Question, SealedRequest, Shade, charge};
use motet_lease::Terms;
use motet_model::{
    catalog::{Catalog, Change},
    decision::Charge,
    ids::{CampaignIx, DecisionId},
    outcome::{Notice, NoticeKind, NoticeVerdict, Stated},
};
use motet_postgres::{Store, Taken, Told};
use motet_units::{Nanos, Span};
pub use opening::{OpenError, share_secrets};
use tokio::{sync::watch, task::JoinHandle};

use self::{follower::Follower, keeper::Keeper, teller::Teller};
use crate::{
    config,
    platform::{
        Answer, Ask, ChangeError, Explanation, Health, Platform, Report, Swap, SwapError, Unavailable,
    },
    runtime::Runtime,
    tokens::Claim,
};

/// How a node works with the store.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the store is.
    pub store: Store,
    /// The node's number.
    pub node: u16,
    /// How long leases last, and how far clocks may differ.
    pub terms: Terms,
    /// How often leases are renewed.
    pub renew: Duration,
    /// How old a lease that did not change is let get; with it comes what other nodes spent.
    pub refresh: Span,
}

impl Settings {
    /// Reads them from a configuration whose store is shared. A lease lasts for the longest bid window, for as long as a
    /// node that is cut off goes on, and for the skew of clocks.
    ///
    /// # Errors
    /// When the store's address is none.
    pub fn of(config: &config::Config) -> Result<Self, motet_postgres::Error> {
        let store = &config.store;
        let skew = Span::from_millis(i64::try_from(store.skew_ms).unwrap_or(i64::MAX / 4_000));
        let window = i64::from(config.ledger.bid_window_s.longest_s());
        let cut_off = i64::try_from(store.cut_off_s).unwrap_or(i64::MAX / 4_000_000);
        let term = Span::from_micros(Span::from_secs(window + cut_off).micros() + 2 * skew.micros());
        Ok(Self {
            store: Store::new(&store.url, Duration::from_millis(store.patience_ms))?,
            node: config.decision.node,
            terms: Terms { term, skew },
            renew: Duration::from_millis(store.renew_ms),
            refresh: Span::from_millis(cut_off.saturating_mul(250).min(10_000)),
        })
    }
}

/// A runtime that shares campaigns and budgets with others. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Node {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    runtime: Arc<Runtime>,
    node: u16,
    follower: Arc<Follower>,
    teller: Teller,
    stop: watch::Sender<bool>,
    keeping: std::sync::Mutex<Option<JoinHandle<()>>>,
}

impl Node {
    /// Joins the others: registers, takes the catalog as it stands, judges what it was told while it was away, and takes its
    /// first leases. Then goes on doing so until stopped.
    ///
    /// # Errors
    /// When the store cannot be reached, or the node's folder does not belong to it.
    pub async fn join(runtime: Arc<Runtime>, settings: Settings) -> Result<Self, OpenError> {
        let session = opening::open(&runtime, &settings).await?;
        let follower = Arc::new(Follower::new(&settings, Arc::clone(&runtime), session));
        follower.begin().await?;
        let teller = Teller::start(settings.store.clone(), settings.terms.skew);
        let mut keeper =
            Keeper::new(settings.clone(), Arc::clone(&runtime), Arc::clone(&follower), teller.judged());
        keeper.begin().await?;
        let stop = watch::Sender::new(false);
        let keeping = tokio::spawn(keeper.run(stop.subscribe()));
        let keeping = std::sync::Mutex::new(Some(keeping));
        let node = settings.node;
        Ok(Self { shared: Arc::new(Shared { runtime, node, follower, teller, stop, keeping }) })
    }

    /// Gives back what is not in use and ends; the runtime goes on until it is stopped itself.
    pub async fn leave(&self) {
        self.shared.stop.send_replace(true);
        let keeping = self.shared.keeping.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        if let Some(keeping) = keeping
            && keeping.await.is_err()
        {
            tracing::error!("the keeper of leases ended in a panic");
        }
    }

    /// Judges a notice that the store is told of first.
    async fn tell(&self, notice: Notice, claim: &Claim) -> Result<NoticeVerdict, Unavailable> {
        let catalog = self.shared.runtime.catalog();
        if claim.creative.get() >= catalog.creatives().len() {
            // This node has yet to hear of a campaign that another bids for already.
            return Err(Unavailable::Store);
        }
        let told = Told {
            notice,
            kind: claim.kind as u8,
            owner: notice.bid.decision.node(),
            campaign: catalog.creative(claim.creative).campaign,
            day: i64::from(claim.day),
            charge: charged(&notice.kind, claim),
            // The token's expiry was rounded up to a whole second.
            expires: claim.expires - Span::from_secs(1),
        };
        let taken = self.shared.teller.tell(told).await?;
        let own = told.owner == self.shared.node;
        match taken {
            Taken::Late => Ok(NoticeVerdict::Expired),
            Taken::Refused => Ok(NoticeVerdict::Contradicts),
            Taken::NotHeld => {
                tracing::warn!(bid = %notice.bid, "a bill is not within the lease of the node that made the bid");
                Ok(NoticeVerdict::Expired)
            }
            Taken::New | Taken::Known if own => self.judge(&told, claim.stated()).await,
            Taken::New => Ok(NoticeVerdict::Counted),
            Taken::Known => Ok(NoticeVerdict::Duplicate),
        }
    }

    /// Has the engine judge a notice of an own bid that the store has taken.
    async fn judge(&self, told: &Told, stated: Stated) -> Result<NoticeVerdict, Unavailable> {
        let judgement = Runtime::notice(&self.shared.runtime, told.notice, Some(stated)).await?;
        self.shared.teller.note(told, keeper::outcome(told, &judgement));
        // What the store took in time counts, whatever time it was here when the engine heard of it.
        let late = judgement.verdict == NoticeVerdict::Expired && told.charge.is_positive();
        Ok(if late { NoticeVerdict::Counted } else { judgement.verdict })
    }
}

/// Returns what a notice charges, going by its token.
fn charged(kind: &NoticeKind, claim: &Claim) -> Nanos {
    match (kind, claim.charge) {
        (NoticeKind::Billed { price }, Charge::OnBilling) => {
            charge(claim.reserved, claim.price, *price).min(claim.reserved)
        }
        (NoticeKind::Impression, Charge::OnImpression) => claim.reserved,
        _ => Nanos::ZERO,
    }
}

impl Platform for Node {
    async fn decide(&self, sealed: Box<SealedRequest>, deadline: Instant) -> Option<Answer> {
        Platform::decide(&self.shared.runtime, sealed, deadline).await
    }

    async fn notice(&self, notice: Notice, claim: &Claim) -> Result<NoticeVerdict, Unavailable> {
        let own = notice.bid.decision.node() == self.shared.node;
        let charges = charged(&notice.kind, claim).is_positive();
        if own && !charges {
            return Platform::notice(&self.shared.runtime, notice, claim).await;
        }
        self.tell(notice, claim).await
    }

    async fn change(&self, changes: Vec<Change>) -> Result<(), ChangeError> {
        self.shared.follower.change(changes).await
    }

    fn shade(&self, shades: Vec<Shade>) -> Result<(), Unavailable> {
        Platform::shade(&self.shared.runtime, shades)
    }

    async fn consult(&self, question: Box<Question>) -> Result<Counsel, Unavailable> {
        Platform::consult(&self.shared.runtime, question).await
    }

    fn catalog(&self) -> Arc<Catalog> {
        self.shared.runtime.catalog()
    }

    async fn accounts(&self, campaigns: Vec<CampaignIx>) -> Result<Vec<Account>, Unavailable> {
        Platform::accounts(&self.shared.runtime, campaigns).await
    }

    async fn explanation(&self, id: DecisionId) -> Result<Option<Explanation>, Unavailable> {
        Platform::explanation(&self.shared.runtime, id).await
    }

    async fn policies(&self) -> Result<Report, Unavailable> {
        Platform::policies(&self.shared.runtime).await
    }

    async fn swap_policies(&self, ask: Ask) -> Result<Swap, SwapError> {
        Platform::swap_policies(&self.shared.runtime, ask).await
    }

    fn health(&self) -> Health {
        Platform::health(&self.shared.runtime)
    }
}
