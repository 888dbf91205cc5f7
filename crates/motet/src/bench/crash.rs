//! `motet bench crash`: the real server, killed with kill -9 under load again and again.
//!
//! What is kept outside the server is what it acknowledged: bids it answered, bills it took. After every kill the
//! server is started on what the disk holds, and must agree to the nano:
//!
//! * every bill acknowledged is spent (else it is *lost*), and so is every bill repeated until acknowledged;
//! * nothing is spent beyond these, whatever is repeated (else it is *double*);
//! * no campaign's spend is above its budget (else it is *overspent*).
//!
//! The float is large, so that bids are answered before their records are on the disk and some of these records are lost:
//! their bills must be taken all the same, from what is withheld (`strays`).
//!
//! A bill that was under way when the server died may have been taken or not; it is sent again, as exchanges do,
//! and must then be taken exactly once. A kill does not test a loss of power; the journal's own tests do, on a
//! simulated disk.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use indicatif::{ProgressBar, ProgressStyle};
use motet_units::{Chance, CpmMicros, Nanos};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::http::Server;
use crate::client::{Client, path_of};

/// Workers that send requests and bills.
const WORKERS: u64 = 8;
/// The daily budget of the campaigns that never run dry.
const LARGE_BUDGET: &str = "5000";
/// The total budget of the campaign added for each cycle, which does run dry: about ten impressions.
const TIGHT_BUDGET: &str = "0.03";
const TOKEN: &str = "crash-bench-token-0123456789abcdef";

/// What was found.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    /// Kills.
    pub(crate) cycles: u32,
    /// Acknowledged bids or bills that were gone afterwards.
    pub(crate) lost: u64,
    /// Bills that were charged more than once.
    pub(crate) double: u64,
    /// Spend above budgets, in nanos.
    pub(crate) overspent_nanos: i64,
    /// Bids answered.
    pub(crate) bids: u64,
    /// Bills acknowledged.
    pub(crate) bills: u64,
    /// Bills that were under way at a kill and sent again.
    pub(crate) interrupted: u64,
    /// Notices that counted of bids whose records were lost.
    pub(crate) strays: u64,
    /// Decisions that came out differently when replayed at the end.
    pub(crate) different: u64,
    /// The upper 95 % bound on the share of kills that lose something, if none did: 3 / cycles.
    pub(crate) failure_rate_below: f64,
}

/// One bid the server answered, and its bill.
#[derive(Clone, Debug)]
struct Bill {
    campaign: String,
    url: String,
    amount: Nanos,
}

/// What is known from outside.
#[derive(Debug, Default)]
struct Books {
    /// Acknowledged spend by campaign.
    spent: BTreeMap<String, Nanos>,
    /// Bids answered whose bill is still to be sent, or was under way.
    open: Vec<Bill>,
    /// Some bills acknowledged, to be repeated.
    done: Vec<Bill>,
    bids: u64,
    bills: u64,
}

impl Books {
    fn acknowledge(&mut self, bill: Bill) {
        *self.spent.entry(bill.campaign.clone()).or_default() += bill.amount;
        self.bills += 1;
        if self.done.len() < 2_000 {
            self.done.push(bill);
        }
    }
}

/// Runs the cycles.
pub(crate) async fn run(cycles: u32, seed: u64, progress: &ProgressBar) -> Result<Report> {
    ensure!(cycles > 0, "cycles must be above 0");
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    let data = folder.path().to_str().context("the temporary folder has an odd name")?.to_owned();
    let books = Arc::new(Mutex::new(Books::default()));
    let mut report = Report { cycles, ..Report::default() };
    for cycle in 0..=cycles {
        let mut server = start(&data)?;
        settle_and_compare(&server, &books, &mut report, seed, cycle).await?;
        if cycle == cycles {
            server.kill();
            break;
        }
        add_campaign(&server, cycle).await?;
        load_until_killed(&mut server, &books, seed, cycle).await;
        progress.inc(1);
    }
    let replayed = crate::replay::journal::run(folder.path(), &ProgressBar::hidden())?;
    (report.different, report.strays) = (replayed.different, replayed.strays);
    let books = books.lock().await;
    (report.bids, report.bills) = (books.bids, books.bills);
    report.failure_rate_below = if report.lost + report.double == 0 { 3.0 / f64::from(cycles) } else { 1.0 };
    Ok(report)
}

