//! Builds a store from rows in the order of their logs, and joins what became of the bids.
//!
//! Opportunities and bids are written as they come. An outcome is held back: it names its bid by an id, or by the
//! opportunity itself, and outcomes must lie in the order of their opportunities so that a reader joins them in one
//! pass. Two sorts do that in bounded memory whatever the size: by bid id, where each id's first opportunity takes
//! all its outcomes, then by opportunity.
//!
//! A bid id is known here by 64 bits of a keyed hash. Two different ids share one with a chance of n²/2^65: 1 in
//! 8,000 for iPinYou's 64.7 million bids.

use std::{hash::Hasher, io::Write, path::Path};

use motet_units::{CpmMicros, Nanos, Timestamp};
use siphasher::sip::SipHasher24;

use crate::{
    error::Result,
    sort::{Record, Sorter},
    store::{Joins, Summary, Writer},
    table::{Bid, Opportunity, Outcome, OutcomeKind, Row},
};

/// The rank of an opportunity among the records of its bid id: before every outcome.
const OPPORTUNITY: u64 = 0;

/// An outcome whose opportunity is known, or is yet to be found.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Told {
    pub(crate) source: u32,
    pub(crate) kind: OutcomeKind,
    pub(crate) price: Option<CpmMicros>,
    pub(crate) value: Option<Nanos>,
    pub(crate) reason: Option<u16>,
    pub(crate) happened_at: Option<Timestamp>,
    pub(crate) known_at: Option<Timestamp>,
}

/// A store being built.
#[derive(Debug)]
pub(crate) struct Builder<W: Write> {
    writer: Writer<W>,
    by_bid: Sorter,
    by_opportunity: Sorter,
    pub(crate) summary: Summary,
}

impl<W: Write> Builder<W> {
    /// Begins a store; what does not fit in memory goes to scratch files in a folder.
    pub(crate) fn new(out: W, scratch: &Path) -> Result<Self> {
        Ok(Self {
            writer: Writer::new(out)?,
            by_bid: Sorter::new(scratch),
            by_opportunity: Sorter::new(scratch),
            summary: Summary::default(),
        })
    }

    /// Writes a row that stands alone.
    pub(crate) fn row<R: Row>(&mut self, row: &R) -> Result<()> {
        self.writer.push(row).map(drop)
    }

    /// Notes that something happened at a moment, for the summary's span.
    pub(crate) fn saw(&mut self, at: Timestamp) {
        let summary = &mut self.summary;
        summary.first_at = Some(summary.first_at.map_or(at, |first| first.min(at)));
        summary.last_at = Some(summary.last_at.map_or(at, |last| Ord::max(last, at)));
    }

    /// Writes an opportunity under its bid id and returns its number.
    pub(crate) fn opportunity(&mut self, opportunity: &Opportunity, bid_id: Option<u64>) -> Result<u64> {
        let number = self.writer.push(opportunity)?;
        if let Some(id) = bid_id {
            let at = pack(opportunity.at.map(Timestamp::micros));
            self.by_bid.push([id, OPPORTUNITY, number, at, 0, 0, 0, 0])?;
        }
        if let Some(at) = opportunity.at {
            self.saw(at);
        }
        Ok(number)
    }

    /// Writes a bid.
    pub(crate) fn bid(&mut self, bid: &Bid) -> Result<()> {
        self.writer.push(bid).map(drop)
    }

    /// Takes an outcome of a known opportunity.
    pub(crate) fn outcome(&mut self, opportunity: u64, told: &Told) -> Result<()> {
        self.by_opportunity.push(record(opportunity, told))
    }

    /// Takes an outcome that must find its opportunity by bid id.
    pub(crate) fn outcome_of_bid(&mut self, bid_id: u64, told: &Told) -> Result<()> {
        self.by_bid.push(record(bid_id, told))
    }

    /// Returns how many rows were written so far, in all tables but the outcomes.
    pub(crate) fn rows(&self) -> u64 {
        crate::table::Table::ALL.iter().map(|table| self.writer.rows(*table)).sum()
    }

