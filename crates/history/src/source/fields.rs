//! Fields of a line: split, told apart from nothing, read as numbers, kept as texts.

use std::sync::Arc;

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::bad::{BadReason, LineError, complain};

/// A line's fields.
pub(crate) type Fields<'a> = SmallVec<[&'a [u8]; 32]>;

/// How many bytes of texts are remembered before starting over.
const MOST_BYTES: usize = 1 << 23;
/// What remembering a text takes besides its bytes, about.
const ENTRY_BYTES: usize = 64;

/// Splits a line.
pub(crate) fn split(line: &[u8], by: u8) -> Fields<'_> {
    line.split(|b| *b == by).collect()
}

/// Returns a field unless it says nothing: empty, `null`, `NULL` or `nan`.
pub(crate) fn stated(field: &[u8]) -> Option<&[u8]> {
    let field = field.trim_ascii();
    let nothing =
        field.is_empty() || field.eq_ignore_ascii_case(b"null") || field.eq_ignore_ascii_case(b"nan");
    (!nothing).then_some(field)
}

/// Reads a whole number; a real one without fraction (`3.0`) counts as whole.
pub(crate) fn whole(field: &[u8], what: &str) -> Result<i64, LineError> {
    let text = std::str::from_utf8(field.trim_ascii()).unwrap_or("");
    if let Ok(number) = text.parse::<i64>() {
        return Ok(number);
    }
    let real = text.parse::<f64>().ok().filter(|r| r.fract() == 0.0 && r.abs() < 9e15);
    real.map(|r| r as i64).ok_or_else(|| complain(BadReason::Number, what, field))
}

/// Reads a whole number within a range.
pub(crate) fn within(
    field: &[u8],
    what: &str,
    range: std::ops::RangeInclusive<i64>,
) -> Result<i64, LineError> {
    let number = whole(field, what)?;
    if range.contains(&number) { Ok(number) } else { Err(complain(BadReason::Number, what, field)) }
}

/// Reads a finite real number.
pub(crate) fn real(field: &[u8], what: &str) -> Result<f64, LineError> {
    let text = std::str::from_utf8(field.trim_ascii()).unwrap_or("");
    let real = text.parse::<f64>().ok().filter(|r| r.is_finite());
    real.ok_or_else(|| complain(BadReason::Number, what, field))
}

/// Reads a chance, 0 to 1.
pub(crate) fn chance(field: &[u8], what: &str) -> Result<f64, LineError> {
    let chance = real(field, what)?;
    if (0.0..=1.0).contains(&chance) { Ok(chance) } else { Err(complain(BadReason::Number, what, field)) }
}

/// Reads a flag, 0 or 1.
pub(crate) fn flag(field: &[u8], what: &str) -> Result<bool, LineError> {
    within(field, what, 0..=1).map(|number| number == 1)
}

/// Keeps texts so that equal ones share their memory, and counts those that were not UTF-8.
#[derive(Debug, Default)]
pub(crate) struct Interner {
    known: FxHashMap<Box<[u8]>, Arc<str>>,
    held_bytes: usize,
    pub(crate) invalid: u64,
}

impl Interner {
    /// Returns a field as text; none when it says nothing.
    pub(crate) fn optional(&mut self, field: &[u8]) -> Option<Arc<str>> {
        stated(field).map(|field| self.text(field))
    }

    /// Returns bytes as text, with replacement marks where they are not UTF-8.
    pub(crate) fn text(&mut self, bytes: &[u8]) -> Arc<str> {
        let text = std::str::from_utf8(bytes);
        self.invalid += u64::from(text.is_err());
        if let Some(known) = self.known.get(bytes) {
            return known.clone();
        }
        let text: Arc<str> = text.map_or_else(|_| String::from_utf8_lossy(bytes).into(), Arc::from);
        self.remember(bytes, text.clone());
        text
    }

    /// Returns what a text stands for: as remembered, or worked out once.
    pub(crate) fn derived(&mut self, bytes: &[u8], work_out: impl FnOnce(&[u8]) -> Arc<str>) -> Arc<str> {
        if let Some(known) = self.known.get(bytes) {
            return known.clone();
        }
        let derived = work_out(bytes);
        self.remember(bytes, derived.clone());
        derived
    }

    fn remember(&mut self, bytes: &[u8], text: Arc<str>) {
        self.held_bytes += 2 * bytes.len() + ENTRY_BYTES;
        if self.held_bytes > MOST_BYTES {
            self.known.clear();
            self.held_bytes = 0;
        }
        self.known.insert(bytes.into(), text);
    }
}
