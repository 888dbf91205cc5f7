//! Model and agent types as messages, and back.

mod catalog;
mod decision;
mod learning;
mod policy;
mod proposal;
mod request;
