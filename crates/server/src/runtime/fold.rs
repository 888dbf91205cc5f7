//! The state as a fold over the journal: the newest snapshot, then record after record, each taken again and compared
//! with what was recorded.
//!
//! Opening a data folder does this to its end; the follower does it to where a snapshot is due. That they are the same
//! means that every snapshot was made the way a restart would rebuild the state.

use std::path::{Path, PathBuf};

use motet_engine::{Engine, Options, Record};
use motet_store::journal::{self, Reader, Records, snapshot};

use super::open::{OpenError, journal_dir, snapshot_dir};

/// A fold under way.
#[derive(Debug)]
pub(crate) struct Fold {
    engine: Engine,
    records: Records,
    dir: PathBuf,
    snapshot: u64,
}

impl Fold {
    /// Takes back the newest snapshot that is whole, or begins with nothing.
    pub(crate) fn begin(data_dir: &Path) -> Result<Self, OpenError> {
        let dir = journal_dir(data_dir);
        let failed = |source| OpenError::Journal { dir: dir.clone(), source };
        let latest = snapshot::latest(&snapshot_dir(data_dir)).map_err(failed)?;
        for error in &latest.skipped {
            tracing::warn!(%error, "a snapshot was passed over");
        }
        let reader = Reader::open(&dir).map_err(failed)?;
        let first = reader.first_sequence().map_err(failed)?;
        let snapshot = latest.snapshot.as_ref().map_or(0, |s| s.sequence);
        if first > snapshot + 1 {
            return Err(OpenError::Incomplete { first });
        }
        let engine = match latest.snapshot {
            Some(found) => Engine::load(&found.bytes)
                .map_err(|source| OpenError::Snapshot { sequence: found.sequence, source })?,
            None => Engine::new(Options::default(), 1),
        };
        let records = reader.records_from(snapshot + 1).map_err(failed)?;
        Ok(Self { engine, records, dir, snapshot })
    }

    /// Takes the next record again; tells whether there was one.
    pub(crate) fn step(&mut self) -> Result<bool, OpenError> {
        let failed = |source: journal::Error| OpenError::Journal { dir: self.dir.clone(), source };
        let Some(found) = self.records.read().map_err(failed)? else { return Ok(false) };
        let sequence = found.sequence;
        let record =
            Record::decode(found.payload).map_err(|source| OpenError::Record { sequence, source })?;
        self.engine.retake(&record).map_err(OpenError::Differs)?;
        Ok(true)
    }

    /// Returns the record the snapshot was taken after; 0 without one.
    pub(crate) const fn snapshot(&self) -> u64 {
        self.snapshot
    }

    /// Returns the last record folded in; 0 before the first.
    pub(crate) const fn folded(&self) -> u64 {
        self.engine.next_sequence() - 1
    }

    pub(crate) const fn engine(&self) -> &Engine {
        &self.engine
    }

    pub(crate) fn into_engine(self) -> Engine {
        self.engine
    }
}
