//! Joining: the node's folder and the store must belong together.

use std::{path::Path, sync::Arc};

use motet_model::catalog::Catalog;
use motet_postgres::{Session, Store};
use motet_units::{Span, Timestamp};

use super::Settings;
use crate::{
    platform::Unavailable,
    runtime::{Runtime, wall_clock},
    tokens::{Secrets, SecretsError, hex, random},
};

/// The file that says which journal a folder holds.
const IDENTITY: &str = "identity";
/// The name the shared secrets go by in the store.
const SECRETS: &str = "tokens";

/// A node that cannot join the others.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The store.
    #[error("cannot join the other nodes")]
    Store(#[from] motet_postgres::Error),
    /// The engine.
    #[error(transparent)]
    Engine(#[from] Unavailable),
    /// This machine's clock and the store's are too far apart.
    #[error(
        "this machine's clock is {off_ms} ms off the store's, {allowed_ms} ms are allowed (store.skew_ms): set the clocks, or \
         allow more"
    )]
    Clock {
        /// How far, in milliseconds; above 0 where this machine is ahead.
        off_ms: i64,
        /// How far is allowed.
        allowed_ms: i64,
    },
    /// The secrets.
    #[error(transparent)]
    Secrets(#[from] SecretsError),
    /// The secrets in the store.
    #[error("the secrets in the store are not what this program writes: {0}")]
    SharedSecrets(&'static str),
    /// The folder's identity.
    #[error("cannot read or write the identity of the data folder ({0})")]
    Identity(std::io::Error),
    /// The folder holds a catalog of its own.
    #[error(
        "the data folder holds campaigns that are not those of the store: bring them there with `motet store copy`, or begin \
         with an empty folder"
    )]
    OtherCatalog,
    /// The store's log is shorter than what the folder has followed.
    #[error(
        "the data folder followed the store's changes up to {followed}, but the store has only {head}: it is not the store \
         this folder belongs to"
    )]
    OtherStore {
        /// What the folder has followed.
        followed: u64,
        /// What the store has.
        head: u64,
    },
}

/// Opens the store for a node: its schema up to date, the node registered, its folder found to belong here.
pub(super) async fn open(runtime: &Arc<Runtime>, settings: &Settings) -> Result<Session, OpenError> {
    let mut session = settings.store.open().await?;
    let (off, skew) = (clock_off(&mut session).await?, settings.terms.skew);
    if off.micros().abs() > skew.micros() {
        return Err(OpenError::Clock { off_ms: off.millis(), allowed_ms: skew.millis() });
    }
    let journal = identity(runtime.data_dir()).map_err(OpenError::Identity)?;
    session.register(settings.node, &journal, runtime.opened().last).await?;
    check_catalog(runtime, &mut session).await?;
    Ok(session)
}

/// Returns how far this machine's clock is ahead of the store's, at least: what the question itself took is left out.
pub(super) async fn clock_off(session: &mut Session) -> Result<Span, motet_postgres::Error> {
    let asked = wall_clock();
    let told = session.clock().await?;
    let heard = wall_clock();
    let off = if told < asked { asked - told } else { Span::ZERO };
    Ok(if told > heard { heard - told } else { off })
}

/// Finds that the node's catalog is one the store's changes lead to.
async fn check_catalog(runtime: &Runtime, session: &mut Session) -> Result<(), OpenError> {
    let followed = runtime.opened().followed;
    let own = runtime.catalog();
    let head = session.head().await?;
    if followed > head {
        return Err(OpenError::OtherStore { followed, head });
    }
    if followed > 0 || own.version() == 0 {
        return Ok(());
    }
    // A folder whose campaigns were copied to the store: it goes on from there.
    let mut shared = Catalog::default();
    for (_, changes) in session.whole().await?.changes {
        for change in &changes {
            shared.apply(change).map_err(|_| OpenError::OtherCatalog)?;
        }
    }
    if own.holds_the_same(&shared) { Ok(()) } else { Err(OpenError::OtherCatalog) }
}

/// Returns the identity of a folder's journal, made the first time it is asked for.
fn identity(data_dir: &Path) -> std::io::Result<String> {
    let path = data_dir.join(IDENTITY);
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(text.trim().to_owned()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let text = hex(&random::<16>().map_err(std::io::Error::other)?);
            let fresh = path.with_extension("new");
            std::fs::write(&fresh, &text)?;
            std::fs::File::open(&fresh)?.sync_all()?;
            std::fs::rename(&fresh, &path)?;
            std::fs::File::open(data_dir)?.sync_all()?;
            Ok(text)
        }
        Err(error) => Err(error),
    }
}

/// Returns the secrets all nodes share: those in the store, or, for the first node, those of its own file, which are the
/// store's from then on. The file follows. Keys are not replaced while they are shared.
///
/// # Errors
/// When the store cannot be reached, or a secret cannot be read or written.
pub async fn share_secrets(store: &Store, path: &Path, now: Timestamp) -> Result<Secrets, OpenError> {
    let own = Secrets::open_or_create(path, now)?;
    let text = own.text();
    let shared = store.open().await?.share_secret(SECRETS, &text).await?;
    if shared == text {
        return Ok(own);
    }
    let secrets = Secrets::parse(&shared).map_err(OpenError::SharedSecrets)?;
    secrets.store(path)?;
    Ok(secrets)
}
