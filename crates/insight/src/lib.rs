//! Metrics and explanations.

pub mod explain;
pub mod metrics;
