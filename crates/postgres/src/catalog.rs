//! The catalog's changes: one order for all nodes.
//!
//! Whoever appends locks the head, reads what it has not seen, and tries its changes on the catalog as it then is. So
//! every change in the log fits where it stands, and all nodes that take the log take the same catalog, index for index.

use motet_model::catalog::{Catalog, Change};
use tokio_postgres::{GenericClient, Transaction};

use crate::{
    Error, Result, Session,
    session::{CHANNEL, in_time},
};

/// The form in which changes are stored. Raised with every change that an older reader cannot take.
const FORM: i16 = 1;

/// What came of appending.
#[derive(Debug)]
pub struct Append {
    /// The place of the changes in the log.
    pub place: u64,
}

impl Session {
    /// Returns the changes beyond a place in the log, in order, at most a thousand places of them.
    ///
    /// # Errors
    /// When the connection fails, or they have another version's form.
    pub async fn changes_after(&mut self, place: u64) -> Result<Vec<(u64, Vec<Change>)>> {
        in_time(self.patience(), read_after(&self.client, place)).await
    }

    /// Returns the last place in the log; 0 before the first.
    ///
    /// # Errors
    /// When the connection fails.
    pub async fn head(&mut self) -> Result<u64> {
        let row = self.within(self.client.query_one("SELECT place FROM catalog_head", &[])).await?;
        Ok(row.get::<_, i64>(0) as u64)
    }

    /// Appends changes, all or none; durable once this returns. `catalog` is the catalog up to the place `seen`.
    ///
    /// # Errors
    /// [`Error::Change`] when they do not fit the catalog as it stands in the store.
    pub async fn append(
        &mut self,
        node: u16,
        catalog: &Catalog,
        seen: u64,
        changes: &[Change],
    ) -> Result<Append> {
        let patience = self.patience();
        in_time(patience, append(self, node, catalog, seen, changes)).await
    }
}

async fn read_after(client: &impl GenericClient, place: u64) -> Result<Vec<(u64, Vec<Change>)>> {
    let place = place.cast_signed();
    let statement =
        "SELECT place, form, changes FROM catalog_changes WHERE place > $1 ORDER BY place LIMIT 1000";
    let rows = client.query(statement, &[&place]).await?;
    rows.iter().map(|row| Ok((row.get::<_, i64>(0) as u64, decode(row.get(1), row.get(2))?))).collect()
}

fn decode(form: i16, bytes: &[u8]) -> Result<Vec<Change>> {
    if form != FORM {
        return Err(Error::Form { what: "a change of the catalog", found: form, known: FORM });
    }
    postcard::from_bytes(bytes)
        .map_err(|error| Error::Unreadable { what: "a change of the catalog", reason: error.to_string() })
}

async fn append(
    session: &mut Session,
    node: u16,
    catalog: &Catalog,
    mut seen: u64,
    changes: &[Change],
) -> Result<Append> {
    let transaction = session.begin().await?;
    let head: i64 = transaction.query_one("SELECT place FROM catalog_head FOR UPDATE", &[]).await?.get(0);
    let mut catalog = catalog.clone();
    while seen < head as u64 {
        for (place, earlier) in read_after(&transaction, seen).await? {
            for change in &earlier {
                catalog.apply(change)?;
            }
            seen = place;
        }
    }
    for change in changes {
        catalog.apply(change)?;
    }
    let place = head + 1;
    insert(&transaction, place, i64::from(node), changes).await?;
    fund(&transaction, &catalog, changes).await?;
    transaction.execute("UPDATE catalog_head SET place = $1", &[&place]).await?;
    transaction.batch_execute(&format!("NOTIFY {CHANNEL}")).await?;
    transaction.commit().await?;
    Ok(Append { place: place as u64 })
}

async fn insert(transaction: &Transaction<'_>, place: i64, node: i64, changes: &[Change]) -> Result<()> {
    let bytes = postcard::to_allocvec(changes)
        .map_err(|error| Error::Unreadable { what: "a change of the catalog", reason: error.to_string() })?;
    let statement = "INSERT INTO catalog_changes VALUES ($1, $2, $3, $4, now_us())";
    transaction.execute(statement, &[&place, &FORM, &bytes, &node]).await?;
    Ok(())
}

/// Writes the budgets of the campaigns that were put.
async fn fund(transaction: &Transaction<'_>, catalog: &Catalog, changes: &[Change]) -> Result<()> {
    let (mut numbers, mut ids, mut totals, mut dailies) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for change in changes {
        let Change::PutCampaign(campaign) = change else { continue };
        // A campaign may be put and removed in one go; the last word counts.
        let Some(ix) = catalog.campaign_ix(&campaign.id) else { continue };
        if numbers.contains(&i64::from(ix.0)) {
            continue;
        }
        let budget = catalog.campaign(ix).campaign.budget;
        numbers.push(i64::from(ix.0));
        ids.push(campaign.id.clone());
        totals.push(budget.total.map(motet_units::Nanos::get));
        dailies.push(budget.daily.map(motet_units::Nanos::get));
    }
    let statement = "INSERT INTO budgets (campaign, id, total, daily) \
         SELECT * FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[]) \
         ON CONFLICT (campaign) DO UPDATE SET total = excluded.total, daily = excluded.daily";
    transaction.execute(statement, &[&numbers, &ids, &totals, &dailies]).await?;
    Ok(())
}
