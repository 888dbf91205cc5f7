//! How a field of a row goes into a column and comes back.

use std::sync::Arc;

use motet_units::{CpmMicros, Nanos, Timestamp};

use super::{Column, Damaged, Kind, Values};

/// A type a table's field may have.
pub trait Cell: Sized {
    /// The kind of column it lies in.
    const KIND: Kind;
    /// Appends itself as the column's next row.
    fn put(&self, column: &mut Column);
    /// Reads a row.
    ///
    /// # Errors
    /// When the column holds something else there.
    fn take(column: &Column, row: usize) -> Result<Self, Damaged>;
}

const OTHER_KIND: Damaged = Damaged("a column holds another kind");
const ABSENT: Damaged = Damaged("a value is absent that must be there");
const OUT_OF_RANGE: Damaged = Damaged("a value is out of its range");

fn int(column: &Column, row: usize) -> Result<i64, Damaged> {
    let Values::Int(values) = column.values() else { return Err(OTHER_KIND) };
    values.get(row).copied().ok_or(ABSENT)
}

fn push_int(column: &mut Column, value: i64) {
    if let Values::Int(values) = &mut column.values {
        values.push(value);
        column.rows += 1;
    }
}

/// Numbers that lie in a column as whole numbers, by a way there and a way back that may refuse.
macro_rules! whole {
    ($($type:ty: |$value:ident| $there:expr, |$raw:ident| $back:expr;)*) => {$(
        impl Cell for $type {
            const KIND: Kind = Kind::Int;
            fn put(&self, column: &mut Column) {
                let $value = *self;
                push_int(column, $there);
            }
            fn take(column: &Column, row: usize) -> Result<Self, Damaged> {
                if column.is_absent(row) {
                    return Err(ABSENT);
                }
                let $raw = int(column, row)?;
                $back
            }
        }
    )*};
}

whole! {
    i64: |value| value, |raw| Ok(raw);
    u64: |value| value.cast_signed(), |raw| Ok(raw.cast_unsigned());
    u32: |value| i64::from(value), |raw| u32::try_from(raw).map_err(|_| OUT_OF_RANGE);
    u16: |value| i64::from(value), |raw| u16::try_from(raw).map_err(|_| OUT_OF_RANGE);
    i16: |value| i64::from(value), |raw| i16::try_from(raw).map_err(|_| OUT_OF_RANGE);
    bool: |value| i64::from(value), |raw| match raw { 0 => Ok(false), 1 => Ok(true), _ => Err(OUT_OF_RANGE) };
    Timestamp: |value| value.micros(), |raw| Ok(Timestamp::from_micros(raw));
    CpmMicros: |value| value.get(), |raw| Some(CpmMicros::new(raw)).filter(|p| p.get() == raw).ok_or(OUT_OF_RANGE);
    Nanos: |value| value.get(), |raw| Some(Nanos::new(raw)).filter(|n| n.get() == raw).ok_or(OUT_OF_RANGE);
}

impl Cell for f64 {
    const KIND: Kind = Kind::Float;
    fn put(&self, column: &mut Column) {
        if let Values::Float(values) = &mut column.values {
            values.push(*self);
            column.rows += 1;
        }
    }
    fn take(column: &Column, row: usize) -> Result<Self, Damaged> {
        let Values::Float(values) = column.values() else { return Err(OTHER_KIND) };
        if column.is_absent(row) { Err(ABSENT) } else { values.get(row).copied().ok_or(ABSENT) }
    }
}

impl Cell for Arc<str> {
    const KIND: Kind = Kind::Text;
    fn put(&self, column: &mut Column) {
        if let Values::Text(values) = &mut column.values {
            values.push(self.clone());
            column.rows += 1;
        }
    }
    fn take(column: &Column, row: usize) -> Result<Self, Damaged> {
        let Values::Text(values) = column.values() else { return Err(OTHER_KIND) };
        if column.is_absent(row) { Err(ABSENT) } else { values.get(row).cloned().ok_or(ABSENT) }
    }
}

impl<T: Cell> Cell for Option<T> {
    const KIND: Kind = T::KIND;
    fn put(&self, column: &mut Column) {
        match self {
            Some(value) => value.put(column),
            None => column.push_absent(),
        }
    }
    fn take(column: &Column, row: usize) -> Result<Self, Damaged> {
        if column.is_absent(row) { Ok(None) } else { T::take(column, row).map(Some) }
    }
}

macro_rules! list {
    ($($type:ty, $kind:ident, $values:ident;)*) => {$(
        impl Cell for Vec<$type> {
            const KIND: Kind = Kind::$kind;
            fn put(&self, column: &mut Column) {
                if let Values::$values(values) = &mut column.values {
                    values.extend(self.iter().cloned());
                    column.ends.push(values.len() as u32);
                    column.rows += 1;
                }
            }
            fn take(column: &Column, row: usize) -> Result<Self, Damaged> {
                let Values::$values(values) = column.values() else { return Err(OTHER_KIND) };
                let span = if row < column.ends.len() { column.span(row) } else { return Err(ABSENT) };
                values.get(span).map(<[_]>::to_vec).ok_or(ABSENT)
            }
        }
    )*};
}

list! {
    i64, Ints, Int;
    f64, Floats, Float;
    Arc<str>, Texts, Text;
}
