//! Where ads are shown: publishers, their slots and their floors.

use serde::{Deserialize, Serialize};

use super::Outside;

/// A publisher, or several alike.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Publisher {
    /// Its id; with `count` above 1 a number is added.
    pub id: String,
    /// How many there are of its kind.
    #[serde(default = "one")]
    pub count: u16,
    /// What its slots play or show.
    pub medium: Medium,
    /// Its share of sessions, relative to the others' (for all of `count` together).
    pub share: f64,
    /// Whether the deciding auction is ours, without an outside market.
    #[serde(default)]
    pub owned: bool,
    /// Whether its exchange prices by the second highest bid; first price otherwise.
    #[serde(default)]
    pub second_price: bool,
    /// What it is about: names of top categories of the content taxonomy; empty means everything.
    #[serde(default)]
    pub topics: Vec<String>,
    /// Requests in an average session.
    #[serde(default = "default_requests")]
    pub requests_per_session: f64,
    /// Mean seconds between two requests of a session.
    #[serde(default = "default_gap")]
    pub gap_s: f64,
    /// Slots in an average request (its ad load), 1 to 6.
    #[serde(default = "default_slots")]
    pub slots: f64,
    /// Its floors.
    #[serde(default)]
    pub floor: Floor,
    /// The chance of a click on an average ad.
    pub click_rate: f64,
    /// The share of rendered ads that can be seen or heard.
    #[serde(default = "default_viewable")]
    pub viewable: f64,
    /// What the outside market pays here, relative to elsewhere.
    #[serde(default = "one_f")]
    pub price_level: f64,
    /// The outside market here, where it differs from everywhere else's by more than its level.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outside: Option<Outside>,
}

const fn one() -> u16 {
    1
}
const fn one_f() -> f64 {
    1.0
}
const fn default_requests() -> f64 {
    4.0
}
const fn default_gap() -> f64 {
    60.0
}
const fn default_slots() -> f64 {
    1.0
}
const fn default_viewable() -> f64 {
    0.7
}

/// What a slot plays or shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Medium {
    /// Audio spots in an app or stream.
    Audio,
    /// Video in a player.
    Video,
    /// Banners on a page.
    Banner,
    /// Native ads in a feed or a shop's listing.
    Native,
}

/// The lowest price a publisher takes, in CPM units of the accounting currency, by the name of its model.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
#[serde(tag = "model", rename_all = "snake_case", deny_unknown_fields)]
pub enum Floor {
    /// None.
    #[default]
    None,
    /// Always the same.
    Fixed {
        /// CPM.
        cpm: f64,
    },
    /// Drawn for each slot.
    LogNormal {
        /// The median CPM.
        median_cpm: f64,
        /// The standard deviation of the logarithm.
        sigma: f64,
    },
    /// As observed: a share without floor, and quantiles of the rest at even steps.
    Quantiles {
        /// The share of slots without a floor.
        none: f64,
        /// CPM, rising, at least two.
        cpm: Vec<f64>,
    },
}
