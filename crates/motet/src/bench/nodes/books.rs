//! What is known from outside: bids answered and bills acknowledged.

use std::collections::BTreeMap;

use anyhow::Result;
use motet_model::ids::{BidId, DecisionId};
use motet_postgres::Session;
use motet_units::{CpmMicros, Nanos};
use serde_json::Value;
use tokio::time::Instant;

use super::Report;

/// One bid a node answered, and its bill.
#[derive(Clone, Debug)]
pub(super) struct Bill {
    pub(super) bid: BidId,
    pub(super) path: String,
    pub(super) amount: Nanos,
    /// When its bid was asked for: it can be billed for a window from then on, or longer.
    pub(super) asked: Instant,
}

impl Bill {
    /// Reads the bill of a response's first bid.
    pub(super) fn of(response: &Value, asked: Instant) -> Option<Self> {
        let bid = &response["seatbid"][0]["bid"][0];
        let micros = CpmMicros::from_units(bid["price"].as_f64()?);
        let url = bid["burl"].as_str()?;
        let url = url.replace("${AUCTION_PRICE}", &micros.to_string()).replace("${AUCTION_CURRENCY}", "USD");
        let decision: DecisionId = response["bidid"].as_str()?.parse().ok()?;
        let path = crate::client::path_of(&url)?.to_owned();
        Some(Self { bid: BidId { decision, imp: 0 }, path, amount: micros.per_impression(), asked })
    }
}

/// What is known from outside.
#[derive(Debug, Default)]
pub(super) struct Books {
    /// Bills acknowledged.
    pub(super) acknowledged: BTreeMap<BidId, Bill>,
    /// Bids answered whose bill is still to be sent, or was under way when something broke.
    pub(super) open: Vec<Bill>,
    /// Bills refused: their time had passed.
    pub(super) refused: u64,
    /// Bills refused although their time had not passed.
    pub(super) refused_in_time: u64,
    pub(super) bids: u64,
    /// Answers without a bid, by both nodes.
    pub(super) no_bids: u64,
}

/// Compares what the store holds with what is known from outside.
pub(super) async fn compare(session: &mut Session, books: &Books, report: &mut Report) -> Result<()> {
    let charges = session.charges().await?;
    let charged: BTreeMap<BidId, Nanos> = charges.iter().map(|(bid, _, amount)| (*bid, *amount)).collect();
    for (bid, bill) in &books.acknowledged {
        match charged.get(bid) {
            None => report.lost += 1,
            Some(amount) => report.double += u64::from(*amount > bill.amount),
        }
    }
    let mut sums: BTreeMap<_, Nanos> = BTreeMap::new();
    for (_, campaign, amount) in &charges {
        *sums.entry(*campaign).or_default() += *amount;
    }
    for budget in session.budgets().await? {
        let charged = sums.get(&budget.campaign).copied().unwrap_or_default();
        // Every nano spent is one that a notice charged, once.
        report.double += u64::from(budget.spent > charged);
        report.lost += u64::from(budget.spent < charged);
    }
    report.spent_nanos = sums.values().map(|sum| sum.get()).sum();
    Ok(())
}

/// Looks whether more is committed anywhere than a budget allows, and notes the most.
pub(super) async fn audit(session: &mut Session, report: &mut Report) -> Result<()> {
    let budgets = session.budgets().await?;
    for budget in &budgets {
        let over = budget.total.map_or(0, |total| (budget.committed - total).get());
        report.overspent_nanos = report.overspent_nanos.max(over);
    }
    for day in session.budget_days().await? {
        let daily = budgets.iter().find(|budget| budget.campaign == day.campaign).and_then(|b| b.daily);
        let over = daily.map_or(0, |daily| (day.committed - daily).get());
        report.overspent_nanos = report.overspent_nanos.max(over);
    }
    Ok(())
}
