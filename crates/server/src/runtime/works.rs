//! What is done at the helm: commands become events, events records, and records a batch.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Instant,
};

use motet_coordinator::Timing;
use motet_engine::{Effect, Engine, Event, Judgement, Record, SealedRequest};
use motet_model::{
    catalog::Change,
    decision::Decision,
    ids::{BidId, CampaignIx, DecisionId},
    outcome::{Notice, NoticeKind, NoticeVerdict, Stated},
};
use motet_policy::PolicySet;
use motet_store::journal::Batch;
use motet_units::{Nanos, Timestamp};
use tokio::sync::oneshot;

use super::{
    Answer, Command, LiveStopwatch, Milestones, Probe, Shared, Steering,
    float::FloatBook,
    helm::Gather,
    monotonic, wall_clock,
    writer::{Filled, Reply},
};

/// Records, and bytes, up to which a batch goes on filling while the disk is busy with the one before it.
const MOST_RECORDS: usize = 8_192;
const MOST_BYTES: usize = 32 << 20;

/// What the writer is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Writing {
    /// It waits for something to write.
    Idle,
    /// It lets a batch gather.
    Gathers(Gather),
    /// It writes, or was woken.
    Busy,
}

/// The engine, and the batch it fills.
pub(super) struct Works {
    engine: Engine,
    shared: Arc<Shared>,
    probe: Arc<dyn Probe>,
    filling: Filled,
    float: FloatBook,
    pub(super) writing: Writing,
    /// Whether anything was taken, so that a snapshot is worth writing when stopping.
    stepped: bool,
    /// Whether nothing more is taken.
    ended: bool,
    catalog_version: u64,
}

impl Works {
    pub(super) fn new(engine: Engine, shared: Arc<Shared>, probe: Arc<dyn Probe>) -> Self {
        Self {
            filling: Filled::with(Batch::starting_at(engine.next_sequence())),
            float: FloatBook::new(&engine),
            writing: Writing::Busy,
            catalog_version: engine.catalog().version(),
            engine,
            shared,
            probe,
            stepped: false,
            ended: false,
        }
    }

    /// Carries out a command.
    pub(super) fn take(&mut self, command: Command) {
        match command {
            Command::Decide { sealed, deadline, queued, reply } => {
                self.decide(sealed, deadline, queued, reply);
            }
            Command::Notice { notice, stated, reply } => {
                let judgement = self.judge(notice, Some(stated));
                self.filling.replies.push(Reply::Judged(reply, judgement));
            }
            Command::Abandon { decision, imps } => self.abandon(decision, imps),
            Command::Change { changes, reply } => self.change(changes, reply),
            Command::Accounts { campaigns, reply } => {
                let known = self.engine.catalog().campaigns().len();
                let asked = campaigns.into_iter().filter(|ix: &CampaignIx| ix.get() < known);
                // Nobody may be waiting any more; then there is nobody to tell.
                let _ = reply.send(asked.map(|ix| self.engine.account(ix)).collect());
            }
            Command::Steer { set, reply } => self.steer(set, reply),
            Command::Steering { reply } => drop(reply.send(self.steering())),
            Command::Stop => self.stop(),
        }
    }

    fn change(&mut self, changes: Vec<Change>, reply: oneshot::Sender<Result<(), String>>) {
        let effect = self.step(wall_clock(), &Event::Changed(changes), Timing::Unlimited);
        self.publish_catalog();
        self.filling.replies.push(Reply::Changed(reply, outcome(effect)));
    }

    fn steer(&mut self, set: Arc<PolicySet>, reply: oneshot::Sender<Result<(), String>>) {
        let effect = self.step(wall_clock(), &Event::Steered(set), Timing::Unlimited);
        self.probe.steered(&self.steering());
        self.filling.replies.push(Reply::Changed(reply, outcome(effect)));
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
        sealed: Box<SealedRequest>,
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
        let now = self.may_answer_now(&decision);
        let answer = Answer { decision, sealed, catalog: self.engine.catalog(), milestones };
        if !now {
            self.filling.replies.push(Reply::Decided(reply, Box::new(answer)));
        } else if let Err(unheard) = reply.send(answer) {
            self.abandon(unheard.decision.id, unheard.decision.imps.len() as u16);
        }
    }

