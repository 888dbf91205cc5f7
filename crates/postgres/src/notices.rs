//! What was told about bids: charged when it is taken, judged by the bid's own node when that hears of it.
//!
//! A notice that charges is taken here before anybody is told so, within the lease of the node that made the bid. So what
//! counts does not depend on that node being alive. When the node judges it, it says what became of it ([`Mark`]).

use std::collections::{BTreeMap, BTreeSet};

use motet_lease::Lease;
use motet_model::{
    ids::{BidId, CampaignIx},
    outcome::Notice,
};
use motet_units::{Nanos, Span, Timestamp};
use tokio_postgres::{Row, Transaction};

use crate::{
    Error, LeaseRow, Result, Session,
    leases::{COLUMNS, lock_budgets, now, read_lease},
    session::in_time,
};

/// The form in which notices are stored. Raised with every change that an older reader cannot take.
const FORM: i16 = 1;
/// The first part of the locks that keep a node's look apart from what is being told to it.
const LOOK: i32 = 0x6d6f_7465;
/// Most notices a node takes at one look.
const MOST: i64 = 2_000;

/// A notice, with what its token says of the bid.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Told {
    /// The notice.
    pub notice: Notice,
    /// The kind of notice, as numbered in tokens.
    pub kind: u8,
    /// The node that made the bid.
    pub owner: u16,
    /// Whose budget pays.
    pub campaign: CampaignIx,
    /// The day the bid counts on, by the campaign's clock, as a day number.
    pub day: i64,
    /// What it charges.
    pub charge: Nanos,
    /// The earliest moment, by the owner's clock, at which the bid's window may be over.
    pub expires: Timestamp,
}

/// What became of telling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is kept, and charged.
    New,
    /// It had been told before, and counted or may yet.
    Known,
    /// It had been told before, and its node found it not chargeable.
    Refused,
    /// The bid's window is over, or about to be.
    Late,
    /// It is not within the lease of the node that made the bid.
    NotHeld,
}

/// What a node's judgement of a notice was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It counted, and charged so much.
    Counted(Nanos),
    /// It counts, but the node's own books had given its money back.
    Late,
    /// It was not chargeable: what it charged is taken back.
    Refused,
}

/// What a node says of a notice it was told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The bid.
    pub bid: BidId,
    /// The kind of notice, as numbered in tokens.
    pub kind: u8,
    /// What tells several of a kind apart.
    pub key: u64,
    /// Whose budget.
    pub campaign: CampaignIx,
    /// What became of it.
    pub outcome: Outcome,
}

/// What a node finds when it looks: what it was told, and its leases.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Inbox {
    /// Notices it has not judged, oldest first.
    pub notices: Vec<Told>,
    /// Its leases of the campaigns and days it looked for.
    pub leases: Vec<LeaseRow>,
}

impl Session {
    /// Takes notices, each once; durable when this returns. A notice that charges is taken only until `skew` before its
    /// bid's window is over, by the store's clock.
    ///
    /// # Errors
    /// When the connection or the transaction fails; then none is taken, or the answer was lost: telling again is harmless.
    pub async fn tell(&mut self, told: &[Told], skew: Span) -> Result<Vec<Taken>> {
        let patience = self.patience();
        in_time(patience, tell(self, told, skew)).await
    }

    /// Returns what a node was told and has not judged, and its leases of some campaigns and days. What is taken after this
    /// returns is of bids whose window is not over by the time it was called.
    ///
    /// # Errors
    /// When the connection or the transaction fails.
    pub async fn look(&mut self, node: u16, days: &[(CampaignIx, i64)]) -> Result<Inbox> {
        let patience = self.patience();
        in_time(patience, look(self, node, days)).await
    }

    /// Forgets notices that were judged and whose time was over before a moment; at most some of them.
    ///
    /// # Errors
    /// When the connection or the transaction fails.
    pub async fn forget(&mut self, before: Timestamp, most: u32) -> Result<u64> {
        let statement = "DELETE FROM notices WHERE (decision, imp, kind, key) IN \
             (SELECT decision, imp, kind, key FROM notices WHERE judged <> 0 AND expires < $1 LIMIT $2)";
        let (before, most) = (before.micros(), i64::from(most));
        self.within(self.client.execute(statement, &[&before, &most])).await
    }
}

