//! What a bidder of this market is: it reads the sums of its past ticks and answers with one multiple of its target CPA.

/// An advertiser's account at the start of a tick, and what it sees of the tick.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Seen<'a> {
    /// The tick, 0 to 47.
    pub tick: usize,
    /// The budget, in units of money.
    pub budget: f64,
    /// What is left of it.
    pub remaining: f64,
    /// The target CPA, in units of money.
    pub target: f64,
    /// The tick's impressions.
    pub impressions: f64,
    /// The mean of the tick's values, as a probability.
    pub value_mean: f64,
    /// The ticks before, oldest first.
    pub past: &'a [Gone],
}

/// What a tick brought.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Gone {
    /// Impressions there were.
    pub impressions: f64,
    /// Their mean value.
    pub value_mean: f64,
    /// The multiple of the target that was bid.
    pub multiple: f64,
    /// What was paid, in units of money.
    pub cost: f64,
    /// Conversions.
    pub conversions: f64,
    /// Conversions that the values of what was shown promised.
    pub expected: f64,
    /// The mean least winning cost, in units of money.
    pub price_mean: f64,
}

/// Whoever sets the multiple.
pub trait Pace {
    /// Returns the multiple of the target CPA to bid in this tick, 0 or more.
    fn multiple(&mut self, seen: &Seen<'_>) -> f64;
}

/// Bids one multiple all day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Steady(pub f64);

impl Pace for Steady {
    fn multiple(&mut self, _: &Seen<'_>) -> f64 {
        self.0
    }
}
