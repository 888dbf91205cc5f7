//! Assignment, statistics and verdicts of comparisons; pure.
//!
//! Holds everything between per-unit values and a verdict that a statistician would sign: who is assigned to which arm
//! ([`assign`]), estimates and their standard errors ([`estimate`]), tests that stay valid when looked at more than once
//! ([`sequential`], [`group`]), checks on the data ([`sample_ratio`]), correction for several metrics ([`multiple`]), planning
//! ([`power`]), guardrails ([`gate`]) and the report ([`compare`]).
//!
//! Why a crate of its own: the simulator's comparisons and live ramps must not differ in their statistics, so both call
//! this one. It knows no simulator, no server, no clock and no ambient chance; equal values give equal bytes.
//!
//! What it never does: it does not choose a metric, a margin or an error rate after the data are seen; it does not answer
//! where the data cannot, it says *undecided*; it does not turn a failed check into a warning beside a verdict.
//!
//! From two lists of results by seed to a printed verdict:
//!
//! ```
//! use motet_experiment::{Comparison, Goal, Margin, Metric, Values, Verdict};
//!
//! let (revenue_a, revenue_b) = (vec![101.0, 97.0, 110.0, 103.0, 99.0, 108.0], vec![107.0, 102.0, 117.0, 108.0, 106.0, 113.0]);
//! let (repeats_a, repeats_b) = (vec![0.21, 0.19, 0.20, 0.22, 0.20, 0.21], vec![0.20, 0.19, 0.20, 0.21, 0.20, 0.20]);
//! let report = Comparison::new("agents against baseline")
//!     .metric(Metric::primary("revenue", Goal::Higher), Values::of(revenue_a), Values::of(revenue_b))
//!     .metric(
//!         Metric::guardrail("repeat rate", Goal::Lower, Margin::Relative(0.02)),
//!         Values::of(repeats_a),
//!         Values::of(repeats_b),
//!     )
//!     .run()?;
//! println!("{report}");
//! assert_eq!(report.verdict, Verdict::Better);
//! assert!(report.to_string().starts_with("agents against baseline: B is better than A on revenue"));
//! # Ok::<(), motet_experiment::Error>(())
//! ```

// Exact answers are asked for exactly, and the letters of a worked example are the formula's.
#![cfg_attr(test, allow(clippy::float_cmp, clippy::many_single_char_names))]

pub mod assign;
pub mod compare;
mod error;
pub mod estimate;
pub mod gate;
pub mod group;
mod interval;
mod looks;
pub mod multiple;
pub mod power;
pub mod sample_ratio;
pub mod sequential;
mod sides;
pub mod special;

pub use compare::{
    Budgets, Caution, Comparison, Metric, MetricReport, Pairing, Report, Role, Split, Values, Verdict,
};
pub use error::Error;
pub use estimate::Margin;
pub use gate::{Gate, Goal, Guard};
pub use interval::Interval;
pub use looks::{Looks, Statistic};
pub use multiple::Correction;
pub use sides::Sides;
