//! The agent as a whole, over small worlds.

mod facts_differential;
mod index_differential;
mod learning;
mod rules;
mod world;
