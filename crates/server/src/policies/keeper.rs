//! Who decides which set is seated: one at a time, whoever asks.

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    time::SystemTime,
};

use motet_engine::{Effect, Event, Record, check_policies};
use motet_insight::metrics::PolicySwap;
use motet_policy::{PolicySet, file::Manifest};
use motet_store::journal::MAX_RECORD_BYTES;
use motet_units::Timestamp;

use super::{
    Ask, GateRule, Refusal, Report, Settings, Swap, SwapError,
    folder::{self, Found, content},
    report::report,
    shelf::{Note, Shelf, Source, Stored},
};
use crate::runtime::{Line, Probe, Unavailable, wall_clock};

/// A folder that is missing is refused when it is missing so many looks in a row: while one is renamed into the place
/// of another there is none for a moment.
const MISSING_LOOKS: u32 = 2;

/// The longest version of a set or policy, in bytes: every decision's record names them.
const MOST_VERSION: usize = 100;

/// By what a change of the folder is noticed: its manifest's bytes, and the size and time of its tensors.
type Stamp = (Vec<u8>, Option<(u64, Option<SystemTime>)>);

/// What changes with every swap.
#[derive(Debug, Default)]
struct Desk {
    /// Opened as soon as the engine can be asked what is in service.
    shelf: Option<Shelf>,
    /// The folder as last looked at; `None` when it had no manifest.
    seen: Option<Stamp>,
    missing: u32,
    refusal: Option<Refusal>,
}

/// Keeps the policies in service.
pub(crate) struct Keeper {
    settings: Settings,
    dir: PathBuf,
    line: Line,
    probe: Arc<dyn Probe>,
    desk: Mutex<Desk>,
    watch_ends: Mutex<Option<Sender<()>>>,
}

