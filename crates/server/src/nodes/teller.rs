//! Telling the store: notices are gathered while the store takes those before them, so that one transaction serves many.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use motet_model::ids::BidId;
use motet_postgres::{Outcome, Session, Store, Taken, Told};
use motet_units::Span;
use tokio::sync::{mpsc, oneshot};

use crate::platform::Unavailable;

/// Notices that may wait.
const QUEUE: usize = 16_384;
/// Notices taken in one transaction, at most.
const BATCH: usize = 1_024;

type Waiting = (Told, oneshot::Sender<Result<Taken, Unavailable>>);

/// What the engine made of notices, until the store hears of it. Lost with the process: the notices are then judged again.
pub(super) type Judged = Arc<Mutex<BTreeMap<(BidId, u8, u64), Outcome>>>;

/// Tells the store of notices.
#[derive(Debug)]
pub(super) struct Teller {
    queue: mpsc::Sender<Waiting>,
    judged: Judged,
}

impl Teller {
    /// Starts a task that ends when the teller is dropped.
    pub(super) fn start(store: Store, skew: Span) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        tokio::spawn(run(store, skew, waiting));
        Self { queue, judged: Judged::default() }
    }

    /// Tells of one; durable in the store when this returns.
    pub(super) async fn tell(&self, told: Told) -> Result<Taken, Unavailable> {
        let (reply, taken) = oneshot::channel();
        self.queue.try_send((told, reply)).map_err(|_| Unavailable::Busy)?;
        taken.await.map_err(|_| Unavailable::Stopped)?
    }

    /// Notes what the engine made of one that was taken.
    pub(super) fn note(&self, told: &Told, outcome: Outcome) {
        let key = (told.notice.bid, told.kind, told.notice.key);
        self.judged.lock().unwrap_or_else(PoisonError::into_inner).insert(key, outcome);
    }

    pub(super) fn judged(&self) -> Judged {
        Arc::clone(&self.judged)
    }
}

async fn run(store: Store, skew: Span, mut waiting: mpsc::Receiver<Waiting>) {
    let mut session: Option<Session> = None;
    let mut batch: Vec<Waiting> = Vec::with_capacity(BATCH);
    while waiting.recv_many(&mut batch, BATCH).await > 0 {
        let (told, replies): (Vec<Told>, Vec<_>) = batch.drain(..).unzip();
        let taken = tell(&store, &mut session, &told, skew).await;
        match taken {
            Ok(taken) => {
                for (reply, taken) in replies.into_iter().zip(taken) {
                    // Whoever asked may have gone; what is taken is taken all the same.
                    let _ = reply.send(Ok(taken));
                }
            }
            Err(error) => {
                tracing::warn!(%error, notices = told.len(), "notices could not be brought to the store");
                session = None;
                for reply in replies {
                    let _ = reply.send(Err(Unavailable::Store));
                }
            }
        }
    }
}

async fn tell(
    store: &Store,
    session: &mut Option<Session>,
    told: &[Told],
    skew: Span,
) -> Result<Vec<Taken>, motet_postgres::Error> {
    if session.as_ref().is_none_or(Session::is_closed) {
        *session = Some(store.connect().await?);
    }
    let session = session.as_mut().expect("set just above where there was none");
    session.tell(told, skew).await
}
