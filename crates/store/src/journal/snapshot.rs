//! Snapshots: the state folded up to one record, so that replay can begin there.
//!
//! A snapshot is made under another name, synced and renamed, so it is whole or absent. Reading takes the newest
//! that is whole and says which it passed over; a damaged one is never deleted.
//!
//! ```text
//! snapshot-(sequence as 16 hex digits).bin
//! "MOTETSNP" | version u32 | sequence u64 | length u64 | crc32 of the rest u32 | bytes
//! ```

use std::path::{Path, PathBuf};

use super::{
    Disk, Error, RealDisk, Result,
    error::{At, corrupt},
    format::{u32_at, u64_at},
};

const MAGIC: [u8; 8] = *b"MOTETSNP";
const VERSION: u32 = 1;
const HEADER_BYTES: usize = 32;
const UNFINISHED: &str = "unfinished.snapshot.tmp";
/// How much is written before it is synced: a sync of the journal may have to wait for so much, not for all of it.
const PIECE_BYTES: usize = 1 << 20;

/// The state after a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The last record folded into it; 0 before the first.
    pub sequence: u64,
    /// The state, as it was written.
    pub bytes: Vec<u8>,
}

/// What was found when looking for the newest snapshot.
#[derive(Debug, Default)]
pub struct Latest {
    /// The newest that is whole.
    pub snapshot: Option<Snapshot>,
    /// Why newer ones were passed over, newest first. Not empty means the disk needs a look.
    pub skipped: Vec<Error>,
}

/// Writes the state after a record; returns once it is on the disk.
///
/// # Errors
/// [`Error::Io`]; earlier snapshots are as before.
pub fn write(dir: &Path, sequence: u64, bytes: &[u8]) -> Result<PathBuf> {
    write_on(&RealDisk, dir, sequence, bytes)
}

/// Returns the newest snapshot that is whole, and what was passed over on the way.
///
/// # Errors
/// [`Error::Io`] where the folder cannot be listed; one that does not exist has no snapshot.
pub fn latest(dir: &Path) -> Result<Latest> {
    latest_on(&RealDisk, dir)
}

/// What is left after [`keep_last`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The last record folded into the oldest snapshot kept; 0 where there is none.
    pub oldest: u64,
    /// Snapshots deleted.
    pub removed: usize,
}

/// Deletes all but the newest `count` snapshots that are whole (at least one is kept).
///
/// Damaged ones are neither counted nor deleted.
///
/// # Errors
/// [`Error::Io`].
pub fn keep_last(dir: &Path, count: usize) -> Result<Kept> {
    keep_last_on(&RealDisk, dir, count)
}

/// [`write()`] on another disk than the machine's own.
///
/// # Errors
/// Those of [`write()`].
pub fn write_on<D: Disk>(disk: &D, dir: &Path, sequence: u64, bytes: &[u8]) -> Result<PathBuf> {
    disk.create_dir(dir).at("create", dir)?;
    let (unfinished, path) = (dir.join(UNFINISHED), path(dir, sequence));
    let mut file = disk.create(&unfinished).at("create", &unfinished)?;
    disk.append(&mut file, &header(sequence, bytes)).at("write", &unfinished)?;
    for piece in bytes.chunks(PIECE_BYTES) {
        disk.append(&mut file, piece).at("write", &unfinished)?;
        disk.sync(&mut file).at("sync", &unfinished)?;
    }
    disk.sync(&mut file).at("sync", &unfinished)?;
    disk.rename(&unfinished, &path).at("rename to", &path)?;
    disk.sync_dir(dir).at("sync", dir)?;
    Ok(path)
}

/// [`latest`] on another disk than the machine's own.
///
/// # Errors
/// Those of [`latest`].
pub fn latest_on<D: Disk>(disk: &D, dir: &Path) -> Result<Latest> {
    let mut latest = Latest::default();
    for sequence in newest_first(disk, dir)? {
        match read(disk, dir, sequence) {
            Ok(snapshot) => {
                latest.snapshot = Some(snapshot);
                break;
            }
            Err(why) => latest.skipped.push(why),
        }
    }
    Ok(latest)
}

