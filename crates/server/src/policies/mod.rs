//! Trained policies in service: a folder that is watched, sets that are swapped while requests are answered, and a way back.
//!
//! A policy folder (`motet_policy::file`) is read within limits, checked against the agents' cards and against the release
//! gate, and seated by an event of the engine, which is durable before anyone is told. A folder with anything wrong changes
//! nothing: it is refused with a reason, and what was in service stays. No folder stands for the fixed policies.
//!
//! What is in service and what was before lie as policy folders in the data folder (`policies/current`,
//! `policies/previous`), so that the way back needs nothing from outside and survives a restart. The engine's own state,
//! rebuilt from the journal, says which of them is the one in service (`shelf`). A set that was rolled
//! back is not taken again until its folder's content changes.
//!
//! It never trains, and never judges a policy by what it earns: that is the gate's.

mod folder;
mod keeper;
mod report;
mod shelf;

use std::{path::PathBuf, time::Duration};

pub use folder::{FolderError, Found, read as read_folder};
pub(crate) use keeper::Keeper;
pub use keeper::fits;
pub use report::{AgentReport, Refusal, Report, SetReport};

use crate::runtime::Unavailable;

/// Which policies are served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The policy folder; the fixed policies without one.
    pub dir: Option<PathBuf>,
    /// How often the folder's manifest is looked at for a change; never where there is none.
    pub watch: Option<Duration>,
    /// Whether a set must have passed the release gate.
    pub gate: GateRule,
}

/// Whether a set must have passed the release gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GateRule {
    /// Its manifest must say that the gate found it shippable.
    Required,
    /// Whatever the gate said, or if it was never asked.
    Ignored,
}

/// What someone asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Look at the folder now.
    Reload,
    /// The set that was in service before.
    Rollback,
    /// The fixed policies.
    Fixed,
}

/// What came of asking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Swap {
    /// This set is in service now.
    Seated {
        /// Its version.
        version: String,
    },
    /// This set was in service already.
    Unchanged {
        /// Its version.
        version: String,
    },
    /// The folder holds what was rolled back, or replaced by hand; it is not taken until its content changes.
    Held {
        /// The version in service.
        version: String,
    },
}

/// Why nothing came of asking. What was in service stays.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SwapError {
    /// The set cannot be served.
    #[error("{0}")]
    Refused(String),
    /// There is no set to go back to.
    #[error("there is no set of policies to go back to")]
    NoPrevious,
    /// The engine cannot be asked now.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

#[cfg(test)]
mod tests;
