//! A comparison from per-unit values to a verdict.
//!
//! A unit is whatever was randomised or repeated: a seed of the simulator, a user, a campaign-day. Give each metric's
//! value per unit under A and under B; get a [`Report`] with every statistic, a verdict per metric and one for all.
//!
//! Paired by seed is the plainest and the strongest: both arms live through the same world, so what the worlds share
//! cancels.
//!
//! ```
//! use motet_experiment::{Comparison, Goal, Looks, Metric, Pairing, Split, Values, Verdict};
//!
//! // Revenue of ten seeds, once under the baseline and once under the agents.
//! let baseline = vec![101.0, 97.0, 110.0, 103.0, 99.0, 108.0, 95.0, 104.0, 100.0, 106.0];
//! let agents = vec![107.0, 102.0, 117.0, 108.0, 106.0, 113.0, 101.0, 110.0, 107.0, 111.0];
//! let report = Comparison::new("agents against baseline")
//!     .design(Split::BudgetSplit, Pairing::Paired)
//!     .looks(Looks::Anytime { planned: 20.0 })
//!     .metric(Metric::primary("revenue", Goal::Higher), Values::of(baseline), Values::of(agents))
//!     .run()?;
//! assert_eq!(report.verdict, Verdict::Better);
//! println!("{report}");
//! # Ok::<(), motet_experiment::Error>(())
//! ```
//!
//! # How the verdict of all metrics comes about
//!
//! 1. A guardrail with proven harm: *worse*, whatever else holds.
//! 2. Data that failed a check (sample ratio, units in both arms, a user split while budgets bind): *undecided*.
//! 3. A primary metric that is worse: *worse*. 4. A guardrail not yet proven non-inferior: *undecided*.
//! 5. A primary metric that is better: *better*. 6. All primary metrics, or all guardrails where there is no primary, proven
//!    non-inferior: *no worse than the margin*. 7. Otherwise *undecided*.
//!
//! Primary metrics share the error rate under the chosen correction; secondary ones share a rate of their own and never
//! decide. Guardrails each have their own one-sided rate.

mod analysis;
mod metric;
mod overall;
mod report;
mod wording;

pub use metric::{Metric, Role, Values};
pub use report::{
    Adjustment, Budgets, Caution, Difference, Lift, MetricReport, Pairing, Report, Split, Verdict,
};

use crate::error::{Error, open_unit};
use crate::looks::Looks;
use crate::multiple::Correction;
use crate::sample_ratio::{RatioCheck, RatioWatch, check_ratio};

/// The largest share of units seen in both arms that a comparison tolerates.
pub const BOTH_ARMS_LIMIT: f64 = 0.01;

/// A comparison being put together; see the module's example.
#[derive(Clone, Debug)]
pub struct Comparison {
    pub(crate) name: String,
    pub(crate) split: Split,
    pub(crate) pairing: Pairing,
    pub(crate) looks: Looks,
    pub(crate) budgets: Budgets,
    pub(crate) correction: Correction,
    pub(crate) error_rate: f64,
    pub(crate) guardrail_error_rate: f64,
    pub(crate) power: f64,
    pub(crate) counts: Option<([u64; 2], [f64; 2])>,
    pub(crate) both_arms: Option<(u64, u64)>,
    pub(crate) metrics: Vec<Given>,
}

/// A metric with its values.
#[derive(Clone, Debug)]
pub(crate) struct Given {
    pub(crate) metric: Metric,
    pub(crate) a: Values,
    pub(crate) b: Values,
}

