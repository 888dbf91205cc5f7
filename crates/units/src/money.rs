//! Integer money. [`Nanos`] is an amount, [`CpmMicros`] a price for a thousand impressions.

use std::{
    fmt,
    iter::Sum,
    ops::{Add, AddAssign, Neg, Sub, SubAssign},
    str::FromStr,
};

use serde::{Deserialize, Serialize};

/// The largest magnitude either type holds: every count up to it is exact as `f64`, so arithmetic is total.
const LIMIT: i64 = 1 << 53;

const NANOS_PER_UNIT: i64 = 1_000_000_000;
const MICROS_PER_UNIT: i64 = 1_000_000;

/// An amount in billionths of one unit of the accounting currency. Range ±2^53 (about nine million units).
///
/// ```
/// use motet_units::Nanos;
/// let day: Nanos = "12.50".parse().unwrap();
/// assert_eq!(day, Nanos::new(12_500_000_000));
/// assert_eq!(day.to_string(), "12.5");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Nanos(i64);

/// A price in millionths of one unit of the accounting currency per thousand impressions. Range 0 to 2^53.
///
/// ```
/// use motet_units::{CpmMicros, Nanos, Probability};
/// // A click worth 0.50 at 2 % is worth 0.01 an impression, which is a CPM of 10.00.
/// let click = Nanos::from_units(0.50);
/// let nanos = Probability::new(0.02).unwrap().of(click);
/// assert_eq!(CpmMicros::bid_from_nanos(nanos), CpmMicros::from_units(10.0));
/// assert_eq!(CpmMicros::from_units(10.0).per_impression(), Nanos::from_units(0.01));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CpmMicros(i64);

/// Which way a conversion to integers goes. Bids round down, floors round up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// Towards zero: for what we offer.
    Down,
    /// Away from zero: for what is asked of us.
    Up,
}

impl Rounding {
    fn apply(self, value: f64) -> i64 {
        // By whole numbers: `floor` and `ceil` are calls on machines without an instruction for them. Held to the range
        // first, every whole number here is exact; NaN becomes zero.
        let value = value.clamp(-(LIMIT as f64), LIMIT as f64);
        let whole = value as i64;
        match self {
            Self::Down => whole - i64::from((whole as f64) > value),
            Self::Up => whole + i64::from((whole as f64) < value),
        }
    }
}

const fn clamp(value: i64, low: i64) -> i64 {
    if value < low {
        low
    } else if value > LIMIT {
        LIMIT
    } else {
        value
    }
}

impl Nanos {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// The largest amount: 2^53 nanos.
    pub const MAX: Self = Self(LIMIT);

    /// Makes an amount from a count of nanos, held to ±2^53.
    pub const fn new(nanos: i64) -> Self {
        Self(clamp(nanos, -LIMIT))
    }

    /// Makes an amount from units of the accounting currency, to the nearest nano.
    pub fn from_units(units: f64) -> Self {
        Self(Rounding::Down.apply((units * NANOS_PER_UNIT as f64).round()))
    }

    /// Makes an amount from a real count of nanos, rounded as told; NaN becomes zero.
    pub fn from_f64(nanos: f64, rounding: Rounding) -> Self {
        Self(rounding.apply(nanos))
    }

    /// Returns the count of nanos.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// Returns the amount in units of the accounting currency, for people and charts only.
    pub fn units(self) -> f64 {
        self.0 as f64 / NANOS_PER_UNIT as f64
    }

    /// Returns the amount as real nanos, exact because of the range.
    pub fn as_f64(self) -> f64 {
        self.0 as f64
    }

    /// Tells whether the amount is above zero.
    pub const fn is_positive(self) -> bool {
        self.0 > 0
    }
}

impl CpmMicros {
    /// A price of nothing.
    pub const ZERO: Self = Self(0);
    /// The largest price: 2^53 micros.
    pub const MAX: Self = Self(LIMIT);

    /// Makes a price from a count of micros, held to 0 to 2^53.
    pub const fn new(micros: i64) -> Self {
        Self(clamp(micros, 0))
    }

    /// Makes a price from units of the accounting currency per thousand impressions, to the nearest micro.
    pub fn from_units(cpm: f64) -> Self {
        Self::new(Rounding::Down.apply((cpm * MICROS_PER_UNIT as f64).round()))
    }

    /// Makes a price from a real count of micros, rounded as told; NaN and negatives become zero.
    pub fn from_f64(micros: f64, rounding: Rounding) -> Self {
        Self::new(rounding.apply(micros))
    }

    /// Makes a bid from the expected value of one impression in nanos, rounded down.
    pub fn bid_from_nanos(nanos: f64) -> Self {
        Self::from_f64(nanos, Rounding::Down)
    }

    /// Returns the count of micros.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// Returns the price in units per thousand impressions, for people and the wire.
    pub fn units(self) -> f64 {
        self.0 as f64 / MICROS_PER_UNIT as f64
    }

    /// Returns the price as real micros, exact because of the range.
    pub fn as_f64(self) -> f64 {
        self.0 as f64
    }

    /// Returns what one impression costs at this price, exactly.
    pub const fn per_impression(self) -> Nanos {
        Nanos(self.0)
    }

    /// Returns the price one micro higher, at most the largest.
    #[must_use]
    pub const fn next_up(self) -> Self {
        Self::new(self.0 + 1)
    }
}

impl Add for Nanos {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self::new(self.0 + other.0)
    }
}

