//! Two teams against each other in the same worlds: what each arm got, seed by seed, for the statistics to judge.
//!
//! | design | arms | budgets |
//! |---|---|---|
//! | separate worlds | each team has the same world to itself, one after the other | whole |
//! | budget split | listeners are split in halves, each half a market of its own | halved for each |
//! | user split | listeners are split, both teams decide side by side in one engine | shared |
//!
//! Only a simulator can do the first. A user split is what live systems do most; where budgets bind it lies, because an arm
//! that spends faster takes the other arm's money, which is a difference between the arms and none to the platform.
//!
//! In the two splits both arms begin under team A for some days. What each half got in that time is the covariate of CUPED.

mod arms;
mod halves;

use serde::{Deserialize, Serialize};

pub use self::{arms::play, halves::Halves};
use crate::report::Report;

/// How the arms are kept apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Design {
    /// Each team alone in the same world.
    SeparateWorlds,
    /// Listeners and budgets split in halves.
    BudgetSplit,
    /// Listeners split, budgets shared.
    UserSplit,
}

/// What one arm got.
#[derive(Clone, Copy, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Arm {
    /// Requests.
    pub requests: f64,
    /// Impressions.
    pub impressions: f64,
    /// Clicks.
    pub clicks: f64,
    /// Conversions.
    pub conversions: f64,
    /// What campaigns paid.
    pub spend: f64,
    /// What the impressions were truly worth to them.
    pub worth: f64,
    /// What the platform kept.
    pub revenue: f64,
    /// Impressions of a campaign the listener still remembered.
    pub repeated: f64,
    /// What was paid for traffic of attacks.
    pub invalid_spend: f64,
    /// Listeners who came.
    pub listeners: f64,
    /// Units that were split: listeners, or in a user split those the engine can tell apart.
    pub units: f64,
}

impl Arm {
    /// Takes what an arm got from its report.
    pub fn of(report: &Report) -> Self {
        let all = &report.all;
        Self {
            requests: all.requests as f64,
            impressions: all.impressions as f64,
            clicks: all.clicks as f64,
            conversions: all.conversions as f64,
            spend: all.spend.units(),
            worth: all.worth_nanos / 1e9,
            revenue: report.revenue,
            repeated: all.repeated as f64,
            invalid_spend: all.invalid_spend.units(),
            listeners: report.experience.listeners as f64,
            units: report.experience.listeners as f64,
        }
    }

    /// Returns worth minus spend.
    pub fn surplus(&self) -> f64 {
        self.worth - self.spend
    }
}

/// Both arms of one seed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pair {
    /// The world's seed.
    pub seed: u64,
    /// Team A's arm.
    pub a: Arm,
    /// Team B's arm.
    pub b: Arm,
    /// What the listeners of each arm brought before B began, both under team A; absent where there was no such time.
    pub before: Option<(Arm, Arm)>,
    /// The share of campaigns in arm A that used nearly all of their daily budget.
    pub exhausted: f64,
}
