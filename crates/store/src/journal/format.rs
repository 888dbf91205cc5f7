//! The bytes of segments and records, and the names of files.

use std::path::{Path, PathBuf};

/// The largest payload of one record: 16 MiB. It bounds the memory that reading takes.
pub const MAX_RECORD_BYTES: usize = 16 << 20;

pub(crate) const SEGMENT_HEADER_BYTES: usize = 24;
pub(crate) const RECORD_HEADER_BYTES: usize = 20;

const MAGIC: [u8; 8] = *b"MOTETJNL";
const VERSION: u32 = 1;
const SUFFIX: &str = ".journal";

/// The name under which a segment is made until it is whole.
pub(crate) const UNFINISHED: &str = "unfinished.journal.tmp";

pub(crate) fn segment_path(dir: &Path, first: u64) -> PathBuf {
    dir.join(format!("{first:016x}{SUFFIX}"))
}

/// Returns the first sequence number of the segment with this name; `None` for any other file.
pub(crate) fn segment_first(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(SUFFIX)?;
    let ours = digits.len() == 16 && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    ours.then(|| u64::from_str_radix(digits, 16).ok())?
}

pub(crate) fn segment_header(first: u64) -> [u8; SEGMENT_HEADER_BYTES] {
    let mut header = [0; SEGMENT_HEADER_BYTES];
    header[..8].copy_from_slice(&MAGIC);
    header[8..12].copy_from_slice(&VERSION.to_le_bytes());
    header[12..20].copy_from_slice(&first.to_le_bytes());
    let crc = crc32fast::hash(&header[..20]);
    header[20..].copy_from_slice(&crc.to_le_bytes());
    header
}

/// Tells what is wrong with a segment's header, if anything.
pub(crate) fn check_segment_header(header: &[u8], first: u64) -> Result<(), String> {
    if header.len() < SEGMENT_HEADER_BYTES {
        return Err(format!("the header has {} of {SEGMENT_HEADER_BYTES} bytes", header.len()));
    }
    if header[..8] != MAGIC {
        return Err("not a journal segment".to_owned());
    }
    if crc32fast::hash(&header[..20]) != u32_at(header, 20) {
        return Err("the header's checksum does not match".to_owned());
    }
    if u32_at(header, 8) != VERSION {
        return Err(format!("format version {} is not {VERSION}", u32_at(header, 8)));
    }
    if u64_at(header, 12) != first {
        return Err(format!("the header says sequence {}, the name {first}", u64_at(header, 12)));
    }
    Ok(())
}

/// What stands before a record's payload.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RecordHeader {
    pub(crate) length: usize,
    pub(crate) crc: u32,
    pub(crate) sequence: u64,
    pub(crate) place: u32,
}

impl RecordHeader {
    /// Reads a header from its bytes; `None` where the length cannot be one.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let length = u32_at(bytes, 0) as usize;
        let header =
            Self { length, crc: u32_at(bytes, 4), sequence: u64_at(bytes, 8), place: u32_at(bytes, 16) };
        (length <= MAX_RECORD_BYTES).then_some(header)
    }

    /// Returns the sequence number of the first record in this one's batch.
    pub(crate) fn batch(&self) -> u64 {
        self.sequence.saturating_sub(u64::from(self.place))
    }

    /// Returns the size of the whole record.
    pub(crate) fn record_bytes(&self) -> usize {
        RECORD_HEADER_BYTES + self.length
    }
}

/// Returns the checksum of a whole record, as its header should hold it.
pub(crate) fn record_crc(record: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&record[..4]);
    hasher.update(&record[8..]);
    hasher.finalize()
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("the slice has four bytes"))
}

pub(crate) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("the slice has eight bytes"))
}
