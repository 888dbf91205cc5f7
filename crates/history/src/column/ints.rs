//! Whole numbers of a column: three ways to write them, of which the shortest is taken.
//!
//! | tag | way | fits |
//! |---|---|---|
//! | 0 | packed: least value, bits a value, then each value less the least | prices, sizes, constants (0 bits) |
//! | 1 | deltas: the first value, then differences | row numbers, times in order |
//! | 2 | dictionary: distinct values ascending, then packed places | few values far apart |

use rustc_hash::FxHashSet;

use super::bits::{
    Bytes, Damaged, packed_len, unzigzag, varint_len, width_of, write_packed, write_varint, zigzag,
};

const PACKED: u8 = 0;
const DELTAS: u8 = 1;
const DICTIONARY: u8 = 2;

/// The most distinct values a dictionary is tried with.
const MOST_DISTINCT: usize = 4_096;

/// Returns a count as a number of a column.
pub(crate) const fn signed(count: usize) -> i64 {
    (count as u64).cast_signed()
}

/// Appends values in the shortest of the three ways.
pub(crate) fn write_ints(values: &[i64], out: &mut Vec<u8>) {
    let least = values.iter().copied().min().unwrap_or(0);
    let most = values.iter().copied().max().unwrap_or(0);
    let width = width_of(most.wrapping_sub(least) as u64);
    let packed = varint_len(zigzag(least)) + 1 + packed_len(values.len(), width);
    let deltas: usize = differences(values).map(varint_len).sum();
    let shortest = packed.min(deltas);
    if let Some(dictionary) = dictionary_of(values, width) {
        let places = packed_len(values.len(), width_of(dictionary.len() as u64 - 1));
        let entries: usize = differences(&dictionary).map(varint_len).sum();
        if 2 + entries + 1 + places < shortest {
            return write_dictionary(values, &dictionary, out);
        }
    }
    if deltas < packed {
        out.push(DELTAS);
        differences(values).for_each(|d| write_varint(d, out));
    } else {
        out.push(PACKED);
        write_varint(zigzag(least), out);
        out.push(width);
        write_packed(values.iter().map(|v| v.wrapping_sub(least) as u64), width, out);
    }
}

/// Reads back `count` values.
pub(crate) fn read_ints(bytes: &mut Bytes<'_>, count: usize) -> Result<Vec<i64>, Damaged> {
    match bytes.byte()? {
        PACKED => {
            let least = unzigzag(bytes.varint()?);
            let width = bytes.byte()?;
            bytes.packed(count, width, least)
        }
        DELTAS => read_deltas(bytes, count),
        DICTIONARY => read_dictionary(bytes, count),
        _ => Err(Damaged("numbers are written in an unknown way")),
    }
}

fn differences(values: &[i64]) -> impl Iterator<Item = u64> {
    let before = std::iter::once(0).chain(values.iter().copied());
    values.iter().zip(before).map(|(value, before)| zigzag(value.wrapping_sub(before)))
}

fn read_deltas(bytes: &mut Bytes<'_>, count: usize) -> Result<Vec<i64>, Damaged> {
    // Each value takes a byte or more, so a count beyond the bytes left is a lie and must not be allocated for.
    if count > bytes.left() {
        return Err(Damaged("bytes end too early"));
    }
    let mut before = 0_i64;
    let mut values = Vec::with_capacity(count);
    for _ in 0..count {
        before = before.wrapping_add(unzigzag(bytes.varint()?));
        values.push(before);
    }
    Ok(values)
}

/// Returns the distinct values ascending, where a dictionary may pay.
fn dictionary_of(values: &[i64], width: u8) -> Option<Vec<i64>> {
    if width <= 4 || values.len() < 64 {
        return None;
    }
    let mut distinct = FxHashSet::default();
    for value in values {
        distinct.insert(*value);
        if distinct.len() > MOST_DISTINCT {
            return None;
        }
    }
    let mut dictionary: Vec<i64> = distinct.into_iter().collect();
    dictionary.sort_unstable();
    Some(dictionary)
}

fn write_dictionary(values: &[i64], dictionary: &[i64], out: &mut Vec<u8>) {
    out.push(DICTIONARY);
    write_varint(dictionary.len() as u64, out);
    differences(dictionary).for_each(|d| write_varint(d, out));
    let width = width_of(dictionary.len() as u64 - 1);
    out.push(width);
    let place = |value: &i64| dictionary.binary_search(value).map_or(0, |place| place as u64);
    write_packed(values.iter().map(place), width, out);
}

fn read_dictionary(bytes: &mut Bytes<'_>, count: usize) -> Result<Vec<i64>, Damaged> {
    let entries = bytes.length(MOST_DISTINCT)?;
    let dictionary = read_deltas(bytes, entries)?;
    let width = bytes.byte()?;
    let mut values = bytes.packed(count, width, 0)?;
    for value in &mut values {
        let place = usize::try_from(*value).ok();
        *value =
            *place.and_then(|p| dictionary.get(p)).ok_or(Damaged("a place is outside its dictionary"))?;
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(values: &[i64]) -> Vec<u8> {
        let mut out = Vec::new();
        write_ints(values, &mut out);
        out
    }

    #[test]
    fn a_constant_takes_no_bits() {
        assert!(written(&vec![277; 10_000]).len() <= 5);
    }

    #[test]
    fn row_numbers_take_a_byte_each() {
        let rows: Vec<i64> = (0..10_000).map(|n| 1_000_000_000_000 + n * 3).collect();
        assert!(written(&rows).len() < 10_010);
    }

    #[test]
    fn few_values_far_apart_take_a_dictionary() {
        let values: Vec<i64> = (0..10_000).map(|n| if n % 3 == 0 { i64::MIN } else { i64::MAX }).collect();
        let bytes = written(&values);
        assert_eq!(bytes[0], DICTIONARY);
        assert!(bytes.len() < 1_300);
        assert_eq!(read_ints(&mut Bytes::new(&bytes), values.len()), Ok(values));
    }

    proptest! {
        #[test]
        fn numbers_read_back(values in proptest::collection::vec(any::<i64>(), 0..200), narrow in 0_u32..64, few: bool) {
            let keep = if few { 3 } else { u64::MAX };
            let values: Vec<i64> = values.iter().map(|v| (((v.cast_unsigned() % keep) << 40).cast_signed()) >> narrow).collect();
            let bytes = written(&values);
            prop_assert_eq!(read_ints(&mut Bytes::new(&bytes), values.len()), Ok(values));
        }

        #[test]
        fn any_bytes_read_or_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..60), count in 0_usize..70_000) {
            let _ = read_ints(&mut Bytes::new(&bytes), count);
        }
    }
}
