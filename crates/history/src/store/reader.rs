//! Reads a store: row by row or column by column, one block in memory at a time.

use std::{
    fs::File,
    io::{BufReader, Cursor, Read, Seek, SeekFrom},
    marker::PhantomData,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    form::{self, BLOCK_HEADER_LEN, BlockHeader, BlockPlace, Footer, HEADER_LEN, TRAILER_LEN},
    summary::Summary,
};
use crate::{
    column::{Column, Damaged},
    error::{Error, Result},
    table::{Row, Table},
};

/// Where a store's bytes are.
#[derive(Clone, Debug)]
enum Place {
    File(PathBuf),
    Memory(Arc<[u8]>),
}

/// Bytes that can be read from any place.
pub(crate) trait Seekable: Read + Seek {}
impl<T: Read + Seek> Seekable for T {}

/// A store opened for reading.
#[derive(Clone, Debug)]
pub struct History {
    place: Place,
    summary: Arc<Summary>,
    blocks: Arc<Vec<Vec<BlockPlace>>>,
}

/// What a salvage found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Salvaged {
    /// Rows in whole blocks.
    pub rows: u64,
    /// Bytes after the last whole block.
    pub bytes_lost: u64,
}

impl History {
    /// Opens a store.
    ///
    /// # Errors
    /// When it cannot be read, is not a store, is cut short or its footer is damaged.
    pub fn open(path: &Path) -> Result<Self> {
        Self::at(Place::File(path.to_owned()))
    }

    /// Opens a store held in memory.
    ///
    /// # Errors
    /// As [`History::open`].
    pub fn from_bytes(bytes: Arc<[u8]>) -> Result<Self> {
        Self::at(Place::Memory(bytes))
    }

    fn at(place: Place) -> Result<Self> {
        let (mut file, length) = place.open()?;
        read_header(&mut file)?;
        let footer = read_footer(&mut file, length)?;
        check_places(&footer, length)?;
        Ok(Self { place, summary: Arc::new(footer.summary), blocks: Arc::new(footer.blocks) })
    }

    /// Opens what is whole of a store that was cut short, block by block from its start.
    ///
    /// The summary then holds nothing but the row counts: sources, bad lines and joins were in the footer.
    ///
    /// # Errors
    /// When it cannot be read, or its header is not a store's.
    pub fn salvage(path: &Path) -> Result<(Self, Salvaged)> {
        Self::salvage_at(Place::File(path.to_owned()))
    }

    /// Opens what is whole of a store in memory.
    ///
    /// # Errors
    /// As [`History::salvage`].
    pub fn salvage_bytes(bytes: Arc<[u8]>) -> Result<(Self, Salvaged)> {
        Self::salvage_at(Place::Memory(bytes))
    }

    fn salvage_at(place: Place) -> Result<(Self, Salvaged)> {
        let (mut file, length) = place.open()?;
        read_header(&mut file)?;
        let mut blocks = vec![Vec::new(); Table::ALL.len()];
        let mut next_row = [0_u64; Table::ALL.len()];
        let mut offset = HEADER_LEN as u64;
        while let Ok((header, _)) = read_block(&mut file, offset, length) {
            let table = header.table.index();
            if header.first_row != next_row[table] {
                break;
            }
            next_row[table] += u64::from(header.rows);
            let place =
                BlockPlace { offset, first_row: header.first_row, rows: header.rows, body: header.body };
            blocks[table].push(place);
            offset += BLOCK_HEADER_LEN as u64 + u64::from(header.body);
        }
        let mut summary = Summary::default();
        for table in Table::ALL {
            summary.rows.insert(table.name().to_owned(), next_row[table.index()]);
        }
        let salvaged = Salvaged { rows: next_row.iter().sum(), bytes_lost: length - offset };
        Ok((Self { place, summary: Arc::new(summary), blocks: Arc::new(blocks) }, salvaged))
    }

