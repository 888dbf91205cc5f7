//! Calls over NATS: each caller has an inbox; its subject's last part tells calls apart.

use std::{
    fmt::{Debug, Formatter},
    sync::Arc,
    time::Instant,
};

use async_nats::{Client, StatusCode, Subscriber};
use bytes::Bytes;
use futures_util::{StreamExt as _, future::BoxFuture};
use tokio::{sync::Semaphore, task::JoinHandle};

use super::connect;
use crate::{
    CallError, Calls, Counts, Error, Handler, Result, Serving, Settings, message::check_name,
    pending::Pending,
};

/// Calls over a NATS server.
pub struct NatsCalls {
    client: Client,
    server: String,
    inbox: String,
    pending: Arc<Pending>,
    counts: Arc<Counts>,
    in_flight: usize,
    reader: JoinHandle<()>,
}

impl Debug for NatsCalls {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NatsCalls").field("server", &self.server).finish_non_exhaustive()
    }
}

impl NatsCalls {
    /// Connects to a server for calls.
    ///
    /// # Errors
    /// When it cannot be reached.
    pub async fn open(server: &str, settings: &Settings) -> Result<Self> {
        let counts = Arc::new(Counts::default());
        let client = connect(server, settings, &counts).await?;
        let inbox = client.new_inbox();
        let replies = client.subscribe(format!("{inbox}.*")).await;
        let replies = replies.map_err(|source| Error::broker("read replies", server, source))?;
        let pending = Pending::new(settings.in_flight, Arc::clone(&counts));
        let reader = tokio::spawn(read_replies(replies, Arc::clone(&pending)));
        let (server, in_flight) = (server.to_owned(), settings.in_flight);
        Ok(Self { client, server, inbox, pending, counts, in_flight, reader })
    }
}

impl Calls for NatsCalls {
    fn call<'a>(
        &'a self,
        subject: &'a str,
        ask: Bytes,
        deadline: Instant,
    ) -> BoxFuture<'a, Result<Bytes, CallError>> {
        Box::pin(async move {
            let waiting = self.pending.enter()?;
            let reply_to = format!("{}.{}", self.inbox, waiting.id);
            let sending = self.client.publish_with_reply(subject.to_owned(), reply_to, ask);
            // While the connection is away the client's queue fills; then sending waits.
            let sent = tokio::time::timeout_at(deadline.into(), sending).await;
            let unsent = |source| CallError::Unsent { subject: subject.to_owned(), source };
            sent.map_err(|_| CallError::Late)?.map_err(|error| unsent(error.into()))?;
            let answer = waiting.answer(deadline, std::future::pending()).await;
            answer.map_err(|error| named(error, subject))
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
            let failed = |source: crate::error::Cause| Error::broker("serve a subject", &self.server, source);
            let asks = self.client.queue_subscribe(subject.to_owned(), group.to_owned()).await;
            let asks = asks.map_err(|error| failed(error.into()))?;
            self.client.flush().await.map_err(|error| failed(error.into()))?;
            let server = Server {
                client: self.client.clone(),
                handler,
                room: Arc::new(Semaphore::new(self.in_flight)),
                counts: Arc::clone(&self.counts),
            };
            Ok(Serving::new(tokio::spawn(server.run(asks))))
        })
    }

    fn prepare<'a>(&'a self, subject: &'a str) -> BoxFuture<'a, Result<()>> {
        // A subject needs no making.
        Box::pin(std::future::ready(check_name(subject)))
    }

    fn counts(&self) -> &Counts {
        &self.counts
    }
}

impl Drop for NatsCalls {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

async fn read_replies(mut replies: Subscriber, pending: Arc<Pending>) {
    while let Some(reply) = replies.next().await {
        let id = reply.subject.rsplit_once('.').and_then(|(_, id)| id.parse().ok());
        if reply.status == Some(StatusCode::NO_RESPONDERS) {
            pending.resolve(id, Err(CallError::Nobody { subject: String::new() }));
        } else {
            pending.resolve(id, Ok(reply.payload));
        }
    }
}

/// Enters the subject, which the server's notice does not repeat.
fn named(error: CallError, subject: &str) -> CallError {
    match error {
        CallError::Nobody { .. } => CallError::Nobody { subject: subject.to_owned() },
        other => other,
    }
}

/// What serves one subject.
struct Server {
    client: Client,
    handler: Handler,
    room: Arc<Semaphore>,
    counts: Arc<Counts>,
}

impl Server {
    async fn run(self, mut asks: Subscriber) {
        while let Some(ask) = asks.next().await {
            let Some(reply_to) = ask.reply else {
                self.counts.add_stale_asks(1);
                continue;
            };
            let Ok(room) = Arc::clone(&self.room).acquire_owned().await else { return };
            let answer = (self.handler)(ask.payload);
            let (client, counts) = (self.client.clone(), Arc::clone(&self.counts));
            tokio::spawn(async move {
                let answer = answer.await;
                drop(room);
                match client.publish(reply_to, answer).await {
                    Ok(()) => counts.add_answered(1),
                    Err(error) => {
                        counts.add_not_published(1);
                        tracing::debug!(%error, "a reply could not be sent");
                    }
                }
            });
        }
    }
}
