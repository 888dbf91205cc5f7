//! Both sides of placing an agent on a broker.
//!
//! Asks go to a subject each version's processes serve as one group, so that any number of them share the load. A process
//! fetches its feed: it asks the server what comes after what it has, gets the next messages or, where they are gone or it
//! has none, the parts of a new seat. So a process that stops holds nothing up, and one that starts needs nothing but
//! the broker's address.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use motet_agent::AgentName;
use motet_bus::{CallError, Calls, Serving, handler};
use motet_messages::proto::{FeedAsk, FeedBatch, SeatPart};
use prost::Message as _;

use crate::{After, Feed, Seats, monotonic, process::Process, seat::Seat};

/// The subject the processes of a version serve.
pub fn ask_subject(agent: AgentName, version: &str) -> String {
    format!("motet.ask.{}.{version}", agent.name())
}

/// The subject the server serves an agent's feed under.
pub fn feed_subject(agent: AgentName) -> String {
    format!("motet.feed.{}", agent.name())
}

/// The most bytes of one answer: brokers take a megabyte unless told otherwise.
const PART_BYTES: usize = 512 << 10;
/// How long the server waits for something new before it answers that there is nothing.
const LONG_POLL: Duration = Duration::from_millis(500);
/// How long a process waits for an answer from its feed.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long it waits before it tries again.
const AGAIN: Duration = Duration::from_millis(200);
/// Seats kept while their parts are fetched.
const SEATS_KEPT: usize = 4;

/// Seats whose parts are being fetched, by agent and sequence.
#[derive(Debug, Default)]
struct Desk(Mutex<Vec<(AgentName, Seat)>>);

impl Desk {
    fn find(&self, agent: AgentName, sequence: u64) -> Option<Seat> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter()
            .find(|(name, seat)| *name == agent && seat.sequence == sequence)
            .map(|(_, seat)| seat.clone())
    }

    fn keep(&self, agent: AgentName, seat: Seat) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= SEATS_KEPT {
            kept.remove(0);
        }
        kept.push((agent, seat));
    }
}

/// Serves the feed of an agent to whoever asks for it.
///
/// # Errors
/// When the broker cannot be reached.
pub async fn serve_feed(
    calls: &dyn Calls,
    feed: Arc<Feed>,
    seats: Arc<dyn Seats>,
) -> Result<Serving, motet_bus::Error> {
    let desk = Arc::new(Desk::default());
    let subject = feed_subject(feed.agent());
    let answer = handler(move |ask: Bytes| {
        let (feed, seats, desk) = (Arc::clone(&feed), Arc::clone(&seats), Arc::clone(&desk));
        async move { answer_feed(&ask, &feed, &*seats, &desk).await }
    });
    calls.serve(&subject, "motet", answer).await
}

/// Answers one question about a feed; an empty answer where it cannot be answered, as the asker will ask again.
async fn answer_feed(ask: &[u8], feed: &Feed, seats: &dyn Seats, desk: &Desk) -> Bytes {
    let Ok(ask) = FeedAsk::decode(ask) else { return Bytes::new() };
    if let Some(part) = ask.seat_part {
        return desk
            .find(feed.agent(), part.sequence)
            .map_or_else(Bytes::new, |seat| part_of(feed, &seat, part.part));
    }
    if ask.epoch == feed.epoch() {
        // No more is a good answer too: it shows that the server lives.
        let _ = tokio::time::timeout(LONG_POLL, feed.more_than(ask.after)).await;
        if let After::Next(messages) = feed.after(ask.after, PART_BYTES) {
            let messages = messages.into_iter().map(Into::into).collect();
            return FeedBatch { epoch: feed.epoch(), messages, seat: None }.encode_to_vec().into();
        }
    }
    match seats.seat(feed.agent()).await {
        Some(seat) => {
            desk.keep(feed.agent(), seat.clone());
            part_of(feed, &seat, 0)
        }
        None => Bytes::new(),
    }
}

