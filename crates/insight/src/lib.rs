//! Metrics and explanations.

pub mod explain;
