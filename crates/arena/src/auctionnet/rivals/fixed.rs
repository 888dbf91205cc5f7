//! A constant multiple of the target CPA.

use super::super::bidder::{Bidder, Bids, View};

/// Bids a constant multiple of target CPA × value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fixed {
    /// The multiple; 1 is the truthful bid.
    pub multiple: f64,
}

impl Bidder for Fixed {
    fn bid(&mut self, view: &View<'_>) -> Bids {
        Bids::Multiplier((self.multiple * view.advertiser.target_cpa) as f32)
    }
}
