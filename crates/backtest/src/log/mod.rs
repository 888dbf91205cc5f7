//! Logs of real prices: what one auction is, and the readers.
//!
//! A reader never stops at a bad line: it counts it under its reason, remembers the first few, and goes on. Lines are held to
//! [`LONGEST_LINE`] bytes, so a file without line ends costs no memory.

pub mod auctions;
pub mod rows;

use std::io::BufRead;

use motet_units::CpmMicros;

use crate::Error;

/// One auction of a log: an impression that was bought, and what for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Auction {
    /// What it cost: the highest of the others' bids, or the floor.
    pub price: CpmMicros,
    /// The chance of a click as predicted by whoever made the log.
    pub pctr: f64,
    /// The hour of the log, where it has one; iPinYou's replay files count it from the log's first.
    pub hour: Option<u32>,
    /// Whether it was clicked.
    pub click: bool,
}

/// Lines longer than this many bytes are bad, and not kept.
pub const LONGEST_LINE: usize = 64 * 1024;

/// How many bad lines are remembered by number.
pub const EXAMPLES: usize = 8;

/// Bad lines: how many for each reason, and where the first ones are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadLines<Reason> {
    counts: Vec<(Reason, u64)>,
    /// The first few, by line number from 1.
    pub examples: Vec<(u64, Reason)>,
}

impl<Reason> Default for BadLines<Reason> {
    fn default() -> Self {
        Self { counts: Vec::new(), examples: Vec::new() }
    }
}

impl<Reason: Copy + Ord> BadLines<Reason> {
    pub(crate) fn count(&mut self, line: u64, reason: Reason) {
        match self.counts.binary_search_by_key(&reason, |(known, _)| *known) {
            Ok(at) => self.counts[at].1 += 1,
            Err(at) => self.counts.insert(at, (reason, 1)),
        }
        if self.examples.len() < EXAMPLES {
            self.examples.push((line, reason));
        }
    }

    /// Returns the counts by reason.
    pub fn by_reason(&self) -> &[(Reason, u64)] {
        &self.counts
    }

    /// Returns how many there are.
    pub fn total(&self) -> u64 {
        self.counts.iter().map(|(_, count)| count).sum()
    }
}

/// What a line came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// The buffer holds it, without its end.
    Whole,
    /// It was too long and is skipped.
    TooLong,
    /// There is none left.
    None,
}

/// Reads the next line into the buffer, holding no more than [`LONGEST_LINE`] bytes of it.
pub(crate) fn next_line(
    from: &mut impl BufRead,
    line: u64,
    buffer: &mut Vec<u8>,
    bytes: &mut u64,
) -> Result<Line, Error> {
    buffer.clear();
    let mut too_long = false;
    loop {
        let chunk = from.fill_buf().map_err(|source| Error::Read { line, source })?;
        if chunk.is_empty() {
            let nothing = buffer.is_empty() && !too_long;
            return Ok(if nothing { Line::None } else { ended(buffer, too_long) });
        }
        let end = chunk.iter().position(|byte| *byte == b'\n');
        let taken = end.map_or(chunk.len(), |end| end + 1);
        let text = &chunk[..end.unwrap_or(taken)];
        too_long |= buffer.len() + text.len() > LONGEST_LINE;
        if !too_long {
            buffer.extend_from_slice(text);
        }
        from.consume(taken);
        *bytes += taken as u64;
        if end.is_some() {
            return Ok(ended(buffer, too_long));
        }
    }
}

fn ended(buffer: &mut Vec<u8>, too_long: bool) -> Line {
    if too_long {
        return Line::TooLong;
    }
    if buffer.last() == Some(&b'\r') {
        buffer.pop();
    }
    Line::Whole
}

/// Reads a field as text.
pub(crate) fn text(field: &[u8]) -> Option<&str> {
    std::str::from_utf8(field).ok()
}

/// Reads a field as a number.
pub(crate) fn number<T: std::str::FromStr>(field: &[u8]) -> Option<T> {
    text(field)?.parse().ok()
}

/// The dearest price taken for one, in fen: above it a number is a mistake.
pub(crate) const DEAREST_FEN: u32 = 1_000_000;

/// Reads a price in whole fen per thousand impressions.
pub(crate) fn price(field: &[u8]) -> Option<CpmMicros> {
    number::<u32>(field).filter(|fen| *fen <= DEAREST_FEN).map(crate::price_from_fen)
}
