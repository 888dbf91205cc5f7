//! How far each group of a topic is, each in a small file that is replaced whole.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use crate::{Error, Result};

/// One group's place in a topic; whoever holds the lock is the member at work.
pub(super) type Place = Arc<tokio::sync::Mutex<u64>>;

/// The groups of one topic.
#[derive(Debug)]
pub(super) struct Groups {
    dir: PathBuf,
    places: Mutex<BTreeMap<String, Place>>,
    /// The last position of each group that is on the disk.
    kept: Mutex<BTreeMap<String, u64>>,
}

impl Groups {
    /// Reads what a folder holds, making it if need be.
    pub(super) fn open(dir: &Path) -> Result<Self> {
        fs::create_dir_all(dir).map_err(failed("make", dir))?;
        let mut kept = BTreeMap::new();
        for entry in fs::read_dir(dir).map_err(failed("list", dir))? {
            let entry = entry.map_err(failed("list", dir))?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            // A file that was being written when the machine stopped; the one it was to replace stands.
            if name.ends_with(UNFINISHED) {
                continue;
            }
            let text = fs::read_to_string(entry.path()).map_err(failed("read", &entry.path()))?;
            let position = text.trim().parse().map_err(|_| {
                failed("read", &entry.path())(std::io::Error::other(format!(
                    "'{}' is no position",
                    text.trim()
                )))
            })?;
            kept.insert(name, position);
        }
        Ok(Self { dir: dir.to_owned(), places: Mutex::default(), kept: Mutex::new(kept) })
    }

    /// Returns a group's place: 0 for a new one.
    pub(super) fn place(&self, group: &str) -> Place {
        let kept = self.kept().get(group).copied().unwrap_or(0);
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(places.entry(group.to_owned()).or_insert_with(|| Arc::new(tokio::sync::Mutex::new(kept))))
    }

    /// Writes a group's position; it is on the disk when this returns.
    pub(super) fn keep(&self, group: &str, position: u64) -> Result<()> {
        let path = self.dir.join(group);
        let unfinished = self.dir.join(format!("{group}{UNFINISHED}"));
        let mut file = File::create(&unfinished).map_err(failed("create", &unfinished))?;
        writeln!(file, "{position}").map_err(failed("write", &unfinished))?;
        file.sync_all().map_err(failed("sync", &unfinished))?;
        fs::rename(&unfinished, &path).map_err(failed("rename to", &path))?;
        File::open(&self.dir).and_then(|dir| dir.sync_all()).map_err(failed("sync", &self.dir))?;
        self.kept().insert(group.to_owned(), position);
        Ok(())
    }

    /// Returns the position that every group has passed; `None` without a group.
    pub(super) fn passed_by_all(&self) -> Option<u64> {
        self.kept().values().min().copied()
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, u64>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// No group's name ends so: '+' is in none.
const UNFINISHED: &str = "+unfinished";

fn failed(operation: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::Io { operation, path, source }
}
