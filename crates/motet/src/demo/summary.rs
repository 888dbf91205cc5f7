//! The demo's live line and its closing summary.

use std::{
    collections::BTreeMap,
    fmt,
    net::SocketAddr,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use anyhow::Result;
use motet_server::runtime::Runtime;
use motet_units::Nanos;
use serde::Serialize;

use super::drive::Counts;
use crate::{bench::quantile, client::Client};

/// What is known when the demo ends.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Closing {
    /// How long it ran.
    pub(crate) seconds: f64,
    /// Bid requests answered.
    pub(crate) requests: u64,
    /// Bid requests answered per second.
    pub(crate) requests_per_s: f64,
    /// The median latency of a bid request over HTTP, in milliseconds.
    pub p50_ms: f64,
    /// The slowest of a hundred, in milliseconds.
    pub p99_ms: f64,
    /// Requests answered with a bid.
    pub(crate) bids: u64,
    /// Bids that beat the outside market.
    pub(crate) wins: u64,
    /// Ads shown.
    pub(crate) impressions: u64,
    /// Ads clicked.
    pub(crate) clicks: u64,
    /// Clicks per impression.
    pub(crate) ctr: f64,
    /// Clicks that converted.
    pub(crate) conversions: u64,
    /// Requests or notices that got an error.
    pub(crate) errors: u64,
    /// Spent, in units of the accounting currency.
    pub(crate) spend: String,
    /// Held for open bids.
    pub(crate) reserved: String,
    /// The sum of the daily budgets.
    pub(crate) budget_daily: String,
    /// What an even plan would have spent in this time.
    pub(crate) spend_even_plan: String,
    /// Campaigns that spent.
    pub(crate) campaigns_spending: usize,
    /// Proposals refused, by agent and reason.
    pub(crate) refused: BTreeMap<String, u64>,
    /// Imps without a bid, by reason.
    pub(crate) no_bids: BTreeMap<String, u64>,
    /// The last decision with a bid, to be explained.
    pub(crate) last_decision: String,
}

/// Gathers what the demo shows.
pub(crate) struct Board {
    counts: Arc<Counts>,
    runtime: Arc<Runtime>,
    server: SocketAddr,
    shown: (u64, Duration),
}

impl Board {
    /// Makes a board.
    pub(crate) const fn new(counts: Arc<Counts>, runtime: Arc<Runtime>, server: SocketAddr) -> Self {
        Self { counts, runtime, server, shown: (0, Duration::ZERO) }
    }

    /// Rewrites the live line on standard error.
    pub(crate) async fn show(&mut self, elapsed: Duration) {
        let Ok(closing) = self.close(elapsed).await else { return };
        let (before, at) = self.shown;
        let rate = (closing.requests - before) as f64 / elapsed.saturating_sub(at).as_secs_f64().max(0.1);
        self.shown = (closing.requests, elapsed);
        let refused: u64 = closing.refused.values().sum();
        eprint!(
            "\r\x1b[2K{:>4.0} s  {rate:.0} req/s  p99 {:.1} ms  bids {:.0} %  CTR {:.2} %  spent {} of {} a day  refusals {refused}",
            closing.seconds,
            closing.p99_ms,
            100.0 * closing.bids as f64 / closing.requests.max(1) as f64,
            closing.ctr * 100.0,
            closing.spend,
            closing.budget_daily,
        );
    }

    /// Sums up.
    pub(crate) async fn close(&self, elapsed: Duration) -> Result<Closing> {
        let get = |count: &std::sync::atomic::AtomicU64| count.load(Ordering::Relaxed);
        let (requests, impressions, clicks) =
            (get(&self.counts.requests), get(&self.counts.impressions), get(&self.counts.clicks));
        let mut latencies = self.counts.latencies_us.lock().await.clone();
        latencies.sort_unstable();
        let ms = |q: f64| quantile(&latencies, q).map_or(0.0, |micros| f64::from(micros) / 1_000.0);
        let mut closing = Closing {
            seconds: elapsed.as_secs_f64(),
            requests,
            requests_per_s: requests as f64 / elapsed.as_secs_f64().max(0.001),
            p50_ms: ms(0.5),
            p99_ms: ms(0.99),
            bids: get(&self.counts.bids),
            wins: get(&self.counts.wins),
            impressions,
            clicks,
            ctr: clicks as f64 / impressions.max(1) as f64,
            conversions: get(&self.counts.conversions),
            errors: get(&self.counts.errors),
            last_decision: self.counts.last_decision.lock().await.clone(),
            ..Closing::default()
        };
        self.add_money(&mut closing).await?;
        self.add_refusals(&mut closing).await?;
        Ok(closing)
    }

