//! The rows of a history that a fit is made from.

use motet_history::{Auction, History, Impression, OutcomeKind};
use motet_units::CpmMicros;

use crate::{Error, landscape::Price};

/// One row: a slot that was offered, and what is known of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The hour of the day, 0 to 23, where logged.
    pub hour: Option<u8>,
    /// The weekday from Monday, where logged.
    pub weekday: Option<u8>,
    /// The price to beat, as far as known.
    pub price: Option<Price>,
    /// The floor as CPM, where logged.
    pub floor: Option<f64>,
    /// Whether the ad was clicked; absent where no ad was shown.
    pub click: Option<bool>,
    /// Seconds from impression to click, where logged.
    pub click_delay_s: Option<f64>,
    /// Whether the click converted; absent where there was none.
    pub converted: Option<bool>,
    /// Seconds from click to conversion, where logged.
    pub conversion_delay_s: Option<f64>,
    /// What the click chance goes by: a prediction, or a kind of slot.
    pub key: Key,
    /// Who saw it, where logged.
    pub user: Option<u64>,
}

/// What a row's click chance goes by.
#[derive(Clone, Debug, PartialEq)]
pub enum Key {
    /// A prediction that came with the log.
    Predicted(f64),
    /// Exchange, format, size and band of the floor: a publisher who asks for more is worth more to rivals too.
    Slot(String),
}

/// All rows, in the order of the log.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sample {
    /// The rows.
    pub rows: Vec<Row>,
}

/// Rows of one block of neighbours; blocks are fitted and held out in turn, so that neighbours do not leak across.
const BLOCK: usize = 50;

impl Sample {
    /// Reads a history: auctions where it has them, offers otherwise.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(history: &History) -> Result<Self, Error> {
        let mut rows = Vec::new();
        for auction in history.read::<Auction>()? {
            rows.push(of_auction(&auction?));
        }
        if rows.is_empty() {
            for offer in history.offers()? {
                rows.push(of_offer(offer?));
            }
        }
        Ok(Self { rows })
    }

    /// Splits the rows into those fitted and those held out, block by block.
    pub fn split(&self) -> (Vec<&Row>, Vec<&Row>) {
        let mut parts = (Vec::new(), Vec::new());
        for (place, row) in self.rows.iter().enumerate() {
            if (place / BLOCK).is_multiple_of(2) { parts.0.push(row) } else { parts.1.push(row) }
        }
        parts
    }
}

fn of_auction(auction: &Auction) -> Row {
    Row {
        hour: auction.hour.map(|hour| hour.rem_euclid(24) as u8),
        weekday: None,
        price: Some(Price::At(auction.price.units())),
        floor: None,
        click: Some(auction.click),
        click_delay_s: None,
        converted: None,
        conversion_delay_s: None,
        key: Key::Predicted(auction.pctr),
        user: None,
    }
}

fn of_offer(offer: motet_history::Offer) -> Row {
    let floor = offer.opportunity.floor.units();
    let lost = offer.outcome(OutcomeKind::Lost).cloned();
    let bid = offer.bid.as_ref().and_then(|bid| bid.price).map(CpmMicros::units);
    let pay = offer.pay().map(CpmMicros::units);
    let price = match (pay, lost.and_then(|lost| lost.price), bid) {
        // A price at the floor tells only that the best rival was no higher.
        (Some(pay), ..) if pay <= floor => Some(Price::AtMost(floor)),
        (Some(pay), ..) => Some(Price::At(pay)),
        (None, Some(told), _) => Some(Price::At(told.units())),
        (None, None, Some(bid)) => Some(Price::Above(bid)),
        (None, None, None) => None,
    };
    let opportunity = &offer.opportunity;
    let part = |text: &Option<std::sync::Arc<str>>| text.as_deref().unwrap_or("-").to_owned();
    let size = opportunity.width.zip(opportunity.height);
    let size = size.map_or_else(|| "-".to_owned(), |(w, h)| format!("{w}x{h}"));
    let (exchange, format) = (part(&opportunity.exchange), part(&opportunity.format));
    let key = Key::Slot(format!("{exchange} {format} {size} {}", band(floor)));
    let user = opportunity.user;
    let shown = Impression::of(offer);
    let seconds = |from: motet_units::Timestamp, to: motet_units::Timestamp| (to - from).as_secs_f64();
    Row {
        hour: shown.as_ref().map(|shown| shown.hour),
        weekday: shown.as_ref().map(|shown| shown.weekday),
        price,
        floor: Some(floor),
        click: shown.as_ref().map(|shown| shown.click),
        click_delay_s: shown
            .as_ref()
            .and_then(|s| s.click_at.map(|at| seconds(s.at, at)))
            .filter(|s| *s >= 0.0),
        converted: shown.as_ref().filter(|shown| shown.click).map(|shown| shown.conversions > 0),
        conversion_delay_s: shown
            .as_ref()
            .and_then(|s| s.click_at.zip(s.conversion_at).map(|(click, sale)| seconds(click, sale)))
            .filter(|s| *s >= 0.0),
        key,
        user,
    }
}

/// Names the band a floor lies in: doubling from 0.1 CPM on.
fn band(floor: f64) -> String {
    if floor <= 0.0 {
        return "no floor".to_owned();
    }
    let octave = (floor / 0.1).log2().floor().clamp(0.0, 12.0);
    format!("floor from {:.1}", 0.1 * octave.exp2())
}
