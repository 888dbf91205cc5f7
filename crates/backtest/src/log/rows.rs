//! The contest's own form: 24 columns separated by tabs, 27 with click, weekday and hour in front of them, or 29 with the counts of clicks and
//! conversions behind them as well, as in its test files.
//!
//! Columns of the 24: bidid, timestamp, logtype, ipinyouid, useragent, IP, region, city, adexchange, domain, url, urlid, slotid, slotwidth,
//! slotheight, slotvisibility, slotformat, slotprice, creative, bidprice, payprice, keypage, advertiser, usertag. Region and city 0 are unknown,
//! and valid; the exchange of campaign 2997 is `null`; slotvisibility is a number in season 2 and a word in season 3. None
//! of that makes a line bad. What does: another number of columns, no date, or no price.

use std::{
    collections::HashSet,
    fmt,
    io::BufRead,
    ops::{AddAssign, Range},
};

use motet_units::CpmMicros;

use super::{BadLines, Line, next_line, price};
use crate::{Error, model::fingerprint};

/// Why a line could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// Neither 24, 27 nor 29 columns.
    Columns,
    /// A bid log's 21 columns: it has no price paid.
    BidLog,
    /// No bid id.
    BidId,
    /// The time is not yyyymmddhhmmssmmm.
    Timestamp,
    /// The log type is not 1 to 3 (impression, click, conversion).
    LogType,
    /// A width, height, region or such is not a number.
    Number,
    /// The floor, the bid or the price paid is not a whole number of fen.
    Price,
    /// The click in front is neither 0 nor 1.
    Click,
    /// More bytes than a line may have.
    TooLong,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Columns => "not 24, 27 or 29 columns",
            Self::BidLog => "21 columns: a bid log, without prices paid",
            Self::BidId => "no bid id",
            Self::Timestamp => "timestamp is not yyyymmddhhmmssmmm",
            Self::LogType => "log type is not 1, 2 or 3",
            Self::Number => "a size or place is not a number",
            Self::Price => "a price is not a whole number of fen",
            Self::Click => "click is not 0 or 1",
            Self::TooLong => "line too long",
        })
    }
}

/// What a row tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An impression.
    Impression,
    /// A click.
    Click,
    /// A conversion.
    Conversion,
}

/// One row, borrowed from its line.
#[derive(Clone, Debug, PartialEq)]
pub struct Row<'a> {
    /// The bid's id.
    pub bid_id: &'a [u8],
    /// The hour of the day, 0 to 23.
    pub hour: u8,
    /// What it tells of.
    pub kind: Kind,
    /// Whether the impression was clicked, where the row says so.
    pub click: Option<bool>,
    /// The slot's floor.
    pub floor: CpmMicros,
    /// What the log's own bidder bid.
    pub bid: CpmMicros,
    /// What was paid.
    pub paid: CpmMicros,
    columns: Vec<&'a [u8]>,
}

impl<'a> Row<'a> {
    /// Reads a line.
    ///
    /// # Errors
    /// The first reason for which it is no row.
    pub fn parse(line: &'a [u8]) -> Result<Self, Reason> {
        let all: Vec<&[u8]> = line.split(|byte| *byte == b'\t').collect();
        let (click, columns) = match all.len() {
            24 => (None, all),
            27 | 29 => (Some(clicked(all[0])?), all[3..27].to_vec()),
            21 => return Err(Reason::BidLog),
            _ => return Err(Reason::Columns),
        };
        if columns[0].is_empty() || columns[0] == b"null" {
            return Err(Reason::BidId);
        }
        // Region, city, width and height.
        for at in [6, 7, 13, 14] {
            super::number::<u32>(columns[at]).ok_or(Reason::Number)?;
        }
        Ok(Self {
            bid_id: columns[0],
            hour: hour_of(columns[1]).ok_or(Reason::Timestamp)?,
            kind: kind_of(columns[2])?,
            click,
            floor: price(columns[17]).ok_or(Reason::Price)?,
            bid: price(columns[19]).ok_or(Reason::Price)?,
            paid: price(columns[20]).ok_or(Reason::Price)?,
            columns,
        })
    }

    /// Calls `with` for every feature that is known before the auction, as a column's number and its content. What is only
    /// known afterwards (price paid, key page, click) and what names the row (ids, time) are left out.
    pub fn features(&self, mut with: impl FnMut(usize, &[u8])) {
        with(1, &[self.hour]);
        // Region, city, exchange, domain, slot, width, height, visibility, format, creative, advertiser.
        for at in [6, 7, 8, 9, 12, 13, 14, 15, 16, 18, 22] {
            with(at, self.columns[at]);
        }
        with(4, user_agent(self.columns[4]));
        with(17, &[floor_band(self.floor)]);
        for tag in self.columns[23].split(|byte| *byte == b',') {
            with(23, tag);
        }
    }
}

fn clicked(field: &[u8]) -> Result<bool, Reason> {
    match field {
        b"0" => Ok(false),
        b"1" => Ok(true),
        _ => Err(Reason::Click),
    }
}

fn kind_of(field: &[u8]) -> Result<Kind, Reason> {
    match field {
        b"1" => Ok(Kind::Impression),
        b"2" => Ok(Kind::Click),
        b"3" => Ok(Kind::Conversion),
        _ => Err(Reason::LogType),
    }
}

