//! The runtime: one engine that takes every event in order, one writer thread that makes them durable.
//!
//! ```text
//! handlers ──> queue ──helm──> engine ──batch + replies──> writer thread ──> journal, then replies
//!                               step, encode                one write, one sync a batch
//! ```
//!
//! The engine is stepped by whoever holds the *helm*: a thread that reads requests, where it is free, or the engine thread.
//! See `helm`.
//!
//! A notice or a change is answered only once its record is on the disk. So is a bid, unless the campaign's *float* covers
//! what it could cost if its record were lost; see `float`. An answer without a bid moves no money and is sent at once.
//! While one batch is being synced the next one fills, so the price of a sync is shared by all that came in during the
//! last. A failed write or sync stops the runtime: nothing is retried, nothing more is acknowledged.
//!
//! Snapshots are made by a third thread, the *follower*, from the journal and not from the live state, so that deciding
//! never stops for one; see `follower`.
//!
//! Threads, clocks and channels live here and nowhere below.

mod away;
mod float;
mod fold;
mod follower;
mod helm;
mod line;
mod milestones;
mod open;
mod outside;
mod serving;
mod sharing;
mod spares;
mod stopwatch;
mod works;
mod writer;

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex, OnceLock, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc::sync_channel,
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use motet_agent::{Account, AgentName};
use motet_coordinator::Trace;
use motet_engine::{Counsel, Effect, Event, Holding, Judgement, Options, Question, SealedRequest, Shade};
use motet_insight::metrics::PolicySwap;
use motet_model::{
    catalog::{Catalog, Change},
    decision::Decision,
    ids::{CampaignIx, DecisionId},
    outcome::{Notice, Stated},
};
use motet_placement::{Feed, Seat};
use motet_policy::PolicySet;
use motet_units::Timestamp;
use tokio::sync::{oneshot, watch};

pub(crate) use line::Line;
pub use line::Steering;
pub use milestones::Milestones;
pub(crate) use open::journal_dir;
pub use open::{OpenError, Opened, open_engine};
pub use stopwatch::{AgentTimes, LiveStopwatch};

use crate::policies::{self, Keeper};

/// How a runtime is kept.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The folder of the journal and the snapshots.
    pub data_dir: PathBuf,
    /// The engine's options.
    pub engine: Options,
    /// When a segment of the journal is full, in bytes.
    pub segment_bytes: u64,
    /// A snapshot is written after this many records.
    pub snapshot_every: u64,
    /// Segments of the journal kept although snapshots stand for them; `None` keeps every one.
    pub keep_segments: Option<usize>,
    /// How long records gather for one sync where nobody waits for it, or many do.
    pub commit_delay: Duration,
    /// The time between control ticks.
    pub tick: Duration,
    /// The most commands waiting for the engine.
    pub queue: usize,
    /// The agents placed in processes of their own.
    pub elsewhere: Vec<AgentName>,
}

/// What the runtime tells of itself as it goes; implemented by metrics.
pub trait Probe: Send + Sync + 'static {
    /// A request was decided.
    fn decided(&self, trace: &Trace, took: Duration, agents: &AgentTimes);
    /// A notice was judged.
    fn judged(&self, notice: &Notice, judgement: &Judgement);
    /// A batch was made durable.
    fn committed(&self, records: usize, bytes: usize, took: Duration);
    /// A request was turned away undecided, because its time had passed or the queue was full.
    fn shed(&self);
    /// Something that always holds does not: a fault of ours.
    fn invariant_broken(&self);
    /// A control tick: all accounts, the ledger's sums and the number of bids remembered.
    fn ticked(
        &self,
        catalog: &Catalog,
        accounts: &[Account],
        totals: &motet_ledger::Totals,
        open_bids: usize,
    );
    /// The policies in service, after a control tick or a change of them.
    fn steered(&self, _steering: &Steering) {}
    /// Other policies were seated, or refused.
    fn swapped(&self, _outcome: PolicySwap) {}
}

/// A probe that listens to nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoProbe;

