//! What a comparison answers, ready to be written as JSON.

use super::metric::Role;
use super::wording;
use crate::estimate::{Fieller, Margin};
use crate::gate::{Goal, Guard};
use crate::interval::Interval;
use crate::looks::Looks;
use crate::multiple::Correction;
use crate::sample_ratio::RatioCheck;
use core::fmt;
use serde::{Deserialize, Serialize};

/// The outcome of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// B is better: a difference in the right direction is proven.
    Better,
    /// B is worse: a difference in the wrong direction is proven.
    Worse,
    /// B is not worse than A by more than the margin agreed on.
    NoWorseThanMargin,
    /// Neither is proven with the data so far.
    Undecided,
}

/// How the arms were kept apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Split {
    /// Each arm alone in a world of its own: only a simulator can.
    SeparateWorlds,
    /// Users are split, budgets are shared. Voided by budgets that bind.
    UserSplit,
    /// Users are split, and each campaign's budget in the same ratio.
    BudgetSplit,
}

/// Whether the values of A and B belong together one by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pairing {
    /// The i-th value of A and the i-th of B come from the same unit (seed, campaign-day).
    Paired,
    /// The units of the two arms are different ones.
    Independent,
}

/// Whether campaigns run out of budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Budgets {
    /// Not known.
    Unknown,
    /// Some do: the arms compete for the same money under a user split.
    Bind,
    /// None does.
    Slack,
}

/// A reason to distrust the figures.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Caution {
    /// The arms did not get their intended shares. Blocks.
    SampleRatioMismatch {
        /// The p-value of the check.
        p_value: f64,
    },
    /// Too many units were seen in both arms. Blocks.
    SeenInBothArms {
        /// The share of all units.
        share: f64,
    },
    /// Users were split while budgets bind, so that the arms took money from each other. Blocks.
    BudgetsBind,
    /// Users were split and nobody said whether budgets bind.
    BudgetsUnknown,
    /// So few units that the normal approximation must be taken on trust.
    FewUnits {
        /// The fewest degrees of freedom of any metric.
        degrees: f64,
    },
}

impl Caution {
    /// Returns whether it keeps the comparison undecided.
    pub const fn blocks(self) -> bool {
        matches!(self, Self::SampleRatioMismatch { .. } | Self::SeenInBothArms { .. } | Self::BudgetsBind)
    }
}

/// An estimated difference B − A, in the metric's unit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// The estimate.
    pub value: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// Its interval at the metric's level.
    pub interval: Interval,
}

/// An estimated relative lift (B − A)/A.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lift {
    /// The estimate.
    pub value: f64,
    /// Its delta-method standard error.
    pub standard_error: f64,
    /// Its delta-method interval at the metric's level.
    pub delta: Interval,
    /// Fieller's set at the same level.
    pub fieller: Fieller,
}

/// What CUPED did.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Adjustment {
    /// The coefficient of the covariate.
    pub theta: f64,
    /// The share of the difference's variance removed.
    pub variance_removed: f64,
}

/// Everything about one metric.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricReport {
    /// The metric's name.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// Which way it should move.
    pub goal: Goal,
    /// Its margin, if it has one.
    pub margin: Option<Margin>,
    /// The units of A.
    pub units_a: u64,
    /// The units of B.
    pub units_b: u64,
    /// The mean (or ratio) of A, unadjusted.
    pub mean_a: f64,
    /// The mean (or ratio) of B, unadjusted.
    pub mean_b: f64,
    /// The difference, adjusted where there is a covariate.
    pub difference: Difference,
    /// The relative lift; `None` where A's mean is 0.
    pub lift: Option<Lift>,
    /// The difference in standard errors; `None` where it is infinite (units that never vary).
    pub statistic: Option<f64>,
    /// The degrees of freedom.
    pub degrees: f64,
    /// The two-sided p-value of "no difference", valid as the design's looks are.
    pub p_value: f64,
    /// The p-value after the correction for several metrics.
    pub p_adjusted: f64,
    /// The e-value, under an anytime design.
    pub e_value: Option<f64>,
    /// The error rate at which the intervals are drawn, after correction.
    pub level: f64,
    /// What CUPED did, where a covariate was given.
    pub adjustment: Option<Adjustment>,
    /// The cap of winsorised values.
    pub cap: Option<f64>,
    /// The margin's evidence, where there is a margin.
    pub guard: Option<Guard>,
    /// The verdict on this metric.
    pub verdict: Verdict,
    /// The least difference that this sample finds at the planned power; `None` while it can find nothing.
    pub minimum_effect: Option<f64>,
    /// The units (pairs, or both arms together) for a decision at the planned power, all counted, not only further
    /// ones; `None` once decided, or where no affordable sample is enough.
    pub units_needed: Option<f64>,
    /// The verdict in a sentence.
    pub sentence: String,
}

/// The report of a comparison.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The comparison's name.
    pub name: String,
    /// How the arms were kept apart.
    pub split: Split,
    /// Whether the values come in pairs.
    pub pairing: Pairing,
    /// How often the data are looked at.
    pub looks: Looks,
    /// The correction for several metrics.
    pub correction: Correction,
    /// The chance of a false better-or-worse.
    pub error_rate: f64,
    /// The one-sided error rate of each margin.
    pub guardrail_error_rate: f64,
    /// The power for which samples are planned.
    pub power: f64,
    /// The sample-ratio check, where counts were given.
    pub sample_ratio: Option<RatioCheck>,
    /// Reasons to distrust the figures.
    pub cautions: Vec<Caution>,
    /// The metrics, in the order given.
    pub metrics: Vec<MetricReport>,
    /// The verdict on all.
    pub verdict: Verdict,
    /// The verdict in a sentence.
    pub sentence: String,
}

impl Report {
    /// Returns the metric of that name.
    pub fn metric(&self, name: &str) -> Option<&MetricReport> {
        self.metrics.iter().find(|metric| metric.name == name)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Better => "better",
            Self::Worse => "worse",
            Self::NoWorseThanMargin => "no worse than the margin",
            Self::Undecided => "undecided",
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}", self.name, self.sentence)?;
        for metric in &self.metrics {
            writeln!(f, "  {}", metric.sentence)?;
        }
        for caution in &self.cautions {
            writeln!(f, "  caution: {}", wording::caution(*caution))?;
        }
        Ok(())
    }
}
