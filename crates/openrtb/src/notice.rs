//! Addresses an exchange or a page calls after the decision, and what the calls tell.
//!
//! The caller gives the base address with a signed token ([`Links`]); this module appends the parameters that carry
//! the standard's macros, and reads them again ([`NoticeParams`]). Parameter names are chosen here once.
//!
//! What it never does: it trusts nothing. A macro that was not substituted, an empty value, `AUDIT`, or a text that is
//! no price is the same as no value; the bid's own token says which bid it is about.

use std::borrow::Cow;

use motet_model::{codes::Code, decision::Bid, request::CurrencyRate};
use motet_units::CpmMicros;

use crate::{
    RateTable,
    money::{parse_micros_up, to_accounting},
};

/// The clearing price.
pub const PRICE: &str = "price";
/// The currency prices are told in.
pub const CURRENCY: &str = "cur";
/// The currency of the bid: what prices are in where the exchange does not tell.
pub const BID_CURRENCY: &str = "bcur";
/// The lowest bid that would have won.
pub const MIN_TO_WIN: &str = "mtw";
/// The loss reason's code.
pub const LOSS: &str = "loss";
/// Impressions per play.
pub const MULTIPLIER: &str = "mult";

/// What an address is called for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LinkKind {
    /// The bid won (`nurl`).
    Win,
    /// The win became billable (`burl`).
    Billing,
    /// The bid lost (`lurl`).
    Loss,
    /// The ad was shown.
    Impression,
    /// The ad was clicked; the answer redirects to the landing page.
    Click,
}

/// Makes the addresses of one bid.
pub trait Links {
    /// Appends the absolute address for one kind of notice, token included, to `url`. It may hold a query already.
    fn write(&self, bid: &Bid, kind: LinkKind, url: &mut String);
}

/// Returns the macro parameters of a kind, as (name, macro).
const fn params(kind: LinkKind) -> &'static [(&'static str, &'static str)] {
    match kind {
        LinkKind::Win => &[
            (PRICE, "${AUCTION_PRICE}"),
            (CURRENCY, "${AUCTION_CURRENCY}"),
            (MIN_TO_WIN, "${AUCTION_MIN_TO_WIN}"),
        ],
        LinkKind::Billing => &[
            (PRICE, "${AUCTION_PRICE}"),
            (CURRENCY, "${AUCTION_CURRENCY}"),
            (MULTIPLIER, "${AUCTION_MULTIPLIER}"),
        ],
        LinkKind::Loss => &[
            (LOSS, "${AUCTION_LOSS}"),
            (PRICE, "${AUCTION_PRICE}"),
            (CURRENCY, "${AUCTION_CURRENCY}"),
            (MIN_TO_WIN, "${AUCTION_MIN_TO_WIN}"),
        ],
        LinkKind::Impression | LinkKind::Click => &[],
    }
}

/// Returns the whole address of one kind of notice, macros and the bid's currency included.
pub(crate) fn address(links: &dyn Links, bid: &Bid, kind: LinkKind, currency: Code) -> String {
    let mut url = String::with_capacity(192);
    links.write(bid, kind, &mut url);
    let params = params(kind);
    for (name, value) in params {
        push_param(&mut url, name, value);
    }
    if !params.is_empty() {
        push_param(&mut url, BID_CURRENCY, currency.as_str());
    }
    url
}

fn push_param(url: &mut String, name: &str, value: &str) {
    url.push(if url.contains('?') { '&' } else { '?' });
    url.push_str(name);
    url.push('=');
    url.push_str(value);
}

/// What a notice's query tells, in the currency it tells it in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NoticeParams {
    /// The clearing price in micros of `currency`.
    pub price_micros: Option<i64>,
    /// The lowest bid that would have won, in micros of `currency`.
    pub min_to_win_micros: Option<i64>,
    /// The currency told, else that of the bid.
    pub currency: Option<Code>,
    /// The loss reason's code.
    pub loss: Option<u16>,
    /// Impressions per play, in thousandths.
    pub multiplier_millis: Option<u32>,
}