    /// Returns what the store says of itself.
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    /// Returns how many rows a table has.
    pub fn rows(&self, table: Table) -> u64 {
        self.blocks[table.index()].iter().map(|b| u64::from(b.rows)).sum()
    }

    /// Iterates over a table's rows in the store's order. After a failure it ends.
    ///
    /// # Errors
    /// When the store cannot be opened again.
    pub fn read<R: Row>(&self) -> Result<Rows<R>> {
        Ok(Rows { blocks: self.blocks(R::TABLE)?, columns: Vec::new(), next: 0, end: 0, kind: PhantomData })
    }

    /// Iterates over a table's blocks, with all their columns.
    ///
    /// # Errors
    /// When the store cannot be opened again.
    pub fn blocks(&self, table: Table) -> Result<Blocks> {
        let (file, length) = self.place.open()?;
        Ok(Blocks { file, length, table, places: self.blocks.clone(), next: 0, wanted: None })
    }

    /// Iterates over one column of a table, a block's part at a time.
    ///
    /// # Errors
    /// When the table has no such column, or the store cannot be opened again.
    pub fn column(&self, table: Table, name: &str) -> Result<impl Iterator<Item = Result<Column>>> {
        let place = table.columns().iter().position(|(n, _)| *n == name);
        let missing = || Error::NoColumn { table: table.name(), column: name.to_owned() };
        let mut blocks = self.blocks(table)?;
        blocks.wanted = Some(place.ok_or_else(missing)?);
        Ok(blocks.map(|columns| columns.map(|mut columns| columns.remove(0))))
    }
}

impl Place {
    fn open(&self) -> Result<(Box<dyn Seekable>, u64)> {
        match self {
            Self::Memory(bytes) => Ok((Box::new(Cursor::new(bytes.clone())), bytes.len() as u64)),
            Self::File(path) => {
                let file = File::open(path).map_err(Error::io("open", path))?;
                let length = file.metadata().map_err(Error::io("open", path))?.len();
                Ok((Box::new(BufReader::new(file)), length))
            }
        }
    }
}

/// A table's blocks, one at a time.
pub struct Blocks {
    file: Box<dyn Seekable>,
    length: u64,
    table: Table,
    places: Arc<Vec<Vec<BlockPlace>>>,
    next: usize,
    wanted: Option<usize>,
}

impl std::fmt::Debug for Blocks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Blocks").field("table", &self.table).field("next", &self.next).finish_non_exhaustive()
    }
}

impl Blocks {
    fn read(&mut self, place: BlockPlace) -> Result<Vec<Column>> {
        let (header, body) = read_block(&mut self.file, place.offset, self.length)?;
        let damaged = |what: Damaged| Error::Damaged { at: place.offset, what: what.to_string() };
        if header.table != self.table || header.rows != place.rows || header.first_row != place.first_row {
            return Err(damaged(Damaged("a block is not the one the footer names")));
        }
        header.columns(&body, self.wanted).map_err(damaged)
    }
}

impl Iterator for Blocks {
    type Item = Result<Vec<Column>>;

    fn next(&mut self) -> Option<Self::Item> {
        let place = *self.places[self.table.index()].get(self.next)?;
        self.next += 1;
        let read = self.read(place);
        if read.is_err() {
            self.next = usize::MAX;
        }
        Some(read)
    }
}

/// A table's rows, one at a time.
#[derive(Debug)]
pub struct Rows<R> {
    blocks: Blocks,
    columns: Vec<Column>,
    next: usize,
    end: usize,
    kind: PhantomData<R>,
}

impl<R: Row> Rows<R> {
    fn take(&mut self) -> Result<Option<R>> {
        while self.next == self.end {
            let Some(columns) = self.blocks.next().transpose()? else { return Ok(None) };
            self.columns = columns;
            self.end = self.columns.first().map_or(0, Column::rows);
            self.next = 0;
        }
        let row = R::get(&self.columns, self.next);
        self.next += 1;
        row.map(Some).map_err(|what| Error::Damaged { at: self.offset(), what: what.to_string() })
    }

