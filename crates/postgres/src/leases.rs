//! Leases of budgets: looked at, renewed and reclaimed.
//!
//! The rules are [`motet_lease::Pool`]'s. Here its pools are filled from rows that are locked, and what changed is written
//! back in the same transaction: first what is given back, then what is granted, so that the database's own check of
//! every step (LE-1) holds throughout.

use std::collections::{BTreeMap, BTreeSet};

use motet_lease::{Ask, Lease, Pool, Refused, Terms};
use motet_model::ids::CampaignIx;
use motet_units::{Nanos, Timestamp};
use tokio_postgres::{Row, Transaction};

use crate::{Mark, Result, Session, notices, session::in_time};

/// A lease with whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaseRow {
    /// Whose budget.
    pub campaign: CampaignIx,
    /// The day, by the campaign's clock, as a day number.
    pub day: i64,
    /// Who holds it.
    pub node: u16,
    /// What is held.
    pub lease: Lease,
}

/// What a node asks for, of one campaign on one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaseAsk {
    /// Whose budget.
    pub campaign: CampaignIx,
    /// The day, by the campaign's clock, as a day number.
    pub day: i64,
    /// What it asks for.
    pub ask: Ask,
}

/// What a node tells and asks in one go.
#[derive(Debug)]
pub struct Renewal<'a> {
    /// The node.
    pub node: u16,
    /// The last record of its journal that is on its disk.
    pub reached: u64,
    /// What became of notices it had been told of.
    pub marks: &'a [Mark],
    /// What it asks for.
    pub asks: &'a [LeaseAsk],
}

/// What came of one ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Renewed {
    /// Whose budget.
    pub campaign: CampaignIx,
    /// The day.
    pub day: i64,
    /// The lease in force, or why the ask changed nothing.
    pub outcome: Result<Lease, Refused>,
    /// What other nodes spent on the day.
    pub elsewhere_today: Nanos,
    /// What other nodes spent on the day, and all nodes on other days.
    pub elsewhere: Nanos,
}

/// Locks budgets, in one order for all, and returns what is committed and spent of each.
pub(crate) async fn lock_budgets(
    transaction: &Transaction<'_>,
    campaigns: &BTreeSet<u32>,
) -> Result<BTreeMap<u32, Budget>> {
    let campaigns: Vec<i64> = campaigns.iter().map(|campaign| i64::from(*campaign)).collect();
    let statement = "SELECT campaign, total, daily, committed, spent FROM budgets \
         WHERE campaign = ANY($1) ORDER BY campaign FOR UPDATE";
    let rows = transaction.query(statement, &[&campaigns]).await?;
    let read = |row: &Row| {
        let limit = |place| row.get::<_, Option<i64>>(place).map(Nanos::new);
        let budget = Budget {
            total: limit(1),
            daily: limit(2),
            committed: Nanos::new(row.get(3)),
            spent: Nanos::new(row.get(4)),
        };
        (row.get::<_, i64>(0) as u32, budget)
    };
    Ok(rows.iter().map(read).collect())
}

/// One campaign's row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    pub(crate) total: Option<Nanos>,
    pub(crate) daily: Option<Nanos>,
    pub(crate) committed: Nanos,
    pub(crate) spent: Nanos,
}

pub(crate) async fn now(transaction: &Transaction<'_>) -> Result<Timestamp> {
    let now: i64 = transaction.query_one("SELECT now_us()", &[]).await?.get(0);
    Ok(Timestamp::from_micros(now))
}

pub(crate) const COLUMNS: &str = "campaign, day, node, granted, spent, late, expires, version";

pub(crate) fn read_lease(row: &Row) -> LeaseRow {
    LeaseRow {
        campaign: CampaignIx(row.get::<_, i64>(0) as u32),
        day: row.get(1),
        node: row.get::<_, i64>(2) as u16,
        lease: Lease {
            granted: Nanos::new(row.get(3)),
            spent: Nanos::new(row.get(4)),
            late: Nanos::new(row.get(5)),
            expires: Timestamp::from_micros(row.get(6)),
            version: row.get::<_, i64>(7) as u64,
        },
    }
}