    async fn add_money(&self, closing: &mut Closing) -> Result<()> {
        let campaigns = self.runtime.catalog().campaigns().map(|(ix, _)| ix).collect();
        let accounts = self.runtime.accounts(campaigns).await?;
        let sum = |amount: fn(&motet_agent::Account) -> Nanos| accounts.iter().map(amount).sum::<Nanos>();
        let daily: Nanos = sum(|a| a.daily.unwrap_or(Nanos::ZERO));
        closing.spend = sum(|a| a.spent_today).to_string();
        closing.reserved = sum(|a| a.reserved_today).to_string();
        closing.budget_daily = daily.to_string();
        closing.spend_even_plan = format!("{:.6}", daily.units() * closing.seconds / 86_400.0);
        closing.campaigns_spending = accounts.iter().filter(|a| a.spent_today.is_positive()).count();
        Ok(())
    }

    async fn add_refusals(&self, closing: &mut Closing) -> Result<()> {
        let reply = Client::new(self.server).get("/metrics").await?;
        let text = String::from_utf8_lossy(&reply.body);
        closing.refused = counters(&text, "motet_proposals_refused_total", &["agent", "reason"]);
        closing.no_bids = counters(&text, "motet_no_bid_total", &["reason"]);
        Ok(())
    }
}

/// Reads the counters of one name from a Prometheus page, keyed by some labels; zeros are left out.
fn counters(page: &str, name: &str, labels: &[&str]) -> BTreeMap<String, u64> {
    let line = |line: &str| -> Option<(String, u64)> {
        let rest = line.strip_prefix(name)?.strip_prefix('{')?;
        let (inside, value) = rest.rsplit_once("} ")?;
        let value: f64 = value.trim().parse().ok()?;
        let of = |label: &&str| {
            let start = inside.find(&format!("{label}=\""))? + label.len() + 2;
            inside[start..].split('"').next()
        };
        let key: Vec<&str> = labels.iter().filter_map(of).collect();
        (value > 0.0).then(|| (key.join(" "), value as u64))
    };
    page.lines().filter_map(line).collect()
}

impl fmt::Display for Closing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let share = |part: u64, whole: u64| 100.0 * part as f64 / whole.max(1) as f64;
        writeln!(
            f,
            "\n{} requests in {:.1} s: {:.0} a second, p50 {:.2} ms, p99 {:.2} ms over HTTP",
            self.requests, self.seconds, self.requests_per_s, self.p50_ms, self.p99_ms
        )?;
        writeln!(f, "  bids         {:>7}  {:.1} % of requests", self.bids, share(self.bids, self.requests))?;
        writeln!(f, "  wins         {:>7}  {:.1} % of bids", self.wins, share(self.wins, self.bids))?;
        writeln!(f, "  impressions  {:>7}", self.impressions)?;
        writeln!(f, "  clicks       {:>7}  CTR {:.2} %", self.clicks, self.ctr * 100.0)?;
        writeln!(f, "  conversions  {:>7}", self.conversions)?;
        writeln!(f, "  errors       {:>7}", self.errors)?;
        writeln!(
            f,
            "  spent {} by {} campaigns; an even plan over this time would spend {}; daily budgets are {}",
            self.spend, self.campaigns_spending, self.spend_even_plan, self.budget_daily
        )?;
        writeln!(f, "  no bid, by reason:")?;
        for (reason, count) in &self.no_bids {
            writeln!(f, "    {count:>7}  {reason}")?;
        }
        writeln!(f, "  proposals refused, by agent and reason:")?;
        for (reason, count) in &self.refused {
            writeln!(f, "    {count:>7}  {reason}")?;
        }
        Ok(())
    }
}
