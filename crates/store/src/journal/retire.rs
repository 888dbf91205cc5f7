//! Letting go of what a snapshot stands for.

use std::path::Path;

use super::{Disk, RealDisk, Result, error::At, format::segment_path, recover::list_segments};

/// Deletes segments that hold only records before a sequence number, oldest first, but leaves at least the newest
/// `keep` segments; returns how many went. The last segment is always left.
///
/// A writer may have the journal open meanwhile: it never looks at earlier segments again.
///
/// # Errors
/// [`super::Error::Io`]; segments deleted until then stay deleted.
pub fn retire(dir: &Path, before: u64, keep: usize) -> Result<usize> {
    retire_on(&RealDisk, dir, before, keep)
}

/// [`retire`] on another disk than the machine's own.
///
/// # Errors
/// Those of [`retire`].
pub fn retire_on<D: Disk>(disk: &D, dir: &Path, before: u64, keep: usize) -> Result<usize> {
    let segments = list_segments(disk, dir)?;
    let most = segments.len().saturating_sub(keep.max(1));
    // A segment ends where the following one begins.
    let covered = segments.iter().skip(1).take_while(|&&following| following <= before).count();
    let retired = covered.min(most);
    for &first in &segments[..retired] {
        let path = segment_path(dir, first);
        disk.remove(&path).at("remove", &path)?;
    }
    if retired > 0 {
        disk.sync_dir(dir).at("sync", dir)?;
    }
    Ok(retired)
}
