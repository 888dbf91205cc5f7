//! Learned policies on the disk: a folder with a manifest and a file of numbers.

use std::{fs, path::Path};

use anyhow::{Context, Result, ensure};
use motet_autobid::folder::{self, MANIFEST, Manifest, NUMBERS};

/// Larger files are no policy.
const LARGEST: u64 = 64 << 20;

/// Reads a policy with its kind's reader.
pub(crate) fn read<M>(
    folder: &Path,
    reader: impl Fn(&str, &[u8]) -> Result<(M, Manifest), folder::Error>,
) -> Result<(M, Manifest)> {
    ensure!(folder.is_dir(), "{} is no folder, expected one with {MANIFEST} and {NUMBERS}", folder.display());
    let manifest = load(&folder.join(MANIFEST))?;
    let manifest = String::from_utf8(manifest)
        .with_context(|| format!("{} is no text", folder.join(MANIFEST).display()))?;
    let numbers = load(&folder.join(NUMBERS))?;
    reader(&manifest, &numbers).with_context(|| format!("the policy in {} cannot be used", folder.display()))
}

fn load(path: &Path) -> Result<Vec<u8>> {
    let size = fs::metadata(path).with_context(|| format!("cannot open {}", path.display()))?.len();
    ensure!(size <= LARGEST, "{} has {size} bytes, expected at most {LARGEST}", path.display());
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

/// Writes a policy. The manifest comes last, so that a folder with a manifest is whole.
pub(crate) fn write(folder: &Path, manifest: &Manifest, numbers: &[u8]) -> Result<()> {
    let wrong = || format!("cannot write the policy to {}", folder.display());
    fs::create_dir_all(folder).with_context(wrong)?;
    fs::write(folder.join(NUMBERS), numbers).with_context(wrong)?;
    fs::write(folder.join(MANIFEST), folder::text(manifest)).with_context(wrong)
}
