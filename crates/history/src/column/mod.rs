//! A column of a block: values of one kind, some absent, written in few bytes.
//!
//! A block's rows are turned on their side, because what stands below one another is alike: a price among prices, a
//! time after a time. Each column is written alone, with its length before it, so that a reader of one column skips
//! the others.
//!
//! ```text
//! column   absent rows: count, then, if neither none nor all, the first and the gaps
//!          lists only: lengths as numbers
//!          values of the rows that are not absent: numbers, or a dictionary of texts and places in it
//! ```
//!
//! What it never does: allocate on the word of a length that the bytes present cannot back.

mod bits;
mod cell;
mod ints;
mod texts;

use std::sync::Arc;

pub use bits::Damaged;
pub use cell::Cell;

use bits::{Bytes, write_varint};
use ints::{read_ints, signed, write_ints};
use texts::{read_texts, write_texts};

/// The most rows a block holds.
pub(crate) const MAX_BLOCK_ROWS: usize = 65_536;
/// The most list values a column of one block holds.
pub(crate) const MAX_LIST_VALUES: usize = 1 << 22;

/// What a column's cells are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A whole number, or none.
    Int,
    /// A real number, or none.
    Float,
    /// A text, or none.
    Text,
    /// A list of whole numbers.
    Ints,
    /// A list of real numbers.
    Floats,
    /// A list of texts.
    Texts,
}

impl Kind {
    /// Tells whether a cell holds a list.
    pub const fn is_list(self) -> bool {
        matches!(self, Self::Ints | Self::Floats | Self::Texts)
    }
}

/// The values of a column, laid end to end; absent rows hold a placeholder.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Whole numbers.
    Int(Vec<i64>),
    /// Real numbers.
    Float(Vec<f64>),
    /// Texts.
    Text(Vec<Arc<str>>),
}

impl Values {
    const fn empty(kind: Kind) -> Self {
        match kind {
            Kind::Int | Kind::Ints => Self::Int(Vec::new()),
            Kind::Float | Kind::Floats => Self::Float(Vec::new()),
            Kind::Text | Kind::Texts => Self::Text(Vec::new()),
        }
    }

    /// Returns how many values there are.
    pub const fn len(&self) -> usize {
        match self {
            Self::Int(v) => v.len(),
            Self::Float(v) => v.len(),
            Self::Text(v) => v.len(),
        }
    }

    /// Tells whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A column of one block in memory.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    kind: Kind,
    rows: usize,
    /// Absent rows, ascending.
    absent: Vec<u32>,
    /// For lists: where each row's values end.
    ends: Vec<u32>,
    values: Values,
}

impl Column {
    /// Makes a column without rows.
    pub const fn new(kind: Kind) -> Self {
        Self { kind, rows: 0, absent: Vec::new(), ends: Vec::new(), values: Values::empty(kind) }
    }

    /// Makes a column of cells from the values of the rows that are not absent.
    #[cfg(feature = "parquet")]
    pub(crate) fn of_cells(kind: Kind, rows: usize, absent: Vec<u32>, present: Values) -> Self {
        let column = Self { rows, absent, ..Self::new(kind) };
        let values = match present {
            Values::Int(v) => Values::Int(column.spread(v)),
            Values::Float(v) => Values::Float(column.spread(v)),
            Values::Text(v) => Values::Text(column.spread(v)),
        };
        Self { values, ..column }
    }

    /// Makes a column of lists from all values end to end.
    #[cfg(feature = "parquet")]
    pub(crate) fn of_lists(kind: Kind, ends: Vec<u32>, values: Values) -> Self {
        Self { rows: ends.len(), ends, values, ..Self::new(kind) }
    }

    /// Returns what its cells are.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// Returns how many rows it has.
    pub const fn rows(&self) -> usize {
        self.rows
    }

    /// Returns all values end to end; where a row is absent, a placeholder.
    pub const fn values(&self) -> &Values {
        &self.values
    }