impl Comparison {
    /// Starts a comparison: separate worlds, paired, one look, Holm's correction, error rates 5 %, power 80 %.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            split: Split::SeparateWorlds,
            pairing: Pairing::Paired,
            looks: Looks::Once,
            budgets: Budgets::Unknown,
            correction: Correction::Holm,
            error_rate: 0.05,
            guardrail_error_rate: 0.05,
            power: 0.8,
            counts: None,
            both_arms: None,
            metrics: Vec::new(),
        }
    }

    /// Says how the arms were kept apart and whether the values come in pairs.
    #[must_use]
    pub fn design(mut self, split: Split, pairing: Pairing) -> Self {
        (self.split, self.pairing) = (split, pairing);
        self
    }

    /// Says how often the data are looked at.
    #[must_use]
    pub fn looks(mut self, looks: Looks) -> Self {
        self.looks = looks;
        self
    }

    /// Says whether budgets bind, which voids a user split.
    #[must_use]
    pub const fn budgets(mut self, budgets: Budgets) -> Self {
        self.budgets = budgets;
        self
    }

    /// Sets the correction for several primary (and for several secondary) metrics.
    #[must_use]
    pub const fn correction(mut self, correction: Correction) -> Self {
        self.correction = correction;
        self
    }

    /// Sets the chance of a false better-or-worse, 0.05 unless set.
    #[must_use]
    pub const fn error_rate(mut self, error_rate: f64) -> Self {
        self.error_rate = error_rate;
        self
    }

    /// Sets the one-sided error rate of each margin and of each guardrail's harm, 0.05 unless set.
    #[must_use]
    pub const fn guardrail_error_rate(mut self, error_rate: f64) -> Self {
        self.guardrail_error_rate = error_rate;
        self
    }

    /// Sets the power for which samples are planned, 0.8 unless set.
    #[must_use]
    pub const fn power(mut self, power: f64) -> Self {
        self.power = power;
        self
    }

    /// Gives the units assigned to A and B with their intended shares, for the sample-ratio check.
    #[must_use]
    pub const fn counts(mut self, counts: [u64; 2], shares: [f64; 2]) -> Self {
        self.counts = Some((counts, shares));
        self
    }

    /// Gives how many of all units were seen in both arms.
    #[must_use]
    pub const fn seen_in_both_arms(mut self, units: u64, of: u64) -> Self {
        self.both_arms = Some((units, of));
        self
    }

    /// Adds a metric with its values per unit under A and under B.
    #[must_use]
    pub fn metric(mut self, metric: Metric, a: Values, b: Values) -> Self {
        self.metrics.push(Given { metric, a, b });
        self
    }

    /// Computes the report.
    ///
    /// # Errors
    /// [`Error::NoMetric`], [`Error::SameName`], [`Error::OutOfRange`] for a setting; [`Error::Metric`] names the metric whose
    /// values cannot be used.
    pub fn run(&self) -> Result<Report, Error> {
        self.check()?;
        let sample_ratio = self.sample_ratio()?;
        let metrics = analysis::metrics(self)?;
        let cautions = overall::cautions(self, sample_ratio, &metrics);
        let verdict = overall::verdict(&metrics, &cautions);
        let sentence = wording::overall(verdict, &metrics, &cautions);
        Ok(Report {
            name: self.name.clone(),
            split: self.split,
            pairing: self.pairing,
            looks: self.looks.clone(),
            correction: self.correction,
            error_rate: self.error_rate,
            guardrail_error_rate: self.guardrail_error_rate,
            power: self.power,
            sample_ratio,
            cautions,
            metrics,
            verdict,
            sentence,
        })
    }

    fn check(&self) -> Result<(), Error> {
        open_unit("the error rate", self.error_rate)?;
        open_unit("the guardrail error rate", self.guardrail_error_rate)?;
        open_unit("the power", self.power)?;
        self.looks.checked(self.error_rate)?;
        if self.metrics.is_empty() {
            return Err(Error::NoMetric);
        }
        for (i, given) in self.metrics.iter().enumerate() {
            if self.metrics[..i].iter().any(|other| other.metric.name == given.metric.name) {
                return Err(Error::SameName { name: given.metric.name.clone() });
            }
        }
        Ok(())
    }

    fn sample_ratio(&self) -> Result<Option<RatioCheck>, Error> {
        let Some((counts, shares)) = self.counts else { return Ok(None) };
        let mut check = check_ratio(&counts, &shares)?;
        if matches!(self.looks, Looks::Anytime { .. }) {
            check.p_value = RatioWatch::new(&shares)?.look(&counts)?;
        }
        Ok(Some(check))
    }
}