impl NoticeParams {
    /// Reads a query, without its question mark. It never fails: what cannot be read was not told.
    ///
    /// ```
    /// use motet_openrtb::NoticeParams;
    /// let told = NoticeParams::parse("t=x&price=1.25&cur=${AUCTION_CURRENCY}&bcur=EUR&loss=AUDIT");
    /// assert_eq!(told.price_micros, Some(1_250_000));
    /// assert_eq!(told.currency.unwrap().as_str(), "EUR");
    /// assert_eq!(told.loss, None);
    /// ```
    pub fn parse(query: &str) -> Self {
        let mut told = Self::default();
        let mut bid_currency = None;
        for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
            let value = percent_decode(value);
            let Some(value) = substituted(&value) else { continue };
            match name {
                PRICE => told.price_micros = parse_micros_up(value),
                MIN_TO_WIN => told.min_to_win_micros = parse_micros_up(value),
                CURRENCY => told.currency = Code::currency(value),
                BID_CURRENCY => bid_currency = Code::currency(value),
                LOSS => told.loss = value.parse().ok(),
                MULTIPLIER => told.multiplier_millis = multiplier(value),
                _ => {}
            }
        }
        told.currency = told.currency.or(bid_currency);
        told
    }

    /// Returns the clearing price in the accounting currency, rounded up; `None` where not told or without a rate.
    pub fn price(&self, rates: &RateTable) -> Option<CpmMicros> {
        Some(to_accounting(self.price_micros?, self.rate(rates)?))
    }

    /// Returns the lowest bid that would have won in the accounting currency, rounded up.
    pub fn min_to_win(&self, rates: &RateTable) -> Option<CpmMicros> {
        Some(to_accounting(self.min_to_win_micros?, self.rate(rates)?))
    }

    /// Without any currency told, prices are in the accounting currency.
    fn rate(&self, rates: &RateTable) -> Option<CurrencyRate> {
        self.currency.map_or_else(|| Some(rates.accounting_rate()), |code| rates.rate(code))
    }
}

fn multiplier(text: &str) -> Option<u32> {
    let micros = parse_micros_up(text)?;
    u32::try_from(micros / 1_000).ok().filter(|millis| *millis > 0)
}

/// Returns a value that a seller put there: not empty and no leftover macro. `AUDIT` is no price, no currency and no
/// code, so it falls out where those are read.
fn substituted(value: &str) -> Option<&str> {
    let value = value.trim();
    let is_macro = value.contains("${") || value.starts_with("{{") || value.starts_with("%%");
    (!value.is_empty() && !is_macro).then_some(value)
}

/// Decodes `%41` and `+`; what is not UTF-8 then, or a broken escape, stays as it is.
fn percent_decode(text: &str) -> Cow<'_, str> {
    if !text.contains(['%', '+']) {
        return Cow::Borrowed(text);
    }
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let escaped = if byte == b'%' { bytes.get(at + 1..at + 3).and_then(hex) } else { None };
        at += if escaped.is_some() { 3 } else { 1 };
        decoded.push(escaped.unwrap_or(if byte == b'+' { b' ' } else { byte }));
    }
    String::from_utf8(decoded).map_or(Cow::Borrowed(text), Cow::Owned)
}

fn hex(digits: &[u8]) -> Option<u8> {
    let digit = |b: u8| char::from(b).to_digit(16);
    let (high, low) = (digit(digits[0])?, digit(digits[1])?);
    u8::try_from(high * 16 + low).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rates() -> RateTable {
        RateTable::new(Code::currency("USD").unwrap()).with(Code::currency("EUR").unwrap(), 1_100_000_001)
    }

    #[test]
    fn what_was_not_substituted_was_not_told() {
        for query in [
            "",
            "price",
            "price=",
            "price=${AUCTION_PRICE}",
            "price=%24%7BAUCTION_PRICE%7D",
            "price=AUDIT",
            "price=-1",
            "price=NaN",
            "price=1,5",
            "price=%zz",
        ] {
            assert_eq!(NoticeParams::parse(query).price_micros, None, "{query}");
        }
    }

    #[test]
    fn prices_are_converted_and_rounded_up() {
        let told = NoticeParams::parse("price=1&mtw=0.9&cur=EUR&bcur=USD");
        assert_eq!(told.price(&rates()), Some(CpmMicros::new(1_100_001)));
        assert_eq!(told.min_to_win(&rates()), Some(CpmMicros::new(990_001)));
        assert_eq!(NoticeParams::parse("price=1&cur=GBP").price(&rates()), None);
        assert_eq!(NoticeParams::parse("price=1.5").price(&rates()), Some(CpmMicros::new(1_500_000)));
    }

    #[test]
    fn escapes_are_read() {
        assert_eq!(NoticeParams::parse("price=1%2E5&loss=102").price_micros, Some(1_500_000));
        assert_eq!(NoticeParams::parse("loss=102&mult=14.2").loss, Some(102));
        assert_eq!(NoticeParams::parse("mult=14.2").multiplier_millis, Some(14_200));
    }

    proptest! {
        #[test]
        fn any_query_is_read_without_a_panic(query in ".{0,80}") {
            let _ = NoticeParams::parse(&query).price(&rates());
        }
    }
}