impl Session {
    /// Applies marks, reclaims what has expired of the campaigns asked for, and renews leases: one transaction.
    ///
    /// # Errors
    /// When the connection or the transaction fails; then nothing changed, or the answer was lost. Another try is
    /// harmless: an ask is taken once, by its version.
    pub async fn renew(&mut self, renewal: &Renewal<'_>, terms: Terms) -> Result<Vec<Renewed>> {
        let patience = self.patience();
        in_time(patience, renew(self, renewal, terms)).await
    }

    /// Reclaims what is not spent of leases that have expired, of at most some campaigns at once, and returns how much that
    /// was.
    ///
    /// # Errors
    /// When the connection or the transaction fails.
    pub async fn reclaim(&mut self, most: u32) -> Result<Nanos> {
        let patience = self.patience();
        in_time(patience, reclaim(self, most)).await
    }
}

async fn renew(session: &mut Session, renewal: &Renewal<'_>, terms: Terms) -> Result<Vec<Renewed>> {
    let transaction = session.begin().await?;
    let asked = renewal.asks.iter().map(|ask| ask.campaign.0);
    let marked = renewal.marks.iter().map(|mark| mark.campaign.0);
    let campaigns: BTreeSet<u32> = asked.chain(marked).collect();
    let mut budgets = lock_budgets(&transaction, &campaigns).await?;
    notices::apply_marks(&transaction, renewal.marks).await?;
    let now = now(&transaction).await?;
    let mut book = Book::read(&transaction, &campaigns, renewal.asks).await?;
    book.reclaim(now, &mut budgets);
    let mut renewed = Vec::with_capacity(renewal.asks.len());
    for ask in renewal.asks {
        if let Some(budget) = budgets.get_mut(&ask.campaign.0) {
            renewed.push(book.renew(renewal.node, ask, budget, now, terms));
        }
    }
    book.write(&transaction).await?;
    let (node, reached) = (i64::from(renewal.node), renewal.reached.cast_signed());
    let seen = "UPDATE nodes SET reached = greatest(reached, $2), seen = now_us() WHERE node = $1";
    transaction.execute(seen, &[&node, &reached]).await?;
    transaction.commit().await?;
    Ok(renewed)
}

async fn reclaim(session: &mut Session, most: u32) -> Result<Nanos> {
    let transaction = session.begin().await?;
    let find = "SELECT DISTINCT campaign FROM leases WHERE granted > spent AND expires <= now_us() LIMIT $1";
    let rows = transaction.query(find, &[&i64::from(most)]).await?;
    let campaigns: BTreeSet<u32> = rows.iter().map(|row| row.get::<_, i64>(0) as u32).collect();
    if campaigns.is_empty() {
        return Ok(Nanos::ZERO);
    }
    let mut budgets = lock_budgets(&transaction, &campaigns).await?;
    let now = now(&transaction).await?;
    let mut book = Book::read(&transaction, &campaigns, &[]).await?;
    let back = book.reclaim(now, &mut budgets);
    book.write(&transaction).await?;
    transaction.commit().await?;
    Ok(back)
}

/// The leases a transaction works on, by campaign and day, with those it changed.
struct Book {
    days: BTreeMap<(u32, i64), BTreeMap<u16, Lease>>,
    lowered: BTreeSet<(u32, i64, u16)>,
    raised: BTreeSet<(u32, i64, u16)>,
}

impl Book {
    /// Reads the leases of locked campaigns: those that hold something, and all of the days asked for.
    async fn read(
        transaction: &Transaction<'_>,
        campaigns: &BTreeSet<u32>,
        asks: &[LeaseAsk],
    ) -> Result<Self> {
        let campaigns: Vec<i64> = campaigns.iter().map(|campaign| i64::from(*campaign)).collect();
        let (asked, days): (Vec<i64>, Vec<i64>) =
            asks.iter().map(|ask| (i64::from(ask.campaign.0), ask.day)).unzip();
        let statement = format!(
            "SELECT {COLUMNS} FROM leases WHERE campaign = ANY($1) AND granted > spent UNION \
             SELECT {COLUMNS} FROM leases JOIN unnest($2::bigint[], $3::bigint[]) AS asked (campaign, day) USING (campaign, day)"
        );
        let rows = transaction.query(&statement, &[&campaigns, &asked, &days]).await?;
        let mut days: BTreeMap<_, BTreeMap<u16, Lease>> = BTreeMap::new();
        for row in rows.iter().map(read_lease) {
            days.entry((row.campaign.0, row.day)).or_default().insert(row.node, row.lease);
        }
        Ok(Self { days, lowered: BTreeSet::new(), raised: BTreeSet::new() })
    }