impl Keeper {
    pub(crate) fn new(
        settings: Settings,
        data_dir: &std::path::Path,
        line: Line,
        probe: Arc<dyn Probe>,
    ) -> Self {
        let (desk, watch_ends) = (Mutex::default(), Mutex::default());
        Self { settings, dir: data_dir.join("policies"), line, probe, desk, watch_ends }
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at the folder for the first time. What is wrong is logged; what was in service stays.
    pub(crate) fn begin(&self) {
        let mut desk = self.desk();
        if let Err(error) = self.check_in_service(&mut desk) {
            tracing::error!(%error, "cannot check the policies in service");
        }
        let (looked, in_service) = (self.look(&mut desk), Self::version(&desk));
        match looked {
            Ok(_) => tracing::info!(in_service, "policies in service"),
            Err(error) => tracing::error!(%error, in_service, "STARTED WITHOUT THE CONFIGURED POLICIES"),
        }
    }

    /// Returns what is to run in a thread that watches the folder, if it is to be watched.
    pub(crate) fn watch(self: &Arc<Self>) -> Option<impl FnOnce() + Send + use<>> {
        let every = self.settings.watch.filter(|_| self.settings.dir.is_some())?;
        let (ends, ended): (Sender<()>, Receiver<()>) = channel();
        *self.watch_ends.lock().unwrap_or_else(PoisonError::into_inner) = Some(ends);
        let keeper = Arc::clone(self);
        Some(move || {
            while ended.recv_timeout(every) == Err(RecvTimeoutError::Timeout) {
                keeper.notice_change();
            }
        })
    }

    /// Ends the watch.
    pub(crate) fn end_watch(&self) {
        drop(self.watch_ends.lock().unwrap_or_else(PoisonError::into_inner).take());
    }

    /// Does what is asked. Blocks.
    pub(crate) fn ask(&self, ask: Ask) -> Result<Swap, SwapError> {
        let mut desk = self.desk();
        match ask {
            Ask::Reload => self.look(&mut desk),
            Ask::Rollback => self.roll_back(&mut desk),
            Ask::Fixed => self.fix(&mut desk),
        }
    }

    /// Returns how things stand. Blocks.
    pub(crate) fn report(&self) -> Result<Report, Unavailable> {
        let mut desk = self.desk();
        let steering = self.line.steering()?;
        let refusal = desk.refusal.clone();
        Ok(report(&self.settings, self.shelf(&mut desk)?, &steering, refusal))
    }

    fn version(desk: &Desk) -> String {
        desk.shelf
            .as_ref()
            .map_or_else(|| "unknown".to_owned(), |shelf| shelf.current.found.set.version.clone())
    }

    fn shelf<'a>(&self, desk: &'a mut Desk) -> Result<&'a mut Shelf, Unavailable> {
        if desk.shelf.is_none() {
            let steering = self.line.steering()?;
            desk.shelf = Some(Shelf::open(self.dir.clone(), &steering.set, wall_clock()));
        }
        Ok(desk.shelf.as_mut().expect("opened just above"))
    }

    /// Gives the fixed policies back where this program's agents no longer take what was in service.
    fn check_in_service(&self, desk: &mut Desk) -> Result<(), SwapError> {
        let set = &self.shelf(desk)?.current.found.set;
        let Err(error) = check_policies(set) else { return Ok(()) };
        tracing::error!(%error, version = set.version, "the policies in service do not fit this program");
        self.seat(desk, fixed(Source::Fixed, None), PolicySwap::Seated).map(drop)
    }

    /// Looks at the folder if it has changed since it was last looked at.
    pub(super) fn notice_change(&self) {
        let mut desk = self.desk();
        let stamp = self.stamp();
        desk.missing = if stamp.is_none() { desk.missing + 1 } else { 0 };
        if stamp != desk.seen && (stamp.is_some() || desk.missing >= MISSING_LOOKS) {
            // Whatever came of it is logged and remembered where it happens.
            let _ = self.look(&mut desk);
        }
    }

    fn stamp(&self) -> Option<Stamp> {
        let dir = self.settings.dir.as_ref()?;
        let manifest = folder::read_manifest(dir).ok()?;
        let weights = std::fs::metadata(dir.join(motet_policy::file::WEIGHTS_FILE)).ok();
        Some((manifest, weights.map(|weights| (weights.len(), weights.modified().ok()))))
    }

    /// Looks at the folder, and seats what it holds if that is sound and not in service yet.
    fn look(&self, desk: &mut Desk) -> Result<Swap, SwapError> {
        desk.seen = self.stamp();
        let (files, looked_at) = match &self.settings.dir {
            Some(dir) => (folder::read_files(dir), dir.display().to_string()),
            None => (Ok(fixed(Source::Folder, None).found.files), "no folder".to_owned()),
        };
        let files = match files {
            Ok(files) => files,
            Err(error) => return Err(self.refuse(desk, &looked_at, &error.to_string())),
        };
        let (held, digest) = (self.shelf(desk)?.current.note.held.clone(), content(&files));
        if held.as_deref() == Some(&*digest) {
            return Ok(Swap::Held { version: Self::version(desk) });
        }
        let sound = Found::take(files).map_err(|error| error.to_string());
        let sound = sound.and_then(|found| self.admit(&found.manifest).map(|()| found));
        match sound {
            Ok(found) => self.seat(desk, Stored::new(found, note(Source::Folder, None)), PolicySwap::Seated),
            Err(reason) => Err(self.refuse(desk, &looked_at, &reason)),
        }
    }

    /// Tells whether the gate lets a folder's set in.
    fn admit(&self, manifest: &Manifest) -> Result<(), String> {
        if self.settings.gate == GateRule::Ignored || self.settings.dir.is_none() {
            return Ok(());
        }
        let said = match &manifest.gate {
            Some(gate) if gate.shippable => return Ok(()),
            Some(gate) => {
                format!("the release gate says that it is not to be shipped: {}", gate.reasons.join("; "))
            }
            None => "the release gate was never asked about it".to_owned(),
        };
        Err(format!("{said} (ask it with 'motet evaluate --gate', or set policies.require_gate = false)"))
    }

    fn roll_back(&self, desk: &mut Desk) -> Result<Swap, SwapError> {
        let Some(mut next) = self.shelf(desk)?.previous.clone() else { return Err(SwapError::NoPrevious) };
        next.note = note(Source::Rollback, self.hold_against(&next));
        self.seat(desk, next, PolicySwap::RolledBack)
    }

    fn fix(&self, desk: &mut Desk) -> Result<Swap, SwapError> {
        let mut next = fixed(Source::Fixed, None);
        next.note.held = self.hold_against(&next);
        self.seat(desk, next, PolicySwap::Seated)
    }

    /// Returns the content of the folder as it stands, where it is another than the set chosen over it.
    fn hold_against(&self, chosen: &Stored) -> Option<String> {
        let files = match &self.settings.dir {
            Some(dir) => folder::read_files(dir).ok()?,
            None => fixed(Source::Folder, None).found.files,
        };
        Some(content(&files)).filter(|digest| *digest != chosen.content)
    }

    /// Seats a set that is sound, unless it is in service already.
    fn seat(&self, desk: &mut Desk, next: Stored, outcome: PolicySwap) -> Result<Swap, SwapError> {
        let version = next.found.set.version.clone();
        let set = Arc::new(next.found.set.clone());
        if let Err(reason) = fits(&set) {
            return Err(self.refuse(desk, &version, &reason));
        }
        let shelf = self.shelf(desk)?;
        if shelf.current.found.set == *set {
            if shelf.current.content != next.content || shelf.current.note.held != next.note.held {
                let note = Note { since_micros: shelf.current.note.since_micros, ..next.note.clone() };
                shelf.refresh(Stored { note, ..next });
            }
            return Ok(Swap::Unchanged { version });
        }
        if let Err(error) = shelf.prepare(&next) {
            let reason = format!("it cannot be kept in {}: {error}", self.dir.display());
            return Err(self.refuse(desk, &version, &reason));
        }
        if let Err(reason) = self.line.steer(set)? {
            self.shelf(desk)?.discard();
            return Err(self.refuse(desk, &version, &reason));
        }
        self.shelf(desk)?.promote(next);
        self.probe.swapped(outcome);
        tracing::info!(version, ?outcome, "policies seated");
        Ok(Swap::Seated { version })
    }

    /// Logs, counts and remembers a refusal.
    fn refuse(&self, desk: &mut Desk, what: &str, reason: &str) -> SwapError {
        let in_service = Self::version(desk);
        tracing::error!(what, reason, in_service, "policies refused; those in service stay");
        self.probe.swapped(PolicySwap::Refused);
        let reason = format!("{what}: {reason}");
        desk.refusal = Some(Refusal { at: wall_clock(), reason: reason.clone() });
        SwapError::Refused(reason)
    }
}

