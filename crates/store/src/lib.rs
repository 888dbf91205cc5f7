//! The journal, snapshots and campaign files: durable, crash-safe, embedded.
//!
//! [`journal`] keeps what has happened, in order, as opaque records with sequence numbers, and [`snapshot`]
//! keeps the state folded up to one of them. Neither knows what its bytes mean, and neither starts a thread:
//! the server owns the thread that commits.

pub mod journal;

pub use journal::snapshot;
