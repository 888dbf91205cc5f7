//! What several nodes share, in PostgreSQL: the catalog's changes in one order, the leases of budgets, what was told about
//! bids, and models.
//!
//! Start at [`Store`]: an address, from which [`Session`]s are opened. A session is one connection; each of its calls is
//! one transaction. Nothing is retried here, and a call that was given up may still take effect later: every one is
//! made so that this does no harm (leases by their version, notices by their key, changes by their place).
//!
//! Money is held right by the database itself (see the migration): triggers add leases up and refuse what would commit
//! more than a budget, so that no statement of any program can overspend. The rules by which leases are granted are
//! `motet-lease`'s.
//!
//! Limits of this version: connections are not encrypted (an address that demands it is refused); rows of leases are
//! kept for good, about 150 bytes for each campaign, day and node.

mod catalog;
mod error;
mod leases;
mod models;
mod nodes;
mod notices;
mod schema;
mod session;
mod whole;

pub use catalog::Append;
pub use error::{Error, Result};
pub use leases::{LeaseAsk, LeaseRow, Renewal, Renewed};
pub use models::{EngineState, PolicySetRow};
pub use notices::{Inbox, Mark, Outcome, Taken, Told};
pub use session::{Session, Store};
pub use whole::{BudgetRow, DayRow, Whole};
