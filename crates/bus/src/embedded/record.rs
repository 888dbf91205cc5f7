//! A message as a record: key, headers and payload, each led by its length.
//!
//! ```text
//! key length u32 | key | headers u32 | (name length u32 | name | value length u32 | value)… | payload
//! ```
//!
//! Numbers are little-endian; the journal's own checksum covers all of it.

use bytes::{Buf as _, Bytes};

use crate::{Delivered, Headers, Message, Position};

/// Appends a message to a buffer.
pub(super) fn encode(message: &Message, into: &mut Vec<u8>) {
    put(&message.key, into);
    into.extend_from_slice(&(message.headers.len() as u32).to_le_bytes());
    for (name, value) in message.headers.iter() {
        put(name.as_bytes(), into);
        put(value.as_bytes(), into);
    }
    into.extend_from_slice(&message.payload);
}

fn put(bytes: &[u8], into: &mut Vec<u8>) {
    into.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
    into.extend_from_slice(bytes);
}

/// Reads what [`encode`] wrote; `None` where it is something else.
pub(super) fn decode(position: Position, record: &[u8]) -> Option<Delivered> {
    let mut left = Bytes::copy_from_slice(record);
    let key = take(&mut left)?;
    let count = number(&mut left)?;
    let mut headers = Headers::default();
    for _ in 0..count {
        let (name, value) = (take(&mut left)?, take(&mut left)?);
        headers.push(std::str::from_utf8(&name).ok()?, std::str::from_utf8(&value).ok()?);
    }
    Some(Delivered { position, key, headers, payload: left })
}

fn number(left: &mut Bytes) -> Option<usize> {
    left.try_get_u32_le().ok().map(|number| number as usize)
}

fn take(left: &mut Bytes) -> Option<Bytes> {
    let length = number(left)?;
    (length <= left.len()).then(|| left.split_to(length))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{decode, encode};
    use crate::{Message, Position};

    fn position() -> Position {
        Position { topic: "t".into(), partition: 0, offset: 1 }
    }

    proptest! {
        #[test]
        fn a_message_comes_back_as_it_was(
            key: Vec<u8>,
            headers in proptest::collection::vec(("[a-z]{1,9}", "[ -~]{0,20}"), 0..4),
            payload: Vec<u8>,
        ) {
            let mut message = Message::new("t", key, payload);
            for (name, value) in &headers {
                message = message.with(name.as_str(), value);
            }
            let mut record = Vec::new();
            encode(&message, &mut record);
            let read = decode(position(), &record).unwrap();
            prop_assert_eq!((read.key, read.headers, read.payload), (message.key, message.headers, message.payload));
        }

        #[test]
        fn other_bytes_are_refused_or_read_but_never_panic(record: Vec<u8>) {
            let _ = decode(position(), &record);
        }
    }
}