fn start(data: &str) -> Result<Server> {
    Server::start_with_token(
        &[
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--data-dir",
            data,
            "--set",
            "log.level=error",
            "--set",
            "journal.snapshot_every=2000",
            "--set",
            "ledger.float_share=0.5",
        ],
        TOKEN,
    )
}

/// Sends what is open or was interrupted, repeats some of what was acknowledged, and compares the books.
async fn settle_and_compare(
    server: &Server,
    books: &Arc<Mutex<Books>>,
    report: &mut Report,
    seed: u64,
    cycle: u32,
) -> Result<()> {
    let mut client = Client::with_token(server.addr, TOKEN);
    let mut books = books.lock().await;
    let open = std::mem::take(&mut books.open);
    report.interrupted += open.len() as u64;
    for bill in open {
        match client.get(path_of(&bill.url).unwrap_or("/")).await?.status {
            200 | 204 => books.acknowledge(bill),
            // The bid was answered, so its money was held durably or is withheld: not taking its bill is a loss.
            _ => report.lost += 1,
        }
    }
    let mut draw = Chance::new(seed, u64::from(cycle)).stream("repeat");
    for _ in 0..20.min(books.done.len()) {
        let again = &books.done[draw.below(books.done.len() as u64) as usize];
        client.get(path_of(&again.url).unwrap_or("/")).await?;
    }
    for (campaign, acknowledged) in &books.spent {
        let (spent, budget) = statement(&mut client, campaign).await?;
        report.lost += u64::from(spent < *acknowledged);
        report.double += u64::from(spent > *acknowledged);
        report.overspent_nanos += (spent - budget).get().max(0);
    }
    Ok(())
}

/// Returns a campaign's spend and the budget that bounds it.
async fn statement(client: &mut Client, campaign: &str) -> Result<(Nanos, Nanos)> {
    let reply = client.get(&format!("/v1/campaigns/{campaign}")).await?;
    ensure!(reply.status == 200, "the campaign {campaign} is gone: status {}", reply.status);
    let found: Value = serde_json::from_slice(&reply.body)?;
    let money = |value: &Value| value.as_str().and_then(|text| text.parse::<Nanos>().ok());
    let spent = money(&found["statement"]["spent"]).context("a campaign has no spend")?;
    let budget = money(&found["budget"]["total"]).unwrap_or(Nanos::MAX);
    Ok((spent, budget))
}

/// Adds a campaign that runs dry within the cycle; the first cycle adds those that do not, too.
async fn add_campaign(server: &Server, cycle: u32) -> Result<()> {
    let campaign = |id: &str, cpm: &str, budget: Value| {
        json!({"id": id, "name": id, "goal": {"cpm": cpm}, "budget": budget, "pacing": "asap",
            "creatives": [{"id": format!("{id}-cr"), "domains": [format!("{id}.example")], "landing_page": "https://brand.example/",
                "banner": {"size": "300x250", "image": "https://cdn.example/a.png", "mime": "image/png"}}]})
    };
    let mut campaigns = vec![campaign(&format!("tight-{cycle}"), "5.00", json!({"total": TIGHT_BUDGET}))];
    if cycle == 0 {
        let large = (0..4).map(|n| {
            campaign(&format!("large-{n}"), "2.00", json!({"total": LARGE_BUDGET, "daily": LARGE_BUDGET}))
        });
        campaigns.extend(large);
    }
    let file =
        json!({"advertisers": [{"id": "crash", "name": "Crash", "seat": "crash", "campaigns": campaigns}]});
    let mut client = Client::with_token(server.addr, TOKEN);
    let reply = client.post("/v1/import", Bytes::from(file.to_string())).await?;
    ensure!(reply.status < 300, "the campaigns were refused: {}", String::from_utf8_lossy(&reply.body));
    Ok(())
}

