//! The bus beside the engine: what is recorded goes out to topics, notices come in from one.
//!
//! ```text
//! journal ──outbox──> topics            at least once; its place moves once the bus has acknowledged
//! topic of notices ──inbox──> engine    committed once the engine's records are on the disk; each notice counts once
//! ```
//!
//! Neither is in the way of a request: both follow, with bounded batches, and wait while the bus is away. Which messages a
//! record makes is the business of `messages` alone. Decision 012 says why the journal is the outbox.

mod inbox;
mod messages;
mod outbox;
mod place;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

pub use messages::{JOURNAL_TOPIC, RECORD_HEADER};
use motet_bus::Bus;
use motet_insight::metrics::{BusFigures, Metrics};
use tokio::{sync::watch, task::JoinHandle};

use self::{inbox::Inbox, outbox::Outbox};
use crate::{config::Config, http::App, platform::Platform, runtime::Runtime};

/// How often figures are stated.
const FIGURES_EVERY: Duration = Duration::from_secs(1);
/// How long what failed rests before it is tried again.
const REST: Duration = Duration::from_millis(200);

/// The bus cannot be had as the configuration says.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The bus itself.
    #[error("the bus at '{url}'")]
    Bus {
        /// Where.
        url: String,
        /// Why not.
        source: motet_bus::Error,
    },
    /// The journal, or the place in it.
    #[error("cannot follow the journal to publish it")]
    Outbox(#[from] outbox::Error),
}

/// What goes on beside the engine; tell it to stop before the runtime.
#[derive(Debug)]
pub struct Couriers {
    #[cfg_attr(not(test), expect(dead_code, reason = "tests look at the same opening"))]
    bus: Arc<dyn Bus>,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
    progress: Arc<Progress>,
}

/// How far the couriers are.
#[derive(Debug, Default)]
struct Progress {
    /// The last record published.
    published: AtomicU64,
    /// Notices judged, duplicates with them.
    judged: AtomicU64,
    dead_letters: AtomicU64,
    /// Messages that wait to be received; `u64::MAX` before that is known.
    lag: AtomicU64,
}

impl Couriers {
    /// Opens the bus and starts what the configuration asks for; `None` where it names no bus.
    ///
    /// # Errors
    /// When the bus cannot be opened, or the journal cannot be followed from where publishing stopped.
    pub async fn start<P: Platform>(
        config: &Config,
        app: &Arc<App<P>>,
        runtime: &Arc<Runtime>,
    ) -> Result<Option<Self>, Error> {
        if config.bus.url.is_empty() {
            return Ok(None);
        }
        let bus = motet_bus::open_bus(&config.bus.url, &config.bus.settings()).await;
        let bus = bus.map_err(|source| Error::Bus { url: config.bus.url.clone(), source })?;
        let (stop, stopped) = watch::channel(false);
        let progress = Arc::new(Progress { lag: AtomicU64::new(u64::MAX), ..Progress::default() });
        let mut tasks = Vec::new();
        if config.bus.publish {
            let outbox = Outbox::open(config, runtime, Arc::clone(&bus), Arc::clone(&progress))?;
            tasks.push(tokio::spawn(outbox.run(stopped.clone())));
        }
        if config.bus.notices {
            let inbox = Inbox::new(config, app, Arc::clone(&bus), Arc::clone(&progress));
            tasks.push(tokio::spawn(inbox.run(stopped.clone())));
        }
        let told = (Arc::clone(&app.metrics), runtime.durable());
        let figures = state_figures(told, Arc::clone(&bus), Arc::clone(&progress), stopped);
        tasks.push(tokio::spawn(figures));
        Ok(Some(Self { bus, stop, tasks, progress }))
    }

    /// Returns the last record published; 0 before the first.
    pub fn published(&self) -> u64 {
        self.progress.published.load(Ordering::Relaxed)
    }

    /// Returns how many notices from the bus were judged, duplicates with them.
    pub fn judged(&self) -> u64 {
        self.progress.judged.load(Ordering::Relaxed)
    }

    /// Ends after what is in hand. What is not published or committed then is so after the next start.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        for task in self.tasks {
            if task.await.is_err() {
                tracing::error!("a courier ended in a panic");
            }
        }
    }
}

/// States figures until told to stop, and once more then.
async fn state_figures(
    (metrics, durable): (Arc<Metrics>, watch::Receiver<u64>),
    bus: Arc<dyn Bus>,
    progress: Arc<Progress>,
    mut stopped: watch::Receiver<bool>,
) {
    loop {
        let stops = wait_or_stop(FIGURES_EVERY, &mut stopped).await;
        let (counts, published) = (bus.counts().now(), progress.published.load(Ordering::Relaxed));
        metrics.bus(&BusFigures {
            published: counts.published,
            not_published: counts.not_published,
            received: counts.received,
            dead_letters: progress.dead_letters.load(Ordering::Relaxed),
            faults: counts.faults,
            lag: Some(progress.lag.load(Ordering::Relaxed)).filter(|lag| *lag != u64::MAX),
            unpublished: durable.borrow().saturating_sub(published),
        });
        if stops {
            return;
        }
    }
}

/// Waits, and tells whether it is time to stop.
async fn wait_or_stop(rest: Duration, stopped: &mut watch::Receiver<bool>) -> bool {
    // An error says that nobody is left to tell.
    let told = tokio::time::timeout(rest, stopped.wait_for(|stopped| *stopped)).await;
    told.is_ok()
}

#[cfg(test)]
mod tests;
