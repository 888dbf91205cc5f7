//! Bits of web-safe base64, read in place: consent strings are untrusted and short-lived, so nothing is copied.

/// Base64 text read as bits, most significant first.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bits<'a>(&'a [u8]);

const fn six_bits(letter: u8) -> Option<u8> {
    match letter {
        b'A'..=b'Z' => Some(letter - b'A'),
        b'a'..=b'z' => Some(letter - b'a' + 26),
        b'0'..=b'9' => Some(letter - b'0' + 52),
        b'-' | b'+' => Some(62),
        b'_' | b'/' => Some(63),
        _ => None,
    }
}

impl<'a> Bits<'a> {
    /// Takes a text; `None` when it is empty or holds a letter that is not base64. Padding is cut off.
    pub(super) fn new(text: &'a str) -> Option<Self> {
        let letters = text.trim_end_matches('=').as_bytes();
        let sound = !letters.is_empty() && letters.iter().all(|&letter| six_bits(letter).is_some());
        sound.then_some(Self(letters))
    }

    /// Returns one bit; `None` past the end.
    pub(super) fn bit(self, place: usize) -> Option<bool> {
        let letter = six_bits(*self.0.get(place / 6)?)?;
        Some(letter >> (5 - place % 6) & 1 == 1)
    }

    /// Returns up to 32 bits as a number; `None` past the end.
    pub(super) fn number(self, place: usize, count: usize) -> Option<u32> {
        (place..place + count).try_fold(0, |number, at| Some(number << 1 | u32::from(self.bit(at)?)))
    }
}
