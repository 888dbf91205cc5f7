//! The standard's substitution macros, for where the platform is the seller: our own inventory's notices and markup.
//!
//! On an exchange the exchange substitutes, and the templates go out as they are.
//!
//! A value that is not known is nothing, as the standard says. Values are percent-encoded unless they are plain
//! (letters, digits, `-._~`): some of them come from the request, and they land in addresses within markup. A suffix
//! `:B64` gives the value in Base64 instead; another suffix is not known, so it gives nothing.

use std::{borrow::Cow, fmt::Write};

use base64::{Engine, engine::general_purpose::STANDARD};
use motet_model::codes::Code;
use motet_units::{CpmMicros, Timestamp};

/// What the macros stand for. Prices are in `currency`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MacroValues<'a> {
    /// `AUCTION_ID`: the request's id.
    pub auction_id: Option<Cow<'a, str>>,
    /// `AUCTION_BID_ID`: the bid's id.
    pub bid_id: Option<Cow<'a, str>>,
    /// `AUCTION_IMP_ID`: the imp's id.
    pub imp_id: Option<Cow<'a, str>>,
    /// `AUCTION_SEAT_ID`: the seat.
    pub seat_id: Option<Cow<'a, str>>,
    /// `AUCTION_AD_ID`: the ad's id.
    pub ad_id: Option<Cow<'a, str>>,
    /// `AUCTION_PRICE`: the clearing price.
    pub price: Option<CpmMicros>,
    /// `AUCTION_CURRENCY`: the currency.
    pub currency: Option<Code>,
    /// `AUCTION_MBR`: clearing price over bid price.
    pub market_bid_ratio: Option<f64>,
    /// `AUCTION_LOSS`: the loss reason's code.
    pub loss: Option<u16>,
    /// `AUCTION_MIN_TO_WIN`: the lowest bid that would have won.
    pub min_to_win: Option<CpmMicros>,
    /// `AUCTION_MULTIPLIER`: impressions per play, in thousandths.
    pub multiplier_millis: Option<u32>,
    /// `AUCTION_IMP_TS`: when the play ended, written in milliseconds since 1970.
    pub imp_ts: Option<Timestamp>,
    /// `AUCTION_DISCOUNT_PCT`: the discount in percent.
    pub discount_percent: Option<f64>,
    /// `AUCTION_DISCOUNT_CPM`: the discount as a price.
    pub discount_cpm: Option<CpmMicros>,
}

/// Where the macro values come from.
#[derive(Clone, Copy, Debug)]
pub enum Render<'a> {
    /// A real auction.
    Live(&'a MacroValues<'a>),
    /// A test render: every macro is `AUDIT`.
    Audit,
}

impl MacroValues<'_> {
    fn value(&self, name: &str) -> Option<Cow<'_, str>> {
        let text = |value: &Option<Cow<'_, str>>| value.as_ref().map(|v| Cow::Owned(v.clone().into_owned()));
        let shown = |value: Option<String>| value.map(Cow::Owned);
        match name {
            "AUCTION_ID" => text(&self.auction_id),
            "AUCTION_BID_ID" => text(&self.bid_id),
            "AUCTION_IMP_ID" => text(&self.imp_id),
            "AUCTION_SEAT_ID" => text(&self.seat_id),
            "AUCTION_AD_ID" => text(&self.ad_id),
            "AUCTION_PRICE" => shown(self.price.map(|price| price.to_string())),
            "AUCTION_CURRENCY" => shown(self.currency.map(|code| code.to_string())),
            "AUCTION_MBR" => shown(self.market_bid_ratio.map(|ratio| ratio.to_string())),
            "AUCTION_LOSS" => shown(self.loss.map(|code| code.to_string())),
            "AUCTION_MIN_TO_WIN" => shown(self.min_to_win.map(|price| price.to_string())),
            "AUCTION_MULTIPLIER" => {
                shown(self.multiplier_millis.map(|millis| (f64::from(millis) / 1_000.0).to_string()))
            }
            "AUCTION_IMP_TS" => shown(self.imp_ts.map(|at| at.micros().div_euclid(1_000).to_string())),
            "AUCTION_DISCOUNT_PCT" => shown(self.discount_percent.map(|percent| percent.to_string())),
            "AUCTION_DISCOUNT_CPM" => shown(self.discount_cpm.map(|price| price.to_string())),
            _ => None,
        }
    }
}