    /// Tells whether a row has no value.
    pub fn is_absent(&self, row: usize) -> bool {
        !self.absent.is_empty()
            && (self.absent.len() == self.rows || self.absent.binary_search(&(row as u32)).is_ok())
    }

    /// Returns where a row's list lies among the values.
    pub fn span(&self, row: usize) -> std::ops::Range<usize> {
        let start = if row == 0 { 0 } else { self.ends[row - 1] as usize };
        start..self.ends[row] as usize
    }

    /// Returns how many bytes of text the last row holds.
    pub(crate) fn last_text_bytes(&self) -> usize {
        let Values::Text(texts) = &self.values else { return 0 };
        let last = self
            .rows
            .checked_sub(1)
            .map(|row| if self.kind.is_list() { self.span(row) } else { row..row + 1 });
        last.and_then(|span| texts.get(span)).map_or(0, |texts| texts.iter().map(|text| text.len()).sum())
    }

    /// Marks the next row as absent.
    fn push_absent(&mut self) {
        self.absent.push(self.rows as u32);
        match &mut self.values {
            Values::Int(v) => v.push(0),
            Values::Float(v) => v.push(0.0),
            Values::Text(v) => v.push(Arc::default()),
        }
        self.rows += 1;
    }

    /// Empties it, keeping its memory.
    pub(crate) fn clear(&mut self) {
        self.rows = 0;
        self.absent.clear();
        self.ends.clear();
        match &mut self.values {
            Values::Int(v) => v.clear(),
            Values::Float(v) => v.clear(),
            Values::Text(v) => v.clear(),
        }
    }

    /// Appends the column's bytes.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        if self.kind.is_list() {
            let lengths: Vec<i64> = (0..self.rows).map(|row| signed(self.span(row).len())).collect();
            write_ints(&lengths, out);
        } else {
            self.write_absent(out);
        }
        match &self.values {
            Values::Int(v) => write_ints(&self.present(v), out),
            Values::Float(v) => {
                let bits: Vec<i64> = self.present(v).iter().map(|f| f.to_bits().cast_signed()).collect();
                write_ints(&bits, out);
            }
            Values::Text(v) => write_texts(&self.present(v), out),
        }
    }

    fn write_absent(&self, out: &mut Vec<u8>) {
        write_varint(self.absent.len() as u64, out);
        if self.absent.len() < self.rows {
            let mut before = 0;
            for row in &self.absent {
                write_varint(u64::from(row - before), out);
                before = *row;
            }
        }
    }

    fn present<'a, T: Clone>(&self, values: &'a [T]) -> std::borrow::Cow<'a, [T]> {
        if self.absent.is_empty() {
            return values.into();
        }
        let mut absent = self.absent.iter().peekable();
        let kept =
            values.iter().enumerate().filter(|(row, _)| absent.next_if(|a| **a as usize == *row).is_none());
        kept.map(|(_, value)| value.clone()).collect()
    }

    /// Reads a column of `rows` rows back.
    pub(crate) fn read(kind: Kind, rows: usize, bytes: &[u8]) -> Result<Self, Damaged> {
        let mut bytes = Bytes::new(bytes);
        let mut column = Self::new(kind);
        column.rows = rows;
        let count = if kind.is_list() {
            column.ends = read_ends(&mut bytes, rows)?;
            column.ends.last().map_or(0, |end| *end as usize)
        } else {
            column.absent = read_absent(&mut bytes, rows)?;
            rows - column.absent.len()
        };
        column.values = match kind {
            Kind::Int | Kind::Ints => Values::Int(column.spread(read_ints(&mut bytes, count)?)),
            Kind::Float | Kind::Floats => {
                let bits = read_ints(&mut bytes, count)?;
                let floats = bits.into_iter().map(|b| f64::from_bits(b.cast_unsigned())).collect();
                Values::Float(column.spread(floats))
            }
            Kind::Text | Kind::Texts => Values::Text(column.spread(read_texts(&mut bytes, count)?)),
        };
        if bytes.left() > 0 {
            return Err(Damaged("a column has bytes left over"));
        }
        Ok(column)
    }

    /// Puts placeholders where rows are absent.
    fn spread<T: Default + Clone>(&self, present: Vec<T>) -> Vec<T> {
        if self.absent.is_empty() {
            return present;
        }
        let mut present = present.into_iter();
        let mut absent = self.absent.iter().peekable();
        let place = |row: usize| match absent.next_if(|a| **a as usize == row) {
            Some(_) => T::default(),
            None => present.next().unwrap_or_default(),
        };
        (0..self.rows).map(place).collect()
    }
}

