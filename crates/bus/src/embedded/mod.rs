//! The embedded bus: topics as journals in a folder, in this process alone.
//!
//! ```text
//! DIR/<topic>/journal/…      the messages, as records of a journal; the sequence number is the offset
//! DIR/<topic>/groups/<group> how far a group is, as a decimal number; replaced whole
//! ```
//!
//! One thread writes: it takes what waits, commits a batch to each topic with one write and one sync, and then
//! acknowledges. A group has one member at work at a time; others stand by until it leaves, so a topic's whole order is
//! kept. A crash loses nothing that was acknowledged, and repeats what was not committed.

mod calls;
mod positions;
mod record;
mod subscriber;
mod writer;

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

pub use calls::EmbeddedCalls;
use futures_util::future::BoxFuture;
use tokio::sync::{OnceCell, mpsc, oneshot, watch};

use self::{
    positions::Groups,
    subscriber::EmbeddedSubscriber,
    writer::{Ask, Writer},
};
use crate::{Bus, Counts, Error, Message, Result, Settings, Subscriber, message::check_name};

/// A topic as its readers know it.
#[derive(Debug)]
struct Topic {
    name: Arc<str>,
    dir: PathBuf,
    groups: Groups,
    /// Set once the writing thread has its journal open.
    open: OnceCell<()>,
    /// The last message that is durable; 0 before the first.
    durable: watch::Sender<u64>,
}

impl Topic {
    fn journal_dir(&self) -> PathBuf {
        self.dir.join("journal")
    }
}

/// Events in a folder of this machine.
#[derive(Debug)]
pub struct Embedded {
    dir: PathBuf,
    settings: Settings,
    topics: Mutex<HashMap<String, Arc<Topic>>>,
    asks: mpsc::Sender<Ask>,
    counts: Arc<Counts>,
}

impl Embedded {
    /// Opens a folder, which need not exist, and starts the writing thread; it ends when this is dropped.
    ///
    /// # Errors
    /// When a folder or a thread cannot be made.
    pub fn open(dir: &Path, settings: &Settings) -> Result<Self> {
        let failed = |source| Error::Io { operation: "make", path: dir.to_owned(), source };
        std::fs::create_dir_all(dir).map_err(failed)?;
        let counts = Arc::new(Counts::default());
        let (asks, waiting) = mpsc::channel(settings.queue.clamp(1, 1 << 16));
        let writer = Writer::new(settings);
        std::thread::Builder::new()
            .name("motet-bus".to_owned())
            .spawn(move || writer.run(waiting))
            .map_err(failed)?;
        let (dir, settings) = (dir.to_owned(), settings.clone());
        Ok(Self { dir, settings, topics: Mutex::default(), asks, counts })
    }

    /// Returns a topic, making it if need be. Its journal is opened by the writing thread, which alone holds its lock.
    async fn topic(&self, name: &str) -> Result<Arc<Topic>> {
        let topic = self.known(name)?;
        let open = || self.ask(|done| Ask::Open { topic: Arc::clone(&topic), done });
        topic.open.get_or_try_init(open).await?;
        Ok(Arc::clone(&topic))
    }

    fn known(&self, name: &str) -> Result<Arc<Topic>> {
        let mut known = self.topics.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(topic) = known.get(name) {
            return Ok(Arc::clone(topic));
        }
        check_name(name)?;
        let dir = self.dir.join(name);
        let groups = Groups::open(&dir.join("groups"))?;
        let (open, durable) = (OnceCell::new(), watch::Sender::new(0));
        let topic = Arc::new(Topic { name: name.into(), dir, groups, open, durable });
        known.insert(name.to_owned(), Arc::clone(&topic));
        Ok(topic)
    }

    async fn ask(&self, ask: impl FnOnce(oneshot::Sender<Result<()>>) -> Ask) -> Result<()> {
        let (done, answer) = oneshot::channel();
        let gone = || Error::Stopped { cause: "the writing thread has ended".to_owned() };
        self.asks.send(ask(done)).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }

    async fn publish_all(&self, messages: Vec<Message>) -> Result<()> {
        let mut placed = Vec::with_capacity(messages.len());
        for message in messages {
            placed.push((self.topic(&message.topic).await?, message));
        }
        if placed.is_empty() {
            return Ok(());
        }
        self.ask(|done| Ask::Write { messages: placed, done }).await
    }
}

impl Bus for Embedded {
    fn publish(&self, messages: Vec<Message>) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            let count = messages.len();
            let published = self.publish_all(messages).await;
            match &published {
                Ok(()) => self.counts.add_published(count),
                Err(_) => self.counts.add_not_published(count),
            }
            published
        })
    }

    fn subscribe<'a>(
        &'a self,
        group: &'a str,
        topics: &'a [&'a str],
    ) -> BoxFuture<'a, Result<Box<dyn Subscriber>>> {
        Box::pin(async move {
            check_name(group)?;
            let mut opened = Vec::with_capacity(topics.len());
            for topic in topics {
                opened.push(self.topic(topic).await?);
            }
            let subscriber = EmbeddedSubscriber::new(group, opened, &self.settings, &self.counts);
            Ok(Box::new(subscriber) as Box<dyn Subscriber>)
        })
    }

    fn counts(&self) -> &Counts {
        &self.counts
    }
}
