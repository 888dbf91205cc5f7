//! `AuctionNet`'s traffic: 18 columns per impression and advertiser, named, or `c1` to `c18` in the same order, or
//! without a header.

use std::io::Write;

use super::{
    Desk,
    bad::{LineError, columns},
    fields::{Fields, flag, real, split, whole},
};
use crate::table::Trajectory;

/// The columns in the order of a file without names.
pub(crate) const COLUMNS: [&str; 18] = [
    "deliveryPeriodIndex",
    "advertiserNumber",
    "advertiserCategoryIndex",
    "budget",
    "CPAConstraint",
    "timeStepIndex",
    "remainingBudget",
    "pvIndex",
    "pValue",
    "pValueSigma",
    "bid",
    "xi",
    "adSlot",
    "cost",
    "isExposed",
    "conversionAction",
    "leastWinningCost",
    "isEnd",
];

/// Reads lines of one file.
#[derive(Debug)]
pub(crate) struct Reader {
    /// Where each of the 18 columns is.
    places: [usize; COLUMNS.len()],
    /// How many columns a line has.
    width: usize,
}

impl Reader {
    pub(crate) fn new(header: Option<&[u8]>) -> Self {
        let names: Vec<String> = header.map_or_else(Vec::new, |header| {
            split(header, b',')
                .iter()
                .map(|name| String::from_utf8_lossy(name.trim_ascii()).into_owned())
                .collect()
        });
        let place = |column: usize| {
            let named = names.iter().position(|name| name == COLUMNS[column]);
            named
                .or_else(|| names.iter().position(|name| *name == format!("c{}", column + 1)))
                .unwrap_or(column)
        };
        let width = if names.is_empty() { COLUMNS.len() } else { names.len() };
        Self { places: std::array::from_fn(place), width }
    }

    /// Reads one line.
    pub(crate) fn read<W: Write>(&self, line: &[u8], desk: &mut Desk<'_, W>) -> Result<(), LineError> {
        let fields = split(line, b',');
        if fields.len() != self.width || self.places.iter().any(|place| *place >= fields.len()) {
            return Err(columns(fields.len(), &self.width.to_string()));
        }
        let row = self.row(&fields, desk.source)?;
        Ok(desk.builder.row(&row)?)
    }

    fn row(&self, fields: &Fields<'_>, source: u32) -> Result<Trajectory, LineError> {
        let whole = |column: usize| whole(fields[self.places[column]], COLUMNS[column]);
        let real = |column: usize| real(fields[self.places[column]], COLUMNS[column]);
        let flag = |column: usize| flag(fields[self.places[column]], COLUMNS[column]);
        Ok(Trajectory {
            source,
            period: whole(0)?,
            advertiser: whole(1)?,
            category: whole(2)?,
            budget: real(3)?,
            cpa_constraint: real(4)?,
            step: whole(5)?,
            remaining_budget: real(6)?,
            impression: whole(7)?,
            value: real(8)?,
            value_sigma: real(9)?,
            bid: real(10)?,
            won: flag(11)?,
            slot: whole(12)?,
            cost: real(13)?,
            exposed: flag(14)?,
            conversion: flag(15)?,
            least_winning_cost: real(16)?,
            end: flag(17)?,
        })
    }
}
