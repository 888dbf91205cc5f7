//! What others than the HTTP edge ask of a runtime: a bus that follows its journal and brings notices, and the store that nodes share.

use std::sync::atomic::Ordering;

use motet_engine::{Effect, Event, Holding, Judgement};
use motet_model::outcome::{Notice, Stated};
use tokio::sync::{oneshot, watch};

use super::{Command, Runtime, Unavailable};

/// The most notices of one command, so that others come in between.
const TOGETHER: usize = 512;

impl Runtime {
    /// Judges notices in order, each with what its token states of the bid; all are durable once this returns.
    ///
    /// # Errors
    /// When they could not be taken or made durable: the sender should try again with all of them.
    pub async fn notices(&self, notices: Vec<(Notice, Stated)>) -> Result<Vec<Judgement>, Unavailable> {
        let mut taken = Vec::with_capacity(notices.len().div_ceil(TOGETHER));
        for some in notices.chunks(TOGETHER) {
            let (reply, judgements) = oneshot::channel();
            self.line.send(Command::Notices { notices: some.to_vec(), reply })?;
            taken.push(judgements);
        }
        let mut all = Vec::with_capacity(notices.len());
        for judgements in taken {
            all.extend(judgements.await.map_err(|_| self.line.why_dropped())?);
        }
        Ok(all)
    }

    /// Tells of the last record that is on the disk, and of every later one as it gets there.
    pub fn durable(&self) -> watch::Receiver<u64> {
        self.line.shared.durable.subscribe()
    }

    /// Keeps journal segments with records after this one, even where snapshots stand for them.
    pub fn followed(&self, record: u64) {
        self.line.shared.followed.store(record, Ordering::Relaxed);
    }

    /// Takes an event of the store that nodes share; durable once this returns. Returns what came of it, and its record's
    /// number.
    ///
    /// # Errors
    /// When it could not be taken or made durable.
    pub async fn take(&self, event: Event) -> Result<(Effect, u64), Unavailable> {
        let (reply, taken) = oneshot::channel();
        self.line.send(Command::Take { event: Box::new(event), reply })?;
        taken.await.map_err(|_| self.line.why_dropped())
    }

    /// Returns what is held of each campaign's shared budget.
    ///
    /// # Errors
    /// When the engine cannot be asked.
    pub async fn holdings(&self) -> Result<Vec<Holding>, Unavailable> {
        let (reply, holdings) = oneshot::channel();
        self.line.send(Command::Holdings { reply })?;
        holdings.await.map_err(|_| self.line.why_dropped())
    }
}
