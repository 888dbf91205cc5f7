//! Auctions with little known of them: click, market price (CPM in fen), predicted click chance and perhaps an hour,
//! separated by spaces, as campaign replays of iPinYou's data are passed around.

use std::io::Write;

use motet_units::CpmMicros;
use smallvec::SmallVec;

use super::{
    Desk,
    bad::{LineError, columns},
    fields::{chance, flag, whole, within},
    ipinyou::MICROS_PER_FEN,
};
use crate::table::Auction;

/// Reads one line.
pub(crate) fn read<W: Write>(line: &[u8], desk: &mut Desk<'_, W>) -> Result<(), LineError> {
    let fields = words(line);
    if !(3..=4).contains(&fields.len()) {
        return Err(columns(fields.len(), "3 or 4"));
    }
    let price = within(fields[1], "market price", 0..=1_000_000)?;
    let auction = Auction {
        source: desk.source,
        hour: fields.get(3).map(|field| whole(field, "hour")).transpose()?,
        price: CpmMicros::new(price * MICROS_PER_FEN),
        click: flag(fields[0], "click")?,
        pctr: chance(fields[2], "predicted click chance")?,
    };
    Ok(desk.builder.row(&auction)?)
}

/// Tells whether a line has this form.
pub(crate) fn looks_right(line: &[u8]) -> bool {
    let fields = words(line);
    (3..=4).contains(&fields.len())
        && flag(fields[0], "").is_ok()
        && within(fields[1], "", 0..=1_000_000).is_ok()
        && chance(fields[2], "").is_ok()
        && fields.get(3).is_none_or(|field| whole(field, "").is_ok())
}

fn words(line: &[u8]) -> SmallVec<[&[u8]; 8]> {
    line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).collect()
}
