//! The store's address, and connections to it.

use std::{
    fmt,
    future::Future,
    str::FromStr as _,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::sync::Notify;
use tokio_postgres::{
    AsyncMessage, Client, Config, NoTls, Transaction,
    config::{Host, SslMode},
};

use crate::{Error, Result, schema};

/// The channel on which changes of the catalog are announced.
pub(crate) const CHANNEL: &str = "motet_catalog";

/// Where the shared store is. Its password never shows in its `Debug` form.
#[derive(Clone)]
pub struct Store {
    config: Config,
    patience: Duration,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("place", &self.place()).finish_non_exhaustive()
    }
}

impl Store {
    /// Reads an address: `postgres://user:password@host:port/database`. No call takes longer than `patience`.
    ///
    /// # Errors
    /// When it is no such address, or demands an encrypted connection.
    pub fn new(url: &str, patience: Duration) -> Result<Self> {
        let mut config = Config::from_str(url).map_err(|error| Error::Address(error.to_string()))?;
        if matches!(config.get_ssl_mode(), SslMode::Require) {
            return Err(Error::Unsupported("an encrypted connection (sslmode=require)"));
        }
        config.ssl_mode(SslMode::Disable).connect_timeout(patience).application_name("motet");
        Ok(Self { config, patience })
    }

    /// Returns host and database, fit to be logged.
    pub fn place(&self) -> String {
        let hosts = self.config.get_hosts().iter().map(|host| match host {
            Host::Tcp(name) => name.clone(),
            #[cfg(unix)]
            Host::Unix(path) => path.display().to_string(),
        });
        let ports: Vec<String> = self.config.get_ports().iter().map(u16::to_string).collect();
        let hosts: Vec<String> = hosts.collect();
        let database = self.config.get_dbname().unwrap_or("(default)");
        format!(
            "{}:{}/{database}",
            hosts.join(","),
            if ports.is_empty() { "5432".to_owned() } else { ports.join(",") }
        )
    }

    /// Opens a connection, and brings the schema up to date where it is behind.
    ///
    /// # Errors
    /// When there is none, or the database was written by a newer program.
    pub async fn open(&self) -> Result<Session> {
        let mut session = self.connect().await?;
        schema::migrate(&mut session).await?;
        Ok(session)
    }

    /// Opens a connection to a database whose schema is known to be up to date.
    ///
    /// # Errors
    /// When there is none.
    pub async fn connect(&self) -> Result<Session> {
        let connecting = tokio::time::timeout(self.patience, self.config.connect(NoTls)).await;
        let connected = connecting.map_err(|_| Error::Slow(self.patience.as_millis()))?;
        let (client, mut connection) =
            connected.map_err(|source| Error::Connect { place: self.place(), source })?;
        let news = Arc::new(Notify::new());
        let heard = Arc::clone(&news);
        let driver = tokio::spawn(async move {
            while let Some(message) = std::future::poll_fn(|context| connection.poll_message(context)).await {
                match message {
                    Ok(AsyncMessage::Notification(_)) => heard.notify_one(),
                    Ok(_) => {}
                    // Whoever waits for an answer on this connection is told.
                    Err(_) => break,
                }
            }
            // Whoever waits for news finds the connection closed.
            heard.notify_one();
        });
        let closed = Arc::new(AtomicBool::new(false));
        let session = Session { client, news, closed, patience: self.patience, driver };
        let patience_ms = self.patience.as_millis();
        let settings = format!(
            "SET search_path TO motet; SET statement_timeout TO {patience_ms}; \
             SET idle_in_transaction_session_timeout TO {patience_ms}; SET client_min_messages TO warning"
        );
        session.within(session.client.batch_execute(&settings)).await?;
        Ok(session)
    }
}

/// One connection. Each call is one transaction; given up after the store's patience, a session is not used again.
pub struct Session {
    pub(crate) client: Client,
    news: Arc<Notify>,
    closed: Arc<AtomicBool>,
    patience: Duration,
    driver: tokio::task::JoinHandle<()>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("closed", &self.is_closed()).finish_non_exhaustive()
    }
}

impl Session {
    /// Tells whether the connection is gone.
    pub fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Returns what is notified when a change was announced, once [`Session::listen`] was called, and when the connection
    /// ends.
    pub fn news(&self) -> Arc<Notify> {
        Arc::clone(&self.news)
    }

    /// Returns what becomes true when the session is dropped; whoever waits for news is then notified.
    pub fn closed(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.closed)
    }

    /// Begins to hear of changes to the catalog.
    ///
    /// # Errors
    /// When the connection fails.
    pub async fn listen(&self) -> Result<()> {
        self.within(self.client.batch_execute(&format!("LISTEN {CHANNEL}"))).await
    }

    /// Waits for an answer, at most as long as the store's patience.
    pub(crate) async fn within<T>(
        &self,
        answer: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T> {
        let answered = tokio::time::timeout(self.patience, answer).await;
        Ok(answered.map_err(|_| Error::Slow(self.patience.as_millis()))??)
    }

    pub(crate) const fn patience(&self) -> Duration {
        self.patience
    }

    /// Begins a transaction.
    pub(crate) async fn begin(&mut self) -> Result<Transaction<'_>> {
        Ok(self.client.transaction().await?)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.driver.abort();
        self.closed.store(true, Ordering::Relaxed);
        self.news.notify_one();
    }
}

/// Gives a future at most as long as the store's patience.
pub(crate) async fn in_time<T>(patience: Duration, work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::time::timeout(patience, work).await.map_err(|_| Error::Slow(patience.as_millis()))?
}
