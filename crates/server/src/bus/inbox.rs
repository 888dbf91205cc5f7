//! Notices from a topic, given to the engine exactly as the HTTP edge gives them.
//!
//! A message is the address of a notice, as text: what would be called over HTTP, with or without scheme and host. Its
//! token is checked as there; what is refused is set aside on the dead-letter topic with the reason. Positions are
//! committed once the engine's records are on the disk and the dead letters are acknowledged; a crash before that
//! delivers them again, and the engine knows what it has counted.

use std::sync::{Arc, atomic::Ordering};

use motet_bus::{Bus, Delivered, Message, Positions, Subscriber, dead_letter};
use motet_model::outcome::Notice;
use tokio::sync::watch;

use super::{Progress, REST, wait_or_stop};
use crate::{
    config::Config,
    http::App,
    platform::Platform,
    runtime::{Unavailable, wall_clock},
    tokens::Claim,
};

/// Takes notices from one topic.
pub(super) struct Inbox<P> {
    app: Arc<App<P>>,
    bus: Arc<dyn Bus>,
    topic: String,
    group: String,
    progress: Arc<Progress>,
}

/// Why taking ends, or begins anew.
enum Interrupted {
    /// It is time to stop, or there is nobody to give notices to.
    Stopped,
    /// The member must join anew: what it has not committed is delivered again.
    Anew,
}

impl<P: Platform> Inbox<P> {
    pub(super) fn new(
        config: &Config,
        app: &Arc<App<P>>,
        bus: Arc<dyn Bus>,
        progress: Arc<Progress>,
    ) -> Self {
        let group = match config.bus.group.as_str() {
            "" => format!("motet-{}", config.decision.node),
            group => group.to_owned(),
        };
        Self { app: Arc::clone(app), bus, topic: config.bus.notices_topic.clone(), group, progress }
    }

    /// Takes notices until told to stop.
    pub(super) async fn run(self, mut stopped: watch::Receiver<bool>) {
        loop {
            let topics = [self.topic.as_str()];
            let joined = match self.bus.subscribe(&self.group, &topics).await {
                Ok(subscriber) => self.take_all(subscriber, &mut stopped).await,
                Err(error) => {
                    warn(&error, "could not join the group that reads notices; trying again");
                    Interrupted::Anew
                }
            };
            if matches!(joined, Interrupted::Stopped) || wait_or_stop(REST, &mut stopped).await {
                return;
            }
        }
    }

    async fn take_all(
        &self,
        mut subscriber: Box<dyn Subscriber>,
        stopped: &mut watch::Receiver<bool>,
    ) -> Interrupted {
        loop {
            let received = tokio::select! {
                received = subscriber.receive() => received,
                _ = stopped.wait_for(|stopped| *stopped) => return Interrupted::Stopped,
            };
            self.progress.lag.store(subscriber.lag().unwrap_or(u64::MAX), Ordering::Relaxed);
            let messages = match received {
                Ok(messages) => messages,
                Err(error) => {
                    warn(&error, "could not receive notices; joining the group anew");
                    return Interrupted::Anew;
                }
            };
            let (notices, dead) = self.sort(&messages);
            if let Err(interrupted) = self.settle(notices, dead, stopped).await {
                return interrupted;
            }
            if let Err(error) = subscriber.commit(&Positions::of(&messages)).await {
                // The next commit covers these too; if none comes, they are delivered again and known.
                warn(&error, "could not commit");
            }
        }
    }

    /// Reads messages: notices, and what is set aside.
    fn sort(&self, messages: &[Delivered]) -> (Vec<(Notice, Claim)>, Vec<Message>) {
        let now = wall_clock();
        let (mut notices, mut dead) = (Vec::with_capacity(messages.len()), Vec::new());
        for message in messages {
            match std::str::from_utf8(&message.payload) {
                Ok(address) => match self.app.notice_at(address, now) {
                    Ok(notice) => notices.push(notice),
                    Err(error) => dead.push(dead_letter(message, &error.to_string())),
                },
                Err(_) => dead.push(dead_letter(message, "no text in UTF-8")),
            }
        }
        (notices, dead)
    }

    /// Has notices judged and made durable, and dead letters acknowledged.
    async fn settle(
        &self,
        notices: Vec<(Notice, Claim)>,
        dead: Vec<Message>,
        stopped: &mut watch::Receiver<bool>,
    ) -> Result<(), Interrupted> {
        let verdicts = loop {
            match self.app.platform().notices(notices.clone()).await {
                Ok(verdicts) => break verdicts,
                Err(Unavailable::Busy | Unavailable::Store) if !wait_or_stop(REST, stopped).await => {}
                Err(_) => return Err(Interrupted::Stopped),
            }
        };
        for ((notice, _), verdict) in notices.iter().zip(&verdicts) {
            self.app.metrics.notice(&notice.kind, *verdict);
        }
        self.progress.judged.fetch_add(verdicts.len() as u64, Ordering::Relaxed);
        let count = dead.len() as u64;
        while let Err(error) = self.bus.publish(dead.clone()).await {
            warn(&error, "could not set dead letters aside; trying again");
            if wait_or_stop(REST, stopped).await {
                return Err(Interrupted::Stopped);
            }
        }
        self.progress.dead_letters.fetch_add(count, Ordering::Relaxed);
        Ok(())
    }
}

fn warn(error: &motet_bus::Error, what: &'static str) {
    let cause = std::error::Error::source(error).map(ToString::to_string);
    tracing::warn!(%error, cause, "{what}");
}