    fn pool(&self, key: (u32, i64), budget: &Budget) -> Pool {
        let leases = self.days.get(&key).cloned().unwrap_or_default();
        let here = leases.values().fold(Nanos::ZERO, |sum, lease| sum + lease.granted);
        Pool::restore(budget.total, budget.daily, budget.committed - here, leases)
    }

    fn reclaim(&mut self, now: Timestamp, budgets: &mut BTreeMap<u32, Budget>) -> Nanos {
        let mut back = Nanos::ZERO;
        for key in self.days.keys().copied().collect::<Vec<_>>() {
            let Some(budget) = budgets.get_mut(&key.0) else { continue };
            let mut pool = self.pool(key, budget);
            let reclaimed = pool.reclaim(now);
            budget.committed -= reclaimed;
            back += reclaimed;
            self.keep(key, &pool);
        }
        back
    }

    fn renew(
        &mut self,
        node: u16,
        ask: &LeaseAsk,
        budget: &mut Budget,
        now: Timestamp,
        terms: Terms,
    ) -> Renewed {
        let key = (ask.campaign.0, ask.day);
        let mut pool = self.pool(key, budget);
        let before = pool.granted();
        let outcome = pool.renew(node, ask.ask, now, terms);
        budget.committed += pool.granted() - before;
        let own = pool.lease(node).map_or(Nanos::ZERO, |lease| lease.spent);
        self.keep(key, &pool);
        Renewed {
            campaign: ask.campaign,
            day: ask.day,
            outcome,
            elsewhere_today: pool.spent() - own,
            elsewhere: budget.spent - own,
        }
    }

    /// Keeps a pool's leases, and notes which of them changed.
    fn keep(&mut self, key: (u32, i64), pool: &Pool) {
        let known = self.days.entry(key).or_default();
        for (node, lease) in pool.leases() {
            let before = known.insert(node, *lease).unwrap_or_default();
            let place = (key.0, key.1, node);
            if lease.granted < before.granted {
                self.lowered.insert(place);
            } else if *lease != before {
                self.raised.insert(place);
            }
        }
    }

    async fn write(&self, transaction: &Transaction<'_>) -> Result<()> {
        write_rows(transaction, &self.rows(&self.lowered)).await?;
        write_rows(transaction, &self.rows(&self.raised)).await
    }

    fn rows(&self, places: &BTreeSet<(u32, i64, u16)>) -> Vec<LeaseRow> {
        let row = |(campaign, day, node): &(u32, i64, u16)| {
            let lease = *self.days.get(&(*campaign, *day))?.get(node)?;
            Some(LeaseRow { campaign: CampaignIx(*campaign), day: *day, node: *node, lease })
        };
        places.iter().filter_map(row).collect()
    }
}

/// Writes leases as they now are.
pub(crate) async fn write_rows(transaction: &Transaction<'_>, rows: &[LeaseRow]) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let column = |value: fn(&LeaseRow) -> i64| rows.iter().map(value).collect::<Vec<i64>>();
    let statement = format!(
        "INSERT INTO leases ({COLUMNS}) SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], \
         $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[]) ON CONFLICT (campaign, day, node) DO UPDATE SET \
         granted = excluded.granted, expires = excluded.expires, version = excluded.version"
    );
    transaction
        .execute(
            &statement,
            &[
                &column(|row| i64::from(row.campaign.0)),
                &column(|row| row.day),
                &column(|row| i64::from(row.node)),
                &column(|row| row.lease.granted.get()),
                &column(|row| row.lease.spent.get()),
                &column(|row| row.lease.late.get()),
                &column(|row| row.lease.expires.micros()),
                &column(|row| row.lease.version.cast_signed()),
            ],
        )
        .await?;
    Ok(())
}
