//! Everything at once: for copies between stores, and for whoever checks the books from outside.

use motet_lease::Lease;
use motet_model::{
    catalog::Change,
    ids::{BidId, CampaignIx, DecisionId},
};
use motet_units::{Nanos, Timestamp};

use crate::{
    EngineState, LeaseRow, PolicySetRow, Result, Session,
    leases::{COLUMNS, read_lease, write_rows},
    session::in_time,
};

/// What is known of one campaign's budget.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BudgetRow {
    /// Whose.
    pub campaign: CampaignIx,
    /// The name it is known by at the edge.
    pub id: String,
    /// The total budget.
    pub total: Option<Nanos>,
    /// The daily budget.
    pub daily: Option<Nanos>,
    /// Granted to nodes, what is spent included.
    pub committed: Nanos,
    /// Spent.
    pub spent: Nanos,
}

/// What is known of one campaign's budget on one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayRow {
    /// Whose.
    pub campaign: CampaignIx,
    /// The day, by the campaign's clock, as a day number.
    pub day: i64,
    /// Granted to nodes, what is spent included.
    pub committed: Nanos,
    /// Spent.
    pub spent: Nanos,
}

/// All that a store holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Whole {
    /// The catalog's changes, by place.
    pub changes: Vec<(u64, Vec<Change>)>,
    /// Every lease.
    pub leases: Vec<LeaseRow>,
    /// Sets of policies.
    pub policies: Vec<PolicySetRow>,
    /// The nodes' states.
    pub states: Vec<EngineState>,
}

impl Session {
    /// Tells whether anything is in the store.
    ///
    /// # Errors
    /// When the connection fails.
    pub async fn is_empty(&mut self) -> Result<bool> {
        let statement = "SELECT NOT EXISTS (SELECT FROM catalog_changes) AND NOT EXISTS (SELECT FROM nodes) \
             AND NOT EXISTS (SELECT FROM policy_sets) AND NOT EXISTS (SELECT FROM engine_states)";
        Ok(self.within(self.client.query_one(statement, &[])).await?.get(0))
    }

    /// Empties the store.
    ///
    /// # Errors
    /// When the connection fails.
    pub async fn clear(&mut self) -> Result<()> {
        let statement = "TRUNCATE nodes, catalog_changes, budgets, budget_days, leases, notices, policy_sets, engine_states; \
             UPDATE catalog_head SET place = 0";
        self.within(self.client.batch_execute(statement)).await
    }

    /// Writes leases that were spent from before, with their expiry: how a store is filled from other books. The campaigns'
    /// budgets are there already; a budget that is below what was spent of it is raised for the moment of writing.
    ///
    /// # Errors
    /// When the connection or the transaction fails.
    pub async fn put_leases(&mut self, rows: &[LeaseRow]) -> Result<()> {
        let patience = self.patience() * 10;
        in_time(patience, async {
            let transaction = self.begin().await?;
            transaction
                .batch_execute("CREATE TEMPORARY TABLE limits ON COMMIT DROP AS SELECT campaign, total, daily FROM budgets; \
                    UPDATE budgets SET total = NULL, daily = NULL")
                .await?;
            write_rows(&transaction, rows).await?;
            transaction
                .batch_execute("UPDATE budgets SET total = limits.total, daily = limits.daily FROM limits \
                    WHERE budgets.campaign = limits.campaign")
                .await?;
            transaction.commit().await?;
            Ok(())
        })
        .await
    }

    /// Returns all leases, by campaign, day and node.
    ///
    /// # Errors
    /// When the connection fails.
    pub async fn leases(&mut self) -> Result<Vec<LeaseRow>> {
        let patience = self.patience() * 10;
        in_time(patience, async {
            let statement = format!("SELECT {COLUMNS} FROM leases ORDER BY campaign, day, node");
            Ok(self.client.query(&statement, &[]).await?.iter().map(read_lease).collect())
        })
        .await
    }

