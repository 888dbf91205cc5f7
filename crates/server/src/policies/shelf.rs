//! What is in service and what was before, as policy folders in the data folder.
//!
//! ```text
//! policies/current/    manifest.json, weights.safetensors, service.json
//! policies/previous/   the same
//! policies/next/       only while a swap is under way
//! ```
//!
//! A swap writes `next`, has the engine seat it, and then moves the folders on. Wherever that is cut short, the engine's
//! state, rebuilt from the journal, says which set is in service, and opening the shelf finishes the moves or drops `next`.

use std::{
    fs, io,
    io::Write as _,
    path::{Path, PathBuf},
};

use motet_policy::{
    PolicySet,
    file::{Files, MANIFEST_FILE, Made, Manifest, WEIGHTS_FILE, files},
};
use motet_units::Timestamp;
use serde::{Deserialize, Serialize};

use super::folder::{Found, content, read_files};

const NOTE_FILE: &str = "service.json";
const CURRENT: &str = "current";
const PREVIOUS: &str = "previous";
const NEXT: &str = "next";
const UNFINISHED: &str = "next.unfinished";

/// How a set came into service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Source {
    /// It was there when policies were first kept.
    Found,
    /// From the folder served, or from there being none.
    Folder,
    /// Somebody asked for the set before.
    Rollback,
    /// Somebody asked for the fixed policies.
    Fixed,
}

/// Since when and how a set is in service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Note {
    /// Microseconds since 1970.
    pub(super) since_micros: i64,
    pub(super) source: Source,
    /// The content of the folder that is not taken although it differs: somebody chose another set over it.
    #[serde(default)]
    pub(super) held: Option<String>,
}

/// A set with all that is kept of it.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub(super) found: Found,
    /// Its digest ([`content`]).
    pub(super) content: String,
    pub(super) note: Note,
}

impl Stored {
    pub(super) fn new(found: Found, note: Note) -> Self {
        Self { content: content(&found.files), found, note }
    }

    /// Describes a set nobody wrote a manifest for.
    pub(super) fn of(set: &PolicySet, learner: &str, note: Note) -> Self {
        let made = Made { learner: learner.to_owned(), ..Made::default() };
        let manifest = Manifest::of(set, made, std::collections::BTreeMap::new());
        Self::new(Found { files: files(set, &manifest), manifest, set: set.clone() }, note)
    }

    fn read(dir: &Path) -> Result<Self, String> {
        let note = fs::read_to_string(dir.join(NOTE_FILE)).map_err(|error| error.to_string())?;
        let note = serde_json::from_str(&note).map_err(|error| error.to_string())?;
        let files = read_files(dir).map_err(|error| error.to_string())?;
        let found = Found::take(files).map_err(|error| error.to_string())?;
        Ok(Self::new(found, note))
    }

    fn write(&self, dir: &Path) -> io::Result<()> {
        fs::create_dir_all(dir)?;
        let Files { manifest, weights } = &self.found.files;
        write_file(&dir.join(MANIFEST_FILE), manifest.as_bytes())?;
        write_file(&dir.join(WEIGHTS_FILE), weights)?;
        let note = serde_json::to_vec(&self.note)?;
        write_file(&dir.join(NOTE_FILE), &note)?;
        sync_folder(dir)
    }
}

/// The sets kept.
#[derive(Debug)]
pub(super) struct Shelf {
    dir: PathBuf,
    pub(super) current: Stored,
    pub(super) previous: Option<Stored>,
}