impl Probe for NoProbe {
    fn decided(&self, _trace: &Trace, _took: Duration, _agents: &AgentTimes) {}
    fn judged(&self, _notice: &Notice, _judgement: &Judgement) {}
    fn committed(&self, _records: usize, _bytes: usize, _took: Duration) {}
    fn shed(&self) {}
    fn invariant_broken(&self) {}
    fn ticked(&self, _: &Catalog, _: &[Account], _: &motet_ledger::Totals, _: usize) {}
}

/// The runtime cannot take or keep what it was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unavailable {
    /// Too much is waiting.
    #[error("the decision queue is full")]
    Busy,
    /// It is stopping or has stopped.
    #[error("the platform is stopping")]
    Stopped,
    /// The journal failed.
    #[error("the journal failed and nothing more is accepted")]
    JournalFailed,
    /// The store that nodes share cannot be reached, or this node has yet to hear what it holds.
    #[error("the store that nodes share cannot be reached")]
    Store,
}

/// A decided request, given back for encoding.
#[derive(Debug)]
pub struct Answer {
    /// The decision.
    pub decision: Decision,
    /// The request it answers.
    pub sealed: Box<SealedRequest>,
    /// The catalog it was made from.
    pub catalog: Arc<Catalog>,
    /// When it passed each stage.
    pub milestones: Milestones,
}

/// What the engine thread is asked to do.
pub(crate) enum Command {
    Decide {
        sealed: Box<SealedRequest>,
        deadline: Instant,
        begun: Instant,
        queued: Instant,
        reply: oneshot::Sender<Answer>,
    },
    /// Whom must be asked elsewhere before a request can be decided.
    Inquire(away::Inquired),
    /// What a process of an agent placed elsewhere starts from.
    Seat {
        feed: Arc<Feed>,
        reply: oneshot::Sender<Seat>,
    },
    Notice {
        notice: Notice,
        stated: Option<Stated>,
        reply: oneshot::Sender<Judgement>,
    },
    /// A bid whose caller went away before it was answered: its money goes back.
    Abandon {
        decision: DecisionId,
        imps: u16,
    },
    Change {
        changes: Vec<Change>,
        reply: oneshot::Sender<Result<(), String>>,
    },
    Accounts {
        campaigns: Vec<CampaignIx>,
        reply: oneshot::Sender<Vec<Account>>,
    },
    /// Other policies for the agents.
    Steer {
        set: Arc<PolicySet>,
        reply: oneshot::Sender<Result<(), String>>,
    },
    Steering {
        reply: oneshot::Sender<Steering>,
    },
    /// Bids that went out lower than decided. Nobody waits for it.
    Shade(Vec<Shade>),
    /// What the agents say of somebody else's auction.
    Consult {
        question: Box<Question>,
        reply: oneshot::Sender<Counsel>,
    },
    /// Notices that came together, and are answered together.
    Notices {
        notices: Vec<(Notice, Stated)>,
        reply: oneshot::Sender<Vec<Judgement>>,
    },
    /// An event of the store that nodes share.
    Take {
        event: Box<Event>,
        reply: oneshot::Sender<(Effect, u64)>,
    },
    /// What is held of shared budgets.
    Holdings {
        reply: oneshot::Sender<Vec<Holding>>,
    },
    Stop,
}

impl Command {
    /// Tells whether it may take long, so that only the engine thread should carry it out.
    const fn is_long(&self) -> bool {
        !matches!(self, Self::Decide { .. } | Self::Inquire(_) | Self::Notice { .. } | Self::Abandon { .. })
    }
}

/// What all threads share.
pub(crate) struct Shared {
    pub(crate) catalog: RwLock<Arc<Catalog>>,
    pub(crate) failed: Mutex<Option<String>>,
    pub(crate) stopping: AtomicBool,
    /// The last record that is on the disk.
    pub(crate) durable: watch::Sender<u64>,
    /// The last record that whoever follows the journal is done with; its segments are kept until then.
    pub(crate) followed: AtomicU64,
}

impl Shared {
    pub(crate) fn publish(&self, catalog: Arc<Catalog>) {
        *self.catalog.write().unwrap_or_else(PoisonError::into_inner) = catalog;
    }