type Key = (u64, u16, u8, u64);

const fn key(told: &Told) -> Key {
    (told.notice.bid.decision.0, told.notice.bid.imp, told.kind, told.notice.key)
}

async fn tell(session: &mut Session, told: &[Told], skew: Span) -> Result<Vec<Taken>> {
    let transaction = session.begin().await?;
    let owners: BTreeSet<i32> = told.iter().map(|told| i32::from(told.owner)).collect();
    let owners: Vec<i32> = owners.into_iter().collect();
    let lock = "SELECT pg_advisory_xact_lock_shared($1, owner) FROM unnest($2::int[]) AS owner";
    transaction.execute(lock, &[&LOOK, &owners]).await?;
    let charged = told.iter().filter(|told| told.charge.is_positive());
    let campaigns: BTreeSet<u32> = charged.map(|told| told.campaign.0).collect();
    lock_budgets(&transaction, &campaigns).await?;
    let now = now(&transaction).await?;
    let mut known = read_known(&transaction, told).await?;
    let mut leases = read_leases(&transaction, told).await?;
    let mut taken = Vec::with_capacity(told.len());
    let mut new = Vec::new();
    for told in told {
        let verdict = match known.get(&key(told)) {
            Some(3) => Taken::Refused,
            Some(_) => Taken::Known,
            None => take(told, now, skew, &mut leases),
        };
        if verdict == Taken::New {
            known.insert(key(told), 0);
            new.push(*told);
        }
        taken.push(verdict);
    }
    insert(&transaction, &new, now).await?;
    charge(&transaction, &new).await?;
    transaction.commit().await?;
    Ok(taken)
}

type Leases = BTreeMap<(u32, i64, u16), Lease>;

fn take(told: &Told, now: Timestamp, skew: Span, leases: &mut Leases) -> Taken {
    if now > told.expires - skew {
        return Taken::Late;
    }
    if !told.charge.is_positive() {
        return Taken::New;
    }
    match leases.get_mut(&(told.campaign.0, told.day, told.owner)) {
        Some(lease) if told.charge <= lease.outstanding() => {
            lease.spent += told.charge;
            Taken::New
        }
        _ => Taken::NotHeld,
    }
}

async fn read_known(transaction: &Transaction<'_>, told: &[Told]) -> Result<BTreeMap<Key, i16>> {
    let keys: Vec<Key> = told.iter().map(key).collect();
    let statement = "SELECT decision, imp, kind, key, judged FROM notices \
         JOIN unnest($1::bigint[], $2::bigint[], $3::smallint[], $4::bigint[]) AS told (decision, imp, kind, key) \
         USING (decision, imp, kind, key)";
    let decisions: Vec<i64> = keys.iter().map(|key| key.0.cast_signed()).collect();
    let imps: Vec<i64> = keys.iter().map(|key| i64::from(key.1)).collect();
    let kinds: Vec<i16> = keys.iter().map(|key| i16::from(key.2)).collect();
    let numbers: Vec<i64> = keys.iter().map(|key| key.3.cast_signed()).collect();
    let rows = transaction.query(statement, &[&decisions, &imps, &kinds, &numbers]).await?;
    let read = |row: &Row| {
        let key = (
            row.get::<_, i64>(0) as u64,
            row.get::<_, i64>(1) as u16,
            row.get::<_, i16>(2) as u8,
            row.get::<_, i64>(3) as u64,
        );
        (key, row.get(4))
    };
    Ok(rows.iter().map(read).collect())
}

async fn read_leases(transaction: &Transaction<'_>, told: &[Told]) -> Result<Leases> {
    let charged = told.iter().filter(|told| told.charge.is_positive());
    let keys: BTreeSet<(i64, i64, i64)> =
        charged.map(|told| (i64::from(told.campaign.0), told.day, i64::from(told.owner))).collect();
    let campaigns: Vec<i64> = keys.iter().map(|key| key.0).collect();
    let days: Vec<i64> = keys.iter().map(|key| key.1).collect();
    let nodes: Vec<i64> = keys.iter().map(|key| key.2).collect();
    let statement = format!(
        "SELECT {COLUMNS} FROM leases JOIN unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS told (campaign, day, node) \
         USING (campaign, day, node)"
    );
    let rows = transaction.query(&statement, &[&campaigns, &days, &nodes]).await?;
    Ok(rows.iter().map(read_lease).map(|row| ((row.campaign.0, row.day, row.node), row.lease)).collect())
}

