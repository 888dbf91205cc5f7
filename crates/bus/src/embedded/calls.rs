//! Calls within the process: an ask goes straight to what serves its subject.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt::{Debug, Formatter},
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use tokio::sync::Semaphore;

use crate::{CallError, Calls, Counts, Handler, Result, Serving, Settings, message::check_name};

/// The handlers of a subject, by group; each ask goes to the one at the front, which then goes to the back.
type Served = BTreeMap<String, BTreeMap<String, VecDeque<(u64, Handler)>>>;

/// Calls among those who share this value.
pub struct EmbeddedCalls {
    served: Arc<Mutex<Served>>,
    room: Arc<Semaphore>,
    limit: usize,
    next: Mutex<u64>,
    counts: Counts,
}

impl Debug for EmbeddedCalls {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EmbeddedCalls").field("limit", &self.limit).finish_non_exhaustive()
    }
}

impl EmbeddedCalls {
    /// Makes a place to call and serve in; at most [`Settings::in_flight`] calls are under way.
    pub fn new(settings: &Settings) -> Self {
        let (limit, served) = (settings.in_flight, Arc::default());
        let room = Arc::new(Semaphore::new(limit.min(Semaphore::MAX_PERMITS)));
        Self { served, room, limit, next: Mutex::new(0), counts: Counts::default() }
    }

    /// Returns the handlers whose turn it is, one of each group.
    fn turns(&self, subject: &str) -> Vec<Handler> {
        let mut served = lock(&self.served);
        let groups = served.get_mut(subject).into_iter().flat_map(BTreeMap::values_mut);
        let turn = |members: &mut VecDeque<(u64, Handler)>| {
            members.rotate_left(1);
            members.back().map(|(_, handler)| Arc::clone(handler))
        };
        // Rotating an empty one would panic; none is kept.
        groups.filter(|members| !members.is_empty()).filter_map(turn).collect()
    }
}

impl Calls for EmbeddedCalls {
    fn call<'a>(
        &'a self,
        subject: &'a str,
        ask: Bytes,
        deadline: Instant,
    ) -> BoxFuture<'a, Result<Bytes, CallError>> {
        Box::pin(async move {
            let Ok(room) = Arc::clone(&self.room).try_acquire_owned() else {
                self.counts.add_shed(1);
                return Err(CallError::Busy { limit: self.limit });
            };
            self.counts.add_asked(1);
            let turns = self.turns(subject);
            if turns.is_empty() {
                return Err(CallError::Nobody { subject: subject.to_owned() });
            }
            let works = turns.into_iter().map(|handler| {
                let answer = handler(ask.clone());
                // A handler that panics takes nobody with it.
                Box::pin(tokio::spawn(answer))
            });
            let first = futures_util::future::select_ok(works);
            let answered = tokio::time::timeout_at(deadline.into(), first).await;
            drop(room);
            match answered {
                Ok(Ok((answer, _))) => {
                    self.counts.add_answered(1);
                    Ok(answer)
                }
                Ok(Err(_)) | Err(_) => Err(CallError::Late),
            }
        })
    }

    fn serve<'a>(
        &'a self,
        subject: &'a str,
        group: &'a str,
        handler: Handler,
    ) -> BoxFuture<'a, Result<Serving>> {
        Box::pin(async move {
            check_name(subject)?;
            check_name(group)?;
            let id = {
                let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
                *next += 1;
                *next
            };
            let mut served = lock(&self.served);
            let groups = served.entry(subject.to_owned()).or_default();
            groups.entry(group.to_owned()).or_default().push_back((id, handler));
            let leave = Leave { served: Arc::clone(&self.served), subject: subject.to_owned(), id };
            Ok(Serving::new(tokio::spawn(async move {
                let _leave = leave;
                std::future::pending::<()>().await;
            })))
        })
    }

    fn prepare<'a>(&'a self, subject: &'a str) -> BoxFuture<'a, Result<()>> {
        Box::pin(std::future::ready(check_name(subject)))
    }

    fn counts(&self) -> &Counts {
        &self.counts
    }
}

/// Takes a handler out when its serving ends.
struct Leave {
    served: Arc<Mutex<Served>>,
    subject: String,
    id: u64,
}

impl Drop for Leave {
    fn drop(&mut self) {
        let mut served = lock(&self.served);
        let groups = served.get_mut(&self.subject).into_iter().flat_map(BTreeMap::values_mut);
        for members in groups {
            members.retain(|(id, _)| *id != self.id);
        }
    }
}

fn lock(served: &Mutex<Served>) -> std::sync::MutexGuard<'_, Served> {
    served.lock().unwrap_or_else(PoisonError::into_inner)
}
