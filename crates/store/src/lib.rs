//! The journal, snapshots and campaign files: durable, crash-safe, embedded.
