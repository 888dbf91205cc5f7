//! The short form: one row per auction with click (0 or 1), market price (CPM fen), pCTR and, if known, hour, separated by blanks or tabs.

use std::{fmt, io::BufRead};

use super::{Auction, BadLines, Line, next_line, number, price};
use crate::Error;

/// Why a line could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// Not three or four fields.
    Fields,
    /// The click is neither 0 nor 1.
    Click,
    /// The price is no whole number of fen, or out of all proportion.
    Price,
    /// The pCTR is no number in 0 to 1.
    Pctr,
    /// The hour is no whole number.
    Hour,
    /// More bytes than a line may have.
    TooLong,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fields => "not 3 or 4 fields",
            Self::Click => "click is not 0 or 1",
            Self::Price => "price is not a whole number of fen",
            Self::Pctr => "pCTR is not in 0 to 1",
            Self::Hour => "hour is not a whole number",
            Self::TooLong => "line too long",
        })
    }
}

/// A log that was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reading {
    /// The auctions, in the order of the log.
    pub auctions: Vec<Auction>,
    /// Lines read, good and bad; empty ones do not count.
    pub lines: u64,
    /// The bad ones.
    pub bad: BadLines<Reason>,
}

/// Reads a log, telling `progress` now and then how many bytes are behind it.
///
/// # Errors
/// When the source cannot be read on.
pub fn read(mut from: impl BufRead, mut progress: impl FnMut(u64)) -> Result<Reading, Error> {
    let mut reading = Reading::default();
    let (mut buffer, mut bytes) = (Vec::new(), 0);
    loop {
        match next_line(&mut from, reading.lines, &mut buffer, &mut bytes)? {
            Line::None => break,
            Line::Whole if buffer.iter().all(u8::is_ascii_whitespace) => continue,
            Line::Whole => {
                reading.lines += 1;
                match parse(&buffer) {
                    Ok(auction) => reading.auctions.push(auction),
                    Err(reason) => reading.bad.count(reading.lines, reason),
                }
            }
            Line::TooLong => {
                reading.lines += 1;
                reading.bad.count(reading.lines, Reason::TooLong);
            }
        }
        if reading.lines.is_multiple_of(4096) {
            progress(bytes);
        }
    }
    progress(bytes);
    Ok(reading)
}

fn parse(line: &[u8]) -> Result<Auction, Reason> {
    let mut fields = line.split(u8::is_ascii_whitespace).filter(|field| !field.is_empty());
    let mut next = || fields.next();
    let (Some(click), Some(paid), Some(pctr), hour, None) = (next(), next(), next(), next(), next()) else {
        return Err(Reason::Fields);
    };
    Ok(Auction {
        click: match click {
            b"0" => false,
            b"1" => true,
            _ => return Err(Reason::Click),
        },
        price: price(paid).ok_or(Reason::Price)?,
        pctr: number(pctr).filter(|p| (0.0..=1.0).contains(p)).ok_or(Reason::Pctr)?,
        hour: hour.map(|field| number(field).ok_or(Reason::Hour)).transpose()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_lines_are_counted_by_reason_and_do_not_stop_the_reader() {
        let text = "0 80 0.5 3\r\n1\t20\t0.001\n2 1 0.1\n0 -5 0.1\n0 1e9 0.1\n0 5 nan\n0 5 1.5\n0 5 .1 x\n0\n\n0 5 0.1";
        let read = read(text.as_bytes(), |_| ()).unwrap();
        assert_eq!((read.lines, read.auctions.len(), read.bad.total()), (10, 3, 7));
        let counts: Vec<String> =
            read.bad.by_reason().iter().map(|(reason, count)| format!("{count} {reason}")).collect();
        assert_eq!(
            counts.join("; "),
            "1 not 3 or 4 fields; 1 click is not 0 or 1; 2 price is not a whole number of fen; \
             2 pCTR is not in 0 to 1; 1 hour is not a whole number"
        );
        assert_eq!(read.auctions[0].hour, Some(3));
        assert_eq!(read.auctions[1].price, crate::price_from_fen(20));
    }

    #[test]
    fn a_line_without_end_is_bad_and_not_kept() {
        let text = [vec![b'7'; 10 * super::super::LONGEST_LINE], b"\n0 5 0.1\n".to_vec()].concat();
        let read = read(text.as_slice(), |_| ()).unwrap();
        assert_eq!((read.auctions.len(), read.bad.by_reason()), (1, [(Reason::TooLong, 1)].as_slice()));
    }

    #[test]
    fn bytes_that_are_no_text_are_a_bad_line() {
        let read = read(b"0 \xff\xfe 0.1\n".as_slice(), |_| ()).unwrap();
        assert_eq!(read.bad.by_reason(), [(Reason::Price, 1)]);
    }
}
