//! What is counted, of one campaign, one publisher, or all together; and the figures made of it.

use motet_units::Nanos;
use serde::{Deserialize, Serialize};

/// Counts over a run. Money is in nanos of the accounting currency.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Tally {
    /// Requests (of a publisher, or all).
    pub requests: u64,
    /// Slots in them.
    pub imps: u64,
    /// Bids made.
    pub bids: u64,
    /// Auctions won.
    pub wins: u64,
    /// Ads rendered to people.
    pub impressions: u64,
    /// Of these, ads that could be seen or heard.
    pub viewable: u64,
    /// Of these, ads of a campaign the visitor still remembered.
    pub repeated: u64,
    /// Clicks people made.
    pub clicks: u64,
    /// Conversions.
    pub conversions: u64,
    /// Clicks and conversions that were never told.
    pub untold: u64,
    /// What was charged.
    pub spend: Nanos,
    /// Of this, what was charged for traffic of attacks.
    pub invalid_spend: Nanos,
    /// What the impressions were truly worth to the campaigns, expected.
    pub worth_nanos: f64,
    /// What the conversions brought.
    pub sales: Nanos,
}

impl Tally {
    /// Adds another's counts.
    pub fn add(&mut self, other: &Self) {
        self.requests += other.requests;
        self.imps += other.imps;
        self.bids += other.bids;
        self.wins += other.wins;
        self.impressions += other.impressions;
        self.viewable += other.viewable;
        self.repeated += other.repeated;
        self.clicks += other.clicks;
        self.conversions += other.conversions;
        self.untold += other.untold;
        self.spend += other.spend;
        self.invalid_spend += other.invalid_spend;
        self.worth_nanos += other.worth_nanos;
        self.sales += other.sales;
    }

    /// Works out the figures. A rate whose base is 0 is absent, never 0.
    ///
    /// ```
    /// use motet_sim::report::Tally;
    /// use motet_units::Nanos;
    /// let tally = Tally { impressions: 200, clicks: 3, spend: Nanos::from_units(1.5), ..Tally::default() };
    /// let figures = tally.figures();
    /// assert_eq!(figures.click_rate, Some(0.015));
    /// assert_eq!(figures.cost_per_click, Some(0.5));
    /// assert_eq!(figures.conversion_rate, Some(0.0));
    /// assert_eq!(figures.cost_per_conversion, None);
    /// ```
    pub fn figures(&self) -> Figures {
        let spend = self.spend.units();
        let worth = self.worth_nanos / 1e9;
        Figures {
            bid_rate: ratio(self.bids as f64, self.imps as f64),
            win_rate: ratio(self.wins as f64, self.bids as f64),
            click_rate: ratio(self.clicks as f64, self.impressions as f64),
            conversion_rate: ratio(self.conversions as f64, self.clicks as f64),
            viewable_rate: ratio(self.viewable as f64, self.impressions as f64),
            repeat_rate: ratio(self.repeated as f64, self.impressions as f64),
            cpm: ratio(spend * 1_000.0, self.impressions as f64),
            cost_per_click: ratio(spend, self.clicks as f64),
            cost_per_conversion: ratio(spend, self.conversions as f64),
            spend,
            worth,
            surplus: worth - spend,
            roi: ratio(worth - spend, spend),
            return_on_spend: ratio(self.sales.units(), spend),
        }
    }
}

/// Figures made of counts. Money is in units of the accounting currency.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// Bids per slot.
    pub bid_rate: Option<f64>,
    /// Wins per bid.
    pub win_rate: Option<f64>,
    /// Clicks per impression (CTR).
    pub click_rate: Option<f64>,
    /// Conversions per click.
    pub conversion_rate: Option<f64>,
    /// Viewable per impression.
    pub viewable_rate: Option<f64>,
    /// Impressions of a campaign the visitor still remembered, per impression.
    pub repeat_rate: Option<f64>,
    /// Spend per thousand impressions.
    pub cpm: Option<f64>,
    /// Spend per click.
    pub cost_per_click: Option<f64>,
    /// Spend per conversion (CPA).
    pub cost_per_conversion: Option<f64>,
    /// Spend.
    pub spend: f64,
    /// What the impressions were worth, expected.
    pub worth: f64,
    /// Worth minus spend.
    pub surplus: f64,
    /// Surplus per spend.
    pub roi: Option<f64>,
    /// Sales per spend (ROAS).
    pub return_on_spend: Option<f64>,
}

/// Divides, unless by nothing.
pub(crate) fn ratio(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole)
}
