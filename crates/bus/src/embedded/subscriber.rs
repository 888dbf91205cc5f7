//! The member of a group that is at work.

use std::{path::Path, sync::Arc};

use futures_util::future::{BoxFuture, select_all};
use motet_store::journal::{Reader, Records, retire};
use tokio::sync::OwnedMutexGuard;

use super::{Topic, record};
use crate::{Counts, Delivered, Error, Position, Positions, Result, Settings, Subscriber};

/// Commits after which segments that all groups have passed are looked for.
const TIDY_EVERY: u64 = 64;

/// A member of a group, on one or more topics.
#[derive(Debug)]
pub(super) struct EmbeddedSubscriber {
    group: String,
    parts: Vec<Part>,
    batch: usize,
    keep_segments: Option<usize>,
    commits: u64,
    counts: Arc<Counts>,
}

/// What a member knows of one topic.
#[derive(Debug)]
struct Part {
    topic: Arc<Topic>,
    /// The group's place, once this member is the one at work.
    place: Option<OwnedMutexGuard<u64>>,
    /// Where reading stands; opened when there is something to read.
    records: Option<Records>,
    read: u64,
}

impl EmbeddedSubscriber {
    pub(super) fn new(
        group: &str,
        topics: Vec<Arc<Topic>>,
        settings: &Settings,
        counts: &Arc<Counts>,
    ) -> Self {
        let part = |topic| Part { topic, place: None, records: None, read: 0 };
        Self {
            group: group.to_owned(),
            parts: topics.into_iter().map(part).collect(),
            batch: settings.batch,
            keep_segments: settings.keep_segments,
            commits: 0,
            counts: Arc::clone(counts),
        }
    }

    async fn some(&mut self) -> Result<Vec<Delivered>> {
        let group = &self.group;
        let waits = self.parts.iter_mut().map(|part| Box::pin(part.wait(group)));
        let (waited, place, _) = select_all(waits).await;
        waited?;
        // The topic after this one is asked first the next time, so that none is starved.
        let part = &mut self.parts[place];
        let some = part.read_some(self.batch);
        self.parts.rotate_left(place + 1);
        some
    }
}

impl Part {
    /// Waits until this member is the one at work and there is something to read.
    async fn wait(&mut self, group: &str) -> Result<()> {
        if self.place.is_none() {
            let place = self.topic.groups.place(group).lock_owned().await;
            self.read = *place;
            self.place = Some(place);
        }
        let read = self.read;
        let durable = self.topic.durable.subscribe().wait_for(|durable| *durable > read).await.map(drop);
        durable.map_err(|_| Error::Stopped { cause: "the topic is closed".to_owned() })
    }

    /// Reads what is durable, up to a number of messages. Reading is quick: what was written lately is in memory.
    fn read_some(&mut self, most: usize) -> Result<Vec<Delivered>> {
        let durable = *self.topic.durable.borrow();
        let failed = |source| Error::Journal { topic: self.topic.name.to_string(), source };
        let records = match &mut self.records {
            Some(records) => records,
            none => {
                let reader = Reader::open(&self.topic.journal_dir()).map_err(failed)?;
                // A group that begins anew begins at the oldest message kept.
                let from = reader.first_sequence().map_err(failed)?.max(self.read + 1);
                none.insert(reader.records_from(from).map_err(failed)?)
            }
        };
        let mut taken = Vec::new();
        while taken.len() < most && self.read < durable {
            let Some(found) = records.read().map_err(failed)? else { break };
            let position =
                Position { topic: Arc::clone(&self.topic.name), partition: 0, offset: found.sequence };
            let damaged = Error::Damaged { topic: self.topic.name.to_string(), sequence: found.sequence };
            taken.push(record::decode(position, found.payload).ok_or(damaged)?);
            self.read = found.sequence;
        }
        Ok(taken)
    }

    fn commit(&mut self, group: &str, offset: u64) -> Result<()> {
        let Some(place) = &mut self.place else { return Err(Error::Moved) };
        if offset > **place {
            self.topic.groups.keep(group, offset)?;
            **place = offset;
        }
        Ok(())
    }

    fn tidy(&self, keep: usize) {
        let Some(passed) = self.topic.groups.passed_by_all() else { return };
        if let Err(error) = retire_until(&self.topic.journal_dir(), passed, keep) {
            tracing::warn!(%error, topic = &*self.topic.name, "could not delete segments that all groups have passed");
        }
    }
}

fn retire_until(dir: &Path, passed: u64, keep: usize) -> motet_store::journal::Result<usize> {
    retire(dir, passed + 1, keep)
}

impl Subscriber for EmbeddedSubscriber {
    fn receive(&mut self) -> BoxFuture<'_, Result<Vec<Delivered>>> {
        Box::pin(async move {
            loop {
                let some = self.some().await?;
                if !some.is_empty() {
                    self.counts.add_received(some.len());
                    return Ok(some);
                }
            }
        })
    }

    fn commit<'a>(&'a mut self, done: &'a Positions) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            self.commits += 1;
            for (topic, _, offset) in done.iter() {
                let part = self.parts.iter_mut().find(|part| &*part.topic.name == topic);
                let Some(part) = part else { return Err(Error::Moved) };
                part.commit(&self.group, offset)?;
                if let (Some(keep), 0) = (self.keep_segments, self.commits % TIDY_EVERY) {
                    part.tidy(keep);
                }
            }
            self.counts.add_committed(1);
            Ok(())
        })
    }

    fn lag(&self) -> Option<u64> {
        let lag = |part: &Part| part.topic.durable.borrow().saturating_sub(part.read);
        Some(self.parts.iter().map(lag).sum())
    }
}