impl Sub for Nanos {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self::new(self.0 - other.0)
    }
}

impl Neg for Nanos {
    type Output = Self;
    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl AddAssign for Nanos {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl SubAssign for Nanos {
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl Sum for Nanos {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

/// Writes `value` over `per_unit` as a decimal without trailing zeros.
fn write_decimal(f: &mut fmt::Formatter<'_>, value: i64, per_unit: i64, digits: usize) -> fmt::Result {
    let sign = if value < 0 { "-" } else { "" };
    let (whole, part) = (value.unsigned_abs() / per_unit as u64, value.unsigned_abs() % per_unit as u64);
    if part == 0 {
        return write!(f, "{sign}{whole}");
    }
    let part = format!("{part:0digits$}");
    write!(f, "{sign}{whole}.{}", part.trim_end_matches('0'))
}

impl fmt::Display for Nanos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_decimal(f, self.0, NANOS_PER_UNIT, 9)
    }
}

impl fmt::Debug for Nanos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Display for CpmMicros {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_decimal(f, self.0, MICROS_PER_UNIT, 6)
    }
}

impl fmt::Debug for CpmMicros {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self} CPM")
    }
}

/// A text that is not a plain decimal amount of the stated precision.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a decimal amount with at most {digits} decimals, up to {max} units, was '{text}'")]
pub struct ParseMoneyError {
    text: String,
    digits: usize,
    max: i64,
}

/// Reads a decimal exactly: no float in between, so "0.1" is a hundred million nanos and nothing else.
fn parse_decimal(text: &str, per_unit: i64, digits: usize) -> Result<i64, ParseMoneyError> {
    let error = || ParseMoneyError { text: text.to_owned(), digits, max: LIMIT / per_unit };
    let (negative, unsigned) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (whole, part) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let all_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    let well_formed = !whole.is_empty() && all_digits(whole) && all_digits(part) && part.len() <= digits;
    if !well_formed {
        return Err(error());
    }
    let whole: i64 = whole.parse().map_err(|_| error())?;
    let part: i64 = format!("{part:0<digits$}").parse().map_err(|_| error())?;
    let value = whole.checked_mul(per_unit).and_then(|v| v.checked_add(part)).ok_or_else(error)?;
    if value > LIMIT {
        return Err(error());
    }
    Ok(if negative { -value } else { value })
}

impl FromStr for Nanos {
    type Err = ParseMoneyError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse_decimal(text, NANOS_PER_UNIT, 9).map(Self)
    }
}

impl FromStr for CpmMicros {
    type Err = ParseMoneyError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let value = parse_decimal(text, MICROS_PER_UNIT, 6)?;
        if value < 0 {
            return Err(ParseMoneyError { text: text.to_owned(), digits: 6, max: LIMIT / MICROS_PER_UNIT });
        }
        Ok(Self(value))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn text_and_amount_are_the_same_thing(nanos in -LIMIT..=LIMIT) {
            let amount = Nanos::new(nanos);
            prop_assert_eq!(amount.to_string().parse::<Nanos>().unwrap(), amount);
        }

        #[test]
        fn text_and_price_are_the_same_thing(micros in 0..=LIMIT) {
            let price = CpmMicros::new(micros);
            prop_assert_eq!(price.to_string().parse::<CpmMicros>().unwrap(), price);
        }

        #[test]
        fn bids_round_down_and_floors_round_up(micros in 0.0..1e15_f64) {
            prop_assert!(CpmMicros::from_f64(micros, Rounding::Down).as_f64() <= micros);
            prop_assert!(CpmMicros::from_f64(micros, Rounding::Up).as_f64() >= micros);
        }

        #[test]
        fn rounding_agrees_with_floor_and_ceil(value in prop_oneof![
            -1e18..1e18_f64,
            -100.0..100.0_f64,
            (-1_000_i64..1_000).prop_map(|whole| whole as f64),
        ]) {
            let held = value.clamp(-(LIMIT as f64), LIMIT as f64);
            prop_assert_eq!(Nanos::from_f64(value, Rounding::Down).get(), held.floor() as i64);
            prop_assert_eq!(Nanos::from_f64(value, Rounding::Up).get(), held.ceil() as i64);
        }

        #[test]
        fn one_micro_for_one_impression_is_one_nano(micros in 0..=LIMIT) {
            prop_assert_eq!(CpmMicros::new(micros).per_impression(), Nanos::new(micros));
        }

        #[test]
        fn sums_stay_in_range(a in any::<i64>(), b in any::<i64>()) {
            let sum = Nanos::new(a) + Nanos::new(b);
            prop_assert!(sum.get().abs() <= LIMIT);
        }
    }

    #[test]
    fn nonsense_makes_no_money() {
        assert_eq!(CpmMicros::from_f64(f64::NAN, Rounding::Up), CpmMicros::ZERO);
        assert_eq!(CpmMicros::from_f64(f64::INFINITY, Rounding::Down), CpmMicros::MAX);
        assert_eq!(CpmMicros::from_f64(-3.0, Rounding::Down), CpmMicros::ZERO);
    }

    #[test]
    fn bad_texts_are_refused_with_the_text() {
        for text in ["", ".", "1e3", "1,5", "0.0000000001", "99999999999999", "+1", " 1"] {
            assert!(text.parse::<Nanos>().is_err(), "{text}");
        }
        assert!("-1".parse::<CpmMicros>().is_err());
    }
}
