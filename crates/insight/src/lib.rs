//! Metrics and explanations.
