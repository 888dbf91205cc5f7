//! The log itself, line by line.

use std::io::Read;

use motet_units::Timestamp;

use super::bad::{BadLine, BadReason};
use super::{items::column, time};
use crate::Error;

/// The largest position read.
const MAX_POSITION: u32 = 64;

/// One line.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// When it was shown.
    pub timestamp: Timestamp,
    /// What was shown.
    pub item: u32,
    /// Where, counted from 1.
    pub position: u32,
    /// Whether it was clicked.
    pub clicked: bool,
    /// The chance with which it was chosen, above 0.
    pub propensity: f64,
    /// Categories of the user, one per `user_feature_*` column.
    pub user: Vec<String>,
}

/// Reads rows one at a time.
#[derive(Debug)]
pub struct Rows<R> {
    reader: csv::Reader<R>,
    columns: Columns,
    record: csv::ByteRecord,
    items: Option<usize>,
}

#[derive(Debug)]
struct Columns {
    count: usize,
    timestamp: usize,
    item: usize,
    position: usize,
    click: usize,
    propensity: usize,
    user: Vec<usize>,
    affinities: Vec<usize>,
}

impl<R: Read> Rows<R> {
    /// Opens a log. With a number of items, a row of any other item is bad.
    ///
    /// # Errors
    /// A header that cannot be read or lacks a column.
    pub fn new(source: R, items: Option<usize>) -> Result<Self, Error> {
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(source);
        let columns = Columns::find(reader.headers()?)?;
        Ok(Self { reader, columns, record: csv::ByteRecord::new(), items })
    }

    /// Returns how many user features a row has.
    pub fn user_features(&self) -> usize {
        self.columns.user.len()
    }

    fn parse(&self, line: u64) -> Result<Row, BadLine> {
        let bad = |reason| BadLine { line, reason };
        if self.record.len() != self.columns.count {
            return Err(bad(BadReason::Fields));
        }
        if self.record.iter().any(|field| std::str::from_utf8(field).is_err()) {
            return Err(bad(BadReason::Encoding));
        }
        let text = |column: usize| std::str::from_utf8(&self.record[column]).unwrap_or_default();
        let columns = &self.columns;
        let known = |item: &u32| self.items.is_none_or(|items| (*item as usize) < items) && *item < 1_000_000;
        let number = |column: usize| text(column).parse::<f64>().ok().filter(|number| number.is_finite());
        let position = text(columns.position).parse().ok().filter(|p| (1..=MAX_POSITION).contains(p));
        let propensity = number(columns.propensity).filter(|p| *p > 0.0 && *p <= 1.0);
        let clicked = match text(columns.click) {
            "0" => Some(false),
            "1" => Some(true),
            _ => None,
        };
        let row = Row {
            timestamp: time::parse(text(columns.timestamp)).ok_or(bad(BadReason::Timestamp))?,
            item: text(columns.item).parse().ok().filter(known).ok_or(bad(BadReason::Item))?,
            position: position.ok_or(bad(BadReason::Position))?,
            clicked: clicked.ok_or(bad(BadReason::Click))?,
            propensity: propensity.ok_or(bad(BadReason::Propensity))?,
            user: columns.user.iter().map(|&column| text(column).to_owned()).collect(),
        };
        if columns.affinities.iter().all(|&column| number(column).is_some()) {
            Ok(row)
        } else {
            Err(bad(BadReason::Affinity))
        }
    }
}

impl Columns {
    fn find(headers: &csv::StringRecord) -> Result<Self, Error> {
        let starting = |with: &str| {
            let found = headers.iter().enumerate().filter(|(_, name)| name.starts_with(with));
            found.map(|(index, _)| index).collect()
        };
        Ok(Self {
            count: headers.len(),
            timestamp: column(headers, "timestamp")?,
            item: column(headers, "item_id")?,
            position: column(headers, "position")?,
            click: column(headers, "click")?,
            propensity: column(headers, "propensity_score")?,
            user: starting("user_feature"),
            affinities: starting("user-item_affinity"),
        })
    }
}

impl<R: Read> Iterator for Rows<R> {
    type Item = Result<Result<Row, BadLine>, Error>;

    /// Returns the next row or bad line; an outer error when reading itself failed.
    fn next(&mut self) -> Option<Self::Item> {
        match self.reader.read_byte_record(&mut self.record) {
            Ok(false) => None,
            Ok(true) => {
                let line = self.record.position().map_or(0, csv::Position::line);
                Some(Ok(self.parse(line)))
            }
            Err(error) => Some(Err(error.into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str =
        ",timestamp,item_id,position,click,propensity_score,user_feature_0,user-item_affinity_0\n";
    const GOOD: &str = "0,2019-11-24 00:00:17+00:00,1,3,1,0.25,abc,0.0\n";

    fn reasons(lines: &[&str]) -> Vec<Result<u32, (u64, BadReason)>> {
        let text = format!("{HEADER}{}", lines.concat());
        let rows = Rows::new(text.as_bytes(), Some(2)).unwrap();
        rows.map(|row| row.unwrap().map(|row| row.item).map_err(|bad| (bad.line, bad.reason))).collect()
    }

    #[test]
    fn a_good_row_is_read_whole() {
        let text = format!("{HEADER}{GOOD}");
        let row = Rows::new(text.as_bytes(), None).unwrap().next().unwrap().unwrap().unwrap();
        assert_eq!((row.item, row.position, row.clicked, row.propensity), (1, 3, true, 0.25));
        assert_eq!(row.user, ["abc"]);
    }

    #[test]
    fn every_kind_of_bad_line_has_its_reason_and_the_next_line_is_still_read() {
        use BadReason::{Affinity, Click, Fields, Item, Position, Propensity, Timestamp};
        for (from, to, reason) in [
            (",0.0\n", "\n", Fields),
            ("2019-11-24", "2019-11-34", Timestamp),
            (",1,3,", ",2,3,", Item),
            (",1,3,", ",-1,3,", Item),
            (",1,3,", ",1,0,", Position),
            (",1,0.25", ",2,0.25", Click),
            ("0.25", "0", Propensity),
            ("0.25", "1.5", Propensity),
            ("0.25", "NaN", Propensity),
            (",0.0\n", ",x\n", Affinity),
        ] {
            let line = GOOD.replace(from, to);
            assert_eq!(reasons(&[GOOD, &line, GOOD]), [Ok(1), Err((3, reason)), Ok(1)], "{line}");
        }
    }

    #[test]
    fn a_line_in_another_encoding_is_bad_not_fatal() {
        let mut bytes = format!("{HEADER}{GOOD}").into_bytes();
        bytes.extend_from_slice(b"0,2019-11-24 00:00:17+00:00,1,3,1,0.25,\xff\xfe,0.0\n");
        let rows: Vec<_> = Rows::new(&bytes[..], None).unwrap().map(Result::unwrap).collect();
        assert_eq!(rows[1], Err(BadLine { line: 3, reason: BadReason::Encoding }));
    }

    #[test]
    fn a_log_without_propensities_is_no_log() {
        let error = Rows::new("timestamp,item_id,position,click\n".as_bytes(), None).unwrap_err();
        assert_eq!(error.to_string(), "the log has no column \"propensity_score\"");
    }
}
