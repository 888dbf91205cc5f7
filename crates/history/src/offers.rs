//! Opportunities with their bids and what became of them, joined in one pass over the three tables.
//!
//! The tables lie in the order of the opportunities, so nothing but the rows of one opportunity is held.

use std::{iter::Peekable, sync::Arc};

use motet_units::{CpmMicros, Span, Timestamp};

use crate::{
    error::Result,
    store::{History, Rows},
    table::{Bid, Opportunity, Outcome, OutcomeKind},
};

/// An opportunity, the bid for it if there was one, and what became of that.
#[derive(Clone, Debug, PartialEq)]
pub struct Offer {
    /// The opportunity's number.
    pub number: u64,
    /// The opportunity.
    pub opportunity: Opportunity,
    /// The bid made for it.
    pub bid: Option<Bid>,
    /// What became of the bid, by kind and time.
    pub outcomes: Vec<Outcome>,
}

impl Offer {
    /// Returns the first outcome of a kind.
    pub fn outcome(&self, kind: OutcomeKind) -> Option<&Outcome> {
        self.outcomes.iter().find(|outcome| outcome.kind == kind)
    }

    /// Returns the clearing price, as billed, as told with the impression or as told with the win.
    pub fn pay(&self) -> Option<CpmMicros> {
        let kinds = [OutcomeKind::Billed, OutcomeKind::Impression, OutcomeKind::Won];
        kinds.iter().find_map(|kind| self.outcome(*kind).and_then(|outcome| outcome.price))
    }
}

/// Offers in the order of their opportunities.
#[derive(Debug)]
pub struct Offers {
    opportunities: Rows<Opportunity>,
    bids: Peekable<Rows<Bid>>,
    outcomes: Peekable<Rows<Outcome>>,
    next: u64,
}

impl Iterator for Offers {
    type Item = Result<Offer>;

    fn next(&mut self) -> Option<Self::Item> {
        let opportunity = match self.opportunities.next()? {
            Ok(opportunity) => opportunity,
            Err(error) => return Some(Err(error)),
        };
        Some(self.joined(opportunity))
    }
}

impl Offers {
    fn joined(&mut self, opportunity: Opportunity) -> Result<Offer> {
        let number = self.next;
        self.next += 1;
        let mut offer = Offer { number, opportunity, bid: None, outcomes: Vec::new() };
        while let Some(bid) = self.bids.next_if(|bid| bid.as_ref().failed_or(|b| b.opportunity <= number)) {
            offer.bid = Some(bid?);
        }
        while let Some(outcome) =
            self.outcomes.next_if(|outcome| outcome.as_ref().failed_or(|o| o.opportunity <= number))
        {
            offer.outcomes.push(outcome?);
        }
        Ok(offer)
    }
}

/// An error, or something that passes a test.
trait FailedOr<T> {
    fn failed_or(self, test: impl FnOnce(T) -> bool) -> bool;
}

impl<T, E> FailedOr<T> for Result<T, E> {
    fn failed_or(self, test: impl FnOnce(T) -> bool) -> bool {
        self.map_or(true, test)
    }
}

/// An ad that was shown, with all that a calibration needs of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Impression {
    /// The source it was read from.
    pub source: u32,
    /// When it was shown, or offered where that is not logged.
    pub at: Timestamp,
    /// The local hour, 0 to 23.
    pub hour: u8,
    /// The local weekday, 0 for Monday to 6.
    pub weekday: u8,
    /// The exchange.
    pub exchange: Option<Arc<str>>,
    /// The region, as the source codes it.
    pub region: Option<Arc<str>>,
    /// A hash of the site's domain or app's bundle.
    pub domain: Option<u64>,
    /// The publisher's name for the slot.
    pub slot: Option<Arc<str>>,
    /// The slot's width and height in pixels.
    pub size: Option<(u16, u16)>,
    /// Where on the screen it was, as the source words it.
    pub visibility: Option<Arc<str>>,
    /// The slot's form, or the media kind.
    pub format: Option<Arc<str>>,
    /// The floor.
    pub floor: CpmMicros,
    /// The price offered.
    pub bid: Option<CpmMicros>,
    /// The price paid.
    pub pay: Option<CpmMicros>,
    /// Whether it was clicked.
    pub click: bool,
    /// When the click happened, where logged.
    pub click_at: Option<Timestamp>,
    /// How many conversions it led to.
    pub conversions: u32,
    /// When the first conversion happened, where logged.
    pub conversion_at: Option<Timestamp>,
    /// Who pays.
    pub advertiser: Option<Arc<str>>,
    /// What was shown.
    pub creative: Option<Arc<str>>,
    /// A keyed hash of the user.
    pub user: Option<u64>,
    /// System and browser, as `windows_chrome`.
    pub agent_class: Option<Arc<str>>,
    /// Interest segments.
    pub tags: Vec<i64>,
}

impl Impression {
    /// Flattens an offer that was shown; none when it was not, or when it bears no time.
    pub fn of(offer: Offer) -> Option<Self> {
        let shown = offer.outcome(OutcomeKind::Impression)?;
        let at = shown.happened_at.or(offer.opportunity.at)?;
        let conversions = offer.outcomes.iter().filter(|o| o.kind == OutcomeKind::Conversion);
        let click = offer.outcome(OutcomeKind::Click);
        let pay = offer.pay();
        let hour_of_week = local_hour_of_week(at, offer.opportunity.utc_offset_min);
        let (click_at, clicked) = (click.and_then(|c| c.happened_at), click.is_some());
        let conversion_at = conversions.clone().filter_map(|o| o.happened_at).min();
        let conversions = conversions.count() as u32;
        let Offer { opportunity, bid, .. } = offer;
        let (price, advertiser, creative) =
            bid.map_or((None, None, None), |b| (b.price, b.advertiser, b.creative));
        Some(Self {
            source: opportunity.source,
            at,
            hour: hour_of_week % 24,
            weekday: hour_of_week / 24,
            exchange: opportunity.exchange,
            region: opportunity.region,
            domain: opportunity.domain,
            slot: opportunity.slot,
            size: opportunity.width.zip(opportunity.height),
            visibility: opportunity.visibility,
            format: opportunity.format,
            floor: opportunity.floor,
            bid: price,
            pay,
            click: clicked,
            click_at,
            conversions,
            conversion_at,
            advertiser,
            creative,
            user: opportunity.user,
            agent_class: opportunity.agent_class,
            tags: opportunity.tags,
        })
    }
}

fn local_hour_of_week(at: Timestamp, utc_offset_min: i16) -> u8 {
    // Added before, because adding saturates while a far-off time plus an offset may overflow.
    (at + Span::from_secs(i64::from(utc_offset_min) * 60)).hour_of_week(Span::ZERO)
}

impl History {
    /// Iterates over opportunities with their bids and outcomes.
    ///
    /// # Errors
    /// When the store cannot be opened again.
    pub fn offers(&self) -> Result<Offers> {
        Ok(Offers {
            opportunities: self.read()?,
            bids: self.read()?.peekable(),
            outcomes: self.read()?.peekable(),
            next: 0,
        })
    }

    /// Iterates over the ads that were shown.
    ///
    /// # Errors
    /// When the store cannot be opened again.
    pub fn impressions(&self) -> Result<impl Iterator<Item = Result<Impression>>> {
        Ok(self.offers()?.filter_map(|offer| offer.map(Impression::of).transpose()))
    }
}
