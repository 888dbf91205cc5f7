//! Statistics that stay valid however often one looks.
//!
//! A fixed 95 % interval looked at a hundred times is wrong 35 to 37 times in a hundred. The ones here are right at
//! all looks at once: with chance 1 − error rate the truth is inside *every* interval of the sequence. Each is the
//! inversion of a test martingale M (a bet against the null that starts at 1 and cannot grow on average under
//! it), by Ville's inequality P(sup M ≥ 1/α) ≤ α. M itself is the e-value, 1/sup M an anytime p-value.
//!
//! | function | for | exact or asymptotic |
//! |---|---|---|
//! | [`StudentMixture`] | means, pairs, regressions with few or many units | exact for normal values at every n |
//! | [`AsymptoticMixture`] | many independent units | asymptotic; what GrowthBook computes |
//! | [`BoundedMean`] | values in a known range | exact without any normality |
//! | [`msprt_normal`], [`msprt_bernoulli`] | a stream with known variance; clicks | exact; asymptotic |
//! | [`quantile_band`] | latency percentiles, all at once | exact |

mod asymptotic;
mod bounded;
mod msprt;
mod quantile_band;
mod student;

pub use asymptotic::AsymptoticMixture;
pub use bounded::BoundedMean;
pub use msprt::{msprt_bernoulli, msprt_normal};
pub use quantile_band::{quantile_band, quantile_interval};
pub use student::StudentMixture;

/// Returns the ρ² for which a mixture sequence is tightest when `planned` units have come.
///
/// ρ² = (−2·ln α + ln(1 − 2·ln α)) / N (Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas 2021, with the usual
/// approximation of the Lambert function). One-sided sequences tune at 2α. It must be fixed before the data are seen.
pub(crate) fn tuned_rho2(planned: f64, error_rate: f64) -> f64 {
    let cost = -2.0 * libm::log(error_rate);
    (cost + libm::log1p(cost)) / planned
}