    /// Returns all budgets, by campaign.
    ///
    /// # Errors
    /// When the connection fails.
    pub async fn budgets(&mut self) -> Result<Vec<BudgetRow>> {
        let statement = "SELECT campaign, id, total, daily, committed, spent FROM budgets ORDER BY campaign";
        let rows = self.within(self.client.query(statement, &[])).await?;
        let read = |row: &tokio_postgres::Row| BudgetRow {
            campaign: CampaignIx(row.get::<_, i64>(0) as u32),
            id: row.get(1),
            total: row.get::<_, Option<i64>>(2).map(Nanos::new),
            daily: row.get::<_, Option<i64>>(3).map(Nanos::new),
            committed: Nanos::new(row.get(4)),
            spent: Nanos::new(row.get(5)),
        };
        Ok(rows.iter().map(read).collect())
    }

    /// Returns all budgets' days, by campaign and day.
    ///
    /// # Errors
    /// When the connection fails.
    pub async fn budget_days(&mut self) -> Result<Vec<DayRow>> {
        let statement = "SELECT campaign, day, committed, spent FROM budget_days ORDER BY campaign, day";
        let rows = self.within(self.client.query(statement, &[])).await?;
        let read = |row: &tokio_postgres::Row| DayRow {
            campaign: CampaignIx(row.get::<_, i64>(0) as u32),
            day: row.get(1),
            committed: Nanos::new(row.get(2)),
            spent: Nanos::new(row.get(3)),
        };
        Ok(rows.iter().map(read).collect())
    }

    /// Tells whether any node has ever joined.
    ///
    /// # Errors
    /// When the connection fails.
    pub async fn has_nodes(&mut self) -> Result<bool> {
        let statement = "SELECT EXISTS (SELECT FROM nodes)";
        Ok(self.within(self.client.query_one(statement, &[])).await?.get(0))
    }

    /// Returns every notice that charges and was not found unchargeable: its bid, whose budget, and what it charged.
    ///
    /// # Errors
    /// When the connection fails.
    pub async fn charges(&mut self) -> Result<Vec<(BidId, CampaignIx, Nanos)>> {
        let statement =
            "SELECT decision, imp, campaign, charge FROM notices WHERE judged <> 3 AND charge > 0";
        let rows = self.within(self.client.query(statement, &[])).await?;
        let read = |row: &tokio_postgres::Row| {
            let decision = DecisionId(row.get::<_, i64>(0) as u64);
            let bid = BidId { decision, imp: row.get::<_, i64>(1) as u16 };
            (bid, CampaignIx(row.get::<_, i64>(2) as u32), Nanos::new(row.get(3)))
        };
        Ok(rows.iter().map(read).collect())
    }

    /// Closes every other connection to the database, as an operator or a fault might.
    ///
    /// # Errors
    /// When the connection fails.
    pub async fn cut_others(&mut self) -> Result<()> {
        let statement = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE pid <> pg_backend_pid() AND datname = current_database()";
        self.within(self.client.query(statement, &[])).await.map(drop)
    }

    /// Returns the store's clock.
    ///
    /// # Errors
    /// When the connection fails.
    pub async fn clock(&mut self) -> Result<Timestamp> {
        let now: i64 = self.within(self.client.query_one("SELECT now_us()", &[])).await?.get(0);
        Ok(Timestamp::from_micros(now))
    }

    /// Reads all that the store holds.
    ///
    /// # Errors
    /// When the connection fails, or something has another version's form.
    pub async fn whole(&mut self) -> Result<Whole> {
        let mut changes: Vec<(u64, Vec<Change>)> = Vec::new();
        loop {
            let from = changes.last().map_or(0, |(place, _)| *place);
            let more = self.changes_after(from).await?;
            if more.is_empty() {
                break;
            }
            changes.extend(more);
        }
        let mut leases = self.leases().await?;
        leases.retain(|row| row.lease != Lease::default());
        Ok(Whole { changes, leases, policies: self.policies().await?, states: self.states().await? })
    }
}