fn part_of(feed: &Feed, seat: &Seat, part: u32) -> Bytes {
    let parts = seat.message.len().div_ceil(PART_BYTES).max(1);
    let from = (part as usize).min(parts) * PART_BYTES;
    let bytes = seat.message.slice(from.min(seat.message.len())..seat.message.len().min(from + PART_BYTES));
    let seat = SeatPart { sequence: seat.sequence, part, parts: parts as u32, bytes: bytes.into() };
    FeedBatch { epoch: feed.epoch(), messages: Vec::new(), seat: Some(seat) }.encode_to_vec().into()
}

/// Serves a process's asks on a broker. An answer that cannot be given is empty.
///
/// # Errors
/// When the broker cannot be reached.
pub async fn serve_asks(
    calls: &dyn Calls,
    process: Arc<Process>,
    version: &str,
) -> Result<Serving, motet_bus::Error> {
    let subject = ask_subject(process.name(), version);
    let answer = handler(move |ask: Bytes| {
        let process = Arc::clone(&process);
        async move {
            let answer = process.answer(&ask).await;
            let answer = answer.inspect_err(|error| tracing::debug!(%error, "cannot answer an ask"));
            answer.map_or_else(|_| Bytes::new(), Bytes::from)
        }
    });
    calls.serve(&subject, "motet", answer).await
}

/// Keeps a process fed from a broker. Runs until dropped.
pub async fn keep_fed(calls: &dyn Calls, process: &Process) {
    let subject = feed_subject(process.name());
    let mut epoch = 0;
    loop {
        let after = process.sequence().unwrap_or(0);
        let epoch_asked = if process.sequence().is_some() { epoch } else { 0 };
        let ask = FeedAsk { epoch: epoch_asked, after, seat_part: None };
        let fed = match fetch(calls, &subject, &ask).await {
            Ok(batch) => take(calls, &subject, process, batch, &mut epoch).await,
            Err(error) => Err(error),
        };
        if let Err(error) = fed {
            tracing::debug!(agent = process.name().name(), error, "could not fetch its feed; tries again");
            tokio::time::sleep(AGAIN).await;
        }
    }
}

async fn fetch(calls: &dyn Calls, subject: &str, ask: &FeedAsk) -> Result<FeedBatch, String> {
    let answer = calls.call(subject, ask.encode_to_vec().into(), monotonic() + PATIENCE).await;
    let answer = answer.map_err(|error: CallError| error.to_string())?;
    if answer.is_empty() {
        return Err("the server could not answer".to_owned());
    }
    FeedBatch::decode(answer).map_err(|error| error.to_string())
}

async fn take(
    calls: &dyn Calls,
    subject: &str,
    process: &Process,
    batch: FeedBatch,
    epoch: &mut u64,
) -> Result<(), String> {
    *epoch = batch.epoch;
    let Some(first) = batch.seat else {
        return batch.messages.iter().try_for_each(|message| taken(process, message, epoch));
    };
    let mut seat = Vec::with_capacity(first.parts as usize * PART_BYTES);
    seat.extend_from_slice(&first.bytes);
    for part in 1..first.parts {
        let wanted = SeatPart { sequence: first.sequence, part, parts: first.parts, bytes: Vec::new() };
        let ask = FeedAsk { epoch: *epoch, after: 0, seat_part: Some(wanted) };
        let next = fetch(calls, subject, &ask).await?;
        let next = next.seat.filter(|next| next.sequence == first.sequence && next.part == part);
        seat.extend_from_slice(&next.ok_or("a part of the seat is gone")?.bytes);
    }
    taken(process, &seat, epoch)
}

/// Has the process take a message; after one it cannot take, it asks for a new seat.
fn taken(process: &Process, message: &[u8], epoch: &mut u64) -> Result<(), String> {
    process.take(message).map(drop).map_err(|error| {
        *epoch = 0;
        error.to_string()
    })
}
