//! Requests, campaigns, decisions and outcomes as plain data.
//!
//! What every other part speaks about. Nothing here decides anything, and none of it has the shape of a wire
//! format: `openrtb` turns wire forms into these types once, at the edge. The `serde` derives serve the journal's
//! own binary form.

pub mod campaign;
pub mod catalog;
pub mod codes;
pub mod decision;
pub mod eligibility;
pub mod facts;
pub mod ids;
pub mod outcome;
mod rebuild;
pub mod request;
pub mod targeting;
pub mod taxonomy;