    /// Tells whether a decision need not wait for the disk: it moves no money, or the float covers its bids.
    fn may_answer_now(&mut self, decision: &Decision) -> bool {
        if decision.bids().next().is_none() {
            return true;
        }
        self.see_what_is_durable();
        self.float.admit(&self.engine, decision)
    }

    fn see_what_is_durable(&mut self) {
        self.float.durable_through(self.shared.durable.load(Ordering::Acquire));
    }

    fn judge(&mut self, notice: Notice, stated: Option<Stated>) -> Judgement {
        let event = match stated {
            Some(stated) if self.engine.is_stray(notice.bid) => Event::NoticedStray(notice, stated),
            _ => Event::Noticed(notice),
        };
        let judgement = match self.step(wall_clock(), &event, Timing::Unlimited) {
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
                self.judge(Notice { bid, kind, happened_at: wall_clock(), key: 0 }, None);
            }
        }
    }

    pub(super) fn control(&mut self) {
        self.step(wall_clock(), &Event::Ticked, Timing::Unlimited);
        self.report_accounts();
    }

    pub(super) fn report_accounts(&self) {
        let engine = &self.engine;
        self.probe.ticked(&engine.catalog(), &engine.accounts(), &engine.totals(), engine.open_bids());
        self.probe.steered(&self.steering());
    }

    /// Ends the work: what was taken is written, and after it that it was all.
    fn stop(&mut self) {
        let stepped = self.stepped;
        self.step(wall_clock(), &Event::Closed, Timing::Unlimited);
        if stepped {
            // Nothing more is decided, so nothing waits for this: it makes the next start quick.
            self.filling.snapshot = Some(self.engine.save());
        }
        self.ended = true;
    }

    /// Steps the engine and encodes the record.
    fn step(&mut self, at: Timestamp, event: &Event, timing: Timing<'_>) -> Effect {
        let effect = self.engine.step(at, event, timing);
        let pushed = self.filling.batch.push_with(|bytes| Record::encode_into(at, event, &effect, bytes));
        if let Err(error) = pushed {
            // The edge bounds what a request or change can hold far below a record's limit.
            self.shared.fail(error.to_string());
        }
        if !matches!(event, Event::Requested(_) | Event::Noticed(_) | Event::NoticedStray(..) | Event::Ticked)
        {
            self.float.changed(&self.engine);
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

    /// Tells whether the batch holds so much that it must be taken before there can be more.
    pub(super) fn is_full(&self) -> bool {
        self.filling.batch.len() >= MOST_RECORDS || self.filling.batch.as_bytes().len() >= MOST_BYTES
    }

    pub(super) fn has_nothing(&self) -> bool {
        self.filling.batch.is_empty() && self.filling.snapshot.is_none()
    }

    pub(super) const fn has_ended(&self) -> bool {
        self.ended
    }

    /// Tells whether the batch may go on gathering.
    pub(super) fn may_gather(&self, gather: Gather) -> bool {
        let waited = gather == Gather::Unwaited && !self.filling.replies.is_empty();
        !self.ended && !waited && !self.is_full()
    }

    /// Tells whether the writer should be woken now; once.
    pub(super) fn should_wake_writer(&mut self) -> bool {
        let wake = match self.writing {
            Writing::Idle => !self.has_nothing() || self.ended,
            Writing::Gathers(gather) => !self.may_gather(gather),
            Writing::Busy => false,
        };
        if wake {
            self.writing = Writing::Busy;
        }
        wake
    }

    /// Takes out what was filled, if anything, and begins the next batch in an emptied one.
    pub(super) fn seal(&mut self, mut emptied: Batch) -> Option<Filled> {
        if self.has_nothing() {
            return None;
        }
        emptied.restart_at(self.engine.next_sequence());
        self.see_what_is_durable();
        self.float.sealed(&self.engine);
        Some(std::mem::replace(&mut self.filling, Filled::with(emptied)))
    }

    /// Ends the work without writing more; who waits is never answered.
    pub(super) fn drop_all(&mut self) {
        self.ended = true;
        self.filling.replies.clear();
    }
}

fn outcome(effect: Effect) -> Result<(), String> {
    if let Effect::Changed(outcome) = effect { outcome } else { Ok(()) }
}
