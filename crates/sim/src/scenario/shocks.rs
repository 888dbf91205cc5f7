//! What goes wrong or changes on the way.

use serde::{Deserialize, Serialize};

/// Something that changes for a while.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shock {
    /// The hour it begins, counted from the world's first.
    pub from_hour: f64,
    /// The hour it ends; 0 means never.
    #[serde(default)]
    pub to_hour: f64,
    /// What changes.
    #[serde(flatten)]
    pub kind: ShockKind,
}

/// What changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ShockKind {
    /// Traffic is multiplied.
    TrafficSpike {
        /// By this.
        factor: f64,
    },
    /// A rival leaves: one by its id, or a share of the outside market's price.
    RivalLeaves {
        /// The rival; `None` means the outside market itself weakens.
        #[serde(default)]
        rival: Option<String>,
        /// What the outside market's bids are multiplied by, where no rival is named.
        #[serde(default = "one")]
        factor: f64,
    },
    /// A tracker is broken: a share of clicks or conversions is never told.
    BrokenTracker {
        /// The share lost.
        lost: f64,
        /// Whose: a campaign group's id; `None` means everyone's.
        #[serde(default)]
        group: Option<String>,
    },
    /// Budgets of a group are multiplied.
    BudgetChange {
        /// The group's id.
        group: String,
        /// By this.
        factor: f64,
    },
    /// Content feeds are stale: a share of requests names the topic of hours ago.
    StaleFeed {
        /// The share of requests.
        share: f64,
    },
}

const fn one() -> f64 {
    1.0
}
