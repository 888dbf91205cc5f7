//! Snapshots: the whole state in one binary form, so that a restart need not take every event again.

use std::{collections::BTreeMap, sync::Arc};

use motet_agent::AgentName;
use motet_coordinator::Desk;
use motet_ledger::Ledger;
use motet_model::{catalog::Catalog, ids::CampaignIx};
use motet_units::{Nanos, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    Engine, Options,
    bids::{OpenBid, OpenBids},
    crews::{Crews, States},
    event::fnv,
    strays::Strays,
    ticking::Round,
};

/// The version of the snapshot's form.
const VERSION: u8 = 4;

/// A snapshot that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// It has another version's form.
    #[error("snapshot has form {found}, this program reads {VERSION}")]
    Version {
        /// The form found.
        found: u8,
    },
    /// It is not a snapshot.
    #[error("snapshot cannot be read: {0}")]
    Unreadable(String),
    /// An agent cannot read its part.
    #[error("the {agent} agent cannot read its part of the snapshot: {reason}")]
    Agent {
        /// Which agent.
        agent: AgentName,
        /// Why.
        reason: String,
    },
}

#[derive(Serialize)]
struct Saved<'a> {
    options: &'a Options,
    sequence: u64,
    followed: u64,
    now: Timestamp,
    catalog: &'a Catalog,
    ledger: &'a Ledger,
    bids: Vec<&'a OpenBid>,
    exhausted: &'a BTreeMap<CampaignIx, Nanos>,
    agents: States,
    candidate: States,
    round: Option<Round>,
    strays: &'a Strays,
}

#[derive(Deserialize)]
struct Loaded {
    options: Options,
    sequence: u64,
    followed: u64,
    now: Timestamp,
    catalog: Catalog,
    ledger: Ledger,
    bids: Vec<OpenBid>,
    exhausted: BTreeMap<CampaignIx, Nanos>,
    agents: States,
    candidate: States,
    round: Option<Round>,
    strays: Strays,
}

impl Engine {
    /// Writes the whole state.
    pub fn save(&self) -> Vec<u8> {
        let (agents, candidate) = self.crews.save();
        let saved = Saved {
            options: &self.options,
            sequence: self.sequence,
            followed: self.followed,
            now: self.now,
            catalog: &self.catalog,
            ledger: &self.ledger,
            bids: self.bids.to_sorted(),
            exhausted: &self.exhausted,
            agents,
            candidate,
            round: self.round,
            strays: &self.strays,
        };
        let mut bytes = vec![VERSION];
        let written = postcard::to_io(&saved, &mut bytes);
        debug_assert!(written.is_ok(), "plain data always has a binary form");
        bytes
    }

    /// Takes back what [`Engine::save`] wrote: an engine that behaves identically from here on.
    ///
    /// # Errors
    /// When it has another version's form, is damaged, or an agent cannot read its part.
    pub fn load(bytes: &[u8]) -> Result<Self, SnapshotError> {
        let (version, body) =
            bytes.split_first().ok_or_else(|| SnapshotError::Unreadable("it is empty".to_owned()))?;
        if *version != VERSION {
            return Err(SnapshotError::Version { found: *version });
        }
        let loaded: Loaded =
            postcard::from_bytes(body).map_err(|e| SnapshotError::Unreadable(e.to_string()))?;
        let mut crews = Crews::new(&loaded.options);
        let unread = crews.restore(&loaded.agents, &loaded.candidate, &loaded.catalog);
        if let Some((agent, reason)) = unread.into_iter().next() {
            return Err(SnapshotError::Agent { agent, reason });
        }
        Ok(Self {
            crews,
            desk: Desk::default(),
            round: loaded.round,
            strays: loaded.strays,
            told: Vec::new(),
            ledger: loaded.ledger,
            catalog: Arc::new(loaded.catalog),
            bids: OpenBids::from_sorted(loaded.bids),
            exhausted: loaded.exhausted,
            now: loaded.now,
            sequence: loaded.sequence,
            followed: loaded.followed,
            options: loaded.options,
        })
    }

    /// Returns a digest of the whole state: equal states have equal digests.
    pub fn digest(&self) -> u64 {
        fnv(&self.save())
    }
}
