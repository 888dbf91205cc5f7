//! Opening what a crash may have left: verify, cut the unfinished end off, and make the rest durable.

use std::path::Path;

use super::{
    Disk, Options, Recovery, Result, Verify,
    error::{At, corrupt},
    format::{SEGMENT_HEADER_BYTES, UNFINISHED, segment_first, segment_header, segment_path},
    scan::{Scanner, Step},
};

/// What the writer goes on from.
#[derive(Debug)]
pub(crate) struct Recovered<F> {
    /// The first sequence number of the last segment.
    pub(crate) segment: u64,
    pub(crate) file: F,
    pub(crate) written: u64,
    pub(crate) recovery: Recovery,
}

/// Recovers the journal in a folder, or begins one at sequence 1.
pub(crate) fn recover<D: Disk>(disk: &D, dir: &Path, options: Options) -> Result<Recovered<D::File>> {
    let segments = list_segments(disk, dir)?;
    let Some((&last, earlier)) = segments.split_last() else {
        let file = create_segment(disk, dir, 1)?;
        let recovery = Recovery { next_sequence: 1, first_sequence: 1, truncated_bytes: 0, segments: 1 };
        return Ok(Recovered { segment: 1, file, written: SEGMENT_HEADER_BYTES as u64, recovery });
    };
    for (place, &first) in earlier.iter().enumerate() {
        verify_full(disk, dir, first, segments[place + 1], options.verify)?;
    }
    let mut scanner = Scanner::open(disk, dir, last)?;
    let (next_sequence, truncated_bytes) = verify_last(&mut scanner)?;
    let file = rewrite(disk, dir, &scanner)?;
    let recovery =
        Recovery { next_sequence, first_sequence: segments[0], truncated_bytes, segments: segments.len() };
    Ok(Recovered { file, written: scanner.offset, segment: last, recovery })
}

/// Lists the first sequence numbers of the segments in a folder, in order.
pub(crate) fn list_segments<D: Disk>(disk: &D, dir: &Path) -> Result<Vec<u64>> {
    let names = disk.list(dir).at("list", dir)?;
    let mut segments: Vec<u64> = names.iter().filter_map(|name| segment_first(name)).collect();
    segments.sort_unstable();
    Ok(segments)
}

/// Makes a segment that holds nothing yet, whole from the moment it has its name.
pub(crate) fn create_segment<D: Disk>(disk: &D, dir: &Path, first: u64) -> Result<D::File> {
    let unfinished = dir.join(UNFINISHED);
    let mut file = disk.create(&unfinished).at("create", &unfinished)?;
    disk.append(&mut file, &segment_header(first)).at("write", &unfinished)?;
    put_in_place(disk, dir, first, &mut file)?;
    Ok(file)
}

fn put_in_place<D: Disk>(disk: &D, dir: &Path, first: u64, file: &mut D::File) -> Result<()> {
    let (unfinished, path) = (dir.join(UNFINISHED), segment_path(dir, first));
    disk.sync(file).at("sync", &unfinished)?;
    disk.rename(&unfinished, &path).at("rename to", &path)?;
    disk.sync_dir(dir).at("sync", dir)
}

/// Checks a segment that another follows.
fn verify_full<D: Disk>(disk: &D, dir: &Path, first: u64, following: u64, verify: Verify) -> Result<()> {
    let mut scanner = Scanner::open(disk, dir, first)?;
    if verify == Verify::Last {
        return Ok(());
    }
    let mut next = first;
    loop {
        match scanner.step(next)? {
            Step::Record => next += 1,
            Step::Bad(what) => return Err(scanner.corrupt(what)),
            Step::End if next == following => return Ok(()),
            Step::End => {
                let path = segment_path(dir, following);
                return Err(corrupt(&path, 0, format!("sequence {following} where {next} follows")));
            }
        }
    }
}

/// Reads the last segment to its end; returns the next sequence number and the bytes of an unfinished batch.
fn verify_last<D: Disk>(scanner: &mut Scanner<D>) -> Result<(u64, u64)> {
    let mut next = scanner.first;
    loop {
        match scanner.step(next)? {
            Step::Record => next += 1,
            Step::End => return Ok((next, 0)),
            Step::Bad(what) => {
                if let Some(truncated) = scanner.torn_tail(next, what)? {
                    return Ok((next, truncated));
                }
            }
        }
    }
}

/// Writes the whole records of a segment to a new file in its place, so that all that was read is on the disk.
fn rewrite<D: Disk>(disk: &D, dir: &Path, scanner: &Scanner<D>) -> Result<D::File> {
    let unfinished = dir.join(UNFINISHED);
    let mut file = disk.create(&unfinished).at("create", &unfinished)?;
    scanner.copy_to(&mut file, &unfinished)?;
    put_in_place(disk, dir, scanner.first, &mut file)?;
    Ok(file)
}
