//! A training's curves as `TensorBoard` reads them.
//!
//! A file of events is a row of records: the payload's length (`u64`, little-endian), a checksum of the length, the payload, a
//! checksum of the payload. Checksums are CRC-32C, rotated and shifted as `TFRecord` has it. A payload is a protobuf `Event`:
//! wall time (field 1), step (2), file version (3) or a `Summary` (5) of tagged numbers. Steps are rounds.
//!
//! Bytes in, bytes out: who writes the file, and tells the time, is the caller. A file whose last record was cut by a kill is kept
//! up to the record before ([`whole`]).

use crate::Progress;

/// What the first record of a file says.
const VERSION: &str = "brain.Event:2";
/// Length and its checksum.
const HEAD: usize = 12;
/// The payload's checksum.
const TAIL: usize = 4;

/// Returns the first record of a file begun at a time, in seconds since 1970.
pub fn opening(wall_s: f64) -> Vec<u8> {
    record(&event(wall_s, 0, 3, VERSION.as_bytes()))
}

/// Returns the record of one round that ended at a time, in seconds since 1970.
pub fn round(wall_s: f64, progress: &Progress) -> Vec<u8> {
    let mut summary = Vec::new();
    for (tag, value) in scalars(progress) {
        let mut number = Vec::new();
        text(&mut number, 1, tag.as_bytes());
        number.push(2 << 3 | 5);
        number.extend_from_slice(&(value as f32).to_le_bytes());
        text(&mut summary, 1, &number);
    }
    record(&event(wall_s, u64::from(progress.round), 5, &summary))
}

/// Returns how many bytes of a file are whole records of steps up to `most`, and the last step among them.
pub fn whole(bytes: &[u8], most: u64) -> (usize, u64) {
    let (mut length, mut last) = (0, 0);
    while let Some(payload) = next(&bytes[length..]) {
        let step = step(payload).unwrap_or(0);
        if step > most {
            break;
        }
        length += HEAD + payload.len() + TAIL;
        last = step.max(last);
    }
    (length, last)
}

/// Returns a round's numbers by tag.
fn scalars(progress: &Progress) -> Vec<(String, f64)> {
    let named = [
        ("objective/exploring", progress.objective),
        ("objective/fixed", progress.fixed),
        ("objective/baseline", progress.baseline),
        ("learner/critic_loss", progress.critic_loss),
        ("learner/value", progress.value),
        ("learner/saturated", progress.saturated),
        ("learner/rows", progress.rows as f64),
        ("learner/updates", progress.updates as f64),
    ];
    let parts = progress.parts.named().map(|(name, value)| (format!("parts/{name}"), value));
    let validation = progress.validation.map(|value| ("objective/validation".to_owned(), value));
    named.into_iter().map(|(tag, value)| (tag.to_owned(), value)).chain(parts).chain(validation).collect()
}

fn event(wall_s: f64, step: u64, field: u8, content: &[u8]) -> Vec<u8> {
    let mut event = vec![1 << 3 | 1];
    event.extend_from_slice(&wall_s.to_le_bytes());
    if step > 0 {
        event.push(2 << 3);
        varint(&mut event, step);
    }
    text(&mut event, field, content);
    event
}

/// Adds a field of bytes.
fn text(to: &mut Vec<u8>, field: u8, content: &[u8]) {
    to.push(field << 3 | 2);
    varint(to, content.len() as u64);
    to.extend_from_slice(content);
}

fn varint(to: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        to.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    to.push(value as u8);
}

fn record(payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u64).to_le_bytes();
    let mut record = length.to_vec();
    record.extend_from_slice(&masked(&length).to_le_bytes());
    record.extend_from_slice(payload);
    record.extend_from_slice(&masked(payload).to_le_bytes());
    record
}

