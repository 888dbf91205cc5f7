//! Everybody's money: what one side pays the others receive, to the nano.

use motet_units::Nanos;
use serde::{Deserialize, Serialize};

/// The accounts of a run. Payments are negative, income positive; their sum is always zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Books {
    /// Our campaigns.
    pub advertisers: Nanos,
    /// Everyone else who bought.
    pub rivals: Nanos,
    /// Whoever sold.
    pub publishers: Nanos,
    /// The platform's share.
    pub platform: Nanos,
}

impl Books {
    /// Books what one of our campaigns paid: the platform keeps its share, rounded down, the publisher gets the rest.
    pub fn sell_to_us(&mut self, price: Nanos, take_rate: f64) -> Nanos {
        let kept = Nanos::from_f64(price.as_f64() * take_rate, motet_units::Rounding::Down);
        self.advertisers -= price;
        self.platform += kept;
        self.publishers += price - kept;
        kept
    }

    /// Books what a rival paid; that is between it and the publisher.
    pub fn sell_to_rival(&mut self, price: Nanos) {
        self.rivals -= price;
        self.publishers += price;
    }

    /// Returns the sum over all, which is zero.
    pub fn balance(&self) -> Nanos {
        self.advertisers + self.rivals + self.publishers + self.platform
    }
}
