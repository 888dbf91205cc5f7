//! The journal as outbox: reads what is on the disk, publishes it, and then notes how far it is.
//!
//! A record is published once it is durable, never before, so nothing is told that a crash could take back. The place
//! moves after the bus has acknowledged, so a crash in between publishes some records again, under the same names. A
//! folder whose place was never noted is published from the oldest record kept.

use std::{
    path::PathBuf,
    sync::{Arc, atomic::Ordering},
};

use motet_bus::{Bus, Message};
use motet_store::journal::{self, Reader, Records};
use tokio::sync::watch;

use super::{
    Progress, REST,
    messages::{Wanted, messages},
    place::Place,
    wait_or_stop,
};
use crate::{
    config::Config,
    runtime::{Runtime, journal_dir},
};

/// Bytes after which no more is read for one publishing.
const TOGETHER_BYTES: usize = 4 << 20;

/// The journal cannot be followed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file that says how far publishing is.
    #[error("{path} cannot be read or written")]
    Place {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The journal.
    #[error("the journal in {dir}")]
    Journal {
        /// Its folder.
        dir: PathBuf,
        /// Why not.
        source: journal::Error,
    },
    /// The place lies beyond the journal: they do not belong together.
    #[error("record {place} is said to be published, but the journal ends at {last}")]
    Ahead {
        /// The record said to be published.
        place: u64,
        /// The last record there is.
        last: u64,
    },
}

/// Publishes the journal of one runtime.
pub(super) struct Outbox {
    bus: Arc<dyn Bus>,
    runtime: Arc<Runtime>,
    durable: watch::Receiver<u64>,
    records: Records,
    dir: PathBuf,
    place: Place,
    published: u64,
    node: u16,
    wanted: Wanted,
    batch: usize,
    progress: Arc<Progress>,
}

/// Records read, as messages.
struct Chunk {
    messages: Vec<Message>,
    last: u64,
}

impl Outbox {
    /// Opens the journal where publishing stopped.
    pub(super) fn open(
        config: &Config,
        runtime: &Arc<Runtime>,
        bus: Arc<dyn Bus>,
        progress: Arc<Progress>,
    ) -> Result<Self, Error> {
        let place = Place::in_folder(runtime.data_dir());
        let noted = place.read().map_err(|source| Error::Place { path: place.path().to_owned(), source })?;
        let (dir, durable) = (journal_dir(runtime.data_dir()), runtime.durable());
        let last = *durable.borrow();
        if noted > last {
            return Err(Error::Ahead { place: noted, last });
        }
        let failed = |source| Error::Journal { dir: dir.clone(), source };
        let reader = Reader::open(&dir).map_err(failed)?;
        // What was never noted begins at the oldest record kept; what was noted must still be there.
        let from = if noted == 0 { reader.first_sequence().map_err(failed)? } else { noted + 1 };
        let records = reader.records_from(from).map_err(failed)?;
        let published = from - 1;
        runtime.followed(published);
        progress.published.store(published, Ordering::Relaxed);
        let (runtime, node, batch) = (Arc::clone(runtime), config.decision.node, config.bus.batch);
        let wanted = Wanted { events: true, records: config.bus.records };
        Ok(Self { bus, runtime, durable, records, dir, place, published, node, wanted, batch, progress })
    }

    /// Publishes until told to stop. A journal that does not read ends it, loudly: what follows must not overtake.
    pub(super) async fn run(mut self, mut stopped: watch::Receiver<bool>) {
        loop {
            let published = self.published;
            tokio::select! {
                // An error says that the runtime has ended.
                more = self.durable.wait_for(|durable| *durable > published) => if more.is_err() { return },
                _ = stopped.wait_for(|stopped| *stopped) => return,
            }
            let chunk = match self.read() {
                Ok(chunk) => chunk,
                Err(error) => {
                    let cause = std::error::Error::source(&error).map(ToString::to_string);
                    tracing::error!(%error, cause, published, "publishing has ended");
                    return;
                }
            };
            if !self.publish(chunk, &mut stopped).await {
                return;
            }
        }
    }

    /// Reads what is durable, up to a batch. Quick: what was written lately is in the system's memory.
    fn read(&mut self) -> Result<Chunk, Error> {
        let durable = *self.durable.borrow();
        let mut chunk = Chunk { messages: Vec::new(), last: self.published };
        let mut bytes = 0;
        while chunk.last < durable && chunk.messages.len() < self.batch && bytes < TOGETHER_BYTES {
            let read = self.records.read();
            let failed = |source| Error::Journal { dir: self.dir.clone(), source };
            let Some(record) = read.map_err(failed)? else { break };
            bytes += record.payload.len();
            chunk.last = record.sequence;
            chunk.messages.extend(messages(self.wanted, self.node, record.sequence, record.payload));
        }
        Ok(chunk)
    }

    /// Publishes a chunk for as long as it takes, then notes it; tells whether to go on.
    async fn publish(&mut self, chunk: Chunk, stopped: &mut watch::Receiver<bool>) -> bool {
        while let Err(error) = self.bus.publish(chunk.messages.clone()).await {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            tracing::warn!(%error, cause, "could not publish; trying again");
            if wait_or_stop(REST, stopped).await {
                return false;
            }
        }
        if let Err(error) = self.place.keep(chunk.last) {
            let path = self.place.path().display();
            tracing::error!(%error, %path, "publishing has ended: its place cannot be noted");
            return false;
        }
        self.published = chunk.last;
        self.runtime.followed(chunk.last);
        self.progress.published.store(chunk.last, Ordering::Relaxed);
        true
    }
}