/// Returns the payload of the record that bytes begin with, if it is whole.
fn next(bytes: &[u8]) -> Option<&[u8]> {
    let (length, rest) = bytes.split_first_chunk::<8>()?;
    let (sum, rest) = rest.split_first_chunk::<4>()?;
    if masked(length) != u32::from_le_bytes(*sum) {
        return None;
    }
    let (payload, rest) = rest.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
    let sum = rest.first_chunk::<4>()?;
    (masked(payload) == u32::from_le_bytes(*sum)).then_some(payload)
}

/// Returns the step of an event as written here: the wall time, then the step where it is not 0.
fn step(payload: &[u8]) -> Option<u64> {
    let (tag, varint) = payload.get(9..)?.split_first()?;
    if *tag != 2 << 3 {
        return None;
    }
    let mut step = 0_u64;
    for (place, byte) in varint.iter().take(9).enumerate() {
        step |= u64::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Some(step);
        }
    }
    None
}

/// Returns the checksum as records hold it: rotated by 15 bits and shifted, so that sums of sums do not cancel.
fn masked(bytes: &[u8]) -> u32 {
    crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}

/// CRC-32C (Castagnoli), bit by bit: a record has a few hundred bytes, and there is one a round.
fn crc32c(bytes: &[u8]) -> u32 {
    let bit = |sum: u32, _| (sum >> 1) ^ if sum & 1 == 1 { 0x82f6_3b78 } else { 0 };
    !bytes.iter().fold(!0, |sum, byte| (0..8).fold(sum ^ u32::from(*byte), bit))
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }

    #[test]
    fn the_checksum_is_the_published_one() {
        // RFC 3720, appendix B.4: 32 bytes of zeros, and the check value of CRC catalogues.
        assert_eq!(crc32c(&[0; 32]), 0x8a91_36aa);
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
    }

    /// The bytes were written by `TensorBoard`'s own writer for the same events.
    #[test]
    fn records_are_those_of_tensorboards_own_writer() {
        assert_eq!(
            hex(&opening(1000.5)),
            "1800000000000000a37f4b22090000000000448f401a0d627261696e2e4576656e743a32aba33345"
        );
        let mut number = Vec::new();
        text(&mut number, 1, b"objective/validation");
        number.push(2 << 3 | 5);
        number.extend_from_slice(&(-1.5_f32).to_le_bytes());
        let mut summary = Vec::new();
        text(&mut summary, 1, &number);
        assert_eq!(
            hex(&record(&event(1001.25, 300, 5, &summary))),
            "2b00000000000000861bc34b0900000000004a8f4010ac022a1d0a1b0a146f626a6563746976652f76616c69646174696f6e150000c0bff0dca8c0"
        );
    }

    #[test]
    fn a_cut_or_flipped_record_and_later_steps_are_not_kept() {
        let rounds = [1, 2, 300].map(|number| round(5.0, &Progress { round: number, ..Progress::default() }));
        let file: Vec<u8> = [opening(5.0)].into_iter().chain(rounds.clone()).flatten().collect();
        assert_eq!(whole(&file, 1_000), (file.len(), 300));
        let two = file.len() - rounds[2].len();
        assert_eq!(whole(&file[..file.len() - 1], 1_000), (two, 2), "the last record is cut");
        assert_eq!(whole(&file, 299), (two, 2), "the last record is of a round that is to come again");
        let mut flipped = file.clone();
        flipped[two - 20] ^= 1;
        assert_eq!(whole(&flipped, 1_000), (two - rounds[1].len(), 1));
        assert_eq!(whole(&[], 1_000), (0, 0));
    }

    #[test]
    fn a_round_that_was_not_validated_has_no_validation() {
        let tags =
            |progress: &Progress| scalars(progress).into_iter().map(|(tag, _)| tag).collect::<Vec<_>>();
        let without = tags(&Progress::default());
        let with = tags(&Progress { validation: Some(1.0), ..Progress::default() });
        assert_eq!(with.len(), without.len() + 1);
        assert!(!without.iter().any(|tag| tag == "objective/validation"));
    }
}
