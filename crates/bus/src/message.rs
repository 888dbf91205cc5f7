//! Messages as they are published and delivered.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;

use super::{Error, Result};

/// The header of a dead letter that says why it is one.
pub const REASON: &str = "motet-reason";
/// The header of a dead letter that says where it was: `topic/partition/offset`.
pub const SOURCE: &str = "motet-source";

/// Names and values that travel with a message, in order. Values are one line of text: not every bus carries more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers(Vec<(Arc<str>, Arc<str>)>);

impl Headers {
    /// Adds a header. Control characters of the value become spaces.
    pub fn push(&mut self, name: impl Into<Arc<str>>, value: &str) {
        let spoilt = value.contains(char::is_control);
        let value = if spoilt { value.replace(char::is_control, " ").into() } else { value.into() };
        self.0.push((name.into(), value));
    }

    /// Returns the last value of a name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(known, _)| &**known == name).map(|(_, value)| &**value)
    }

    /// Iterates over names and values.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }

    /// Returns how many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Tells whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A message to publish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Where to.
    pub topic: Arc<str>,
    /// What keeps order: equal keys stay in order. Empty for none.
    pub key: Bytes,
    /// What travels with it.
    pub headers: Headers,
    /// What it says.
    pub payload: Bytes,
}

impl Message {
    /// Makes a message without headers.
    pub fn new(topic: impl Into<Arc<str>>, key: impl Into<Bytes>, payload: impl Into<Bytes>) -> Self {
        Self { topic: topic.into(), key: key.into(), headers: Headers::default(), payload: payload.into() }
    }

    /// Adds a header.
    #[must_use]
    pub fn with(mut self, name: impl Into<Arc<str>>, value: &str) -> Self {
        self.headers.push(name, value);
        self
    }
}

/// Where a message stands in a topic.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The topic.
    pub topic: Arc<str>,
    /// The part of it that keeps order; 0 where there is one.
    pub partition: u32,
    /// Its number in that part; rises, with gaps.
    pub offset: u64,
}

/// A message as delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivered {
    /// Where it stands.
    pub position: Position,
    /// Its key; empty for none.
    pub key: Bytes,
    /// What travels with it.
    pub headers: Headers,
    /// What it says.
    pub payload: Bytes,
}

/// The furthest position done in each partition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Positions(BTreeMap<(Arc<str>, u32), u64>);

impl Positions {
    /// Returns the positions that stand for all of some messages.
    pub fn of(messages: &[Delivered]) -> Self {
        let mut positions = Self::default();
        for message in messages {
            positions.reach(&message.position);
        }
        positions
    }

    /// Moves on to a position, never back.
    pub fn reach(&mut self, position: &Position) {
        let offset = self.0.entry((Arc::clone(&position.topic), position.partition)).or_default();
        *offset = (*offset).max(position.offset);
    }

    /// Iterates over topic, partition and the last offset done.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u32, u64)> {
        self.0.iter().map(|((topic, partition), offset)| (&**topic, *partition, *offset))
    }

    /// Tells whether nothing is done.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Returns the message that sets another aside, on topic `<topic>.dead`, with the reason and where it stood.
pub fn dead_letter(message: &Delivered, reason: &str) -> Message {
    let Position { topic, partition, offset } = &message.position;
    let mut headers = message.headers.clone();
    headers.push(REASON, reason);
    headers.push(SOURCE, &format!("{topic}/{partition}/{offset}"));
    Message {
        topic: format!("{topic}.dead").into(),
        key: message.key.clone(),
        headers,
        payload: message.payload.clone(),
    }
}

/// Checks the name of a topic, subject or group.
///
/// # Errors
/// [`Error::Name`] with the name.
pub fn check_name(name: &str) -> Result<()> {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    let inside = !name.starts_with('.') && !name.ends_with('.') && !name.contains("..");
    if (1..=200).contains(&name.len()) && inside && name.bytes().all(legal) {
        Ok(())
    } else {
        Err(Error::Name { name: name.chars().take(80).collect() })
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::{Delivered, Headers, Position, Positions, REASON, SOURCE, check_name, dead_letter};

    fn at(partition: u32, offset: u64) -> Delivered {
        let position = Position { topic: "bids".into(), partition, offset };
        Delivered {
            position,
            key: Bytes::new(),
            headers: Headers::default(),
            payload: Bytes::from_static(b"x"),
        }
    }

    #[test]
    fn positions_hold_the_furthest_of_each_partition() {
        let positions = Positions::of(&[at(1, 7), at(0, 3), at(1, 5)]);
        assert_eq!(positions.iter().collect::<Vec<_>>(), [("bids", 0, 3), ("bids", 1, 7)]);
    }

    #[test]
    fn a_dead_letter_says_why_and_whence() {
        let dead = dead_letter(&at(2, 9), "token is\nmalformed");
        assert_eq!(&*dead.topic, "bids.dead");
        assert_eq!(dead.headers.get(REASON), Some("token is malformed"));
        assert_eq!(dead.headers.get(SOURCE), Some("bids/2/9"));
    }

    #[test]
    fn names_that_a_file_system_or_a_subject_would_read_otherwise_are_refused() {
        for name in ["", "..", "a/b", "a b", "a.*", ".a", "a.", "a..b", "ä", &"x".repeat(201)] {
            assert!(check_name(name).is_err(), "{name}");
        }
        assert!(check_name("motet.agent-v1_x").is_ok());
    }
}
