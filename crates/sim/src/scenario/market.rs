//! Who advertises, and who else bids.

use motet_model::campaign::Pacing;
use serde::{Deserialize, Serialize};

use super::{Medium, Range};

/// Campaigns alike.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CampaignGroup {
    /// The id; a number is added.
    pub id: String,
    /// How many there are.
    pub count: u32,
    /// What they pay for.
    pub goal: GoalKind,
    /// What a result is worth: CPM for `cpm`, a click for `cpc`, a conversion for `cpa`, an average sale for `roas`.
    pub worth: Range,
    /// Sales over spend wanted, for `roas`.
    #[serde(default = "default_return")]
    pub return_on_spend: f64,
    /// The budget of a day.
    pub daily_budget: Range,
    /// What its creatives play or show.
    pub media: Vec<Medium>,
    /// What it advertises: names of top categories; empty draws one for each campaign.
    #[serde(default)]
    pub topics: Vec<String>,
    /// Whom it reaches.
    #[serde(default)]
    pub reach: Reach,
    /// How unlike creatives are in quality: the standard deviation of its logarithm.
    #[serde(default = "default_quality")]
    pub quality_sigma: f64,
    /// Creatives of each medium.
    #[serde(default = "default_creatives")]
    pub creatives: u16,
    /// The chance that a click converts, on average.
    #[serde(default = "default_conversion")]
    pub conversion_rate: f64,
    /// How it spends a day's budget.
    #[serde(default)]
    pub pacing: Pacing,
    /// At most this many impressions a day for one listener; 0 means no limit.
    #[serde(default)]
    pub daily_frequency: u16,
    /// The day it enters, counted from the first.
    #[serde(default)]
    pub enters_day: f64,
    /// The day it leaves; 0 means never.
    #[serde(default)]
    pub leaves_day: f64,
}

const fn default_return() -> f64 {
    3.0
}
const fn default_quality() -> f64 {
    0.3
}
const fn default_creatives() -> u16 {
    2
}
const fn default_conversion() -> f64 {
    0.05
}

/// What a campaign pays for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GoalKind {
    /// Impressions.
    Cpm,
    /// Clicks.
    Cpc,
    /// Conversions.
    Cpa,
    /// Sales, at a return on spend.
    Roas,
}

/// Whom a campaign reaches, by the name of its model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// Everyone.
    #[default]
    Everyone,
    /// Content of its own topics.
    Context,
    /// One country of the world's.
    Country,
    /// One kind of device.
    Device,
    /// A mixture of the four, drawn for each campaign.
    Mixed,
}

/// Everyone else who bids.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Market {
    /// The outside market's highest bid.
    pub outside: Outside,
    /// The share of lost auctions whose price to beat is told.
    #[serde(default = "default_told")]
    pub told: f64,
    /// How well the market knows the listener: its bids rise with the listener's own inclination to click to this power.
    #[serde(default)]
    pub informed: f64,
    /// Single rivals with budgets, who pace themselves and react to being outbid.
    #[serde(default)]
    pub rivals: Vec<PacingRival>,
    /// The share of each price the platform keeps.
    #[serde(default)]
    pub take_rate: f64,
}

const fn default_told() -> f64 {
    0.5
}

/// The outside market's highest bid, in CPM units, by the name of its model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "model", rename_all = "snake_case", deny_unknown_fields)]
pub enum Outside {
    /// Nobody else bids.
    None,
    /// Log-normal, the usual shape of landing prices.
    LogNormal {
        /// The median CPM.
        median_cpm: f64,
        /// The standard deviation of the logarithm.
        sigma: f64,
    },
    /// As fitted from logs: quantiles of the highest bid at even steps, censored losses accounted for, with a factor for each
    /// hour of the day.
    Quantiles {
        /// CPM, rising, at least two.
        cpm: Vec<f64>,
        /// A factor for each hour of the day; empty means 1.
        #[serde(default)]
        hours: Vec<f64>,
    },
}

/// A rival with a budget.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PacingRival {
    /// Its name.
    pub id: String,
    /// The share of slots it wants.
    pub interest: f64,
    /// The median CPM a slot is worth to it.
    pub value_cpm: f64,
    /// The standard deviation of the value's logarithm.
    #[serde(default = "default_value_sigma")]
    pub sigma: f64,
    /// What it spends in a day.
    pub daily_budget: f64,
    /// How strongly it raises or lowers its bids against its plan at each tick, 0 to 1.
    #[serde(default = "default_gain")]
    pub gain: f64,
}

const fn default_value_sigma() -> f64 {
    0.5
}
const fn default_gain() -> f64 {
    0.3
}