    fn offset(&self) -> u64 {
        let places = &self.blocks.places[R::TABLE.index()];
        places.get(self.blocks.next.wrapping_sub(1)).map_or(0, |place| place.offset)
    }
}

impl<R: Row> Iterator for Rows<R> {
    type Item = Result<R>;

    fn next(&mut self) -> Option<Self::Item> {
        let taken = self.take();
        if taken.is_err() {
            self.blocks.next = usize::MAX;
            self.next = self.end;
        }
        taken.transpose()
    }
}

fn read_header(file: &mut dyn Seekable) -> Result<()> {
    let mut bytes = Vec::with_capacity(HEADER_LEN);
    file.take(HEADER_LEN as u64).read_to_end(&mut bytes).map_err(Error::io_of("read", "the store"))?;
    form::check_header(&bytes)
}

fn read_at(file: &mut dyn Seekable, at: u64, length: usize) -> Result<Vec<u8>> {
    file.seek(SeekFrom::Start(at)).map_err(Error::io_of("read", "the store"))?;
    let mut bytes = vec![0; length];
    file.read_exact(&mut bytes).map_err(Error::io_of("read", "the store"))?;
    Ok(bytes)
}

fn read_footer(file: &mut dyn Seekable, length: u64) -> Result<Footer> {
    let at = length.checked_sub(TRAILER_LEN as u64).filter(|at| *at >= HEADER_LEN as u64);
    let at = at.ok_or(Error::CutShort)?;
    let trailer = read_at(file, at, TRAILER_LEN)?;
    if !trailer.ends_with(form::END) {
        return Err(Error::CutShort);
    }
    let number = |place| u64::from(form::u32_at(&trailer, place).unwrap_or(0));
    let footer_len = number(0) | number(4) << 32;
    let damaged = |what: &str| Error::Damaged { at, what: what.to_owned() };
    let start = at.checked_sub(footer_len).filter(|start| *start >= HEADER_LEN as u64);
    let start = start.ok_or_else(|| damaged("the footer's length is out of range"))?;
    let bytes = read_at(file, start, footer_len as usize)?;
    if u64::from(crc32fast::hash(&bytes)) != number(8) {
        return Err(damaged("the footer's checksum differs"));
    }
    serde_json::from_slice(&bytes).map_err(|e| damaged(&format!("the footer does not read: {e}")))
}

fn check_places(footer: &Footer, length: u64) -> Result<()> {
    let damaged = |what: &str| Error::Damaged { at: length, what: what.to_owned() };
    if footer.columns != form::schema() || footer.blocks.len() != Table::ALL.len() {
        return Err(damaged("the footer lists other tables or columns than this version has"));
    }
    for places in &footer.blocks {
        let mut row = 0_u64;
        for place in places {
            if place.first_row != row {
                return Err(damaged("the footer's blocks leave out rows"));
            }
            row += u64::from(place.rows);
        }
    }
    Ok(())
}

fn read_block(file: &mut dyn Seekable, at: u64, length: u64) -> Result<(BlockHeader, Vec<u8>)> {
    let damaged = |what: Damaged| Error::Damaged { at, what: what.to_string() };
    let body_at = at.saturating_add(BLOCK_HEADER_LEN as u64);
    if body_at > length {
        return Err(damaged(Damaged("a block ends after the file")));
    }
    let bytes: [u8; BLOCK_HEADER_LEN] =
        read_at(file, at, BLOCK_HEADER_LEN)?.try_into().expect("as many bytes were asked for");
    let header = form::read_block_header(&bytes).map_err(damaged)?;
    if body_at + u64::from(header.body) > length {
        return Err(damaged(Damaged("a block ends after the file")));
    }
    let body = read_at(file, body_at, header.body as usize)?;
    header.check(&bytes, &body).map_err(damaged)?;
    Ok((header, body))
}
