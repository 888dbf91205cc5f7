//! Writes a store: rows go into a block per table, full blocks go out, the footer comes last.
//!
//! Memory is one block per table, whatever the number of rows.

use std::io::Write;

use super::{
    form::{self, BlockPlace, Footer},
    summary::Summary,
};
use crate::{
    column::Column,
    error::{Error, Result},
    table::{Row, Table},
};

/// The rows after which a block is written.
const BLOCK_ROWS: usize = 16_384;
/// The list values of one column after which a block is written.
const BLOCK_LIST_VALUES: usize = 1 << 19;
/// The bytes of text after which a block is written.
const BLOCK_TEXT_BYTES: usize = 1 << 24;

/// A store being written.
#[derive(Debug)]
pub struct Writer<W: Write> {
    out: W,
    offset: u64,
    tables: Vec<Vec<Column>>,
    rows: [u64; Table::ALL.len()],
    text_bytes: [usize; Table::ALL.len()],
    blocks: Vec<Vec<BlockPlace>>,
    buffer: Vec<u8>,
}

impl<W: Write> Writer<W> {
    /// Begins a store.
    ///
    /// # Errors
    /// When the header cannot be written.
    pub fn new(mut out: W) -> Result<Self> {
        let header = form::header();
        out.write_all(&header).map_err(Error::io_of("write", "the store"))?;
        let columns = |table: &Table| table.columns().iter().map(|(_, kind)| Column::new(*kind)).collect();
        Ok(Self {
            out,
            offset: header.len() as u64,
            tables: Table::ALL.iter().map(columns).collect(),
            rows: [0; Table::ALL.len()],
            text_bytes: [0; Table::ALL.len()],
            blocks: vec![Vec::new(); Table::ALL.len()],
            buffer: Vec::new(),
        })
    }

    /// Appends a row and returns its place in its table, from 0.
    ///
    /// # Errors
    /// When a full block cannot be written.
    pub fn push<R: Row>(&mut self, row: &R) -> Result<u64> {
        let table = R::TABLE.index();
        let columns = &mut self.tables[table];
        row.push(columns);
        let place = self.rows[table];
        self.rows[table] += 1;
        self.text_bytes[table] += columns.iter().map(Column::last_text_bytes).sum::<usize>();
        let full = columns[0].rows() >= BLOCK_ROWS
            || self.text_bytes[table] >= BLOCK_TEXT_BYTES
            || columns.iter().any(|c| c.kind().is_list() && c.values().len() >= BLOCK_LIST_VALUES);
        if full {
            self.write_block(R::TABLE)?;
        }
        Ok(place)
    }

    /// Returns how many rows a table has so far.
    pub const fn rows(&self, table: Table) -> u64 {
        self.rows[table.index()]
    }

    /// Returns how many bytes were written so far.
    pub const fn bytes(&self) -> u64 {
        self.offset
    }

    /// Writes what is left and the footer.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn finish(mut self, mut summary: Summary) -> Result<(W, Summary)> {
        for table in Table::ALL {
            self.write_block(table)?;
            summary.rows.insert(table.name().to_owned(), self.rows[table.index()]);
        }
        summary.bytes_out = self.offset;
        let footer = Footer { summary, columns: form::schema(), blocks: self.blocks };
        let bytes = form::footer(&footer);
        self.out.write_all(&bytes).map_err(Error::io_of("write", "the store"))?;
        self.out.flush().map_err(Error::io_of("write", "the store"))?;
        Ok((self.out, footer.summary))
    }

    fn write_block(&mut self, table: Table) -> Result<()> {
        let columns = &mut self.tables[table.index()];
        let rows = columns[0].rows();
        if rows == 0 {
            return Ok(());
        }
        let first_row = self.rows[table.index()] - rows as u64;
        self.buffer.clear();
        form::write_block(table, first_row, rows, columns, &mut self.buffer);
        columns.iter_mut().for_each(Column::clear);
        self.text_bytes[table.index()] = 0;
        self.out.write_all(&self.buffer).map_err(Error::io_of("write", "the store"))?;
        let body = (self.buffer.len() - form::BLOCK_HEADER_LEN) as u32;
        self.blocks[table.index()].push(BlockPlace {
            offset: self.offset,
            first_row,
            rows: rows as u32,
            body,
        });
        self.offset += self.buffer.len() as u64;
        Ok(())
    }
}
