//! Segments of the journal filled ahead of time, by a thread of their own: a sync of a file that already has its size is
//! shorter and steadier than one of a file that grows.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, SyncSender},
    },
    time::Duration,
};

use motet_store::journal::{self, Filled, Journal, Spare};

use super::{Settings, Shared, open::journal_dir};

/// Between two pieces, so that the disk stays free for the journal.
const REST: Duration = Duration::from_millis(20);

/// The writer's end: asks for a spare in time, and tells the journal when there is one.
pub(super) struct SpareMaker {
    orders: SyncSender<u64>,
    ready: Arc<AtomicBool>,
    ordered: bool,
}

impl SpareMaker {
    /// Called between batches; never waits.
    pub(super) fn see_to(&mut self, journal: &mut Journal) {
        if self.ordered {
            if self.ready.swap(false, Ordering::Acquire) {
                journal.spare_made();
                self.ordered = false;
            }
        } else if journal.wants_spare() {
            self.ordered = self.orders.try_send(journal.spare_bytes()).is_ok();
        }
    }
}

/// The making end: a thread's whole work.
pub(super) struct Workshop {
    dir: PathBuf,
    orders: Receiver<u64>,
    ready: Arc<AtomicBool>,
    shared: Arc<Shared>,
}

impl Workshop {
    pub(super) fn new(settings: &Settings, orders: Receiver<u64>, shared: Arc<Shared>) -> Self {
        Self { dir: journal_dir(&settings.data_dir), orders, ready: Arc::default(), shared }
    }

    /// Returns the writer's end.
    pub(super) fn maker(&self, orders: SyncSender<u64>) -> SpareMaker {
        SpareMaker { orders, ready: Arc::clone(&self.ready), ordered: false }
    }

    /// Makes spares as they are ordered. A failure is told and harms nothing: the journal makes its next segment
    /// itself, and no further spare is asked for.
    pub(super) fn run(self) {
        while let Ok(bytes) = self.orders.recv() {
            match self.make(bytes) {
                Ok(Filled::Whole) => self.ready.store(true, Ordering::Release),
                Ok(Filled::Partly) => return,
                Err(error) => tracing::warn!(%error, "could not make a spare segment"),
            }
        }
    }

    /// Makes one, unless the server is told to stop meanwhile.
    fn make(&self, bytes: u64) -> Result<Filled, journal::Error> {
        let mut spare = Spare::begin(&self.dir, bytes)?;
        while spare.fill()? == Filled::Partly {
            if self.shared.stopping.load(Ordering::Relaxed) {
                return Ok(Filled::Partly);
            }
            std::thread::sleep(REST);
        }
        Ok(Filled::Whole)
    }
}
