//! Prices across the interface: doubles there, integers of the accounting currency here. Bids round down, floors up.

use motet_model::request::CurrencyRate;
use motet_units::{CpmMicros, Rounding};

const NANOS_PER_UNIT: f64 = 1e9;
const MICROS_PER_UNIT: f64 = 1e6;
/// How far, as a share of itself, a price may be off a whole micro by float arithmetic alone.
const NOISE: f64 = 1e-12;

/// The currency a host's prices are in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Money(pub CurrencyRate);

impl Money {
    /// Reads a price; `None` where it is no price above 0. What a bid is rounds down.
    pub fn bid(self, price: f64) -> Option<CpmMicros> {
        self.read(price, Rounding::Down)
    }

    /// Reads a price; `None` where it is no price above 0. What a floor is rounds up.
    pub fn floor(self, price: f64) -> Option<CpmMicros> {
        self.read(price, Rounding::Up)
    }

    fn read(self, price: f64, rounding: Rounding) -> Option<CpmMicros> {
        let micros = price * MICROS_PER_UNIT * self.rate();
        if !micros.is_finite() || micros <= 0.0 || micros > CpmMicros::MAX.as_f64() {
            return None;
        }
        Some(CpmMicros::from_f64(settle(micros), rounding))
    }

    /// Writes a bid: rounded down to a micro of the host's currency.
    pub fn write_bid(self, price: CpmMicros) -> f64 {
        settle(price.as_f64() / self.rate()).floor() / MICROS_PER_UNIT
    }

    /// Writes a floor: rounded up to a micro of the host's currency.
    pub fn write_floor(self, price: CpmMicros) -> f64 {
        settle(price.as_f64() / self.rate()).ceil() / MICROS_PER_UNIT
    }

    fn rate(self) -> f64 {
        self.0.nanos_per_unit as f64 / NANOS_PER_UNIT
    }
}

/// Takes float noise off: 1.1 is 1,100,000 micros.
fn settle(micros: f64) -> f64 {
    let nearest = micros.round();
    if (micros - nearest).abs() <= micros.abs() * NOISE { nearest } else { micros }
}

#[cfg(test)]
mod tests {
    use motet_model::codes::Code;

    use super::*;

    #[test]
    fn bids_round_down_and_floors_up_both_ways() {
        let usd = Money(CurrencyRate { code: Code::currency("USD").unwrap(), nanos_per_unit: 1_000_000_000 });
        assert_eq!(usd.bid(1.1), Some(CpmMicros::new(1_100_000)));
        assert_eq!(usd.bid(1.000_000_9), Some(CpmMicros::new(1_000_000)));
        assert_eq!(usd.floor(1.000_000_1), Some(CpmMicros::new(1_000_001)));
        assert_eq!([f64::NAN, f64::INFINITY, 0.0, -1.0, 1e300].map(|price| usd.bid(price)), [None; 5]);
        let eur = Money(CurrencyRate { nanos_per_unit: 1_100_000_000, ..usd.0 });
        let floor = eur.floor(1.0).unwrap();
        assert_eq!(floor, CpmMicros::new(1_100_000));
        assert!((eur.write_floor(floor) - 1.0).abs() < f64::EPSILON);
        assert!(eur.write_bid(CpmMicros::new(1_099_999)) < 1.0);
        assert!(eur.write_floor(CpmMicros::new(1_099_999)) <= 1.0);
    }
}
