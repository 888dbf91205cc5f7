//! Load on a server: as much as it takes, or so much and no more.
//!
//! *Closed*: every connection sends its next request when the last is answered; it measures throughput. *Open*:
//! requests are due at even intervals, whatever the answers do, and latency counts from the moment a request was due. A
//! request that finds its connection still busy waits for it, and that wait counts too, so a stall of the server is
//! paid by every request that was due in it, not by the one alone that met it.
//!
//! A thread of its own tells when requests are due: a timer of the event loop would wake a millisecond late.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use tokio::sync::mpsc;

use super::{
    bodies::Bodies,
    wire::{Reply, StageTimes, Wire},
};
use crate::clock;

/// Connections the load keeps.
const CONNECTIONS: usize = 128;
/// From the last connection made to the first request due.
const LEAD: Duration = Duration::from_millis(20);

/// Where the load's requests come from: each is a new one.
#[derive(Debug)]
pub(crate) struct Requests {
    bodies: Bodies,
    next: AtomicU64,
}

impl Requests {
    pub(crate) const fn new(bodies: Bodies) -> Self {
        Self { bodies, next: AtomicU64::new(0) }
    }

    /// Writes the next request into a buffer, in place of what it holds.
    fn next(&self, buffer: &mut Vec<u8>) {
        self.bodies.write(self.next.fetch_add(1, Ordering::Relaxed), buffer);
    }
}

/// One request of an open load.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    /// From due to answered, in microseconds.
    pub(crate) latency_us: u32,
    /// From due to sent, in microseconds: what the load itself, or a busy connection, added.
    pub(crate) sent_late_us: u32,
    /// What the server says it did meanwhile.
    pub(crate) stages: Option<StageTimes>,
}

/// What some load saw.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) answered: u64,
    pub(crate) with_bid: u64,
    pub(crate) failed: u64,
    pub(crate) samples: Vec<Sample>,
}

impl Seen {
    fn count(&mut self, reply: Reply) {
        self.answered += u64::from(reply.status < 400);
        self.failed += u64::from(reply.status >= 400);
        self.with_bid += u64::from(reply.status == 200);
    }

    pub(crate) fn add(&mut self, mut other: Self) {
        self.answered += other.answered;
        self.with_bid += other.with_bid;
        self.failed += other.failed;
        self.samples.append(&mut other.samples);
    }
}

/// Keeps every connection busy for a while.
pub(crate) async fn closed(server: SocketAddr, requests: &Arc<Requests>, time: Duration) -> Result<Seen> {
    let until = clock::monotonic() + time;
    let mut lanes = Vec::new();
    for _ in 0..CONNECTIONS {
        let (mut wire, requests) = (Wire::connect(server).await?, Arc::clone(requests));
        lanes.push(tokio::spawn(async move {
            let mut seen = Seen::default();
            let mut buffer = Vec::new();
            while clock::monotonic() < until {
                requests.next(&mut buffer);
                seen.count(wire.ask(&buffer).await?);
            }
            anyhow::Ok(seen)
        }));
    }
    together(lanes).await
}

/// Sends at a steady rate, in requests a second.
pub(crate) async fn open(
    server: SocketAddr,
    requests: &Arc<Requests>,
    rate: f64,
    time: Duration,
) -> Result<Seen> {
    let mut senders = Vec::new();
    let mut lanes = Vec::new();
    for _ in 0..CONNECTIONS {
        let (sender, due) = mpsc::unbounded_channel();
        let wire = Wire::connect(server).await?;
        lanes.push(tokio::spawn(lane(wire, due, Arc::clone(requests))));
        senders.push(sender);
    }
    let total = (rate * time.as_secs_f64()) as usize;
    let began = clock::monotonic() + LEAD;
    let pace = move || {
        for number in 0..total {
            let due = began + Duration::from_secs_f64(number as f64 / rate);
            std::thread::sleep(due.saturating_duration_since(clock::monotonic()));
            // A lane that failed is told of when all have ended.
            let _ = senders[number % CONNECTIONS].send(due);
        }
    };
    let pacer = std::thread::Builder::new().name("pacer".to_owned()).spawn(pace);
    let pacer = pacer.context("cannot start a thread")?;
    let seen = together(lanes).await;
    ensure!(pacer.join().is_ok(), "the pacer ended in a panic");
    seen
}

/// Sends what is due on one connection.
async fn lane(
    mut wire: Wire,
    mut due: mpsc::UnboundedReceiver<Instant>,
    requests: Arc<Requests>,
) -> Result<Seen> {
    let mut seen = Seen::default();
    let mut buffer = Vec::new();
    while let Some(due) = due.recv().await {
        requests.next(&mut buffer);
        let sent = clock::monotonic();
        let reply = wire.ask(&buffer).await?;
        let answered = clock::monotonic();
        seen.count(reply);
        seen.samples.push(Sample {
            latency_us: micros(answered - due),
            sent_late_us: micros(sent.saturating_duration_since(due)),
            stages: reply.stages,
        });
    }
    Ok(seen)
}

fn micros(time: Duration) -> u32 {
    u32::try_from(time.as_micros()).unwrap_or(u32::MAX)
}

async fn together(lanes: Vec<tokio::task::JoinHandle<Result<Seen>>>) -> Result<Seen> {
    let mut all = Seen::default();
    for lane in lanes {
        all.add(lane.await?.context("a connection of the load failed")?);
    }
    ensure!(all.failed == 0, "the server answered {} requests with errors", all.failed);
    Ok(all)
}