/// [`keep_last`] on another disk than the machine's own.
///
/// # Errors
/// Those of [`keep_last`].
pub fn keep_last_on<D: Disk>(disk: &D, dir: &Path, count: usize) -> Result<Kept> {
    let (mut kept, mut removed, mut oldest) = (0, 0, 0);
    for sequence in newest_first(disk, dir)? {
        match read(disk, dir, sequence) {
            Err(Error::Corrupt { .. }) => continue,
            read => read?,
        };
        if kept < count.max(1) {
            kept += 1;
            oldest = sequence;
            continue;
        }
        let path = path(dir, sequence);
        disk.remove(&path).at("remove", &path)?;
        removed += 1;
    }
    if removed > 0 {
        disk.sync_dir(dir).at("sync", dir)?;
    }
    Ok(Kept { oldest, removed })
}

fn path(dir: &Path, sequence: u64) -> PathBuf {
    dir.join(format!("snapshot-{sequence:016x}.bin"))
}

fn newest_first<D: Disk>(disk: &D, dir: &Path) -> Result<Vec<u64>> {
    let names = match disk.list(dir) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        listed => listed.at("list", dir)?,
    };
    let sequence = |name: &String| {
        let digits = name.strip_prefix("snapshot-")?.strip_suffix(".bin")?;
        (digits.len() == 16).then(|| u64::from_str_radix(digits, 16).ok())?
    };
    let mut sequences: Vec<u64> = names.iter().filter_map(sequence).collect();
    sequences.sort_unstable_by(|a, b| b.cmp(a));
    Ok(sequences)
}

fn header(sequence: u64, bytes: &[u8]) -> [u8; HEADER_BYTES] {
    let mut header = [0; HEADER_BYTES];
    header[..8].copy_from_slice(&MAGIC);
    header[8..12].copy_from_slice(&VERSION.to_le_bytes());
    header[12..20].copy_from_slice(&sequence.to_le_bytes());
    header[20..28].copy_from_slice(&(bytes.len() as u64).to_le_bytes());
    let crc = crc(&header, bytes);
    header[28..].copy_from_slice(&crc.to_le_bytes());
    header
}

fn crc(header: &[u8], bytes: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&header[..28]);
    hasher.update(bytes);
    hasher.finalize()
}

fn read<D: Disk>(disk: &D, dir: &Path, sequence: u64) -> Result<Snapshot> {
    let path = path(dir, sequence);
    let mut whole = read_all(disk, &path)?;
    check(&whole, sequence).map_err(|what| corrupt(&path, 0, what))?;
    whole.drain(..HEADER_BYTES);
    Ok(Snapshot { sequence, bytes: whole })
}

/// Tells what is wrong with a snapshot's bytes, if anything.
fn check(whole: &[u8], sequence: u64) -> std::result::Result<(), String> {
    let Some((header, bytes)) = whole.split_at_checked(HEADER_BYTES) else {
        return Err(format!("the header has {} of {HEADER_BYTES} bytes", whole.len()));
    };
    if header[..8] != MAGIC {
        return Err("not a snapshot".to_owned());
    }
    if u64_at(header, 20) != bytes.len() as u64 {
        return Err(format!("{} of {} bytes", bytes.len(), u64_at(header, 20)));
    }
    if crc(header, bytes) != u32_at(header, 28) {
        return Err("the checksum does not match".to_owned());
    }
    if u32_at(header, 8) != VERSION {
        return Err(format!("format version {} is not {VERSION}", u32_at(header, 8)));
    }
    if u64_at(header, 12) != sequence {
        return Err(format!("the header says sequence {}, the name {sequence}", u64_at(header, 12)));
    }
    Ok(())
}

fn read_all<D: Disk>(disk: &D, path: &Path) -> Result<Vec<u8>> {
    const CHUNK_BYTES: usize = 64 << 10;
    let file = disk.open(path).at("open", path)?;
    let mut bytes = Vec::new();
    loop {
        let have = bytes.len();
        bytes.resize(have + CHUNK_BYTES, 0);
        let got = disk.read_at(&file, have as u64, &mut bytes[have..]).at("read", path)?;
        bytes.truncate(have + got);
        if got == 0 {
            return Ok(bytes);
        }
    }
}
