//! Migrations: applied at start, in order, each once and in one transaction, and checked against what was applied before.

use sha2::{Digest as _, Sha256};

use crate::{Error, Result, Session, session::in_time};

/// All migrations, oldest first; the first is number 1. One that was released is never changed.
const MIGRATIONS: [&str; 1] = [include_str!("../migrations/001-nodes.sql")];

/// The lock under which migrations are applied: so that of several nodes that start together one does it.
const LOCK: i64 = 0x006d_6f74_6574;

pub(crate) async fn migrate(session: &mut Session) -> Result<()> {
    in_time(session.patience() * 10, apply_missing(session)).await
}

async fn apply_missing(session: &mut Session) -> Result<()> {
    let transaction = session.begin().await?;
    transaction.batch_execute("SET LOCAL statement_timeout TO 0").await?;
    transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&LOCK]).await?;
    transaction
        .batch_execute(
            "CREATE SCHEMA IF NOT EXISTS motet; CREATE TABLE IF NOT EXISTS migrations \
             (number bigint PRIMARY KEY, digest text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())",
        )
        .await?;
    let rows = transaction.query("SELECT number, digest FROM migrations ORDER BY number", &[]).await?;
    let known = (1..).zip(MIGRATIONS).map(|(number, _)| number).last().unwrap_or(0);
    for row in &rows {
        let (number, digest): (i64, String) = (row.get(0), row.get(1));
        let ours = usize::try_from(number - 1).ok().and_then(|place| MIGRATIONS.get(place));
        match ours {
            None => return Err(Error::Newer { found: number, known }),
            Some(text) if digest_of(text) != digest => return Err(Error::OtherMigration { number }),
            Some(_) => {}
        }
    }
    for (number, text) in (1..).zip(MIGRATIONS).skip(rows.len()) {
        let number: i64 = number;
        transaction.batch_execute(text).await?;
        let digest = digest_of(text);
        transaction
            .execute("INSERT INTO migrations (number, digest) VALUES ($1, $2)", &[&number, &digest])
            .await?;
        tracing::info!(number, "migration applied");
    }
    transaction.commit().await?;
    Ok(())
}

fn digest_of(text: &str) -> String {
    format!("{:x}", Sha256::digest(text))
}
