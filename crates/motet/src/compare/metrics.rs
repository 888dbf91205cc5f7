//! What is compared.

use motet_experiment::Goal;
use motet_sim::versus::Arm;

/// One metric: a sum, or a ratio of two.
#[derive(Debug)]
pub(crate) struct Measure {
    /// Its name, as `--metric` takes it.
    pub(crate) name: &'static str,
    /// Which way it should move.
    pub(crate) goal: Goal,
    /// What is summed, or stands above the line.
    pub(crate) above: fn(&Arm) -> f64,
    /// What stands below the line.
    pub(crate) below: Option<fn(&Arm) -> f64>,
    /// By what share a guardrail may get worse; other metrics only explain.
    pub(crate) margin: Option<f64>,
}

/// Everything compared. The guardrails are what listeners live through and what is paid for nothing.
pub(crate) const MEASURES: &[Measure] = &[
    Measure { name: "surplus", goal: Goal::Higher, above: Arm::surplus, below: None, margin: None },
    Measure { name: "worth", goal: Goal::Higher, above: |arm| arm.worth, below: None, margin: None },
    Measure { name: "revenue", goal: Goal::Higher, above: |arm| arm.revenue, below: None, margin: None },
    Measure { name: "spend", goal: Goal::Higher, above: |arm| arm.spend, below: None, margin: None },
    Measure { name: "clicks", goal: Goal::Higher, above: |arm| arm.clicks, below: None, margin: None },
    Measure {
        name: "conversions",
        goal: Goal::Higher,
        above: |arm| arm.conversions,
        below: None,
        margin: None,
    },
    Measure {
        name: "click-rate",
        goal: Goal::Higher,
        above: |arm| arm.clicks,
        below: Some(|arm| arm.impressions),
        margin: None,
    },
    Measure {
        name: "return",
        goal: Goal::Higher,
        above: |arm| arm.worth,
        below: Some(|arm| arm.spend),
        margin: None,
    },
    Measure {
        name: "repeat-rate",
        goal: Goal::Lower,
        above: |arm| arm.repeated,
        below: Some(|arm| arm.impressions),
        margin: Some(0.1),
    },
    Measure {
        name: "ad-load",
        goal: Goal::Lower,
        above: |arm| arm.impressions,
        below: Some(|arm| arm.requests),
        margin: Some(0.1),
    },
    Measure {
        name: "invalid-spend",
        goal: Goal::Lower,
        above: |arm| arm.invalid_spend,
        below: Some(|arm| arm.spend),
        margin: Some(0.1),
    },
];
