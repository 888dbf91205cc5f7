//! Texts of a column: each distinct text once, in the order of first appearance, then places in that dictionary.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::{
    bits::{Bytes, Damaged, write_varint},
    ints::{read_ints, signed, write_ints},
};

/// Appends the dictionary and the places.
pub(crate) fn write_texts(texts: &[Arc<str>], out: &mut Vec<u8>) {
    let mut known: FxHashMap<&str, i64> = FxHashMap::default();
    let mut dictionary: Vec<&str> = Vec::new();
    let mut places = Vec::with_capacity(texts.len());
    for text in texts {
        let place = *known.entry(text).or_insert_with(|| {
            dictionary.push(text);
            signed(dictionary.len() - 1)
        });
        places.push(place);
    }
    write_varint(dictionary.len() as u64, out);
    for text in dictionary {
        write_varint(text.len() as u64, out);
        out.extend_from_slice(text.as_bytes());
    }
    write_ints(&places, out);
}

/// Reads back `count` texts.
pub(crate) fn read_texts(bytes: &mut Bytes<'_>, count: usize) -> Result<Vec<Arc<str>>, Damaged> {
    let entries = bytes.length(count.min(bytes.left()))?;
    let mut dictionary: Vec<Arc<str>> = Vec::with_capacity(entries);
    for _ in 0..entries {
        let length = bytes.length(bytes.left())?;
        let text = std::str::from_utf8(bytes.take(length)?).map_err(|_| Damaged("a text is not UTF-8"))?;
        dictionary.push(text.into());
    }
    let place = |place: i64| {
        let found = usize::try_from(place).ok().and_then(|p| dictionary.get(p));
        found.cloned().ok_or(Damaged("a place is outside its dictionary"))
    };
    read_ints(bytes, count)?.into_iter().map(place).collect()
}
