//! Replacing a policy folder so that whoever serves it sees the old one or the new one, and nothing in between.

use std::{fs, path::Path};

use anyhow::{Context, Result, ensure};
use motet_policy::file::{Files, MANIFEST_FILE, WEIGHTS_FILE};

/// Writes a policy folder beside its place and then renames it there. An existing one is renamed away first, so for a
/// moment there is none, which a server that watches it allows for.
pub(super) fn replace_folder(dir: &Path, files: &Files) -> Result<()> {
    let name = dir.file_name().context("a policy folder needs a name")?.to_string_lossy().into_owned();
    let (fresh, old) =
        (dir.with_file_name(format!(".{name}.new")), dir.with_file_name(format!(".{name}.old")));
    for leftover in [&fresh, &old] {
        ensure!(!leftover.exists(), "{} is in the way: remove it", leftover.display());
    }
    let failed = || format!("cannot write the policy folder {}", dir.display());
    fs::create_dir_all(&fresh).with_context(failed)?;
    fs::write(fresh.join(MANIFEST_FILE), &files.manifest).with_context(failed)?;
    fs::write(fresh.join(WEIGHTS_FILE), &files.weights).with_context(failed)?;
    if !dir.exists() {
        return fs::rename(&fresh, dir).with_context(failed);
    }
    fs::rename(dir, &old).with_context(failed)?;
    fs::rename(&fresh, dir).with_context(failed)?;
    fs::remove_dir_all(&old).with_context(failed)
}
