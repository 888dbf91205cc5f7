//! Prices across the edge: one rate table, integers throughout, one stated rounding each way.
//!
//! A floor in another currency is first rounded up to a millionth of *that* currency, then converted and rounded up
//! again; a bid is converted back and rounded down. The two steps of the floor make the way there and back safe: a bid
//! at or above the converted floor is never below the stated one when it is read again.

use std::collections::BTreeMap;

use motet_model::{codes::Code, request::CurrencyRate};
use motet_units::{CpmMicros, Rounding};

const NANOS_PER_UNIT: i64 = 1_000_000_000;
const MICROS_PER_UNIT: f64 = 1_000_000.0;

/// How far, as a share of itself, a price may be off a whole micro by float arithmetic alone: some 45 roundings.
const NOISE: f64 = 1e-14;

/// Nanos of the accounting currency that one unit of each currency is worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateTable {
    accounting: Code,
    nanos_per_unit: BTreeMap<Code, i64>,
}

impl RateTable {
    /// Makes a table that knows the accounting currency alone.
    pub fn new(accounting: Code) -> Self {
        Self { accounting, nanos_per_unit: BTreeMap::from([(accounting, NANOS_PER_UNIT)]) }
    }

    /// Adds a currency at this many nanos of the accounting currency per unit, above 0. The accounting currency's own
    /// rate is fixed, and a rate of 0 or below is left out.
    #[must_use]
    pub fn with(mut self, code: Code, nanos_per_unit: i64) -> Self {
        if nanos_per_unit > 0 && code != self.accounting {
            self.nanos_per_unit.insert(code, nanos_per_unit);
        }
        self
    }

    /// Returns the accounting currency.
    pub const fn accounting(&self) -> Code {
        self.accounting
    }

    /// Returns the accounting currency with its rate of 1.
    pub const fn accounting_rate(&self) -> CurrencyRate {
        CurrencyRate { code: self.accounting, nanos_per_unit: NANOS_PER_UNIT }
    }

    /// Returns a currency's rate, if it has one.
    pub fn rate(&self, code: Code) -> Option<CurrencyRate> {
        self.nanos_per_unit.get(&code).map(|nanos| CurrencyRate { code, nanos_per_unit: *nanos })
    }
}

/// Converts micros of a currency to the accounting currency, rounded up: for what is asked of us.
///
/// ```
/// use motet_model::{codes::Code, request::CurrencyRate};
/// use motet_openrtb::money::to_accounting;
/// let euro = CurrencyRate { code: Code::currency("EUR").unwrap(), nanos_per_unit: 1_100_000_001 };
/// assert_eq!(to_accounting(1_000_000, euro).get(), 1_100_001, "a floor rounds up");
/// ```
pub fn to_accounting(micros: i64, rate: CurrencyRate) -> CpmMicros {
    let product = i128::from(micros.max(0)) * i128::from(rate.nanos_per_unit.max(0));
    let nanos_per_unit = i128::from(NANOS_PER_UNIT);
    let rounded = (product + nanos_per_unit - 1) / nanos_per_unit;
    CpmMicros::new(i64::try_from(rounded).unwrap_or(i64::MAX))
}

/// Converts a price to micros of a currency, rounded down: for what we offer.
pub fn from_accounting(price: CpmMicros, rate: CurrencyRate) -> CpmMicros {
    let product = i128::from(price.get()) * i128::from(NANOS_PER_UNIT);
    let micros = product / i128::from(rate.nanos_per_unit.max(1));
    CpmMicros::new(i64::try_from(micros).unwrap_or(i64::MAX))
}

/// Rounds a wire price up to micros of its own currency. Float noise is not money: `1.1` is
/// 1,100,000 micros and `0.1 + 0.2` is 300,000.
pub(crate) fn wire_micros_up(price: f64) -> i64 {
    if price.is_nan() || price <= 0.0 {
        return 0;
    }
    let micros = price * MICROS_PER_UNIT;
    let nearest = micros.round();
    let is_noise = (micros - nearest).abs() <= micros * NOISE;
    CpmMicros::from_f64(if is_noise { nearest } else { micros }, Rounding::Up).get()
}

/// Reads a decimal text as micros, rounded up; exponents are read too. `None` for anything else and below zero.
pub(crate) fn parse_micros_up(text: &str) -> Option<i64> {
    if let Ok(price) = text.parse::<CpmMicros>() {
        return Some(price.get());
    }
    let starts_like_a_number = text.bytes().next().is_some_and(|b| b.is_ascii_digit() || b == b'.');
    let price: f64 = if starts_like_a_number { text.parse().ok()? } else { return None };
    price.is_finite().then(|| wire_micros_up(price))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn euro(nanos_per_unit: i64) -> CurrencyRate {
        CurrencyRate { code: Code::currency("EUR").unwrap(), nanos_per_unit }
    }

    #[test]
    fn wire_prices_become_the_micros_they_mean() {
        let table = [
            (0.0, 0),
            (-1.0, 0),
            (f64::NAN, 0),
            (0.01, 10_000),
            (1.1, 1_100_000),
            (2.3, 2_300_000),
            (0.1 + 0.2, 300_000),
            (0.000_000_1, 1),
            (1.000_000_4, 1_000_001),
            (8.7, 8_700_000),
            (123_456.789_012, 123_456_789_012),
            (999_999.999_999, 999_999_999_999),
        ];
        for (wire, micros) in table {
            assert_eq!(wire_micros_up(wire), micros, "{wire}");
        }
        assert_eq!(wire_micros_up(1e30), CpmMicros::MAX.get());
    }

    #[test]
    fn price_texts_are_read_exactly() {
        let table = [
            ("1.1", Some(1_100_000)),
            ("0.1", Some(100_000)),
            ("1e-3", Some(1_000)),
            ("0.00000001", Some(1)),
            ("-1", None),
            ("", None),
            ("NaN", None),
            ("inf", None),
            ("1,5", None),
        ];
        for (text, micros) in table {
            assert_eq!(parse_micros_up(text), micros, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_six_digit_decimal_is_exact(micros in 0_i64..1_000_000_000_000) {
            let wire: f64 = format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000).parse().unwrap();
            prop_assert_eq!(wire_micros_up(wire), micros);
        }

        #[test]
        fn a_bid_at_the_converted_floor_is_not_below_the_stated_one(
            floor in 0_i64..1_000_000_000, rate in 1_000_i64..1_000_000_000_000,
        ) {
            let converted = to_accounting(floor, euro(rate));
            prop_assert!(from_accounting(converted, euro(rate)).get() >= floor);
        }

        #[test]
        fn an_offer_never_grows_on_its_way(price in 0_i64..1_000_000_000, rate in 1_000_i64..1_000_000_000_000) {
            let offered = from_accounting(CpmMicros::new(price), euro(rate));
            prop_assert!(i128::from(offered.get()) * i128::from(rate) <= i128::from(price) * 1_000_000_000);
        }
    }
}
