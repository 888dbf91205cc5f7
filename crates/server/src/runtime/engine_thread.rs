//! The engine thread: takes commands, steps the engine, fills batches.

use std::{
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError},
    },
    time::{Duration, Instant},
};

use motet_coordinator::Timing;
use motet_engine::{Effect, Engine, Event, Judgement, Record};
use motet_model::{
    decision::ImpDecision,
    ids::{BidId, DecisionId},
    outcome::{Notice, NoticeKind, NoticeVerdict},
};
use motet_policy::PolicySet;
use motet_store::journal::Batch;
use motet_units::{Nanos, Timestamp};
use tokio::sync::oneshot;

use super::{
    Answer, Command, LiveStopwatch, Milestones, Probe, Settings, Shared, Steering, monotonic, wall_clock,
    writer::{Filled, Reply},
};

/// Records after which a batch is handed on even if more commands wait.
const BATCH_RECORDS: usize = 512;
/// Bytes after which a batch is handed on even if more commands wait.
const BATCH_BYTES: usize = 4 << 20;
/// Records, and bytes, up to which a batch goes on filling while the disk is busy with those before it.
const MOST_RECORDS: usize = 8_192;
const MOST_BYTES: usize = 32 << 20;
/// How often a batch that waits for the disk is offered again.
const OFFER_AGAIN: Duration = Duration::from_micros(250);

/// The ends the engine thread holds.
pub(super) struct Channels {
    pub(super) inbox: Receiver<Command>,
    pub(super) batches: SyncSender<Filled>,
    pub(super) to_fill: Receiver<Batch>,
}

/// The engine thread's state.
pub(super) struct EngineThread {
    engine: Engine,
    channels: Channels,
    shared: Arc<Shared>,
    probe: Arc<dyn Probe>,
    filling: Filled,
    /// An empty batch kept for the next.
    spare: Option<Batch>,
    tick: Duration,
    next_tick: Instant,
    /// How long the thread rests after a batch of several, while the next one gathers.
    rest: Duration,
    /// Whether anything was taken, so that a snapshot is worth writing when stopping.
    stepped: bool,
    catalog_version: u64,
}

/// Whether the thread goes on.
#[derive(PartialEq, Eq)]
enum Flow {
    On,
    Stop,
}

impl EngineThread {
    pub(super) fn new(
        settings: &Settings,
        engine: Engine,
        channels: Channels,
        shared: Arc<Shared>,
        probe: Arc<dyn Probe>,
    ) -> Self {
        Self {
            filling: Filled::starting_at(engine.next_sequence()),
            spare: None,
            catalog_version: engine.catalog().version(),
            engine,
            channels,
            shared,
            probe,
            tick: settings.tick,
            rest: settings.commit_delay,
            next_tick: monotonic() + settings.tick,
            stepped: false,
        }
    }

    /// Runs until told to stop, or until the writer has.
    pub(super) fn run(mut self) {
        self.report_accounts();
        loop {
            let flow = self.take_some();
            if flow == Flow::Stop && self.stepped {
                // Nothing more is decided, so nothing waits for this: it makes the next start quick.
                self.filling.snapshot = Some(self.engine.save());
            }
            let several = self.filling.batch.len() > 1;
            let handed = if flow == Flow::Stop || self.is_full() { self.hand_on() } else { self.offer() };
            if handed.is_err() || flow == Flow::Stop {
                return;
            }
            if several && self.filling.batch.is_empty() {
                // Under load the next batch gathers meanwhile: one wake-up and one sync serve many. A lone request
                // is never kept waiting.
                std::thread::sleep(self.rest);
            }
        }
    }

