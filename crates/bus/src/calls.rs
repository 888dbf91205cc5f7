//! Calls: a question, one answer, a deadline.

use std::{fmt::Debug, future::Future, sync::Arc, time::Instant};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use tokio::task::JoinHandle;

use super::{Counts, Result, error::Cause};

/// Answers asks. Many may run at once, up to [`super::Settings::in_flight`].
pub type Handler = Arc<dyn Fn(Bytes) -> BoxFuture<'static, Bytes> + Send + Sync>;

/// Makes a [`Handler`] of an async function.
///
/// ```
/// let echo = motet_bus::handler(|ask| async move { ask });
/// # let _: motet_bus::Handler = echo;
/// ```
pub fn handler<F, A>(answer: F) -> Handler
where
    F: Fn(Bytes) -> A + Send + Sync + 'static,
    A: Future<Output = Bytes> + Send + 'static,
{
    Arc::new(move |ask| Box::pin(answer(ask)))
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The deadline came first.
    #[error("no answer by the deadline")]
    Late,
    /// Too many calls are under way.
    #[error("{limit} calls are under way already")]
    Busy {
        /// The most allowed.
        limit: usize,
    },
    /// Nobody serves the subject. Kafka cannot tell: there it shows as [`CallError::Late`].
    #[error("nobody serves '{subject}'")]
    Nobody {
        /// The subject.
        subject: String,
    },
    /// The ask could not be sent.
    #[error("could not send an ask for '{subject}'")]
    Unsent {
        /// The subject.
        subject: String,
        /// Why.
        source: Cause,
    },
}

/// Carries asks to whoever serves a subject, and one answer back to each.
pub trait Calls: Send + Sync + Debug {
    /// Asks, and waits for the answer until the deadline. Dropping the future gives the call up.
    ///
    /// # Errors
    /// [`CallError`]; an ask that failed may still have been worked on.
    fn call<'a>(
        &'a self,
        subject: &'a str,
        ask: Bytes,
        deadline: Instant,
    ) -> BoxFuture<'a, Result<Bytes, CallError>>;

    /// Serves a subject until the result is dropped; returns once asks can arrive. Each ask goes to one member of each
    /// group.
    ///
    /// # Errors
    /// When the bus cannot be reached or a name is illegal.
    fn serve<'a>(
        &'a self,
        subject: &'a str,
        group: &'a str,
        handler: Handler,
    ) -> BoxFuture<'a, Result<Serving>>;

    /// Makes ready for asking, so that the first call does not pay for it; asking works without.
    ///
    /// # Errors
    /// When the bus cannot be reached or the name is illegal.
    fn prepare<'a>(&'a self, subject: &'a str) -> BoxFuture<'a, Result<()>>;

    /// Returns what was carried and dropped so far.
    fn counts(&self) -> &Counts;
}

/// A subject being served; dropping it ends that, and asks in work are not answered.
#[derive(Debug)]
pub struct Serving {
    task: JoinHandle<()>,
}

impl Serving {
    pub(crate) const fn new(task: JoinHandle<()>) -> Self {
        Self { task }
    }

    /// Tells whether serving has ended by itself, which is a fault.
    pub fn has_ended(&self) -> bool {
        self.task.is_finished()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.task.abort();
    }
}