fn read_ends(bytes: &mut Bytes<'_>, rows: usize) -> Result<Vec<u32>, Damaged> {
    let lengths = read_ints(bytes, rows)?;
    let mut end = 0_usize;
    let mut ends = Vec::with_capacity(rows);
    for length in lengths {
        let length = usize::try_from(length).map_err(|_| Damaged("a list has a negative length"))?;
        end =
            end.checked_add(length).filter(|e| *e <= MAX_LIST_VALUES).ok_or(Damaged("lists are too long"))?;
        ends.push(end as u32);
    }
    Ok(ends)
}

fn read_absent(bytes: &mut Bytes<'_>, rows: usize) -> Result<Vec<u32>, Damaged> {
    let count = bytes.length(rows)?;
    if count == rows {
        return Ok((0..rows as u32).collect());
    }
    let mut absent = Vec::with_capacity(count);
    let mut row = 0;
    for place in 0..count {
        let gap = bytes.length(rows)?;
        row += gap;
        if row >= rows || (place > 0 && gap == 0) {
            return Err(Damaged("an absent row is out of order"));
        }
        absent.push(row as u32);
    }
    Ok(absent)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read_back(column: &Column) -> Column {
        let mut out = Vec::new();
        column.write(&mut out);
        Column::read(column.kind(), column.rows(), &out).unwrap()
    }

    proptest! {
        #[test]
        fn numbers_with_gaps_read_back(cells in proptest::collection::vec(any::<Option<i64>>(), 0..100)) {
            let mut column = Column::new(Kind::Int);
            for c in &cells {
                c.put(&mut column);
            }
            prop_assert_eq!(read_back(&column), column);
        }

        #[test]
        fn real_numbers_read_back_to_the_bit(cells in proptest::collection::vec(any::<Option<u64>>(), 0..100)) {
            let mut column = Column::new(Kind::Float);
            for c in &cells {
                c.map(f64::from_bits).put(&mut column);
            }
            let back = read_back(&column);
            for (row, cell) in cells.iter().enumerate() {
                prop_assert_eq!(<Option<f64> as Cell>::take(&back, row).unwrap().map(f64::to_bits), *cell);
            }
        }

        #[test]
        fn texts_with_gaps_read_back(cells in proptest::collection::vec(proptest::option::of(".{0,5}"), 0..100)) {
            let mut column = Column::new(Kind::Text);
            for c in &cells {
                c.as_deref().map(Arc::<str>::from).put(&mut column);
            }
            prop_assert_eq!(read_back(&column), column);
        }

        #[test]
        fn lists_read_back(cells in proptest::collection::vec(proptest::collection::vec(any::<i64>(), 0..5), 0..50)) {
            let mut column = Column::new(Kind::Ints);
            for c in &cells {
                c.put(&mut column);
            }
            let back = read_back(&column);
            for (row, cell) in cells.iter().enumerate() {
                prop_assert_eq!(&Vec::<i64>::take(&back, row).unwrap(), cell);
            }
        }

        #[test]
        fn any_bytes_read_or_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..80), rows in 0_usize..300) {
            for kind in [Kind::Int, Kind::Float, Kind::Text, Kind::Ints, Kind::Floats, Kind::Texts] {
                let _ = Column::read(kind, rows, &bytes);
            }
        }
    }
}
