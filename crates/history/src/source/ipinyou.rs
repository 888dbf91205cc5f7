//! iPinYou's logs: bids (21 columns), impressions, clicks and conversions (24), and the form prepared from them that
//! has click, weekday and hour in front (27) and perhaps counts of clicks and conversions behind (29).
//!
//! Columns and their meaning follow Liao et al., KDD'14, and Zhang et al., arXiv:1407.7073. Times are Beijing's,
//! prices CPM in fen. What the bid log lacks (log type, paying price, key page) is skipped over by [`Layout`], so
//! that one reader serves all kinds. An impression makes an opportunity of its own unless bid logs are read with it:
//! then the bid is the opportunity and the impression one of its outcomes.

use std::io::Write;

use motet_units::{CpmMicros, Span, Timestamp};

use super::{
    Desk,
    agent_class::class_name,
    bad::{BadReason, Complaint, LineError, columns, complain},
    blank_opportunity,
    detect::Season,
    fields::{Fields, Interner, flag, split, stated, within},
    moment::Moment,
};
use crate::{
    build::{Told, hash},
    table::{Bid, Opportunity, OutcomeKind},
};

/// A fen per thousand impressions, in micros of a yuan per thousand.
pub const MICROS_PER_FEN: i64 = 10_000;
/// Beijing's offset from UTC in minutes.
const BEIJING_MIN: i16 = 480;
/// The highest price taken, in fen: 10,000 yuan per thousand.
const MOST_FEN: i64 = 1_000_000;

/// Which of iPinYou's logs it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogKind {
    /// Bids made.
    Bid,
    /// Impressions.
    Impression,
    /// Clicks.
    Click,
    /// Conversions.
    Conversion,
    /// Impressions with a click column in front.
    Labelled,
}

impl LogKind {
    /// Returns the order in which logs are read: bids before impressions before what follows them.
    pub(crate) const fn order(self) -> u8 {
        match self {
            Self::Bid => 0,
            Self::Impression | Self::Labelled => 1,
            Self::Click => 2,
            Self::Conversion => 3,
        }
    }

    /// Returns the log type its third column states.
    const fn log_type(self) -> Option<i64> {
        match self {
            Self::Bid => None,
            Self::Impression | Self::Labelled => Some(1),
            Self::Click => Some(2),
            Self::Conversion => Some(3),
        }
    }
}

/// Where a column of the 24 is found in a line.
#[derive(Clone, Debug)]
struct Layout<'a> {
    fields: Fields<'a>,
    kind: LogKind,
}

impl<'a> Layout<'a> {
    fn new(line: &'a [u8], kind: LogKind) -> Result<Self, LineError> {
        let fields = split(line, b'\t');
        match (kind, fields.len()) {
            (LogKind::Bid, 21)
            | (LogKind::Labelled, 27 | 29)
            | (LogKind::Impression | LogKind::Click | LogKind::Conversion, 24) => Ok(Self { fields, kind }),
            (LogKind::Bid, found) => Err(columns(found, "21")),
            (LogKind::Labelled, found) => Err(columns(found, "27 or 29")),
            (_, found) => Err(columns(found, "24")),
        }
    }

    /// Returns one of the 24 columns, counted from 0; nothing where the log has no such column.
    fn column(&self, place: usize) -> &'a [u8] {
        let at = match (self.kind, place) {
            (LogKind::Labelled, place) => place + 3,
            (LogKind::Bid, 2 | 20 | 21) => return b"",
            (LogKind::Bid, place) if place > 21 => place - 3,
            (LogKind::Bid, place) if place > 2 => place - 1,
            (_, place) => place,
        };
        self.fields.get(at).copied().unwrap_or(b"")
    }

    fn price(&self, place: usize, what: &str) -> Result<CpmMicros, LineError> {
        let fen = within(self.column(place), what, 0..=MOST_FEN)?;
        Ok(CpmMicros::new(fen * MICROS_PER_FEN))
    }

    fn id(&self) -> Result<u64, LineError> {
        let id = stated(self.column(0)).ok_or_else(|| complain(BadReason::Missing, "no bid id", b""))?;
        Ok(hash(id))
    }
}

