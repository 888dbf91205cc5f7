//! The intent and relevance agents.

pub mod intent;
pub mod relevance;
mod users;