    pub(crate) fn fail(&self, reason: String) {
        tracing::error!(reason, "the journal failed; nothing more is accepted");
        *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(reason);
    }

    pub(crate) fn failure(&self) -> Option<String> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A running engine with its journal.
pub struct Runtime {
    line: Line,
    probe: Arc<dyn Probe>,
    keeper: OnceLock<Arc<Keeper>>,
    feeds: Vec<Arc<Feed>>,
    away: OnceLock<away::Away>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    data_dir: PathBuf,
    opened: Opened,
}

impl std::fmt::Debug for Runtime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runtime").field("data_dir", &self.data_dir).finish_non_exhaustive()
    }
}

/// Returns the current time of the machine's clock.
#[expect(clippy::disallowed_methods, reason = "this is the edge, where the wall clock is read")]
pub fn wall_clock() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

/// Returns the monotonic clock.
#[expect(clippy::disallowed_methods, reason = "this is the edge, where the clock is read")]
pub fn monotonic() -> Instant {
    Instant::now()
}

impl Runtime {
    /// Opens the journal, brings the engine up to date, and starts the threads.
    ///
    /// # Errors
    /// When the data folder is in use or cannot be read, or the journal holds something this program would
    /// decide differently.
    pub fn start(settings: &Settings, probe: Arc<dyn Probe>) -> Result<Self, OpenError> {
        let (mut engine, journal, opened) = open::open(settings)?;
        let feeds = away::begin_feeds(&mut engine, &settings.elsewhere);
        let shared = Arc::new(Shared {
            catalog: RwLock::new(engine.catalog()),
            failed: Mutex::new(None),
            stopping: AtomicBool::new(false),
            durable: watch::Sender::new(journal.next_sequence() - 1),
            followed: AtomicU64::new(u64::MAX),
        });
        let works = works::Works::new(engine, Arc::clone(&shared), Arc::clone(&probe));
        let helm = Arc::new(helm::Helm::new(works, settings.queue, Arc::clone(&shared)));
        let line = Line { helm, shared };
        let threads = Self::spawn(settings, journal, &line, &probe)?;
        Ok(Self {
            line,
            probe,
            keeper: OnceLock::new(),
            feeds,
            away: OnceLock::new(),
            threads: Mutex::new(threads),
            data_dir: settings.data_dir.clone(),
            opened,
        })
    }

    fn spawn(
        settings: &Settings,
        journal: motet_store::journal::Journal,
        line: &Line,
        probe: &Arc<dyn Probe>,
    ) -> Result<Vec<JoinHandle<()>>, OpenError> {
        let (snapshots, to_snapshot) = sync_channel(1);
        let (spares, ordered) = sync_channel(1);
        let shared = &line.shared;
        let workshop = spares::Workshop::new(settings, ordered, Arc::clone(shared));
        let writer = writer::Writer {
            spares: workshop.maker(spares),
            journal,
            helm: Arc::clone(&line.helm),
            shared: Arc::clone(shared),
            probe: Arc::clone(probe),
            delay: settings.commit_delay,
            snapshots,
            snapshot_every: settings.snapshot_every.max(1),
            since_snapshot: 0,
        };
        let follower = follower::Follower::new(settings, Arc::clone(shared), Arc::clone(probe));
        let (helm, tick) = (Arc::clone(&line.helm), settings.tick);
        Ok(vec![
            named("motet-engine", move || helm.run(tick))?,
            named("motet-writer", move || writer.run())?,
            named("motet-spare", move || workshop.run())?,
            named("motet-follower", move || follower.run(&to_snapshot))?,
        ])
    }

    /// Decides a request by its deadline. `None` when it was turned away undecided or came too late.
    pub async fn decide(&self, sealed: Box<SealedRequest>, deadline: Instant) -> Option<Answer> {
        let begun = monotonic();
        let sealed = match self.away.get() {
            Some(away) => away.gather(&self.line, sealed, deadline).await?,
            None => sealed,
        };
        let (reply, answer) = oneshot::channel();
        let queued = monotonic();
        if self.line.ask(Command::Decide { sealed, deadline, begun, queued, reply }).await.is_err() {
            self.probe.shed();
            return None;
        }
        tokio::time::timeout_at(deadline.into(), answer).await.ok()?.ok()
    }