/// Reads lines of one log.
#[derive(Debug)]
pub(crate) struct Reader {
    kind: LogKind,
    season: Option<Season>,
    /// Whether bid logs are read too, so that an impression is an outcome of a bid.
    with_bids: bool,
    /// Classes of user agents seen before.
    agents: Interner,
}

impl Reader {
    pub(crate) fn new(kind: LogKind, season: Option<Season>, with_bids: bool) -> Self {
        Self { kind, season, with_bids, agents: Interner::default() }
    }

    /// Reads one line.
    pub(crate) fn read<W: Write>(&mut self, line: &[u8], desk: &mut Desk<'_, W>) -> Result<(), LineError> {
        let layout = Layout::new(line, self.kind)?;
        let moment = self.moment(&layout)?;
        self.check_log_type(&layout)?;
        let at = moment.at_offset(Span::from_secs(i64::from(BEIJING_MIN) * 60));
        match self.kind {
            LogKind::Bid => self.offer(&layout, at, desk).map(drop),
            LogKind::Impression if self.with_bids => {
                let told = shown(&layout, at, desk.source)?;
                Ok(desk.builder.outcome_of_bid(layout.id()?, &told)?)
            }
            LogKind::Impression => self.impression(&layout, at, desk).map(drop),
            LogKind::Labelled => self.labelled(&layout, &moment, at, desk),
            LogKind::Click => follow(&layout, OutcomeKind::Click, at, desk),
            LogKind::Conversion => follow(&layout, OutcomeKind::Conversion, at, desk),
        }
    }

    fn moment(&self, layout: &Layout<'_>) -> Result<Moment, LineError> {
        let field = layout.column(1);
        let moment =
            Moment::compact(field).ok_or_else(|| complain(BadReason::Timestamp, "no such time", field))?;
        if self.season.is_some() && Season::of(&moment) != self.season {
            return Err(complain(BadReason::OtherSeason, "a time outside the file's season", field));
        }
        Ok(moment)
    }

    fn check_log_type(&self, layout: &Layout<'_>) -> Result<(), LineError> {
        let Some(expected) = self.kind.log_type() else { return Ok(()) };
        let found = within(layout.column(2), "log type", 1..=3)?;
        if found == expected {
            return Ok(());
        }
        let detail = format!("log type {found}, expected {expected}");
        Err(LineError::Bad(Complaint { reason: BadReason::OtherLog, detail }))
    }

    /// Writes an opportunity and the bid for it.
    fn offer<W: Write>(
        &mut self,
        layout: &Layout<'_>,
        at: Timestamp,
        desk: &mut Desk<'_, W>,
    ) -> Result<u64, LineError> {
        let id = layout.id()?;
        let price = layout.price(19, "bid price")?;
        let row = self.opportunity(layout, at, desk)?;
        let opportunity = desk.builder.opportunity(&row, Some(id))?;
        let bid = Bid {
            source: desk.source,
            opportunity,
            price: Some(price),
            advertiser: desk.text(layout.column(22)),
            campaign: None,
            creative: desk.text(layout.column(18)),
            propensity: None,
        };
        desk.builder.bid(&bid)?;
        Ok(opportunity)
    }

    fn impression<W: Write>(
        &mut self,
        layout: &Layout<'_>,
        at: Timestamp,
        desk: &mut Desk<'_, W>,
    ) -> Result<u64, LineError> {
        let told = shown(layout, at, desk.source)?;
        let opportunity = self.offer(layout, at, desk)?;
        desk.builder.outcome(opportunity, &told)?;
        Ok(opportunity)
    }

