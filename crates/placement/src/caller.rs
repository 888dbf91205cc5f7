//! How an ask reaches a process and its answer comes back: one way each over gRPC and over a broker.

use std::{fmt::Debug, sync::Arc, time::Instant};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use motet_agent::Absence;
use motet_bus::{CallError, Calls};

/// Carries an ask to some process of one version of an agent.
pub trait Caller: Send + Sync + Debug {
    /// Asks, and waits for the answer until the deadline.
    fn call(&self, ask: Bytes, deadline: Instant) -> BoxFuture<'_, Result<Bytes, Failed>>;
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[error("{why}")]
pub struct Failed {
    /// As what the agent counts.
    pub absence: Absence,
    /// For the log.
    pub why: String,
}

impl Failed {
    pub(crate) fn new(absence: Absence, why: impl Into<String>) -> Self {
        Self { absence, why: why.into() }
    }
}

/// Asks over a broker: whoever serves the subject answers.
#[derive(Debug)]
pub struct OverBroker {
    calls: Arc<dyn Calls>,
    subject: String,
}

impl OverBroker {
    /// Makes a way to the processes that serve a subject.
    pub fn new(calls: Arc<dyn Calls>, subject: String) -> Self {
        Self { calls, subject }
    }
}

impl Caller for OverBroker {
    fn call(&self, ask: Bytes, deadline: Instant) -> BoxFuture<'_, Result<Bytes, Failed>> {
        Box::pin(async move {
            let answer = self.calls.call(&self.subject, ask, deadline).await;
            answer.map_err(|error| Failed::new(absence(&error), error.to_string()))
        })
    }
}

const fn absence(error: &CallError) -> Absence {
    match error {
        CallError::Late => Absence::Late,
        CallError::Busy { .. } | CallError::Nobody { .. } | CallError::Unsent { .. } => Absence::Unreachable,
    }
}