    /// Joins the outcomes, writes them and ends the store.
    pub(crate) fn finish(mut self) -> Result<(W, Summary)> {
        self.summary.joins = join(self.by_bid, &mut self.by_opportunity)?;
        let mut sorted = self.by_opportunity.sorted()?;
        while let Some(record) = sorted.read()? {
            self.writer.push(&outcome(&record))?;
        }
        self.writer.finish(self.summary)
    }
}

/// Gives each bid id's outcomes to the id's first opportunity.
fn join(by_bid: Sorter, by_opportunity: &mut Sorter) -> Result<Joins> {
    let mut joins = Joins::default();
    let mut sorted = by_bid.sorted()?;
    let mut first: Option<Record> = None;
    let mut before: Option<Record> = None;
    while let Some(record) = sorted.read()? {
        let same_id = before.is_some_and(|b| b[0] == record[0]);
        first = first.filter(|_| same_id);
        if record[1] == OPPORTUNITY {
            joins.duplicate_bid_ids += u64::from(first.is_some());
            first = first.or(Some(record));
        } else {
            let again = before.filter(|b| same_id && b[1] == record[1]);
            place(record, first, again, &mut joins, by_opportunity)?;
        }
        before = Some(record);
    }
    Ok(joins)
}

/// Places one outcome, or counts why it has no place.
fn place(
    mut record: Record,
    opportunity: Option<Record>,
    again: Option<Record>,
    joins: &mut Joins,
    by_opportunity: &mut Sorter,
) -> Result<()> {
    let kind = kind_of(&record);
    let count = joins.outcomes.entry(kind.name().to_owned()).or_default();
    count.read += 1;
    // A bid is shown and clicked once as far as its money goes; conversions may be several, but not the very same.
    let repeats = again.is_some_and(|before| kind != OutcomeKind::Conversion || same_event(&before, &record));
    if repeats {
        count.duplicates += 1;
        return Ok(());
    }
    let Some(opportunity) = opportunity else {
        count.without_bid += 1;
        return Ok(());
    };
    count.joined += 1;
    record[0] = opportunity[2];
    // iPinYou's click and conversion logs repeat the impression's time; a click at the very same millisecond is
    // a copy, not a measurement, and is kept as "not logged".
    if record[2] == opportunity[3] && matches!(kind, OutcomeKind::Click | OutcomeKind::Conversion) {
        record[2] = pack(None);
    }
    by_opportunity.push(record)
}

fn same_event(one: &Record, other: &Record) -> bool {
    one[2] == other[2] && one[4] == other[4]
}

fn kind_of(record: &Record) -> OutcomeKind {
    OutcomeKind::ALL[(record[1] as usize).clamp(1, OutcomeKind::ALL.len()) - 1]
}

/// Packs an outcome: key, rank, happened at, price, value, known at, source and reason, the order they compare in.
fn record(key: u64, told: &Told) -> Record {
    let reason = told.reason.map_or(0, |reason| u64::from(reason) + 1);
    [
        key,
        told.kind as u64 + 1,
        pack(told.happened_at.map(Timestamp::micros)),
        pack(told.price.map(CpmMicros::get)),
        pack(told.value.map(Nanos::get)),
        pack(told.known_at.map(Timestamp::micros)),
        u64::from(told.source),
        reason,
    ]
}

fn outcome(record: &Record) -> Outcome {
    Outcome {
        source: record[6] as u32,
        opportunity: record[0],
        kind: kind_of(record),
        price: unpack(record[3]).map(CpmMicros::new),
        value: unpack(record[4]).map(Nanos::new),
        reason: record[7].checked_sub(1).map(|reason| reason as u16),
        happened_at: unpack(record[2]).map(Timestamp::from_micros),
        known_at: unpack(record[5]).map(Timestamp::from_micros),
    }
}

/// Maps numbers to unsigned ones of the same order, nothing before all; the very least number becomes nothing.
const fn pack(value: Option<i64>) -> u64 {
    match value {
        Some(value) => value.cast_unsigned() ^ (1 << 63),
        None => 0,
    }
}

