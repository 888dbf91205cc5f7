//! An interval whose ends may be infinite.

use serde::{Deserialize, Serialize};

/// A closed interval. An infinite end is written as `null`, because JSON has no infinity.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The lower end.
    #[serde(with = "below")]
    pub low: f64,
    /// The upper end.
    #[serde(with = "above")]
    pub high: f64,
}

impl Interval {
    /// Makes the interval from `low` to `high`.
    pub const fn new(low: f64, high: f64) -> Self {
        Self { low, high }
    }

    /// Makes the interval `centre` ± `reach`.
    pub fn around(centre: f64, reach: f64) -> Self {
        Self::new(centre - reach, centre + reach)
    }

    /// Returns whether the value lies inside, ends included.
    pub fn covers(&self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }

    /// Returns the width.
    pub fn width(&self) -> f64 {
        self.high - self.low
    }
}

macro_rules! infinite_as_null {
    ($name:ident, $missing:expr) => {
        pub(crate) mod $name {
            use serde::{Deserialize, Deserializer, Serialize, Serializer};

            #[allow(clippy::trivially_copy_pass_by_ref)] // The signature that serde asks for.
            pub(crate) fn serialize<S: Serializer>(value: &f64, to: S) -> Result<S::Ok, S::Error> {
                value.is_finite().then_some(*value).serialize(to)
            }

            pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
                Ok(Option::deserialize(from)?.unwrap_or($missing))
            }
        }
    };
}

infinite_as_null!(below, f64::NEG_INFINITY);
infinite_as_null!(above, f64::INFINITY);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_infinite_end_survives_json() {
        let half_line = Interval::new(f64::NEG_INFINITY, 2.5);
        let json = serde_json::to_string(&half_line).unwrap();
        assert_eq!(json, r#"{"low":null,"high":2.5}"#);
        assert_eq!(serde_json::from_str::<Interval>(&json).unwrap(), half_line);
    }
}