    /// Waits for a command, then takes all that wait with it, up to a batch.
    fn take_some(&mut self) -> Flow {
        let mut wait = self.next_tick.saturating_duration_since(monotonic());
        if !self.filling.batch.is_empty() {
            wait = wait.min(OFFER_AGAIN);
        }
        let flow = match self.channels.inbox.recv_timeout(wait) {
            Ok(command) => self.take(command),
            Err(RecvTimeoutError::Timeout) => Flow::On,
            Err(RecvTimeoutError::Disconnected) => Flow::Stop,
        };
        if flow == Flow::Stop {
            return flow;
        }
        if monotonic() >= self.next_tick {
            self.control();
        }
        let (begun, begun_bytes) = (self.filling.batch.len(), self.filling.batch.as_bytes().len());
        while self.filling.batch.len() < begun + BATCH_RECORDS
            && self.filling.batch.as_bytes().len() < begun_bytes + BATCH_BYTES
        {
            let Ok(command) = self.channels.inbox.try_recv() else { break };
            if self.take(command) == Flow::Stop {
                return Flow::Stop;
            }
        }
        Flow::On
    }

    fn take(&mut self, command: Command) -> Flow {
        match command {
            Command::Decide { sealed, deadline, queued, reply } => {
                self.decide(sealed, deadline, queued, reply);
            }
            Command::Notice { notice, reply } => {
                let judgement = self.judge(notice);
                self.filling.replies.push(Reply::Judged(reply, judgement));
            }
            Command::Abandon { decision, imps } => self.abandon(decision, imps),
            Command::Change { changes, reply } => {
                let effect = self.step(wall_clock(), &Event::Changed(changes), Timing::Unlimited);
                let outcome = if let Effect::Changed(outcome) = effect { outcome } else { Ok(()) };
                self.publish_catalog();
                self.filling.replies.push(Reply::Changed(reply, outcome));
            }
            Command::Accounts { campaigns, reply } => {
                let known = self.engine.catalog().campaigns().len();
                let asked = campaigns.into_iter().filter(|ix| ix.get() < known);
                // Nobody may be waiting any more; then there is nobody to tell.
                let _ = reply.send(asked.map(|ix| self.engine.account(ix)).collect());
            }
            Command::Steer { set, reply } => {
                let effect = self.step(wall_clock(), &Event::Steered(set), Timing::Unlimited);
                let outcome = if let Effect::Changed(outcome) = effect { outcome } else { Ok(()) };
                self.probe.steered(&self.steering());
                self.filling.replies.push(Reply::Changed(reply, outcome));
            }
            Command::Steering { reply } => drop(reply.send(self.steering())),
            Command::Take { event, reply } => {
                let effect = self.step(wall_clock(), &event, Timing::Unlimited);
                if matches!(effect, Effect::Changed(Err(_))) {
                    // What comes from the store fits: it was tried before it was put there.
                    self.probe.invariant_broken();
                }
                self.publish_catalog();
                let sequence = self.engine.next_sequence() - 1;
                self.filling.replies.push(Reply::Taken(reply, effect, sequence));
            }
            Command::Holdings { reply } => drop(reply.send(self.engine.holdings())),
            Command::Stop => return Flow::Stop,
        }
        Flow::On
    }

    fn steering(&self) -> Steering {
        let (_, refused) = self.engine.steering();
        let set = self.engine.options().policies.as_ref();
        Steering {
            set: set.map_or_else(|| Arc::new(PolicySet::fixed()), Arc::clone),
            versions: self.engine.policies().to_vec(),
            refused,
        }
    }

    fn decide(
        &mut self,
        sealed: Box<motet_engine::SealedRequest>,
        deadline: Instant,
        queued: Instant,
        reply: oneshot::Sender<Answer>,
    ) {
        let began = monotonic();
        if began >= deadline || reply.is_closed() {
            self.probe.shed();
            return;
        }
        let mut stopwatch = LiveStopwatch::new(deadline, began);
        let event = Event::Requested(sealed);
        let effect = self.step(wall_clock(), &event, Timing::Live(&mut stopwatch));
        let (Effect::Decided(trace), Event::Requested(sealed)) = (effect, event) else { return };
        let decided = monotonic();
        self.probe.decided(&trace, decided - began, stopwatch.times());
        let milestones = Milestones::new(queued, began, decided);
        let decision = trace.decision;
        let bids = decision.imps.iter().any(|imp| matches!(imp, ImpDecision::Bid(_)));
        let answer = Answer { decision, request: sealed.request, catalog: self.engine.catalog(), milestones };
        if bids {
            self.filling.replies.push(Reply::Decided(reply, Box::new(answer)));
        } else {
            // No money moved: the answer need not wait for the disk.
            let _ = reply.send(answer);
        }
    }

