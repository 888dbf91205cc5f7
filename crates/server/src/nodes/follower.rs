//! Changes: made through the store, and taken from it in the one order all nodes take them in.

use std::sync::Arc;

use motet_engine::{Effect, Event, Followed};
use motet_model::catalog::Change;
use motet_postgres::{Error, Session, Store};
use tokio::sync::{Mutex, Notify};

use super::{OpenError, Settings};
use crate::{
    platform::{ChangeError, Unavailable},
    runtime::Runtime,
};

/// Follows the store's log of changes.
#[derive(Debug)]
pub(super) struct Follower {
    store: Store,
    node: u16,
    runtime: Arc<Runtime>,
    /// Held while changes are made or taken: the catalog and the place it stands for belong together.
    desk: Mutex<Desk>,
    /// Told when the store announced a change.
    news: Arc<Notify>,
}

#[derive(Debug)]
struct Desk {
    session: Option<Session>,
    /// The place up to which the engine's catalog follows the log.
    place: u64,
}

impl Follower {
    pub(super) fn new(settings: &Settings, runtime: Arc<Runtime>, session: Session) -> Self {
        let place = runtime.opened().followed;
        Self {
            store: settings.store.clone(),
            node: settings.node,
            runtime,
            desk: Mutex::new(Desk { session: Some(session), place }),
            news: Arc::new(Notify::new()),
        }
    }

    /// Takes the catalog as it stands, and begins to listen.
    pub(super) async fn begin(&self) -> Result<(), OpenError> {
        let mut desk = self.desk.lock().await;
        let own = self.runtime.catalog().version() > 0;
        if desk.place == 0 && own {
            // The folder's campaigns are those of the store: found when it was opened.
            let through = self.session(&mut desk).await?.head().await?;
            self.take(&mut desk, Followed { through, changes: Vec::new() }).await?;
        }
        if let Some(session) = &desk.session {
            self.listen(session).await?;
        }
        self.catch_up(&mut desk).await.map_err(|error| match error {
            CatchUpError::Store(error) => OpenError::Store(error),
            CatchUpError::Engine(error) => OpenError::Engine(error),
        })
    }

    /// Waits until the store announces a change.
    pub(super) async fn announced(&self) {
        self.news.notified().await;
    }

    /// Takes what is new in the log. What fails is tried again by the next call.
    pub(super) async fn follow(&self) -> Result<(), Error> {
        let mut desk = self.desk.lock().await;
        match self.catch_up(&mut desk).await {
            Err(CatchUpError::Store(error)) => {
                desk.session = None;
                Err(error)
            }
            // An engine that takes nothing more is stopping.
            Ok(()) | Err(CatchUpError::Engine(_)) => Ok(()),
        }
    }

    /// Makes changes, all or none: durable in the store, and known to this node, once this returns.
    pub(super) async fn change(&self, changes: Vec<Change>) -> Result<(), ChangeError> {
        let mut desk = self.desk.lock().await;
        let made = self.append(&mut desk, &changes).await;
        match made {
            Ok(()) => {}
            Err(Error::Change(refusal)) => return Err(ChangeError::Refused(refusal.to_string())),
            Err(error) => {
                tracing::warn!(%error, "a change could not be brought to the store");
                desk.session = None;
                return Err(Unavailable::Store.into());
            }
        }
        // It is made: if this node cannot hear of it now, it will with the next look.
        if let Err(CatchUpError::Store(error)) = self.catch_up(&mut desk).await {
            tracing::warn!(%error, "a change was made and is still to be taken");
            desk.session = None;
        }
        Ok(())
    }

    async fn append(&self, desk: &mut Desk, changes: &[Change]) -> Result<(), Error> {
        let (place, node) = (desk.place, self.node);
        let catalog = self.runtime.catalog();
        self.session(desk).await?.append(node, &catalog, place, changes).await.map(drop)
    }

    async fn catch_up(&self, desk: &mut Desk) -> Result<(), CatchUpError> {
        loop {
            let place = desk.place;
            let changes = self.session(desk).await?.changes_after(place).await?;
            let Some((through, _)) = changes.last() else { return Ok(()) };
            self.take(desk, Followed { through: *through, changes }).await?;
        }
    }

    async fn take(&self, desk: &mut Desk, followed: Followed) -> Result<(), Unavailable> {
        let through = followed.through;
        let (effect, _) = self.runtime.take(Event::Followed(followed)).await?;
        if let Effect::Changed(Err(reason)) = effect {
            // All nodes take the same changes from the same place, and these were tried before they were made.
            tracing::error!(reason, through, "a change in the store does not fit this node's catalog");
            return Err(Unavailable::Store);
        }
        desk.place = through;
        Ok(())
    }

    async fn session<'a>(&self, desk: &'a mut Desk) -> Result<&'a mut Session, Error> {
        if desk.session.as_ref().is_none_or(Session::is_closed) {
            let session = self.store.connect().await?;
            self.listen(&session).await?;
            desk.session = Some(session);
        }
        Ok(desk.session.as_mut().expect("set just above where there was none"))
    }

    async fn listen(&self, session: &Session) -> Result<(), Error> {
        session.listen().await?;
        let (heard, told) = (session.news(), Arc::clone(&self.news));
        let closed = session.closed();
        tokio::spawn(async move {
            while !closed.load(std::sync::atomic::Ordering::Relaxed) {
                heard.notified().await;
                told.notify_one();
            }
        });
        Ok(())
    }
}

/// Why nothing more was taken.
enum CatchUpError {
    Store(Error),
    Engine(Unavailable),
}

impl From<Error> for CatchUpError {
    fn from(error: Error) -> Self {
        Self::Store(error)
    }
}

impl From<Unavailable> for CatchUpError {
    fn from(error: Unavailable) -> Self {
        Self::Engine(error)
    }
}
