//! Calls under way: who waits for which reply.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use bytes::Bytes;
use futures_util::future::{Either, select};
use tokio::sync::oneshot;

use super::{CallError, Counts};

type Reply = Result<Bytes, CallError>;

/// The table of calls under way; bounded.
#[derive(Debug)]
pub(crate) struct Pending {
    waiting: Mutex<HashMap<u64, oneshot::Sender<Reply>>>,
    next: AtomicU64,
    limit: usize,
    counts: Arc<Counts>,
}

/// One call under way. Dropping it gives it up: a reply that comes later is counted and dropped.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) id: u64,
    pending: Arc<Pending>,
    reply: oneshot::Receiver<Reply>,
}

impl Pending {
    pub(crate) fn new(limit: usize, counts: Arc<Counts>) -> Arc<Self> {
        Arc::new(Self { waiting: Mutex::default(), next: AtomicU64::new(1), limit, counts })
    }

    /// Enters a call, unless too many are under way.
    pub(crate) fn enter(self: &Arc<Self>) -> Result<Waiting, CallError> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (sender, reply) = oneshot::channel();
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() >= self.limit {
            self.counts.add_shed(1);
            return Err(CallError::Busy { limit: self.limit });
        }
        waiting.insert(id, sender);
        self.counts.add_asked(1);
        Ok(Waiting { id, pending: Arc::clone(self), reply })
    }

    /// Hands a reply to whoever waits for it; counts it where nobody does.
    pub(crate) fn resolve(&self, id: Option<u64>, reply: Reply) {
        let waiter = id.and_then(|id| self.take(id));
        if waiter.is_none_or(|waiter| waiter.send(reply).is_err()) {
            self.counts.add_late_replies(1);
        }
    }

    fn take(&self, id: u64) -> Option<oneshot::Sender<Reply>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(&id)
    }
}

impl Waiting {
    /// Waits for the reply until the deadline, or until sending is known to have failed.
    pub(crate) async fn answer(
        mut self,
        deadline: Instant,
        unsent: impl Future<Output = CallError> + Send,
    ) -> Reply {
        let answered = async { (&mut self.reply).await.unwrap_or(Err(CallError::Late)) };
        let either = select(Box::pin(answered), Box::pin(unsent));
        match tokio::time::timeout_at(deadline.into(), either).await {
            Ok(Either::Left((reply, _))) => reply,
            Ok(Either::Right((error, _))) => Err(error),
            Err(_) => Err(CallError::Late),
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.pending.take(self.id);
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use bytes::Bytes;

    use super::Pending;
    use crate::{CallError, Counts, monotonic};

    #[tokio::test]
    async fn calls_are_bounded_and_a_reply_nobody_waits_for_is_counted() {
        let counts = Arc::new(Counts::default());
        let pending = Pending::new(1, Arc::clone(&counts));
        let call = pending.enter().unwrap();
        assert!(matches!(pending.enter(), Err(CallError::Busy { limit: 1 })));
        let id = call.id;
        pending.resolve(Some(id), Ok(Bytes::from_static(b"yes")));
        let answer = call.answer(monotonic() + Duration::from_secs(60), std::future::pending()).await;
        assert_eq!(answer.unwrap(), "yes");
        pending.resolve(Some(id), Ok(Bytes::new()));
        pending.resolve(None, Ok(Bytes::new()));
        let given_up = pending.enter().unwrap().answer(monotonic(), std::future::pending()).await;
        assert!(matches!(given_up, Err(CallError::Late)));
        let now = counts.now();
        assert_eq!((now.asked, now.shed, now.late_replies), (2, 1, 2));
        assert!(pending.enter().is_ok());
    }
}
