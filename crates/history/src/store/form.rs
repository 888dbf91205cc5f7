//! The store's bytes: header, blocks, footer. `docs/formats/history.md` owns the description.

use serde::{Deserialize, Serialize};

use crate::{
    column::{Column, Damaged, Kind, MAX_BLOCK_ROWS},
    error::{Error, Result},
    store::summary::Summary,
    table::Table,
};

/// The version of the store's form. Raised with every change that an older reader cannot take.
pub const VERSION: u32 = 1;

/// The bytes a store begins with.
pub(crate) const MARK: &[u8; 8] = b"MOTETHST";
/// The bytes a finished store ends with.
pub(crate) const END: &[u8; 8] = b"MOTETEND";
/// The bytes a block begins with.
const BLOCK: &[u8; 4] = b"MHBK";

/// How long the header is.
pub(crate) const HEADER_LEN: usize = 16;
/// How long a block's header is.
pub(crate) const BLOCK_HEADER_LEN: usize = 25;
/// How long what follows the footer is.
pub(crate) const TRAILER_LEN: usize = 20;
/// The longest a block's body may be.
pub(crate) const MAX_BODY: usize = 1 << 28;

/// Where a block lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockPlace {
    /// The byte it begins at.
    pub offset: u64,
    /// Its first row in the table.
    pub first_row: u64,
    /// Its rows.
    pub rows: u32,
    /// The length of its body.
    pub body: u32,
}

/// What lies at the store's end: the summary, the columns of each table, and where its blocks are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Footer {
    pub(crate) summary: Summary,
    pub(crate) columns: Vec<(String, Vec<(String, Kind)>)>,
    pub(crate) blocks: Vec<Vec<BlockPlace>>,
}

/// Returns the columns of every table as the footer lists them.
pub(crate) fn schema() -> Vec<(String, Vec<(String, Kind)>)> {
    let columns = |table: Table| table.columns().iter().map(|(n, k)| ((*n).to_owned(), *k)).collect();
    Table::ALL.iter().map(|table| (table.name().to_owned(), columns(*table))).collect()
}

/// Writes the header.
pub(crate) fn header() -> [u8; HEADER_LEN] {
    let mut bytes = [0; HEADER_LEN];
    bytes[..8].copy_from_slice(MARK);
    bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
    let crc = crc32fast::hash(&bytes[..12]);
    bytes[12..].copy_from_slice(&crc.to_le_bytes());
    bytes
}

/// Checks the header.
pub(crate) fn check_header(bytes: &[u8]) -> Result<()> {
    if !bytes.starts_with(MARK) {
        return Err(Error::NotAStore);
    }
    let found = u32_at(bytes, 8).ok_or(Error::CutShort)?;
    let crc = u32_at(bytes, 12).ok_or(Error::CutShort)?;
    if crc != crc32fast::hash(&bytes[..12]) {
        return Err(Error::Damaged { at: 0, what: "the header's checksum differs".to_owned() });
    }
    if found == VERSION { Ok(()) } else { Err(Error::Version { found, reads: VERSION }) }
}

/// A block's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BlockHeader {
    pub(crate) table: Table,
    pub(crate) rows: u32,
    pub(crate) body: u32,
    pub(crate) first_row: u64,
    crc: u32,
}

/// Appends a block.
pub(crate) fn write_block(table: Table, first_row: u64, rows: usize, columns: &[Column], out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(&[0; BLOCK_HEADER_LEN]);
    let mut column_bytes = Vec::new();
    for column in columns {
        column_bytes.clear();
        column.write(&mut column_bytes);
        out.extend_from_slice(&(column_bytes.len() as u32).to_le_bytes());
        out.extend_from_slice(&column_bytes);
    }
    let body = (out.len() - start - BLOCK_HEADER_LEN) as u32;
    let header = &mut out[start..start + BLOCK_HEADER_LEN];
    header[..4].copy_from_slice(BLOCK);
    header[4] = table.index() as u8;
    header[5..9].copy_from_slice(&(rows as u32).to_le_bytes());
    header[9..13].copy_from_slice(&body.to_le_bytes());
    header[13..21].copy_from_slice(&first_row.to_le_bytes());
    let crc = checksum(&out[start..start + 21], &out[start + BLOCK_HEADER_LEN..]);
    out[start + 21..start + BLOCK_HEADER_LEN].copy_from_slice(&crc.to_le_bytes());
}

fn checksum(header: &[u8], body: &[u8]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(header);
    crc.update(body);
    crc.finalize()
}

/// Reads a block's header; its checksum covers the body and is checked with it.
pub(crate) fn read_block_header(bytes: &[u8; BLOCK_HEADER_LEN]) -> Result<BlockHeader, Damaged> {
    if !bytes.starts_with(BLOCK) {
        return Err(Damaged("no block begins here"));
    }
    let table =
        Table::ALL.get(usize::from(bytes[4])).copied().ok_or(Damaged("a block of an unknown table"))?;
    let number = |at| u32_at(bytes, at).unwrap_or(0);
    let first_row = u64::from(number(13)) | u64::from(number(17)) << 32;
    let header = BlockHeader { table, rows: number(5), body: number(9), first_row, crc: number(21) };
    if header.rows as usize > MAX_BLOCK_ROWS || header.body as usize > MAX_BODY {
        return Err(Damaged("a block is larger than blocks are"));
    }
    Ok(header)
}

impl BlockHeader {
    /// Checks header and body against the checksum.
    pub(crate) fn check(&self, header: &[u8; BLOCK_HEADER_LEN], body: &[u8]) -> Result<(), Damaged> {
        let sound = body.len() == self.body as usize && checksum(&header[..21], body) == self.crc;
        if sound { Ok(()) } else { Err(Damaged("a block's checksum differs")) }
    }

    /// Reads all columns of a body, or only those in `wanted`; the others come without rows.
    pub(crate) fn columns(&self, body: &[u8], wanted: Option<usize>) -> Result<Vec<Column>, Damaged> {
        let mut rest = body;
        let mut columns = Vec::with_capacity(self.table.columns().len());
        for (place, (_, kind)) in self.table.columns().iter().enumerate() {
            let length = u32_at(rest, 0).ok_or(Damaged("a block ends too early"))? as usize;
            let (bytes, after) =
                rest[4..].split_at_checked(length).ok_or(Damaged("a block ends too early"))?;
            rest = after;
            if wanted.is_none_or(|w| w == place) {
                columns.push(Column::read(*kind, self.rows as usize, bytes)?);
            }
        }
        if rest.is_empty() { Ok(columns) } else { Err(Damaged("a block has bytes left over")) }
    }
}

/// Writes the footer and what follows it.
pub(crate) fn footer(footer: &Footer) -> Vec<u8> {
    let mut bytes = serde_json::to_vec(footer).expect("a footer is plain data with text keys");
    let (length, crc) = (bytes.len() as u64, crc32fast::hash(&bytes));
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(&crc.to_le_bytes());
    bytes.extend_from_slice(END);
    bytes
}

/// Reads a little-endian number, if the bytes reach that far.
pub(crate) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4).and_then(|b| b.try_into().ok()).map(u32::from_le_bytes)
}