    fn judge(&mut self, notice: Notice) -> Judgement {
        let effect = self.step(wall_clock(), &Event::Noticed(notice), Timing::Unlimited);
        let judgement = match effect {
            Effect::Judged(judgement) => judgement,
            _ => Judgement { verdict: NoticeVerdict::Expired, charged: Nanos::ZERO },
        };
        self.probe.judged(&notice, &judgement);
        judgement
    }

    /// Gives back the money of bids nobody was told of. 1 is the standard's loss reason for an internal error.
    fn abandon(&mut self, decision: DecisionId, imps: u16) {
        for imp in 0..imps {
            let bid = BidId { decision, imp };
            if self.engine.bid(bid).is_some() {
                let kind = NoticeKind::Lost { reason: 1, minimum_to_win: None };
                self.judge(Notice { bid, kind, happened_at: wall_clock(), key: 0 });
            }
        }
    }

    fn control(&mut self) {
        self.step(wall_clock(), &Event::Ticked, Timing::Unlimited);
        self.next_tick = monotonic() + self.tick;
        self.report_accounts();
    }

    fn report_accounts(&self) {
        let engine = &self.engine;
        self.probe.ticked(&engine.catalog(), &engine.accounts(), &engine.totals(), engine.open_bids());
        self.probe.steered(&self.steering());
    }

    /// Steps the engine and encodes the record.
    fn step(&mut self, at: Timestamp, event: &Event, timing: Timing<'_>) -> Effect {
        let effect = self.engine.step(at, event, timing);
        let pushed = self.filling.batch.push_with(|bytes| Record::encode_into(at, event, &effect, bytes));
        if let Err(error) = pushed {
            // The edge bounds what a request or change can hold far below a record's limit.
            self.shared.fail(error.to_string());
        }
        self.stepped = true;
        effect
    }

    fn publish_catalog(&mut self) {
        let catalog = self.engine.catalog();
        if catalog.version() != self.catalog_version {
            self.catalog_version = catalog.version();
            self.shared.publish(catalog);
        }
    }

    /// Tells whether the batch holds so much that it must be handed on before more is taken.
    fn is_full(&self) -> bool {
        self.filling.batch.len() >= MOST_RECORDS || self.filling.batch.as_bytes().len() >= MOST_BYTES
    }

    /// Hands the batch to the writer if it can take one; else the batch goes on filling. So while the disk stalls,
    /// decisions without a bid, which wait for no disk, are still made and answered.
    fn offer(&mut self) -> Result<(), ()> {
        let Some(filled) = self.seal() else { return Ok(()) };
        match self.channels.batches.try_send(filled) {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(filled)) => {
                let unused = std::mem::replace(&mut self.filling, filled);
                self.spare = Some(unused.batch);
                Ok(())
            }
            Err(TrySendError::Disconnected(_)) => Err(()),
        }
    }

    /// Hands the batch to the writer; waits while it has one in hand and one waiting.
    fn hand_on(&mut self) -> Result<(), ()> {
        let Some(filled) = self.seal() else { return Ok(()) };
        self.channels.batches.send(filled).map_err(|_| ())
    }

    /// Takes out what was filled, if anything, and begins the next batch.
    fn seal(&mut self) -> Option<Filled> {
        if self.filling.batch.is_empty() && self.filling.snapshot.is_none() {
            return None;
        }
        let next = self.engine.next_sequence();
        let emptied = self.spare.take().or_else(|| self.channels.to_fill.try_recv().ok());
        let mut batch = emptied.unwrap_or_else(|| Batch::starting_at(next));
        batch.restart_at(next);
        Some(std::mem::replace(&mut self.filling, Filled::with(batch)))
    }
}