impl std::fmt::Debug for Keeper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keeper").field("settings", &self.settings).finish_non_exhaustive()
    }
}

fn note(source: Source, held: Option<String>) -> Note {
    Note { since_micros: wall_clock().micros(), source, held }
}

/// Returns the fixed policies as a set like any other.
fn fixed(source: Source, held: Option<String>) -> Stored {
    Stored::of(&PolicySet::fixed(), "fixed", note(source, held))
}

/// Tells whether the agents take a set, and the journal can hold it and its names.
///
/// # Errors
/// The first thing that is wrong, in words.
pub fn fits(set: &Arc<PolicySet>) -> Result<(), String> {
    let versions = std::iter::once(&set.version).chain(set.agents.iter().map(|policy| &policy.version));
    for version in versions {
        if version.len() > MOST_VERSION || version.chars().any(char::is_control) {
            let start: String = version.chars().take(40).collect();
            return Err(format!("a version is one line of {MOST_VERSION} bytes at most, was {start:?}"));
        }
    }
    check_policies(set).map_err(|error| error.to_string())?;
    let (event, effect) = (Event::Steered(Arc::clone(set)), Effect::Changed(Ok(())));
    let bytes = Record::encode(Timestamp::default(), &event, &effect).len();
    // The effect may be a refusal in words, the timestamp longer.
    let most = MAX_RECORD_BYTES - 65_536;
    if bytes > most {
        return Err(format!("a set may take {most} bytes of the journal at most, was {bytes}"));
    }
    Ok(())
}
