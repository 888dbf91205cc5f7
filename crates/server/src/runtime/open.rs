//! Opening: the newest snapshot, every record after it, and the options in force.

use std::path::{Path, PathBuf};

use motet_engine::{Difference, Engine, Event, Options, Record, RecordError, SnapshotError};
use motet_store::journal::{self, Batch, Journal};

use super::{Settings, fold::Fold, wall_clock};

/// A data folder that cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The journal or a snapshot file.
    #[error("cannot open the journal in {dir}")]
    Journal {
        /// The folder.
        dir: PathBuf,
        /// Why.
        #[source]
        source: journal::Error,
    },
    /// A snapshot's contents.
    #[error("cannot take back the snapshot at record {sequence}")]
    Snapshot {
        /// The record it was taken after.
        sequence: u64,
        /// Why.
        #[source]
        source: SnapshotError,
    },
    /// A record's contents.
    #[error("cannot read record {sequence}")]
    Record {
        /// The record.
        sequence: u64,
        /// Why.
        #[source]
        source: RecordError,
    },
    /// A record this program decides differently.
    #[error(
        "record {} comes out differently in this version: start the version that wrote it once, stop it cleanly so \
         that it writes a snapshot, then start this one", .0.sequence
    )]
    Differs(Box<Difference>),
    /// Records are missing before the first one kept.
    #[error("the journal begins at record {first}, and no snapshot covers what came before")]
    Incomplete {
        /// The first record kept.
        first: u64,
    },
    /// A snapshot is newer than the journal: records were lost, or the folders do not belong together.
    #[error(
        "the journal ends before record {next}, but a snapshot covers record {snapshot}: records are missing"
    )]
    Behind {
        /// The next record the journal would write.
        next: u64,
        /// The record the snapshot was taken after.
        snapshot: u64,
    },
    /// A thread could not be started.
    #[error("cannot start a thread")]
    Thread(#[source] std::io::Error),
}

/// What was found when a journal was opened.
#[derive(Clone, Copy, Debug)]
pub struct Opened {
    /// The record the snapshot was taken after; 0 without one.
    pub snapshot: u64,
    /// Records taken again on top of it.
    pub replayed: u64,
    /// Bytes of an unfinished batch cut off the end: never acknowledged.
    pub truncated_bytes: u64,
    /// The last record there is; 0 before the first.
    pub last: u64,
    /// The place up to which the nodes' common log was followed; 0 for none.
    pub followed: u64,
}

pub(crate) fn journal_dir(data_dir: &Path) -> PathBuf {
    data_dir.join("journal")
}

pub(crate) fn snapshot_dir(data_dir: &Path) -> PathBuf {
    data_dir.join("snapshots")
}

/// Opens a data folder for writing and brings the engine up to date.
pub(crate) fn open(settings: &Settings) -> Result<(Engine, Journal, Opened), OpenError> {
    let dir = journal_dir(&settings.data_dir);
    let failed = |source| OpenError::Journal { dir: dir.clone(), source };
    let options = journal::Options { segment_bytes: settings.segment_bytes, ..journal::Options::default() };
    let (mut journal, recovery) = Journal::open(&dir, options).map_err(failed)?;
    let (mut engine, mut opened) = open_engine(&settings.data_dir)?;
    opened.truncated_bytes = recovery.truncated_bytes;
    if recovery.next_sequence <= opened.snapshot {
        return Err(OpenError::Behind { next: recovery.next_sequence, snapshot: opened.snapshot });
    }
    // First, and under the options that were in force: it withholds what bids may cost that were lost with a stop.
    take(&mut engine, &mut journal, &Event::Opened).map_err(failed)?;
    // Policies are seated by events of their own, and stay through a change of options.
    let policies = settings.engine.policies.clone().or_else(|| engine.options().policies.clone());
    if *engine.options() != (Options { policies, ..settings.engine.clone() }) {
        let event = Event::Configured(Box::new(settings.engine.clone()));
        take(&mut engine, &mut journal, &event).map_err(failed)?;
    }
    Ok((engine, journal, opened))
}

/// Brings an engine up to date with a data folder, reading only.
///
/// # Errors
/// When the folder cannot be read, or holds something this program decides differently.
pub fn open_engine(data_dir: &Path) -> Result<(Engine, Opened), OpenError> {
    let mut fold = Fold::begin(data_dir)?;
    let mut replayed = 0;
    while fold.step()? {
        replayed += 1;
    }
    let opened = Opened {
        snapshot: fold.snapshot(),
        replayed,
        truncated_bytes: 0,
        last: fold.folded(),
        followed: fold.engine().followed(),
    };
    Ok((fold.into_engine(), opened))
}

/// Takes an event and journals it, so that a replay needs nothing but the journal.
fn take(engine: &mut Engine, journal: &mut Journal, event: &Event) -> Result<(), journal::Error> {
    let at = wall_clock();
    let effect = engine.step(at, event, motet_coordinator::Timing::Unlimited);
    let mut batch = Batch::starting_at(journal.next_sequence());
    batch.push_with(|bytes| Record::encode_into(at, event, &effect, bytes))?;
    journal.commit(&batch)
}