    fn labelled<W: Write>(
        &mut self,
        layout: &Layout<'_>,
        moment: &Moment,
        at: Timestamp,
        desk: &mut Desk<'_, W>,
    ) -> Result<(), LineError> {
        let click = flag(layout.fields[0], "click")?;
        let weekday = within(layout.fields[1], "weekday", 0..=6)?;
        let hour = within(layout.fields[2], "hour", 0..=23)?;
        if hour != moment.hour || weekday != moment.weekday_from_sunday() {
            return Err(complain(
                BadReason::Contradiction,
                "weekday or hour is not the time's",
                layout.column(1),
            ));
        }
        let conversions =
            layout.fields.get(28).map_or(Ok(0), |field| within(field, "conversions", 0..=1_000))?;
        let opportunity = self.impression(layout, at, desk)?;
        // The prepared form says that they happened, not when.
        let told = |kind| Told { happened_at: None, price: None, ..outcome(kind, at, desk.source) };
        if click {
            desk.builder.outcome(opportunity, &told(OutcomeKind::Click))?;
        }
        for _ in 0..conversions {
            desk.builder.outcome(opportunity, &told(OutcomeKind::Conversion))?;
        }
        Ok(())
    }

    fn opportunity<W: Write>(
        &mut self,
        layout: &Layout<'_>,
        at: Timestamp,
        desk: &mut Desk<'_, W>,
    ) -> Result<Opportunity, LineError> {
        let pixels = |place, what| within(layout.column(place), what, 0..=i64::from(u16::MAX));
        // 0 is iPinYou's "unknown", and valid.
        let known = |place| Some(layout.column(place)).filter(|field| *field != b"0").unwrap_or(b"");
        Ok(Opportunity {
            utc_offset_min: BEIJING_MIN,
            exchange: desk.text(layout.column(8)),
            region: desk.text(known(6)),
            city: desk.text(known(7)),
            domain: stated(layout.column(9)).map(hash),
            slot: desk.text(layout.column(12)),
            width: Some(pixels(13, "slot width")? as u16),
            height: Some(pixels(14, "slot height")? as u16),
            visibility: desk.text(layout.column(15)),
            format: desk.text(layout.column(16)),
            floor: layout.price(17, "floor")?,
            agent_class: stated(layout.column(4)).map(|agent| self.agents.derived(agent, class_name)),
            user: desk.user(layout.column(3)),
            network: network(layout.column(5)),
            tags: tags(layout.column(23))?,
            ..blank_opportunity(desk.source, Some(at))
        })
    }
}

/// Says that an ad was shown, and what it cost.
fn shown(layout: &Layout<'_>, at: Timestamp, source: u32) -> Result<Told, LineError> {
    let price = Some(layout.price(20, "paying price")?);
    Ok(Told { price, ..outcome(OutcomeKind::Impression, at, source) })
}

/// Takes a click or conversion, to be joined by bid id.
fn follow<W: Write>(
    layout: &Layout<'_>,
    kind: OutcomeKind,
    at: Timestamp,
    desk: &mut Desk<'_, W>,
) -> Result<(), LineError> {
    Ok(desk.builder.outcome_of_bid(layout.id()?, &outcome(kind, at, desk.source))?)
}

const fn outcome(kind: OutcomeKind, at: Timestamp, source: u32) -> Told {
    Told { source, kind, price: None, value: None, reason: None, happened_at: Some(at), known_at: None }
}

/// Returns the first three bytes of an IPv4 address, of which the log masks the last; nothing where it does not read.
fn network(field: &[u8]) -> Option<i64> {
    let mut network = 0;
    let mut parts = field.split(|b| *b == b'.');
    for _ in 0..3 {
        let part = std::str::from_utf8(parts.next()?).ok()?;
        network = network << 8 | i64::from(part.parse::<u8>().ok()?);
    }
    Some(network)
}

fn tags(field: &[u8]) -> Result<Vec<i64>, LineError> {
    let Some(field) = stated(field) else { return Ok(Vec::new()) };
    let listed = field.split(|b| *b == b',').filter(|tag| !tag.is_empty());
    listed.map(|tag| within(tag, "user tag", 0..=i64::from(u32::MAX))).collect()
}
