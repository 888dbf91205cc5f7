//! The training's curves for `TensorBoard`: one file of events in the training's folder, appended after every round.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use motet_train::{Progress, events};

/// What every such file's name begins with, by `TensorBoard`'s convention.
const PREFIX: &str = "events.out.tfevents.";

/// Appends what the file of events in a folder lacks of a history; makes the file where there is none.
///
/// The last record may have been cut by a kill, and rounds after the checkpoint are to be played again: both are taken off first, so
/// that no round is in the file twice.
pub(super) fn write(folder: &Path, history: &[Progress]) -> Result<()> {
    let now = crate::clock::wall_s();
    let path = match find(folder)? {
        Some(path) => path,
        None => folder.join(format!("{PREFIX}{:010}.motet", now as u64)),
    };
    let of_file = || format!("cannot write {}", path.display());
    let old = if path.exists() { std::fs::read(&path).with_context(of_file)? } else { Vec::new() };
    let (length, last) = events::whole(&old, history.len() as u64);
    let mut fresh = if length == 0 { events::opening(now) } else { Vec::new() };
    let missing = history.iter().filter(|progress| u64::from(progress.round) > last);
    fresh.extend(missing.flat_map(|progress| events::round(now, progress)));
    let file = std::fs::OpenOptions::new().create(true).append(true).open(&path);
    let mut file = file.with_context(of_file)?;
    if length < old.len() {
        file.set_len(length as u64).with_context(of_file)?;
    }
    file.write_all(&fresh).with_context(of_file)
}

/// Returns the folder's file of events, the first by name where there are more.
fn find(folder: &Path) -> Result<Option<PathBuf>> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let paths = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    let named = |path: &PathBuf| {
        path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with(PREFIX))
    };
    Ok(paths.filter(named).min())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(rounds: u32) -> Vec<Progress> {
        (1..=rounds).map(|round| Progress { round, ..Progress::default() }).collect()
    }

    fn bytes(folder: &Path) -> Vec<u8> {
        std::fs::read(find(folder).unwrap().unwrap()).unwrap()
    }

    #[test]
    fn no_round_is_written_twice_and_a_cut_one_is_written_again() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &history(2)).unwrap();
        write(folder.path(), &history(2)).unwrap();
        let two = bytes(folder.path());
        assert_eq!(events::whole(&two, 9), (two.len(), 2));
        write(folder.path(), &history(3)).unwrap();
        let three = bytes(folder.path());
        assert!(three.starts_with(&two), "appended");
        std::fs::write(find(folder.path()).unwrap().unwrap(), &three[..three.len() - 3]).unwrap();
        write(folder.path(), &history(4)).unwrap();
        let four = bytes(folder.path());
        assert!(four.starts_with(&two));
        assert_eq!(events::whole(&four, 9), (four.len(), 4));
        assert_eq!(
            four.len() - three.len(),
            three.len() - two.len(),
            "one record more than three rounds had"
        );
    }
}
