//! How outside agents are named and bound in the configuration.

use std::{collections::BTreeMap, time::Duration};

use motet_units::CpmMicros;
use serde::Deserialize;

use crate::{IntentSet, intents, proto::artf::Lifecycle};

/// The most agents that can be named.
pub const MOST_AGENTS: usize = 32;

/// Outside agents, and what they may do.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// How Motet names itself to agents and hosts.
    pub originator: String,
    /// The share of a request's time that agents may take before the decision, above 0 to 0.9.
    pub share: f64,
    /// The highest floor an agent may set for a deal, in accounting currency, as a decimal.
    pub deal_floor_most_cpm: String,
    /// Deals agents may activate on own inventory.
    pub deals: Vec<DealTerms>,
    /// The agents.
    pub agents: Vec<AgentOptions>,
}

/// A deal on own inventory, with its terms.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DealTerms {
    /// Its id, as campaigns target it.
    pub id: String,
    /// Its floor in accounting currency, as a decimal.
    pub floor_cpm: String,
}

/// One outside agent.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgentOptions {
    /// Its name in metrics and logs, and before the segments it activates.
    pub name: String,
    /// Where it listens, as `http://host:port`.
    pub endpoint: String,
    /// What it may propose, by the standard's names.
    pub intents: Vec<String>,
    /// When it is asked.
    #[serde(default)]
    pub lifecycle: LifecycleName,
    /// The longest wait for its answer, in milliseconds; the request's own deadline may shorten it.
    #[serde(default = "default_timeout_ms")]
    pub timeout_ms: u64,
    /// Who comes first where two agents want the same thing changed: the lower number.
    #[serde(default)]
    pub priority: u8,
    /// Calls of it under way at once; further ones are left out.
    #[serde(default = "default_in_flight")]
    pub in_flight: usize,
}

const fn default_timeout_ms() -> u64 {
    10
}

const fn default_in_flight() -> usize {
    256
}

/// When an agent is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LifecycleName {
    /// Before the decision and before the answer, each time with the intents that belong there.
    #[default]
    Both,
    /// Before the decision.
    PublisherBidRequest,
    /// Before the answer.
    DspBidResponse,
}

impl LifecycleName {
    pub(crate) const fn covers(self, lifecycle: Lifecycle) -> bool {
        match lifecycle {
            Lifecycle::Unspecified => false,
            Lifecycle::PublisherBidRequest => matches!(self, Self::Both | Self::PublisherBidRequest),
            Lifecycle::DspBidResponse => matches!(self, Self::Both | Self::DspBidResponse),
        }
    }
}

/// What is wrong with the options.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {message}")]
pub struct Error {
    /// The setting, below `artf`.
    pub key: String,
    /// What is wrong, the value included.
    pub message: String,
}

impl Error {
    pub(crate) fn new(key: impl Into<String>, message: impl Into<String>) -> Self {
        Self { key: key.into(), message: message.into() }
    }
}

/// What mutations are held to, read from the options.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Rules {
    /// Deals that may be activated, with their floors.
    pub deals: BTreeMap<String, CpmMicros>,
    /// The highest floor of a deal.
    pub floor_most: CpmMicros,
}

impl Options {
    /// Returns everything that is wrong, empty when all is well.
    pub fn check(&self) -> Vec<Error> {
        let mut errors = Vec::new();
        if !(self.share > 0.0 && self.share <= 0.9) {
            errors.push(Error::new("share", format!("expected a share above 0 to 0.9, was {}", self.share)));
        }
        errors.extend(self.rules().err());
        if self.agents.len() > MOST_AGENTS {
            let count = self.agents.len();
            errors.push(Error::new("agents", format!("expected at most {MOST_AGENTS} agents, were {count}")));
        }
        for (place, agent) in self.agents.iter().enumerate() {
            errors.extend(agent.check(place));
            if self.agents[..place].iter().any(|other| other.name == agent.name) {
                errors
                    .push(Error::new(format!("agents[{place}].name"), format!("'{}' is taken", agent.name)));
            }
        }
        errors
    }

    /// Reads what mutations are held to.
    ///
    /// # Errors
    /// The first price that is no decimal above 0.
    pub fn rules(&self) -> Result<Rules, Error> {
        let floor_most = price("deal_floor_most_cpm", &self.deal_floor_most_cpm)?;
        let mut deals = BTreeMap::new();
        for (place, deal) in self.deals.iter().enumerate() {
            let floor = price(&format!("deals[{place}].floor_cpm"), &deal.floor_cpm)?;
            deals.insert(deal.id.clone(), floor);
        }
        Ok(Rules { deals, floor_most })
    }
}

fn price(key: &str, text: &str) -> Result<CpmMicros, Error> {
    let price = text.parse::<CpmMicros>().ok().filter(|price| *price > CpmMicros::ZERO);
    price.ok_or_else(|| Error::new(key, format!("expected a decimal above 0, was '{text}'")))
}

impl AgentOptions {
    fn check(&self, place: usize) -> Vec<Error> {
        let error = |key: &str, message: String| Error::new(format!("agents[{place}].{key}"), message);
        let mut errors = Vec::new();
        let well_named = (1..=40).contains(&self.name.len())
            && self.name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
        if !well_named {
            let message = format!("expected 1 to 40 of a-z, 0-9, '-', '_' and '.', was '{}'", self.name);
            errors.push(error("name", message));
        }
        if !self.endpoint.starts_with("http://") {
            errors.push(error("endpoint", format!("expected http://host:port, was '{}'", self.endpoint)));
        }
        if self.timeout_ms == 0 || self.timeout_ms > 1_000 {
            errors.push(error("timeout_ms", format!("expected 1 to 1000, was {}", self.timeout_ms)));
        }
        if self.in_flight == 0 {
            errors.push(error("in_flight", "must be above 0".to_owned()));
        }
        errors.extend(self.intent_set().err().map(|name| {
            let names = intents::INTENTS.map(intents::name).join(", ");
            error("intents", format!("expected some of {names}, was '{name}'"))
        }));
        errors
    }

    /// Reads the intents.
    ///
    /// # Errors
    /// The first that is none; an empty text where there are none at all.
    pub(crate) fn intent_set(&self) -> Result<IntentSet, String> {
        if self.intents.is_empty() {
            return Err(String::new());
        }
        self.intents.iter().map(|name| intents::parse(name).ok_or_else(|| name.clone())).collect()
    }

    pub(crate) const fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }
}
