//! The writer thread: makes batches durable, then answers.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::Ordering,
        mpsc::{Receiver, SyncSender},
    },
};

use motet_engine::Judgement;
use motet_store::journal::{Batch, Journal, snapshot};
use tokio::sync::oneshot;

use super::{Answer, Command, Probe, Shared, monotonic};

/// Snapshots kept: the newest, and one before it in case the newest cannot be read.
const SNAPSHOTS_KEPT: usize = 2;

/// A batch with the answers that wait for it.
pub(super) struct Filled {
    pub(super) batch: Batch,
    pub(super) replies: Vec<Reply>,
    /// The whole state after the batch's last record, when it is time for a snapshot.
    pub(super) snapshot: Option<Vec<u8>>,
}

impl Filled {
    pub(super) const fn starting_at(sequence: u64) -> Self {
        Self::with(Batch::starting_at(sequence))
    }

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
    pub(super) shared: Arc<Shared>,
    pub(super) probe: Arc<dyn Probe>,
    pub(super) commands: SyncSender<Command>,
    pub(super) emptied: SyncSender<Batch>,
    pub(super) snapshots: SyncSender<(u64, Vec<u8>)>,
}

impl Writer {
    /// Runs until the engine thread ends or the journal fails; then what was not durable is never answered.
    pub(super) fn run(mut self, to_commit: &Receiver<Filled>) {
        while let Ok(filled) = to_commit.recv() {
            let began = monotonic();
            if let Err(error) = self.journal.commit(&filled.batch) {
                self.shared.fail(error.to_string());
                return;
            }
            let (records, bytes) = (filled.batch.len(), filled.batch.as_bytes().len());
            if records > 0 {
                self.probe.committed(records, bytes, monotonic() - began);
            }
            for reply in filled.replies {
                self.answer(reply);
            }
            if let Some(state) = filled.snapshot {
                self.hand_on_snapshot(filled.batch.next_sequence() - 1, state);
            }
            let _ = self.emptied.try_send(filled.batch);
        }
    }

    fn hand_on_snapshot(&self, sequence: u64, state: Vec<u8>) {
        if self.shared.stopping.load(Ordering::Relaxed) {
            // The last one is worth waiting for: it makes the next start quick.
            let _ = self.snapshots.send((sequence, state));
        } else {
            // The one before may still be being written; the next will come in time.
            let _ = self.snapshots.try_send((sequence, state));
        }
    }

    fn answer(&self, reply: Reply) {
        match reply {
            Reply::Decided(sender, answer) => {
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
        let _ = self.commands.try_send(Command::Abandon { decision: answer.decision.id, imps });
    }
}

/// Writes snapshots as they come. A failure is told and harms nothing: the journal holds everything.
pub(super) fn write_snapshots(dir: &Path, snapshots: &Receiver<(u64, Vec<u8>)>) {
    while let Ok((sequence, state)) = snapshots.recv() {
        let written = snapshot::write(dir, sequence, &state);
        match written.and_then(|_| snapshot::keep_last(dir, SNAPSHOTS_KEPT)) {
            Ok(_) => tracing::info!(sequence, bytes = state.len(), "wrote a snapshot"),
            Err(error) => tracing::warn!(%error, sequence, "could not write a snapshot"),
        }
    }
}
