//! Learned quantities as checked types: no NaN gets past their constructors.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{CpmMicros, Nanos, Rounding};

/// A chance in 0 to 1, never NaN.
#[derive(Clone, Copy, PartialEq, PartialOrd, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Probability(f64);

impl Probability {
    /// Never.
    pub const ZERO: Self = Self(0.0);
    /// Always.
    pub const ONE: Self = Self(1.0);

    /// Makes a probability; `None` outside 0 to 1 or for NaN.
    pub fn new(value: f64) -> Option<Self> {
        (0.0..=1.0).contains(&value).then_some(Self(value))
    }

    /// Makes a probability, held to 0 to 1; NaN becomes zero.
    pub fn clamped(value: f64) -> Self {
        if value.is_nan() { Self::ZERO } else { Self(value.clamp(0.0, 1.0)) }
    }

    /// Returns the chance.
    pub const fn get(self) -> f64 {
        self.0
    }

    /// Returns the chance that both of two things happen, the second stated given the first.
    #[must_use]
    pub fn and_then(self, given: Self) -> Self {
        Self(self.0 * given.0)
    }

    /// Returns the expectation of an amount paid with this chance, in real nanos.
    pub fn of(self, amount: Nanos) -> f64 {
        self.0 * amount.as_f64()
    }
}

impl fmt::Debug for Probability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.6}", self.0)
    }
}

/// A share in 0 to 1 applied to a price, never NaN: a pacing multiplier or a shading factor.
///
/// ```
/// use motet_units::{CpmMicros, Multiplier};
/// let half = Multiplier::new(0.5).unwrap();
/// assert_eq!(half.of(CpmMicros::new(3)), CpmMicros::new(1), "bids round down");
/// ```
#[derive(Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Multiplier(f64);

impl Multiplier {
    /// Nothing gets through.
    pub const ZERO: Self = Self(0.0);
    /// Everything gets through.
    pub const ONE: Self = Self(1.0);

    /// Makes a multiplier; `None` outside 0 to 1 or for NaN.
    pub fn new(value: f64) -> Option<Self> {
        (0.0..=1.0).contains(&value).then_some(Self(value))
    }

    /// Makes a multiplier, held to 0 to 1; NaN becomes zero, the careful side.
    pub fn clamped(value: f64) -> Self {
        if value.is_nan() { Self::ZERO } else { Self(value.clamp(0.0, 1.0)) }
    }

    /// Returns the share.
    pub const fn get(self) -> f64 {
        self.0
    }

    /// Returns this share of a price, rounded down.
    pub fn of(self, price: CpmMicros) -> CpmMicros {
        CpmMicros::from_f64(price.as_f64() * self.0, Rounding::Down)
    }
}

impl Default for Multiplier {
    fn default() -> Self {
        Self::ONE
    }
}

impl fmt::Debug for Multiplier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "×{:.6}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nan_is_not_a_chance() {
        assert_eq!(Probability::new(f64::NAN), None);
        assert_eq!(Probability::clamped(f64::NAN), Probability::ZERO);
        assert_eq!(Multiplier::new(f64::NAN), None);
        assert_eq!(Multiplier::clamped(f64::NAN), Multiplier::ZERO);
    }

    #[test]
    fn chances_outside_the_range_are_refused() {
        assert_eq!(Probability::new(1.2), None);
        assert_eq!(Probability::new(-0.1), None);
    }
}
