//! The frame around a saved state: what it is, whose, how long, and a checksum.
//!
//! `"motetlrn"`, a version (2 bytes), the kind's length (1 byte) and name, the payload's length (8 bytes), the payload
//! (postcard, so that every number keeps its bits), and the CRC-32 of all before it (4 bytes). Numbers are little-endian.

use serde::{Serialize, de::DeserializeOwned};

use crate::Error;

const MARK: &[u8; 8] = b"motetlrn";
const VERSION: u16 = 1;

/// Frames a state of one kind of learner.
pub(crate) fn write(kind: &str, state: &impl Serialize) -> Vec<u8> {
    let payload =
        postcard::to_stdvec(state).expect("a state is plain numbers, texts and lists of known length");
    let mut bytes = Vec::with_capacity(payload.len() + kind.len() + 23);
    bytes.extend_from_slice(MARK);
    bytes.extend_from_slice(&VERSION.to_le_bytes());
    bytes.push(kind.len() as u8);
    bytes.extend_from_slice(kind.as_bytes());
    bytes.extend_from_slice(&(payload.len() as u64).to_le_bytes());
    bytes.extend_from_slice(&payload);
    let checksum = crc32fast::hash(&bytes);
    bytes.extend_from_slice(&checksum.to_le_bytes());
    bytes
}

/// Takes a state out of its frame.
///
/// # Errors
/// When the bytes are no whole state, of another version, or of another kind of learner.
pub(crate) fn read<T: DeserializeOwned>(kind: &str, bytes: &[u8]) -> Result<T, Error> {
    let payload = open(kind, bytes)?;
    postcard::from_bytes(payload).map_err(|error| damaged(format!("its content cannot be read ({error})")))
}

fn damaged(what: impl Into<String>) -> Error {
    Error::Damaged { what: what.into() }
}

fn open<'a>(kind: &str, bytes: &'a [u8]) -> Result<&'a [u8], Error> {
    let (content, checksum) = bytes.split_last_chunk::<4>().ok_or_else(|| damaged("it is too short"))?;
    let mut rest = content.strip_prefix(MARK).ok_or_else(|| damaged("it does not begin with 'motetlrn'"))?;
    let found = crc32fast::hash(content);
    if found != u32::from_le_bytes(*checksum) {
        return Err(damaged("its checksum is wrong"));
    }
    let version = u16::from_le_bytes(*take(&mut rest)?);
    if version != VERSION {
        return Err(damaged(format!("its version is {version}, this build reads {VERSION}")));
    }
    let [length] = *take::<1>(&mut rest)?;
    let (name, mut rest) = rest.split_at_checked(length.into()).ok_or_else(|| damaged("it is too short"))?;
    if name != kind.as_bytes() {
        let found = String::from_utf8_lossy(name).into_owned();
        return Err(Error::OtherLearner { expected: kind.to_owned(), found });
    }
    let length = u64::from_le_bytes(*take(&mut rest)?);
    if length != rest.len() as u64 {
        return Err(damaged(format!("it should hold {length} bytes and holds {}", rest.len())));
    }
    Ok(rest)
}

fn take<'a, const N: usize>(rest: &mut &'a [u8]) -> Result<&'a [u8; N], Error> {
    let (taken, after) = rest.split_first_chunk::<N>().ok_or_else(|| damaged("it is too short"))?;
    *rest = after;
    Ok(taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_to_the_bit() {
        let numbers = vec![0.1_f32, -0.0, f32::MIN_POSITIVE, 1e30];
        let back: Vec<f32> = read("test", &write("test", &numbers)).unwrap();
        let bits = |numbers: &[f32]| numbers.iter().map(|n| n.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&back), bits(&numbers));
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_an_error() {
        let bytes = write("test", &vec![1_u32, 2, 3]);
        for place in 0..bytes.len() * 8 {
            let mut broken = bytes.clone();
            broken[place / 8] ^= 1 << (place % 8);
            assert!(matches!(read::<Vec<u32>>("test", &broken), Err(Error::Damaged { .. })), "bit {place}");
        }
        for length in 0..bytes.len() {
            assert!(read::<Vec<u32>>("test", &bytes[..length]).is_err(), "cut at {length}");
        }
    }

    #[test]
    fn another_kind_is_named() {
        let error = read::<u32>("q", &write("actor-critic", &7_u32)).unwrap_err();
        assert_eq!(error.to_string(), "the saved state is of actor-critic, this learner is q");
    }
}