impl Shelf {
    /// Opens the shelf in a folder, given the set in service, which is the truth. What cannot be read is passed over and
    /// logged: at worst there is nothing to go back to.
    pub(super) fn open(dir: PathBuf, in_service: &PolicySet, now: Timestamp) -> Self {
        let current = load(&dir, CURRENT);
        let (next, previous) = (load(&dir, NEXT), load(&dir, PREVIOUS));
        let is_in_service = |stored: &Stored| stored.found.set == *in_service;
        if let Some(current) = current.as_ref().filter(|current| is_in_service(current)) {
            return Self { dir, current: current.clone(), previous };
        }
        // A swap was cut short after the engine had seated the set, or nothing was kept yet, or not what is in service.
        let next = next.filter(is_in_service);
        let next = next.unwrap_or_else(|| found_in_service(in_service, current.is_some(), now));
        let shelf = Self { dir, current: next.clone(), previous: current.or(previous) };
        let kept = shelf.prepare(&next).and_then(|()| shelf.move_on());
        if let Err(error) = kept {
            tracing::error!(%error, dir = %shelf.dir.display(), "cannot keep the policies in service");
        }
        shelf
    }

    /// Writes the set that is about to be seated.
    pub(super) fn prepare(&self, next: &Stored) -> io::Result<()> {
        let unfinished = self.dir.join(UNFINISHED);
        remove(&unfinished)?;
        next.write(&unfinished)?;
        remove(&self.dir.join(NEXT))?;
        fs::rename(&unfinished, self.dir.join(NEXT))?;
        sync_folder(&self.dir)
    }

    /// Forgets the set that was not seated after all.
    pub(super) fn discard(&self) {
        if let Err(error) = remove(&self.dir.join(NEXT)) {
            tracing::warn!(%error, "cannot remove a set of policies that was not seated");
        }
    }

    /// Puts the set in service in place of the one before, which becomes the previous one.
    pub(super) fn promote(&mut self, next: Stored) {
        self.previous = Some(std::mem::replace(&mut self.current, next));
        if let Err(error) = self.move_on() {
            tracing::error!(%error, dir = %self.dir.display(), "cannot keep the policies in service");
        }
    }

    /// Keeps the set in service under another manifest.
    pub(super) fn refresh(&mut self, next: Stored) {
        let kept = self.prepare(&next).and_then(|()| remove(&self.dir.join(CURRENT)));
        let kept = kept.and_then(|()| fs::rename(self.dir.join(NEXT), self.dir.join(CURRENT)));
        if let Err(error) = kept {
            tracing::error!(%error, dir = %self.dir.display(), "cannot keep the policies' manifest");
        }
        self.current = next;
    }

    /// Moves `current` to `previous` and `next` to `current`. A cut before the first move leaves `current` for the next
    /// opening to move; one after it leaves no `current`, and there is nothing to move but `next`.
    fn move_on(&self) -> io::Result<()> {
        let (current, previous) = (self.dir.join(CURRENT), self.dir.join(PREVIOUS));
        if current.exists() {
            remove(&previous)?;
            fs::rename(&current, &previous)?;
        }
        fs::rename(self.dir.join(NEXT), current)?;
        sync_folder(&self.dir)
    }
}

/// Describes a set that is in service although nothing, or something else, was kept.
fn found_in_service(set: &PolicySet, kept_another: bool, now: Timestamp) -> Stored {
    if kept_another {
        tracing::warn!(
            version = set.version,
            "the policies in service are not those kept in the data folder"
        );
    }
    let learner = if *set == PolicySet::fixed() { "fixed" } else { "unknown" };
    let note = Note { since_micros: now.micros(), source: Source::Found, held: None };
    Stored::of(set, learner, note)
}

fn load(dir: &Path, name: &str) -> Option<Stored> {
    let dir = dir.join(name);
    if !dir.exists() {
        return None;
    }
    let read = Stored::read(&dir);
    read.inspect_err(|reason| tracing::warn!(reason, dir = %dir.display(), "cannot read kept policies")).ok()
}

fn write_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = fs::File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn remove(dir: &Path) -> io::Result<()> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Makes the names in a folder durable, where the system has that.
fn sync_folder(dir: &Path) -> io::Result<()> {
    #[cfg(unix)]
    fs::File::open(dir)?.sync_all()?;
    Ok(())
}
