//! Whole engines: decisions, notices, money, snapshots and replays.
