//! What all agents of a team are to bring about together, as written weights.

use serde::{Deserialize, Serialize};

/// The weights of the shared objective. Every part is in units of the accounting currency:
///
/// `J = revenue · Σ kept + surplus · Σ (worth − spend) − experience · Σ (repeat_cpm · repeats + load_cpm · impressions) ÷ 1,000
/// − under_delivery · Σ (budget − spend) − invalid · Σ invalid spend`
///
/// *Kept* is what the platform keeps of the spend, *worth* what impressions were truly worth to the campaigns (expected, at
/// the moment they were shown), a *repeat* an impression of a campaign its visitor still remembered, *budget* the daily
/// budgets' share of the time that passed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Objective {
    /// What a unit of revenue counts.
    pub revenue: f64,
    /// What a unit of advertisers' surplus counts.
    pub surplus: f64,
    /// What a unit of strain on viewers counts against it.
    pub experience: f64,
    /// What a unit of budget not spent counts against it.
    pub under_delivery: f64,
    /// What a unit spent on invalid traffic counts against it.
    pub invalid: f64,
    /// What a thousand repeated impressions strain viewers, as CPM units.
    pub repeat_cpm: f64,
    /// What a thousand impressions strain viewers, as CPM units.
    pub load_cpm: f64,
}

impl Default for Objective {
    fn default() -> Self {
        Self {
            revenue: 1.0,
            surplus: 1.0,
            experience: 1.0,
            under_delivery: 0.2,
            invalid: 1.0,
            repeat_cpm: 1.0,
            load_cpm: 0.1,
        }
    }
}

impl Objective {
    /// Returns the names and values of all weights, in their written order.
    pub const fn weights(&self) -> [(&'static str, f64); 7] {
        [
            ("revenue", self.revenue),
            ("surplus", self.surplus),
            ("experience", self.experience),
            ("under_delivery", self.under_delivery),
            ("invalid", self.invalid),
            ("repeat_cpm", self.repeat_cpm),
            ("load_cpm", self.load_cpm),
        ]
    }
}
