//! Requests whose agents are partly placed elsewhere: the engine is asked whom to ask, they are asked, and what they said
//! goes into the request before it is decided. The engine thread never waits for any of them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use motet_agent::AgentName;
use motet_engine::{Engine, SealedRequest};
use motet_placement::{Elsewhere, Feed, Feeder, Seat, Seats, write_ask, write_seat};
use motet_units::{Span, Timestamp};
use tokio::sync::oneshot;

use super::{Command, Line, Runtime, monotonic, wall_clock};

/// The most rounds of asking: the stages of a decision.
const ROUNDS: usize = 3;
/// What is kept of a request's time for the decision itself and the answer.
const FOR_DECIDING: Duration = Duration::from_millis(3);

/// What one agent placed elsewhere is asked.
pub(crate) type Asks = Vec<(AgentName, Bytes)>;

/// A request on its way to the engine thread, to find out whom to ask.
pub(crate) struct Inquired {
    pub(crate) sealed: Box<SealedRequest>,
    pub(crate) hearing: u64,
    pub(crate) elsewhere: Arc<Elsewhere>,
    pub(crate) deadline: Instant,
    pub(crate) reply: oneshot::Sender<(Box<SealedRequest>, Asks)>,
}

/// The agents placed elsewhere and their feeds.
#[derive(Debug)]
pub(super) struct Away {
    elsewhere: Arc<Elsewhere>,
    /// Numbers the hearings; begins at the time of the start, so that two starts do not share any.
    hearing: AtomicU64,
}

impl Away {
    pub(super) fn new(elsewhere: Elsewhere) -> Self {
        let began = wall_clock().micros().unsigned_abs();
        Self { elsewhere: Arc::new(elsewhere), hearing: AtomicU64::new(began) }
    }

    /// Asks whoever is to be asked before a request can be decided. `None` when the engine is not to be had.
    pub(super) async fn gather(
        &self,
        line: &Line,
        mut sealed: Box<SealedRequest>,
        deadline: Instant,
    ) -> Option<Box<SealedRequest>> {
        let hearing = self.hearing.fetch_add(1, Ordering::Relaxed);
        for _ in 0..ROUNDS {
            let (reply, inquired) = oneshot::channel();
            let elsewhere = Arc::clone(&self.elsewhere);
            let inquiry = Inquired { sealed, hearing, elsewhere, deadline, reply };
            line.ask(Command::Inquire(inquiry)).await.ok()?;
            let asks;
            (sealed, asks) = inquired.await.ok()?;
            if asks.is_empty() {
                break;
            }
            let left = deadline.saturating_duration_since(monotonic()).saturating_sub(FOR_DECIDING);
            sealed.answers.extend(self.elsewhere.ask(hearing, asks, left).await);
        }
        Some(sealed)
    }
}

/// Finds out whom a request's engine must ask next, and writes the asks.
pub(super) fn inquire(engine: &mut Engine, inquired: Inquired) {
    let Inquired { sealed, hearing, elsewhere, deadline, reply } = inquired;
    if reply.is_closed() {
        return;
    }
    let (now, left) = (wall_clock(), deadline.saturating_duration_since(monotonic()));
    let until = now + Span::from_micros(i64::try_from(left.as_micros()).unwrap_or(i64::MAX));
    let mut asks = Asks::new();
    engine.inquire(now, &sealed, elsewhere.names(), &mut |agent, view| {
        asks.push((agent, write_ask(hearing, until, now, agent, view)));
    });
    // Whoever asked may have gone; then nobody waits.
    let _ = reply.send((sealed, asks));
}

/// Begins the feeds of some agents, each fed by what the engine tells its own from now on.
pub(super) fn begin_feeds(engine: &mut Engine, agents: &[AgentName]) -> Vec<Arc<Feed>> {
    let epoch = wall_clock().micros().unsigned_abs();
    let feeds: Vec<_> = agents.iter().map(|agent| Arc::new(Feed::new(*agent, epoch))).collect();
    if !feeds.is_empty() {
        engine.listen(Box::new(Feeder::new(feeds.clone())));
    }
    feeds
}

/// Gives seats as the engine of a running server stands.
#[derive(Clone)]
pub(crate) struct LiveSeats {
    line: Line,
    feeds: Vec<Arc<Feed>>,
}

impl std::fmt::Debug for LiveSeats {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LiveSeats").field("feeds", &self.feeds.len()).finish_non_exhaustive()
    }
}

impl Seats for LiveSeats {
    fn seat(&self, agent: AgentName) -> BoxFuture<'_, Option<Seat>> {
        Box::pin(async move {
            let feed = self.feeds.iter().find(|feed| feed.agent() == agent)?;
            let (reply, seat) = oneshot::channel();
            self.line.send(Command::Seat { feed: Arc::clone(feed), reply }).ok()?;
            seat.await.ok()
        })
    }
}

/// Writes a seat where the engine is stepped.
pub(super) fn seat(engine: &Engine, feed: &Feed, now: Timestamp, reply: oneshot::Sender<Seat>) {
    let _ = reply.send(write_seat(engine, feed, now));
}

impl Runtime {
    /// Returns the feeds of the agents placed elsewhere, and where their processes' seats come from.
    pub fn feeds(&self) -> (Vec<Arc<Feed>>, Arc<dyn Seats>) {
        let seats = LiveSeats { line: self.line.clone(), feeds: self.feeds.clone() };
        (self.feeds.clone(), Arc::new(seats))
    }

    /// Asks some agents elsewhere from now on. Only those whose feeds were begun at the start can be; at most once.
    pub fn place(&self, elsewhere: Elsewhere) {
        let fed = |name: &AgentName| self.feeds.iter().any(|feed| feed.agent() == *name);
        debug_assert!(elsewhere.names().iter().all(fed), "an agent placed elsewhere has no feed");
        let placed = self.away.set(Away::new(elsewhere));
        debug_assert!(placed.is_ok(), "agents are placed once");
    }
}