/// Substitutes every `${AUCTION_…}` of a template. Other texts in braces are left alone.
///
/// ```
/// use motet_openrtb::macros::{MacroValues, Render, substitute};
/// use motet_units::CpmMicros;
/// let values = MacroValues { price: Some(CpmMicros::from_units(1.5)), ..MacroValues::default() };
/// let address = substitute("/w?p=${AUCTION_PRICE}&l=${AUCTION_LOSS}&e=${AUCTION_PRICE:B64}", Render::Live(&values));
/// assert_eq!(address, "/w?p=1.5&l=&e=MS41");
/// assert_eq!(substitute("${AUCTION_PRICE}", Render::Audit), "AUDIT");
/// ```
pub fn substitute<'t>(template: &'t str, render: Render<'_>) -> Cow<'t, str> {
    if !template.contains("${AUCTION_") {
        return Cow::Borrowed(template);
    }
    let mut out = String::with_capacity(template.len() + 32);
    let mut rest = template;
    while let Some(start) = rest.find("${AUCTION_") {
        out.push_str(&rest[..start]);
        rest = &rest[start..];
        let Some(end) = name_end(rest) else {
            out.push_str("${");
            rest = &rest[2..];
            continue;
        };
        write_value(&rest[2..end], render, &mut out);
        rest = &rest[end + 1..];
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Returns where the closing brace of a macro is; `None` if what follows is no macro name.
fn name_end(text: &str) -> Option<usize> {
    let is_name = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b':';
    let length = text.bytes().skip(2).position(|b| !is_name(b))?;
    (text.as_bytes()[length + 2] == b'}').then_some(length + 2)
}

fn write_value(macro_text: &str, render: Render<'_>, out: &mut String) {
    let (name, encoding) = macro_text.split_once(':').unwrap_or((macro_text, ""));
    let value = match render {
        Render::Audit => Some(Cow::Borrowed("AUDIT")),
        Render::Live(values) => values.value(name),
    };
    match (value, encoding) {
        (Some(value), "") => percent_encode(&value, out),
        (Some(value), "B64") => out.push_str(&STANDARD.encode(value.as_bytes())),
        _ => {}
    }
}

/// Writes a text with everything but letters, digits and `-._~` percent-encoded (RFC 3986, unreserved).
pub(crate) fn percent_encode(text: &str, out: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            // Writing to a String does not fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_macro_of_the_standard_is_substituted() {
        let values = MacroValues {
            auction_id: Some("a 1".into()),
            bid_id: Some("b".into()),
            imp_id: Some("\"><script>".into()),
            seat_id: Some("s".into()),
            ad_id: Some("ad".into()),
            price: Some(CpmMicros::new(1_234_567)),
            currency: Code::currency("EUR"),
            market_bid_ratio: Some(0.5),
            loss: Some(102),
            min_to_win: Some(CpmMicros::new(900_000)),
            multiplier_millis: Some(14_200),
            imp_ts: Some(Timestamp::from_secs(1)),
            discount_percent: Some(12.5),
            discount_cpm: Some(CpmMicros::new(10)),
        };
        for (template, expected) in [
            ("${AUCTION_ID}", "a%201"),
            ("${AUCTION_BID_ID}", "b"),
            ("${AUCTION_IMP_ID}", "%22%3E%3Cscript%3E"),
            ("${AUCTION_SEAT_ID}", "s"),
            ("${AUCTION_AD_ID}", "ad"),
            ("${AUCTION_PRICE}", "1.234567"),
            ("${AUCTION_CURRENCY}", "EUR"),
            ("${AUCTION_MBR}", "0.5"),
            ("${AUCTION_LOSS}", "102"),
            ("${AUCTION_MIN_TO_WIN}", "0.9"),
            ("${AUCTION_MULTIPLIER}", "14.2"),
            ("${AUCTION_IMP_TS}", "1000"),
            ("${AUCTION_DISCOUNT_PCT}", "12.5"),
            ("${AUCTION_DISCOUNT_CPM}", "0.00001"),
            ("${AUCTION_ID:B64}", "YSAx"),
            ("${AUCTION_ID:ROT13}", ""),
            ("${AUCTION_NEWER}", ""),
            ("${OTHER} ${AUCTION_PRICE ${AUCTION_", "${OTHER} ${AUCTION_PRICE ${AUCTION_"),
            ("é${AUCTION_BID_ID}é", "ébé"),
        ] {
            assert_eq!(substitute(template, Render::Live(&values)), expected, "{template}");
        }
        assert_eq!(substitute("${AUCTION_LOSS}", Render::Live(&MacroValues::default())), "");
    }

    proptest! {
        #[test]
        fn any_text_is_substituted_without_a_panic(text in "(\\$\\{AUCTION_[A-Z:]{0,8}\\}|.){0,20}") {
            let once = substitute(&text, Render::Audit);
            if !text.contains("${AUCTION_") {
                prop_assert_eq!(once.as_ref(), text.as_str());
            }
        }
    }
}
