//! One-sided or two-sided.

use serde::{Deserialize, Serialize};

/// In which directions a statistic counts as evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sides {
    /// Large values only: harm proven, non-inferiority proven.
    One,
    /// Both directions: better or worse.
    Two,
}

impl Sides {
    /// Returns the share of the error rate that each direction may spend.
    pub const fn per_side(self, error_rate: f64) -> f64 {
        match self {
            Self::One => error_rate,
            Self::Two => error_rate / 2.0,
        }
    }
}