async fn insert(transaction: &Transaction<'_>, new: &[Told], now: Timestamp) -> Result<()> {
    if new.is_empty() {
        return Ok(());
    }
    let column = |value: fn(&Told) -> i64| new.iter().map(value).collect::<Vec<i64>>();
    let kinds: Vec<i16> = new.iter().map(|told| i16::from(told.kind)).collect();
    let written = new.iter().map(|told| postcard::to_allocvec(&told.notice));
    let written: Vec<Vec<u8>> = written
        .collect::<Result<_, _>>()
        .map_err(|error| Error::Unreadable { what: "a notice", reason: error.to_string() })?;
    let statement = "INSERT INTO notices (decision, imp, kind, key, owner, campaign, day, charge, form, notice, told_at, expires) \
         SELECT decision, imp, kind, key, owner, campaign, day, charge, $10, notice, $11, expires FROM unnest($1::bigint[], \
         $2::bigint[], $3::smallint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bytea[], \
         $12::bigint[]) AS told (decision, imp, kind, key, owner, campaign, day, charge, notice, expires) \
         ON CONFLICT DO NOTHING";
    transaction
        .execute(
            statement,
            &[
                &column(|told| told.notice.bid.decision.0.cast_signed()),
                &column(|told| i64::from(told.notice.bid.imp)),
                &kinds,
                &column(|told| told.notice.key.cast_signed()),
                &column(|told| i64::from(told.owner)),
                &column(|told| i64::from(told.campaign.0)),
                &column(|told| told.day),
                &column(|told| told.charge.get()),
                &written,
                &FORM,
                &now.micros(),
                &column(|told| told.expires.micros()),
            ],
        )
        .await?;
    Ok(())
}

/// Adds what new notices charge to what is spent of the leases.
async fn charge(transaction: &Transaction<'_>, new: &[Told]) -> Result<()> {
    let mut sums: BTreeMap<(u32, i64, u16), Nanos> = BTreeMap::new();
    for told in new.iter().filter(|told| told.charge.is_positive()) {
        *sums.entry((told.campaign.0, told.day, told.owner)).or_default() += told.charge;
    }
    move_spent(transaction, sums.into_iter().map(|(key, sum)| (key, sum, Nanos::ZERO))).await
}

/// Adds to what is spent, and to what came late, of some leases.
async fn move_spent(
    transaction: &Transaction<'_>,
    sums: impl Iterator<Item = ((u32, i64, u16), Nanos, Nanos)>,
) -> Result<()> {
    let sums: Vec<_> = sums.collect();
    if sums.is_empty() {
        return Ok(());
    }
    let campaigns: Vec<i64> = sums.iter().map(|(key, ..)| i64::from(key.0)).collect();
    let days: Vec<i64> = sums.iter().map(|(key, ..)| key.1).collect();
    let nodes: Vec<i64> = sums.iter().map(|(key, ..)| i64::from(key.2)).collect();
    let spent: Vec<i64> = sums.iter().map(|(_, spent, _)| spent.get()).collect();
    let late: Vec<i64> = sums.iter().map(|(.., late)| late.get()).collect();
    let statement = "UPDATE leases SET spent = leases.spent + sums.spent, late = leases.late + sums.late \
         FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[]) AS sums (campaign, day, node, spent, late) \
         WHERE (leases.campaign, leases.day, leases.node) = (sums.campaign, sums.day, sums.node)";
    transaction.execute(statement, &[&campaigns, &days, &nodes, &spent, &late]).await?;
    Ok(())
}

