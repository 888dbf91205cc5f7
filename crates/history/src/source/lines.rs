//! Lines of a log, one at a time, none longer than a limit.

use std::io::{self, BufRead, Read};

/// The longest a line may be, in bytes.
pub(crate) const MAX_LINE: usize = 1 << 16;

/// One line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line<'a> {
    /// A line with its line end.
    Ended(&'a [u8]),
    /// The last line, without one.
    Unended(&'a [u8]),
    /// A line over the limit; it was passed over.
    TooLong,
}

/// Lines being read.
pub(crate) struct Lines {
    input: Box<dyn BufRead>,
    line: Vec<u8>,
    number: u64,
}

impl Lines {
    /// Begins at the first line.
    pub(crate) const fn new(input: Box<dyn BufRead>) -> Self {
        Self { input, line: Vec::new(), number: 0 }
    }

    /// Returns the number of the line last read, from 1.
    pub(crate) const fn number(&self) -> u64 {
        self.number
    }

    /// Reads the next line, without its line end and without a byte order mark.
    pub(crate) fn read(&mut self) -> io::Result<Option<Line<'_>>> {
        self.line.clear();
        let most = MAX_LINE as u64 + 1;
        if self.input.by_ref().take(most).read_until(b'\n', &mut self.line)? == 0 {
            return Ok(None);
        }
        self.number += 1;
        let ended = self.line.last() == Some(&b'\n');
        if self.line.len() > MAX_LINE && !ended {
            self.pass_over()?;
            return Ok(Some(Line::TooLong));
        }
        let mut line = self.line.as_slice();
        if self.number == 1 {
            line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        }
        line = line.strip_suffix(b"\n").unwrap_or(line);
        line = line.strip_suffix(b"\r").unwrap_or(line);
        Ok(Some(if ended { Line::Ended(line) } else { Line::Unended(line) }))
    }

    fn pass_over(&mut self) -> io::Result<()> {
        loop {
            let buffer = self.input.fill_buf()?;
            if buffer.is_empty() {
                return Ok(());
            }
            let end = buffer.iter().position(|b| *b == b'\n');
            let length = end.map_or(buffer.len(), |end| end + 1);
            self.input.consume(length);
            if end.is_some() {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &[u8]) -> Lines {
        Lines::new(Box::new(io::Cursor::new(text.to_vec())))
    }

    #[test]
    fn line_ends_and_a_byte_order_mark_are_taken_off() {
        let mut lines = lines(b"\xef\xbb\xbfa\r\nb\n\nc");
        assert_eq!(lines.read().unwrap(), Some(Line::Ended(b"a")));
        assert_eq!(lines.read().unwrap(), Some(Line::Ended(b"b")));
        assert_eq!(lines.read().unwrap(), Some(Line::Ended(b"")));
        assert_eq!(lines.read().unwrap(), Some(Line::Unended(b"c")));
        assert_eq!(lines.read().unwrap(), None);
        assert_eq!(lines.number(), 4);
    }

    #[test]
    fn a_line_over_the_limit_is_passed_over_and_the_next_is_read() {
        let mut text = vec![b'x'; MAX_LINE * 3];
        text.extend_from_slice(b"\nnext\n");
        let mut lines = lines(&text);
        assert_eq!(lines.read().unwrap(), Some(Line::TooLong));
        assert_eq!(lines.read().unwrap(), Some(Line::Ended(b"next")));
    }
}
