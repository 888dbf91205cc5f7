//! Group-sequential tests: a known number of looks, planned in advance.
//!
//! Where the final size can be estimated this is the most powerful way of looking more than once; where it cannot,
//! use a confidence sequence. A [`Spending`] function says how much of the error rate may be used up by each fraction
//! of the information; the bounds follow from the joint distribution of the looks, which is computed exactly by
//! recursive integration at *every* look, including very early ones with tiny spends.

mod plan;
mod recursion;
mod spending;

pub use plan::{GroupPlan, equal_looks, obrien_fleming_constant, pocock_constant};
pub use recursion::{Crossing, crossing_chances};
pub use spending::Spending;