const fn unpack(packed: u64) -> Option<i64> {
    if packed == 0 { None } else { Some((packed ^ (1 << 63)).cast_signed()) }
}

/// Hashes a bid id, a domain or a segment's name: the same on every machine and in every version.
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    keyed_hash((0x6d6f_7465_7420_6869, 0x7374_6f72_7920_3031), bytes)
}

/// Hashes bytes under a key.
pub(crate) fn keyed_hash(key: (u64, u64), bytes: &[u8]) -> u64 {
    let mut hasher = SipHasher24::new_with_keys(key.0, key.1);
    hasher.write(bytes);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{History, Joined};

    fn told(kind: OutcomeKind, at: i64) -> Told {
        Told {
            source: 0,
            kind,
            price: None,
            value: None,
            reason: None,
            happened_at: Some(Timestamp::from_micros(at)),
            known_at: None,
        }
    }

    fn opportunity(at: i64) -> Opportunity {
        crate::source::blank_opportunity(0, Some(Timestamp::from_micros(at)))
    }

    fn built(fill: impl FnOnce(&mut Builder<Vec<u8>>)) -> (Vec<Outcome>, Joins) {
        let scratch = tempfile::tempdir().unwrap();
        let mut builder = Builder::new(Vec::new(), scratch.path()).unwrap();
        fill(&mut builder);
        let (bytes, summary) = builder.finish().unwrap();
        let outcomes = History::from_bytes(bytes.into()).unwrap().read().unwrap();
        (outcomes.collect::<Result<_>>().unwrap(), summary.joins)
    }

    #[test]
    fn a_click_before_its_impression_in_the_logs_still_finds_it() {
        let (outcomes, joins) = built(|b| {
            b.outcome_of_bid(7, &told(OutcomeKind::Click, 50)).unwrap();
            b.opportunity(&opportunity(1), Some(9)).unwrap();
            b.opportunity(&opportunity(2), Some(7)).unwrap();
        });
        assert_eq!(outcomes.len(), 1);
        assert_eq!((outcomes[0].opportunity, outcomes[0].happened_at), (1, Some(Timestamp::from_micros(50))));
        assert_eq!(joins.outcomes["click"], Joined { read: 1, joined: 1, ..Joined::default() });
    }

    #[test]
    fn of_a_repeated_bid_id_the_first_takes_the_outcomes_and_the_rest_are_counted() {
        let (outcomes, joins) = built(|b| {
            for at in [1, 2, 3] {
                b.opportunity(&opportunity(at), Some(7)).unwrap();
            }
            b.outcome_of_bid(7, &told(OutcomeKind::Click, 50)).unwrap();
            b.outcome_of_bid(7, &told(OutcomeKind::Click, 60)).unwrap();
            b.outcome_of_bid(8, &told(OutcomeKind::Click, 60)).unwrap();
        });
        assert_eq!(outcomes.iter().map(|o| o.opportunity).collect::<Vec<_>>(), [0]);
        assert_eq!(joins.duplicate_bid_ids, 2);
        assert_eq!(joins.outcomes["click"], Joined { read: 3, joined: 1, duplicates: 1, without_bid: 1 });
    }

    #[test]
    fn a_click_time_copied_from_the_impression_is_not_a_measurement() {
        let (outcomes, _) = built(|b| {
            b.opportunity(&opportunity(5), Some(7)).unwrap();
            b.outcome_of_bid(7, &told(OutcomeKind::Click, 5)).unwrap();
        });
        assert_eq!(outcomes[0].happened_at, None);
    }

    #[test]
    fn several_conversions_of_one_bid_are_all_kept() {
        let (outcomes, joins) = built(|b| {
            b.opportunity(&opportunity(1), Some(7)).unwrap();
            b.outcome_of_bid(7, &told(OutcomeKind::Conversion, 5)).unwrap();
            b.outcome_of_bid(7, &told(OutcomeKind::Conversion, 5)).unwrap();
            b.outcome_of_bid(7, &told(OutcomeKind::Conversion, 6)).unwrap();
        });
        assert_eq!(outcomes.len(), 2);
        assert_eq!(joins.outcomes["conversion"].duplicates, 1);
    }
}
