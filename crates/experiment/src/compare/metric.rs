//! What is measured: metrics with their role, and values per unit.

use crate::error::{Error, same_length};
use crate::estimate::{Margin, linearised};
use crate::gate::Goal;
use serde::{Deserialize, Serialize};

/// What a metric is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Decides the verdict.
    Primary,
    /// Explains it; never decides.
    Secondary,
    /// Must not get worse by more than its margin.
    Guardrail,
}

/// A metric: its name, which way it should move, and what it is for.
#[derive(Clone, Debug, PartialEq)]
pub struct Metric {
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) goal: Goal,
    pub(crate) margin: Option<Margin>,
    pub(crate) cap_quantile: Option<f64>,
    pub(crate) target_lift: Option<f64>,
}

impl Metric {
    /// A metric that decides.
    pub fn primary(name: impl Into<String>, goal: Goal) -> Self {
        Self::new(name, Role::Primary, goal, None)
    }

    /// A metric that explains.
    pub fn secondary(name: impl Into<String>, goal: Goal) -> Self {
        Self::new(name, Role::Secondary, goal, None)
    }

    /// A metric that must not get worse by more than `margin`.
    pub fn guardrail(name: impl Into<String>, goal: Goal, margin: Margin) -> Self {
        Self::new(name, Role::Guardrail, goal, Some(margin))
    }

    fn new(name: impl Into<String>, role: Role, goal: Goal, margin: Option<Margin>) -> Self {
        Self { name: name.into(), role, goal, margin, cap_quantile: None, target_lift: None }
    }

    /// Lets a primary or secondary metric end as "no worse than the margin".
    #[must_use]
    pub const fn with_margin(mut self, margin: Margin) -> Self {
        self.margin = Some(margin);
        self
    }

    /// Caps the values at this quantile of both arms together, above 0 and below 1. Choose it before seeing the data.
    #[must_use]
    pub const fn winsorised_at(mut self, quantile: f64) -> Self {
        self.cap_quantile = Some(quantile);
        self
    }

    /// Sets the least relative lift worth finding, for which the sample still needed is planned. Without it the plan is
    /// for the effect seen, which is itself noisy.
    #[must_use]
    pub const fn worth_finding(mut self, lift: f64) -> Self {
        self.target_lift = Some(lift);
        self
    }
}

/// A metric's values in one arm, one per unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Values {
    pub(crate) per_unit: Vec<f64>,
    denominators: Option<Vec<f64>>,
    before: Option<Vec<f64>>,
    before_denominators: Option<Vec<f64>>,
}

impl Values {
    /// Values whose mean is compared.
    pub const fn of(values: Vec<f64>) -> Self {
        Self { per_unit: values, denominators: None, before: None, before_denominators: None }
    }

    /// Numerators and denominators whose ratio of sums is compared: clicks and impressions, cost and actions.
    pub const fn ratio(numerators: Vec<f64>, denominators: Vec<f64>) -> Self {
        Self {
            per_unit: numerators,
            denominators: Some(denominators),
            before: None,
            before_denominators: None,
        }
    }

    /// Adds a covariate from before the start, for CUPED.
    #[must_use]
    pub fn with_before(mut self, before: Vec<f64>) -> Self {
        self.before = Some(before);
        self
    }

    /// Adds the ratio's numerators and denominators from before the start, for CUPED.
    #[must_use]
    pub fn with_before_ratio(mut self, numerators: Vec<f64>, denominators: Vec<f64>) -> Self {
        (self.before, self.before_denominators) = (Some(numerators), Some(denominators));
        self
    }

    /// One number per unit whose mean is the arm's estimate.
    pub(crate) fn linear(&self) -> Result<Vec<f64>, Error> {
        match &self.denominators {
            None => Ok(self.per_unit.clone()),
            Some(denominators) => linearised("a ratio", &self.per_unit, denominators),
        }
    }

    /// The covariate per unit, linearised where it is a ratio.
    pub(crate) fn linear_before(&self) -> Result<Option<Vec<f64>>, Error> {
        let Some(before) = &self.before else { return Ok(None) };
        same_length("values and covariates", &self.per_unit, before)?;
        match &self.before_denominators {
            None => Ok(Some(before.clone())),
            Some(denominators) => linearised("a ratio before the start", before, denominators).map(Some),
        }
    }
}