    /// Judges a notice, with what its token states of the bid where it came with one; durable once this returns. A notice of
    /// a bid whose record was lost is judged by that alone.
    ///
    /// # Errors
    /// When it could not be taken or made durable: the sender should try again.
    pub async fn notice(&self, notice: Notice, stated: Option<Stated>) -> Result<Judgement, Unavailable> {
        let (reply, judgement) = oneshot::channel();
        self.line.ask(Command::Notice { notice, stated, reply }).await?;
        judgement.await.map_err(|_| self.line.why_dropped())
    }

    /// Applies changes, all or none; durable once this returns. The inner result is the refusal, if any.
    ///
    /// # Errors
    /// When they could not be taken or made durable.
    pub async fn change(&self, changes: Vec<Change>) -> Result<Result<(), String>, Unavailable> {
        let (reply, outcome) = oneshot::channel();
        self.line.send(Command::Change { changes, reply })?;
        outcome.await.map_err(|_| self.line.why_dropped())
    }

    /// Returns the accounts of some campaigns.
    ///
    /// # Errors
    /// When the engine cannot be asked.
    pub async fn accounts(&self, campaigns: Vec<CampaignIx>) -> Result<Vec<Account>, Unavailable> {
        let (reply, accounts) = oneshot::channel();
        self.line.send(Command::Accounts { campaigns, reply })?;
        accounts.await.map_err(|_| self.line.why_dropped())
    }

    /// Begins to serve the policies of a folder: looks at it once, and again whenever it changes if the settings say so. What
    /// is wrong with the folder is logged and told by the API; what was in service stays. Blocks while it looks.
    ///
    /// # Errors
    /// When the thread that watches the folder cannot be started.
    pub fn serve_policies(&self, settings: policies::Settings) -> Result<(), OpenError> {
        let keeper =
            Arc::new(Keeper::new(settings, &self.data_dir, self.line.clone(), Arc::clone(&self.probe)));
        if self.keeper.set(Arc::clone(&keeper)).is_err() {
            return Ok(());
        }
        keeper.begin();
        if let Some(watch) = keeper.watch() {
            let thread = named("motet-policies", watch)?;
            self.threads.lock().unwrap_or_else(PoisonError::into_inner).push(thread);
        }
        Ok(())
    }

    /// Returns who keeps the policies, once they are served.
    pub(crate) fn keeper(&self) -> Option<Arc<Keeper>> {
        self.keeper.get().map(Arc::clone)
    }

    /// Returns the catalog as last applied.
    pub fn catalog(&self) -> Arc<Catalog> {
        Arc::clone(&self.line.shared.catalog.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns why nothing can be decided, if so.
    pub fn fault(&self) -> Option<String> {
        if self.line.shared.stopping.load(Ordering::Relaxed) {
            return Some(Unavailable::Stopped.to_string());
        }
        self.line.shared.failure()
    }

    /// Returns the data folder.
    pub fn data_dir(&self) -> &std::path::Path {
        &self.data_dir
    }

    /// Returns what was found when the journal was opened.
    pub const fn opened(&self) -> &Opened {
        &self.opened
    }

    /// Finishes what was taken, makes it durable, writes a snapshot, and ends the threads. Blocks until done.
    pub fn stop(&self) {
        self.line.shared.stopping.store(true, Ordering::Relaxed);
        if let Some(keeper) = self.keeper.get() {
            keeper.end_watch();
        }
        // A closed queue means that it has stopped already.
        if self.line.helm.queue(Command::Stop).is_ok() {
            self.line.helm.call();
        }
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("a runtime thread ended in a panic");
            }
        }
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        self.stop();
    }
}

fn named(name: &str, run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, OpenError> {
    std::thread::Builder::new().name(name.to_owned()).spawn(run).map_err(OpenError::Thread)
}

#[cfg(test)]
mod tests;