/// Writes down what became of notices, once each. The budgets are locked.
pub(crate) async fn apply_marks(transaction: &Transaction<'_>, marks: &[Mark]) -> Result<()> {
    if marks.is_empty() {
        return Ok(());
    }
    let decisions: Vec<i64> = marks.iter().map(|mark| mark.bid.decision.0.cast_signed()).collect();
    let imps: Vec<i64> = marks.iter().map(|mark| i64::from(mark.bid.imp)).collect();
    let kinds: Vec<i16> = marks.iter().map(|mark| i16::from(mark.kind)).collect();
    let keys: Vec<i64> = marks.iter().map(|mark| mark.key.cast_signed()).collect();
    let judged: Vec<i16> = marks.iter().map(|mark| code(mark.outcome)).collect();
    let charged: Vec<i64> = marks.iter().map(|mark| charged(mark.outcome)).collect();
    // What was charged can only become less. -1 stands for as it is.
    let statement = "UPDATE notices SET judged = marks.judged, \
             charge = CASE WHEN marks.charged < 0 THEN charge ELSE least(charge, marks.charged) END \
         FROM unnest($1::bigint[], $2::bigint[], $3::smallint[], $4::bigint[], $5::smallint[], $6::bigint[]) \
             AS marks (decision, imp, kind, key, judged, charged), \
             (SELECT decision, imp, kind, key, charge AS before FROM notices) AS old \
         WHERE (notices.decision, notices.imp, notices.kind, notices.key) = (marks.decision, marks.imp, marks.kind, marks.key) \
           AND (old.decision, old.imp, old.kind, old.key) = (marks.decision, marks.imp, marks.kind, marks.key) \
           AND notices.judged = 0 \
         RETURNING notices.campaign, notices.day, notices.owner, notices.charge - old.before, \
             CASE WHEN notices.judged = 2 THEN notices.charge ELSE 0 END";
    let rows = transaction.query(statement, &[&decisions, &imps, &kinds, &keys, &judged, &charged]).await?;
    let mut sums: BTreeMap<(u32, i64, u16), (Nanos, Nanos)> = BTreeMap::new();
    for row in rows {
        let key = (row.get::<_, i64>(0) as u32, row.get(1), row.get::<_, i64>(2) as u16);
        let sum = sums.entry(key).or_default();
        sum.0 += Nanos::new(row.get(3));
        sum.1 += Nanos::new(row.get(4));
    }
    move_spent(transaction, sums.into_iter().map(|(key, (spent, late))| (key, spent, late))).await
}

const fn code(outcome: Outcome) -> i16 {
    match outcome {
        Outcome::Counted(_) => 1,
        Outcome::Late => 2,
        Outcome::Refused => 3,
    }
}

const fn charged(outcome: Outcome) -> i64 {
    match outcome {
        Outcome::Counted(charged) => charged.get(),
        Outcome::Late => -1,
        Outcome::Refused => 0,
    }
}

async fn look(session: &mut Session, node: u16, days: &[(CampaignIx, i64)]) -> Result<Inbox> {
    let transaction = session.begin().await?;
    // What is being told just now is waited for.
    transaction.execute("SELECT pg_advisory_xact_lock($1, $2)", &[&LOOK, &i32::from(node)]).await?;
    let number = i64::from(node);
    let statement = "SELECT kind, owner, campaign, day, charge, form, notice, expires FROM notices \
         WHERE owner = $1 AND judged = 0 ORDER BY told_at LIMIT $2";
    let rows = transaction.query(statement, &[&number, &MOST]).await?;
    let notices = rows.iter().map(read_told).collect::<Result<_>>()?;
    let (campaigns, days): (Vec<i64>, Vec<i64>) =
        days.iter().map(|(campaign, day)| (i64::from(campaign.0), *day)).unzip();
    let statement = format!(
        "SELECT {COLUMNS} FROM leases JOIN unnest($1::bigint[], $2::bigint[]) AS asked (campaign, day) USING (campaign, day) \
         WHERE node = $3"
    );
    let rows = transaction.query(&statement, &[&campaigns, &days, &number]).await?;
    let leases = rows.iter().map(read_lease).collect();
    transaction.commit().await?;
    Ok(Inbox { notices, leases })
}

fn read_told(row: &Row) -> Result<Told> {
    let (form, bytes): (i16, &[u8]) = (row.get(5), row.get(6));
    if form != FORM {
        return Err(Error::Form { what: "a notice", found: form, known: FORM });
    }
    let notice = postcard::from_bytes(bytes)
        .map_err(|error| Error::Unreadable { what: "a notice", reason: error.to_string() })?;
    Ok(Told {
        notice,
        kind: row.get::<_, i16>(0) as u8,
        owner: row.get::<_, i64>(1) as u16,
        campaign: CampaignIx(row.get::<_, i64>(2) as u32),
        day: row.get(3),
        charge: Nanos::new(row.get(4)),
        expires: Timestamp::from_micros(row.get(7)),
    })
}
