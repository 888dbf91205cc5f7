//! Open Bandit's logs: rounds with the logging policy's true propensities, and the items' features. Both are CSV
//! with named columns, of which the numbered ones vary in count.

use std::{io::Write, sync::Arc};

use super::{
    Desk,
    bad::{BadReason, LineError, columns, complain},
    fields::{Fields, flag, real, split, whole, within},
    moment::Moment,
};
use crate::table::{Item, Round};

/// Columns by name.
#[derive(Debug)]
struct Header {
    names: Vec<String>,
}

impl Header {
    fn new(line: Option<&[u8]>) -> Self {
        let name = |field: &&[u8]| String::from_utf8_lossy(field.trim_ascii()).into_owned();
        Self { names: line.map_or_else(Vec::new, |line| split(line, b',').iter().map(name).collect()) }
    }

    fn place(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|n| n == name)
    }

    /// Returns the places of `prefix0`, `prefix1` and so on, by number.
    fn numbered(&self, prefix: &str) -> Vec<usize> {
        let number = |name: &String| name.strip_prefix(prefix).and_then(|n| n.parse::<usize>().ok());
        let mut found: Vec<(usize, usize)> = self
            .names
            .iter()
            .enumerate()
            .filter_map(|(place, name)| number(name).map(|n| (n, place)))
            .collect();
        found.sort_unstable();
        found.into_iter().map(|(_, place)| place).collect()
    }

    fn fields<'a>(&self, line: &'a [u8]) -> Result<Fields<'a>, LineError> {
        let fields = split(line, b',');
        if fields.len() == self.names.len() { Ok(fields) } else { Err(self.wrong(fields.len())) }
    }

    fn wrong(&self, found: usize) -> LineError {
        columns(found, &self.names.len().to_string())
    }
}

fn texts<W: Write>(places: &[usize], fields: &Fields<'_>, desk: &mut Desk<'_, W>) -> Vec<Arc<str>> {
    places.iter().map(|place| desk.texts.text(fields[*place].trim_ascii())).collect()
}

fn reals(places: &[usize], fields: &Fields<'_>, what: &str) -> Result<Vec<f64>, LineError> {
    places.iter().map(|place| real(fields[*place], what)).collect()
}

/// Returns a named column, or complains that the header lacks it.
fn named<'a>(fields: &Fields<'a>, place: Option<usize>, name: &str) -> Result<&'a [u8], LineError> {
    place
        .and_then(|p| fields.get(p))
        .copied()
        .ok_or_else(|| complain(BadReason::Missing, "no column", name.as_bytes()))
}

/// Reads rounds.
#[derive(Debug)]
pub(crate) struct RoundReader {
    header: Header,
    places: [Option<usize>; 5],
    features: Vec<usize>,
    affinities: Vec<usize>,
}

/// The columns every round has.
const ROUND: [&str; 5] = ["timestamp", "item_id", "position", "click", "propensity_score"];

impl RoundReader {
    pub(crate) fn new(header: Option<&[u8]>) -> Self {
        let header = Header::new(header);
        Self {
            places: ROUND.map(|name| header.place(name)),
            features: header.numbered("user_feature_"),
            affinities: header.numbered("user-item_affinity_"),
            header,
        }
    }

    /// Reads one line.
    pub(crate) fn read<W: Write>(&self, line: &[u8], desk: &mut Desk<'_, W>) -> Result<(), LineError> {
        let fields = self.header.fields(line)?;
        let column = |place: usize| named(&fields, self.places[place], ROUND[place]);
        let at = column(0)?;
        let at = Moment::iso(at).ok_or_else(|| complain(BadReason::Timestamp, "no such time", at))?;
        let propensity = real(column(4)?, "propensity")?;
        if !(propensity > 0.0 && propensity <= 1.0) {
            return Err(complain(BadReason::Number, "propensity", column(4)?));
        }
        let row = Round {
            source: desk.source,
            at,
            item: whole(column(1)?, "item")?,
            position: within(column(2)?, "position", 1..=1_000)?,
            click: flag(column(3)?, "click")?,
            propensity,
            user_features: texts(&self.features, &fields, desk),
            affinities: reals(&self.affinities, &fields, "affinity")?,
        };
        desk.builder.saw(at);
        Ok(desk.builder.row(&row)?)
    }
}

/// Reads items.
#[derive(Debug)]
pub(crate) struct ItemReader {
    header: Header,
    item: Option<usize>,
    features: Vec<usize>,
}

impl ItemReader {
    pub(crate) fn new(header: Option<&[u8]>) -> Self {
        let header = Header::new(header);
        Self { item: header.place("item_id"), features: header.numbered("item_feature_"), header }
    }

    /// Reads one line. Features that read as numbers are kept as such, the others as texts, each in their order.
    pub(crate) fn read<W: Write>(&self, line: &[u8], desk: &mut Desk<'_, W>) -> Result<(), LineError> {
        let fields = self.header.fields(line)?;
        // A hash in hex may happen to read as a number (`12e…`), but is longer than numbers are.
        let is_number = |place: &&usize| fields[**place].len() < 30 && real(fields[**place], "").is_ok();
        let numbers: Vec<usize> = self.features.iter().filter(is_number).copied().collect();
        let categories: Vec<usize> = self.features.iter().filter(|p| !is_number(p)).copied().collect();
        let row = Item {
            source: desk.source,
            item: whole(named(&fields, self.item, "item_id")?, "item")?,
            numbers: reals(&numbers, &fields, "item feature")?,
            categories: texts(&categories, &fields, desk),
        };
        Ok(desk.builder.row(&row)?)
    }
}