/// Returns the hour of a yyyymmddhhmmssmmm timestamp; `None` when there is no such moment in a day.
fn hour_of(field: &[u8]) -> Option<u8> {
    if field.len() != 17 || !field.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let part = |range: Range<usize>| super::number::<u8>(&field[range]);
    let (month, day, hour) = (part(4..6)?, part(6..8)?, part(8..10)?);
    let (minute, second) = (part(10..12)?, part(12..14)?);
    let real =
        (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60 && second < 61;
    real.then_some(hour)
}

/// Cuts a raw user agent to its browser family; the formal `os_browser` of the 27-column files stays whole.
fn user_agent(field: &[u8]) -> &[u8] {
    const FAMILIES: [&[u8]; 7] = [b"MSIE", b"Firefox", b"Chrome", b"Android", b"iPhone", b"Safari", b"Opera"];
    if !field.starts_with(b"Mozilla") {
        return field;
    }
    let holds = |family: &&&[u8]| field.windows(family.len()).any(|window| window == **family);
    FAMILIES.iter().find(holds).map_or(b"other", |family| *family)
}

/// Sorts a floor into none, up to 10, 50, 100 fen, and above.
fn floor_band(floor: CpmMicros) -> u8 {
    [1, 11, 51, 101].iter().filter(|fen| floor >= crate::price_from_fen(**fen)).count() as u8
}

/// What a file holds, added up.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    /// Lines read, good and bad; empty ones do not count.
    pub lines: u64,
    /// Rows among them.
    pub rows: u64,
    /// The bad lines.
    pub bad: BadLines<Reason>,
    /// Rows whose bid id had been seen before.
    pub duplicates: u64,
    /// Whether more bid ids came than are remembered, so that there may be further duplicates.
    pub duplicates_at_least: bool,
    /// Rows of clicks, and impressions marked as clicked.
    pub clicks: u64,
    /// Rows of conversions.
    pub conversions: u64,
    /// Rows that say whether they were clicked.
    pub with_click: u64,
    /// Rows whose slot has a floor.
    pub floored: u64,
    /// Floors, where there are any.
    pub floors: Spread,
    /// Prices paid.
    pub prices: Spread,
    /// Bids of the log's own bidder.
    pub bids: Spread,
}

/// Lowest, highest and mean of prices.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Spread {
    /// How many.
    pub count: u64,
    /// The lowest.
    pub lowest: CpmMicros,
    /// The highest.
    pub highest: CpmMicros,
    sum_micros: i128,
}

impl AddAssign<CpmMicros> for Spread {
    fn add_assign(&mut self, price: CpmMicros) {
        self.lowest = if self.count == 0 { price } else { self.lowest.min(price) };
        self.highest = self.highest.max(price);
        self.sum_micros += i128::from(price.get());
        self.count += 1;
    }
}

impl Spread {
    /// Returns the mean in fen per thousand impressions; `None` without a price.
    pub fn mean_fen(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum_micros as f64 / self.count as f64 / crate::FEN as f64)
    }
}

/// Bid ids remembered to find duplicates: some 600 MB at most, past which the count is a lower bound.
const REMEMBERED: usize = 1 << 25;

/// Reads a file row by row, giving each to `with`, and telling `progress` now and then how many bytes are behind it.
///
/// # Errors
/// When the source cannot be read on.
pub fn read(
    mut from: impl BufRead,
    mut progress: impl FnMut(u64),
    mut with: impl FnMut(&Row<'_>),
) -> Result<Summary, Error> {
    let mut summary = Summary::default();
    let mut seen: HashSet<u64> = HashSet::new();
    let (mut buffer, mut bytes) = (Vec::new(), 0);
    loop {
        let found = match next_line(&mut from, summary.lines, &mut buffer, &mut bytes)? {
            Line::None => break,
            Line::Whole if buffer.is_empty() => continue,
            Line::Whole => Row::parse(&buffer),
            Line::TooLong => Err(Reason::TooLong),
        };
        summary.lines += 1;
        match found {
            Ok(row) => {
                summary.add(&row, &mut seen);
                with(&row);
            }
            Err(reason) => summary.bad.count(summary.lines, reason),
        }
        if summary.lines.is_multiple_of(1024) {
            progress(bytes);
        }
    }
    progress(bytes);
    Ok(summary)
}

impl Summary {
    fn add(&mut self, row: &Row<'_>, seen: &mut HashSet<u64>) {
        self.rows += 1;
        let id = fingerprint(0, row.bid_id);
        if seen.len() < REMEMBERED {
            self.duplicates += u64::from(!seen.insert(id));
        } else {
            self.duplicates += u64::from(seen.contains(&id));
            self.duplicates_at_least = true;
        }
        self.clicks += u64::from(row.kind == Kind::Click || row.click == Some(true));
        self.conversions += u64::from(row.kind == Kind::Conversion);
        self.with_click += u64::from(row.click.is_some());
        self.prices += row.paid;
        self.bids += row.bid;
        if row.floor > CpmMicros::ZERO {
            self.floored += 1;
            self.floors += row.floor;
        }
    }

    /// Returns clicks per impression, where the file says which impressions were clicked.
    pub fn ctr(&self) -> Option<f64> {
        (self.with_click > 0).then(|| self.clicks as f64 / self.with_click as f64)
    }
}
