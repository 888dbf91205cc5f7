//! From the values of units to an estimated difference and its standard error.
//!
//! Every metric, whatever its kind, becomes one number per unit whose mean is the estimate: the value itself for a
//! mean, the linearised value for a ratio, the adjusted value under CUPED. After that there are only two cases,
//! paired and independent, and both end in one [`Contrast`]. So a new kind of metric cannot disagree with the
//! rest about its standard error.

mod contrast;
mod cuped;
mod moments;
mod ratio;
mod stages;
mod winsor;

pub use contrast::{Contrast, Fieller, Margin};
pub use cuped::{Adjusted, adjusted_independent, adjusted_paired};
pub use moments::{Moments, covariance};
pub use ratio::{RatioMoments, linearised};
pub use stages::combine_stages;
pub use winsor::{winsorise_pooled, winsorise_upper};
