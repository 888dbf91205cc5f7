//! The writer thread: makes batches durable, then answers.

use std::{
    sync::{Arc, atomic::Ordering, mpsc::SyncSender},
    time::{Duration, Instant},
};

use motet_engine::Judgement;
use motet_store::journal::{Batch, Journal};
use tokio::sync::oneshot;

use super::{
    Answer, Command, Probe, Shared,
    follower::Order,
    helm::{Gather, Helm},
    monotonic,
    spares::SpareMaker,
};

/// A batch with the answers that wait for it.
pub(super) struct Filled {
    pub(super) batch: Batch,
    pub(super) replies: Vec<Reply>,
    /// The whole state after the batch's last record, when it is the last of all.
    pub(super) snapshot: Option<Vec<u8>>,
}

impl Filled {
    pub(super) const fn with(batch: Batch) -> Self {
        Self { batch, replies: Vec::new(), snapshot: None }
    }
}

/// An answer that waits until its record is durable.
pub(super) enum Reply {
    Decided(oneshot::Sender<Answer>, Box<Answer>),
    Judged(oneshot::Sender<Judgement>, Judgement),
    Changed(oneshot::Sender<Result<(), String>>, Result<(), String>),
}

/// The writer thread's state.
pub(super) struct Writer {
    pub(super) journal: Journal,
    pub(super) helm: Arc<Helm>,
    pub(super) shared: Arc<Shared>,
    pub(super) probe: Arc<dyn Probe>,
    /// How long records gather.
    pub(super) delay: Duration,
    pub(super) snapshots: SyncSender<Order>,
    pub(super) snapshot_every: u64,
    pub(super) since_snapshot: u64,
    pub(super) spares: SpareMaker,
}

impl Writer {
    /// Runs until all was written that is ever filled, or the journal fails; then what was not durable is never answered.
    pub(super) fn run(mut self) {
        let mut emptied = Batch::starting_at(self.journal.next_sequence());
        let mut gather = Gather::Unwaited;
        while let Some(filled) = self.helm.next_filled(emptied, self.delay, gather) {
            let began = monotonic();
            if let Err(error) = self.journal.commit(&filled.batch) {
                self.helm.fail(error.to_string());
                return;
            }
            self.shared.durable.store(filled.batch.next_sequence() - 1, Ordering::Release);
            let (records, bytes, durable) = (filled.batch.len(), filled.batch.as_bytes().len(), monotonic());
            // A lone answer is never kept waiting; where many wait, the next ones gather, too.
            gather = if filled.replies.len() > 1 { Gather::Always } else { Gather::Unwaited };
            for reply in filled.replies {
                self.answer(reply, began, durable);
            }
            if records > 0 {
                self.probe.committed(records, bytes, durable - began);
            }
            self.order_snapshot(&filled.batch, filled.snapshot);
            emptied = filled.batch;
            self.spares.see_to(&mut self.journal);
        }
    }

    /// Orders a snapshot when enough has been written since the last.
    fn order_snapshot(&mut self, batch: &Batch, state: Option<Vec<u8>>) {
        self.since_snapshot += batch.len() as u64;
        let sequence = batch.next_sequence() - 1;
        if let Some(state) = state {
            // The last one is worth waiting for: it makes the next start quick.
            let _ = self.snapshots.send(Order::Write { sequence, state });
        } else if self.since_snapshot >= self.snapshot_every
            && self.snapshots.try_send(Order::FoldTo(sequence)).is_ok()
        {
            // While the one before is still being made, the order waits.
            self.since_snapshot = 0;
        }
    }

    fn answer(&self, reply: Reply, writing: Instant, durable: Instant) {
        match reply {
            Reply::Decided(sender, mut answer) => {
                answer.milestones.made_durable(writing, durable);
                if let Err(unheard) = sender.send(*answer) {
                    self.abandon(&unheard);
                }
            }
            // Whoever asked may have gone; what was judged or changed stands all the same.
            Reply::Judged(sender, judgement) => drop(sender.send(judgement)),
            Reply::Changed(sender, outcome) => drop(sender.send(outcome)),
        }
    }

    /// Nobody was told of these bids. If the queue is full their money comes back when their window passes.
    fn abandon(&self, answer: &Answer) {
        let imps = answer.decision.imps.len() as u16;
        if self.helm.queue(Command::Abandon { decision: answer.decision.id, imps }).is_ok() {
            self.helm.call();
        }
    }
}