/// Sends requests and bills from all workers, and kills the server at a moment drawn from the seed.
async fn load_until_killed(server: &mut Server, books: &Arc<Mutex<Books>>, seed: u64, cycle: u32) {
    let stop = Arc::new(AtomicBool::new(false));
    let addr = server.addr;
    let tasks: Vec<_> = (0..WORKERS)
        .map(|worker| {
            let (books, stop) = (Arc::clone(books), Arc::clone(&stop));
            tokio::spawn(async move {
                let mut client = Client::new(addr);
                let mut number = u64::from(cycle) * 1_000_000 + worker * 100_000;
                while !stop.load(Ordering::Relaxed) {
                    number += 1;
                    if one(&mut client, &books, seed, number).await.is_err() {
                        return;
                    }
                }
            })
        })
        .collect();
    let mut draw = Chance::new(seed, u64::from(cycle)).stream("kill");
    tokio::time::sleep(Duration::from_micros(20_000 + draw.below(280_000))).await;
    server.kill();
    stop.store(true, Ordering::Relaxed);
    for task in tasks {
        // A worker ends when its connection breaks.
        let _ = task.await;
    }
}

/// One request; its bill is sent at once four times in five, and otherwise after the next kill.
async fn one(client: &mut Client, books: &Arc<Mutex<Books>>, seed: u64, number: u64) -> Result<()> {
    let request = json!({"id": format!("crash-{number}"), "at": 1, "tmax": 2000, "cur": ["USD"],
        "imp": [{"id": "1", "banner": {"w": 300, "h": 250}}],
        "site": {"domain": "news.example", "publisher": {"id": "p"}},
        "device": {"ua": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36",
            "ip": format!("82.7.{}.{}", number / 250 % 250, number % 250), "devicetype": 2}});
    let reply = client.post("/openrtb2/bid", Bytes::from(request.to_string())).await?;
    if reply.status != 200 {
        return Ok(());
    }
    let response: Value = serde_json::from_slice(&reply.body)?;
    let bid = &response["seatbid"][0]["bid"][0];
    let Some(bill) = bill(bid) else { return Ok(()) };
    {
        let mut books = books.lock().await;
        books.bids += 1;
        // Until the bill is acknowledged it counts as open, whatever becomes of this connection.
        books.open.push(bill.clone());
    }
    if Chance::new(seed, number).stream("bill").unit() < 0.2 {
        return Ok(());
    }
    let reply = client.get(path_of(&bill.url).unwrap_or("/")).await?;
    if matches!(reply.status, 200 | 204) {
        let mut books = books.lock().await;
        books.open.retain(|open| open.url != bill.url);
        books.acknowledge(bill);
    }
    Ok(())
}

fn bill(bid: &Value) -> Option<Bill> {
    let price = bid["price"].as_f64()?;
    let micros = CpmMicros::from_units(price);
    let url = bid["burl"].as_str()?;
    let url = url.replace("${AUCTION_PRICE}", &micros.to_string()).replace("${AUCTION_CURRENCY}", "USD");
    Some(Bill { campaign: bid["cid"].as_str()?.to_owned(), url, amount: micros.per_impression() })
}

/// Runs and prints. Fails when anything was lost, doubled, overspent or different.
pub(crate) fn command(cycles: u32, seed: u64, json: bool) -> Result<()> {
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} kills, {eta} left")?;
    let progress =
        if json { ProgressBar::hidden() } else { ProgressBar::new(u64::from(cycles)).with_style(style) };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let report = runtime.block_on(run(cycles, seed, &progress))?;
    progress.finish_and_clear();
    if json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        println!(
            "{} kills: {} lost, {} double, {} nanos overspent",
            report.cycles, report.lost, report.double, report.overspent_nanos
        );
        println!(
            "  {} bids, {} bills, {} of them sent again after a kill, {} of bids whose records were lost; replay: {} \
             different",
            report.bids, report.bills, report.interrupted, report.strays, report.different
        );
        println!(
            "  with no failure seen, fewer than {:.2} % of kills lose anything (95 %)",
            report.failure_rate_below * 100.0
        );
    }
    let clean =
        report.lost == 0 && report.double == 0 && report.overspent_nanos == 0 && report.different == 0;
    ensure!(clean, "something was lost, doubled, overspent or different");
    Ok(())
}
