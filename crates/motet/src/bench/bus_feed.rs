//! `motet bench bus-feed`: publishes the lines of a growing file, and notes how many are acknowledged. Made to be killed.

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::{Context, Result};
use motet_bus::{Bus, Message, Settings};

use crate::cli::BusFeed;

/// Lines published together.
const TOGETHER: usize = 200;
/// How often the file is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// Feeds until killed.
pub(crate) fn command(options: &BusFeed) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(feed(options))
}

async fn feed(options: &BusFeed) -> Result<()> {
    let bus = motet_bus::open_bus(&options.url, &Settings::default()).await?;
    let topic: Arc<str> = options.topic.as_str().into();
    let mut done = read_place(&options.place)?;
    loop {
        let text = std::fs::read_to_string(&options.lines).context("cannot read the lines")?;
        // The last line may not be whole yet.
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        let lines: Vec<&str> = whole.lines().skip(done).collect();
        for some in lines.chunks(TOGETHER) {
            publish(&*bus, &topic, some).await;
            done += some.len();
            note(&options.place, done)?;
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Publishes for as long as it takes; what was published before a failure is published again.
async fn publish(bus: &dyn Bus, topic: &Arc<str>, lines: &[&str]) {
    let message = |line: &&str| Message::new(Arc::clone(topic), "", (*line).to_owned());
    while let Err(error) = bus.publish(lines.iter().map(message).collect()).await {
        tracing::debug!(%error, "could not publish; trying again");
        tokio::time::sleep(LOOK).await;
    }
}

fn note(place: &Path, done: usize) -> Result<()> {
    let unfinished = place.with_extension("unfinished");
    std::fs::write(&unfinished, done.to_string()).context("cannot note the place")?;
    std::fs::rename(&unfinished, place).context("cannot note the place")
}

/// Reads how many lines are acknowledged; 0 before any is.
pub(crate) fn read_place(place: &Path) -> Result<usize> {
    match std::fs::read_to_string(place) {
        Ok(text) => text.trim().parse().context("the place is no number"),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(error).context("cannot read the place"),
    }
}
