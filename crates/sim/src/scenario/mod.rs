//! What a world is made of, as a TOML file: every assumption by the name of its model, every number with its unit.
//!
//! Reading is strict: an unknown name is an error, so that a misspelt assumption never passes as a default.

mod check;
mod fraud;
mod listeners;
mod market;
mod objective;
mod outcomes;
mod shipped;
mod shocks;
mod supply;
mod traffic;

use motet_engine::Options;
use motet_units::Timestamp;
use serde::{Deserialize, Serialize};

pub use fraud::{Attack, Family};
pub use listeners::{Consent, DeviceShare, Drift, Fatigue, Interests, Listeners};
pub use market::{CampaignGroup, GoalKind, Market, Outside, PacingRival, Reach};
pub use objective::Objective;
pub use outcomes::{Click, Conversion, Outcomes};
pub use shipped::{SHIPPED, shipped};
pub use shocks::{Shock, ShockKind};
pub use supply::{Floor, Medium, Publisher};
pub use traffic::Traffic;

/// A range numbers are drawn from evenly, `[least, most]`.
pub type Range = [f64; 2];

/// A world as written down.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Its short name.
    pub name: String,
    /// What it is for, in a sentence or two.
    pub about: String,
    /// The first day, `YYYY-MM-DD`; it begins at midnight of the world's clock.
    pub start: String,
    /// How many days a run takes unless told otherwise.
    pub days: u32,
    /// Seconds between control ticks.
    #[serde(default = "default_tick_s")]
    pub tick_s: u32,
    /// The world clock's offset from UTC in minutes.
    #[serde(default)]
    pub utc_offset_minutes: i16,
    /// Who listens, reads and watches.
    pub listeners: Listeners,
    /// Where they do.
    pub publishers: Vec<Publisher>,
    /// What is advertised.
    pub campaigns: Vec<CampaignGroup>,
    /// Who else bids.
    pub market: Market,
    /// What comes of an impression.
    #[serde(default)]
    pub outcomes: Outcomes,
    /// Who only pretends to listen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fraud: Vec<Attack>,
    /// What goes wrong or changes on the way.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shocks: Vec<Shock>,
    /// What a team's agents are to bring about together.
    #[serde(default)]
    pub objective: Objective,
    /// Options of the engine that differ from the defaults, as in the server's configuration.
    #[serde(default, skip_serializing_if = "toml::Table::is_empty")]
    pub engine: toml::Table,
}

const fn default_tick_s() -> u32 {
    900
}

/// A scenario that cannot be read or makes no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It is no such TOML.
    #[error("the scenario cannot be read: {0}")]
    Unreadable(String),
    /// A value makes no sense.
    #[error("{field}: {reason}")]
    Value {
        /// Where.
        field: String,
        /// What is wrong.
        reason: String,
    },
}

impl Scenario {
    /// Reads a scenario and checks it.
    ///
    /// # Errors
    /// When it is no TOML, misses or misspells something, or a value makes no sense; the field is named.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let scenario: Self = toml::from_str(text).map_err(|e| Error::Unreadable(e.to_string()))?;
        scenario.check()?;
        Ok(scenario)
    }

    /// Writes the scenario as TOML.
    ///
    /// # Errors
    /// When a number has no TOML form (NaN).
    pub fn to_toml(&self) -> Result<String, Error> {
        toml::to_string(self).map_err(|e| Error::Unreadable(e.to_string()))
    }

    /// Returns the first moment.
    pub fn begins(&self) -> Timestamp {
        let day = check::day_of(&self.start).unwrap_or(0);
        Timestamp::from_secs(day * 86_400 - i64::from(self.utc_offset_minutes) * 60)
    }

    /// Returns the engine's options: the defaults with what the scenario sets.
    ///
    /// # Errors
    /// When it sets what the engine does not know.
    pub fn engine_options(&self) -> Result<Options, Error> {
        let unreadable = |reason: String| Error::Value { field: "engine".to_owned(), reason };
        let defaults = toml::Table::try_from(Options::default()).map_err(|e| unreadable(e.to_string()))?;
        let merged = merge(defaults, &self.engine);
        toml::Value::Table(merged).try_into().map_err(|e: toml::de::Error| unreadable(e.to_string()))
    }
}

/// Lays one table over another: tables within are laid over each other, everything else is replaced.
pub(crate) fn merge(mut below: toml::Table, above: &toml::Table) -> toml::Table {
    for (name, value) in above {
        let merged = match (below.remove(name), value) {
            (Some(toml::Value::Table(old)), toml::Value::Table(new)) => toml::Value::Table(merge(old, new)),
            _ => value.clone(),
        };
        below.insert(name.clone(), merged);
    }
    below
}
