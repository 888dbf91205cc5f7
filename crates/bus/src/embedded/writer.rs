//! The thread that writes: one write and one sync for all that waits.

use std::{collections::HashMap, sync::Arc};

use motet_store::journal::{self, Batch, Journal, MAX_RECORD_BYTES};
use tokio::sync::{mpsc, oneshot};

use super::{Topic, record};
use crate::{Error, Message, Result, Settings};

/// What the thread is asked.
#[derive(Debug)]
pub(super) enum Ask {
    /// Opens a topic's journal, unless it is open.
    Open { topic: Arc<Topic>, done: oneshot::Sender<Result<()>> },
    /// Writes messages.
    Write { messages: Vec<(Arc<Topic>, Message)>, done: oneshot::Sender<Result<()>> },
}

/// Messages gathered before a sync, at most.
const GATHERED: usize = 16_384;

/// The thread's state.
pub(super) struct Writer {
    options: journal::Options,
    open: HashMap<Arc<str>, Open>,
}

struct Open {
    topic: Arc<Topic>,
    journal: Journal,
    batch: Batch,
}

impl Writer {
    pub(super) fn new(settings: &Settings) -> Self {
        let options =
            journal::Options { segment_bytes: settings.segment_bytes, ..journal::Options::default() };
        Self { options, open: HashMap::new() }
    }

    /// Works until there is nobody to ask.
    pub(super) fn run(mut self, mut asks: mpsc::Receiver<Ask>) {
        while let Some(first) = asks.blocking_recv() {
            let (mut waiting, mut gathered) = (Vec::new(), 0);
            let mut next = Some(first);
            while let Some(ask) = next {
                gathered += self.take(ask, &mut waiting);
                next = if gathered < GATHERED { asks.try_recv().ok() } else { None };
            }
            self.commit(waiting);
        }
    }

    /// Opens, or fills batches; whoever waits for a commit is noted. Returns how many messages were taken.
    fn take(&mut self, ask: Ask, waiting: &mut Vec<oneshot::Sender<Result<()>>>) -> usize {
        match ask {
            Ask::Open { topic, done } => {
                // Nobody may be waiting any more; then there is nobody to tell.
                let _ = done.send(self.open(topic));
                0
            }
            Ask::Write { messages, done } => {
                let count = messages.len();
                match self.fill(messages) {
                    Ok(()) => waiting.push(done),
                    Err(error) => drop(done.send(Err(error))),
                }
                count
            }
        }
    }

    fn open(&mut self, topic: Arc<Topic>) -> Result<()> {
        if self.open.contains_key(&topic.name) {
            return Ok(());
        }
        let failed = |source| Error::Journal { topic: topic.name.to_string(), source };
        let (journal, recovery) = Journal::open(&topic.journal_dir(), self.options).map_err(failed)?;
        topic.durable.send_replace(recovery.next_sequence - 1);
        let batch = Batch::starting_at(recovery.next_sequence);
        self.open.insert(Arc::clone(&topic.name), Open { topic, journal, batch });
        Ok(())
    }

    /// Fills the batches of topics; all messages or none.
    fn fill(&mut self, messages: Vec<(Arc<Topic>, Message)>) -> Result<()> {
        for (_, message) in &messages {
            let headers: usize =
                message.headers.iter().map(|(name, value)| name.len() + value.len() + 8).sum();
            let bytes = message.key.len() + headers + message.payload.len() + 8;
            if bytes > MAX_RECORD_BYTES {
                return Err(Error::TooLarge { bytes });
            }
        }
        for (topic, message) in messages {
            // A topic whose journal failed before is opened anew, which tells what is durable.
            self.open(Arc::clone(&topic))?;
            let open = self.open.get_mut(&topic.name).expect("the topic was opened just now");
            let pushed = open.batch.push_with(|bytes| record::encode(&message, bytes));
            pushed.map_err(|source| Error::Journal { topic: topic.name.to_string(), source })?;
        }
        Ok(())
    }

    /// Commits every batch that holds something, and tells all who wait. One journal's failure is everyone's: which
    /// message was whose is not kept.
    fn commit(&mut self, waiting: Vec<oneshot::Sender<Result<()>>>) {
        let mut failure: Option<(Arc<str>, String)> = None;
        for (name, open) in &mut self.open {
            if open.batch.is_empty() {
                continue;
            }
            match open.journal.commit(&open.batch) {
                Ok(()) => {
                    let next = open.batch.next_sequence();
                    open.topic.durable.send_replace(next - 1);
                    open.batch.restart_at(next);
                }
                Err(error) => failure = Some((Arc::clone(name), error.to_string())),
            }
        }
        if let Some((name, cause)) = &failure {
            tracing::error!(topic = &**name, cause, "the journal of a topic failed");
            self.open.remove(name);
        }
        for done in waiting {
            let outcome = failure.as_ref().map_or(Ok(()), |(topic, cause)| {
                Err(Error::Stopped { cause: format!("the journal of topic '{topic}' failed: {cause}") })
            });
            let _ = done.send(outcome);
        }
    }
}
