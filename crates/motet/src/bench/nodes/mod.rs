//! `motet bench nodes`: two real nodes on a real PostgreSQL, under load, with a mishap again and again.
//!
//! Mishaps are drawn from the seed: a node is killed with kill -9 and started again, or left dead past its leases' expiry;
//! stopped with SIGSTOP and let go on, sometimes only after its leases are gone; cut off from the database; every
//! connection to the database is closed; the database itself crashes and is started again. Bills are told to either
//! node, whichever made the bid, some of them later, some twice.
//!
//! What is kept outside is what was acknowledged. All the while no budget may have more committed than it holds
//! (*overspent*); at the end every acknowledged bill must be in the store (else *lost*), charged once (else *double*), and
//! what a dead node held must be free again once its leases have expired (*stranded*).

mod books;
mod cluster;
mod proxy;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use indicatif::{ProgressBar, ProgressStyle};
use motet_units::{Chance, Nanos, Stream};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::{sync::Mutex, time::Instant};

use self::{
    books::{Bill, Books, audit, compare},
    cluster::{Cluster, IN_TIME, TERM},
};
use crate::client::Client;

/// Workers that send requests and bills, for each node.
const WORKERS: u64 = 3;
/// One mishap in so many leaves a node dead until its leases have expired.
const FUNERALS: u32 = 10;

/// What was found.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    /// Mishaps.
    pub(crate) kills: u32,
    /// The most that was committed above a budget at any look, in nanos.
    pub(crate) overspent_nanos: i64,
    /// Acknowledged bills that were not in the store.
    pub(crate) lost: u64,
    /// Bills charged more than once, or above their price; money spent that no bill charged.
    pub(crate) double: u64,
    /// The most a dead node's leases held, in nanos.
    pub(crate) stranded_nanos_most: i64,
    /// The most of it that was not free again after the leases' expiry.
    pub(crate) stranded_after_expiry_nanos: i64,
    /// Nodes left dead until their leases had expired.
    pub(crate) deaths: u32,
    /// Bids answered, and answers without.
    pub(crate) bids: u64,
    pub(crate) no_bids: u64,
    /// Bills acknowledged, refused because their time had passed, and sent again after something broke.
    pub(crate) bills: u64,
    pub(crate) bills_too_late: u64,
    pub(crate) bills_again: u64,
    /// Bills refused although their time had not passed.
    pub(crate) refused_in_time: u64,
    /// Spent in all, in nanos.
    pub(crate) spent_nanos: i64,
    /// Decisions that came out differently when the nodes' journals were replayed at the end.
    pub(crate) different: u64,
    /// The upper 95 % bound on the share of mishaps that break something, if none did: 3 / kills.
    pub(crate) failure_rate_below: f64,
}

/// Runs the mishaps.
pub(crate) async fn run(kills: u32, seed: u64, progress: &ProgressBar) -> Result<Report> {
    let mut cluster = Cluster::start().await?;
    let books = Arc::new(Mutex::new(Books::default()));
    let mut report = Report { kills, ..Report::default() };
    let stop = Arc::new(AtomicBool::new(false));
    let mut load = start_load(&cluster, &books, &stop, seed);
    let again = Arc::new(AtomicU64::new(0));
    load.push(start_sending_again(&cluster, &books, &stop, &again));
    let mut draw = Chance::new(seed, 0).stream("mishaps");
    for kill in 0..kills {
        cluster.add_campaign(kill).await?;
        tokio::time::sleep(Duration::from_millis(300 + draw.below(700))).await;
        if kill % FUNERALS == FUNERALS - 1 || kills <= 4 && kill == kills - 1 {
            bury(&mut cluster, &mut draw, &mut report).await?;
        } else {
            mishap(&mut cluster, &mut draw).await?;
        }
        audit(cluster.session().await?, &mut report).await?;
        progress.inc(1);
    }
    stop.store(true, Ordering::Relaxed);
    for task in load {
        task.await.context("a worker panicked")?;
    }
    send_open(&mut cluster.clients(), &books, &again).await;
    report.bills_again = again.load(Ordering::Relaxed);
    let books = books.lock().await;
    audit(cluster.session().await?, &mut report).await?;
    compare(cluster.session().await?, &books, &mut report).await?;
    (report.bids, report.no_bids, report.bills) =
        (books.bids, books.no_bids, books.acknowledged.len() as u64);
    (report.bills_too_late, report.refused_in_time) = (books.refused, books.refused_in_time);
    report.different = cluster.replay()?;
    report.failure_rate_below = if is_clean(&report) { 3.0 / f64::from(kills) } else { 1.0 };
    Ok(report)
}

/// Something happens to a node, or to the database, and passes.
async fn mishap(cluster: &mut Cluster, draw: &mut Stream) -> Result<()> {
    let place = draw.below(2) as usize;
    let moment = Duration::from_millis(100 + draw.below(1_500));
    match draw.below(10) {
        0..=3 => {
            cluster.kill(place);
            tokio::time::sleep(moment / 4).await;
            cluster.revive(place).await
        }
        4 | 5 => {
            cluster.signal(place, "-STOP")?;
            // Now and then for longer than its leases last.
            let long = if draw.unit() < 0.25 { TERM } else { Duration::ZERO };
            tokio::time::sleep(moment + long).await;
            cluster.signal(place, "-CONT")
        }
        6 | 7 => {
            cluster.cut(place);
            tokio::time::sleep(moment).await;
            cluster.mend(place);
            Ok(())
        }
        8 => cluster.session().await?.cut_others().await.map_err(Into::into),
        _ => cluster.crash_database(moment / 4).await,
    }
}

/// A node dies, and comes back only when its leases have expired: what it held is looked at before and after.
async fn bury(cluster: &mut Cluster, draw: &mut Stream, report: &mut Report) -> Result<()> {
    let place = draw.below(2) as usize;
    cluster.kill(place);
    let held = cluster.held(place).await?;
    report.stranded_nanos_most = report.stranded_nanos_most.max(held.get());
    // By then the other node has swept up.
    tokio::time::sleep(TERM + Duration::from_secs(3)).await;
    let left = cluster.held(place).await?;
    report.stranded_after_expiry_nanos = report.stranded_after_expiry_nanos.max(left.get());
    report.deaths += 1;
    cluster.revive(place).await
}

/// Sends again what broke, to either node, and takes it from the open bills if it was acknowledged or is too late.
async fn send_open(clients: &mut [Client; 2], books: &Arc<Mutex<Books>>, again: &AtomicU64) {
    let open = std::mem::take(&mut books.lock().await.open);
    for (number, bill) in open.into_iter().enumerate() {
        again.fetch_add(1, Ordering::Relaxed);
        settle(&mut clients[number % 2], books, bill).await;
    }
}

fn start_sending_again(
    cluster: &Cluster,
    books: &Arc<Mutex<Books>>,
    stop: &Arc<AtomicBool>,
    again: &Arc<AtomicU64>,
) -> tokio::task::JoinHandle<()> {
    let (books, stop, again) = (Arc::clone(books), Arc::clone(stop), Arc::clone(again));
    let mut clients = cluster.clients();
    tokio::spawn(async move {
        while !stop.load(Ordering::Relaxed) {
            tokio::time::sleep(Duration::from_millis(300)).await;
            send_open(&mut clients, &books, &again).await;
        }
    })
}

/// Sends a bill and notes what became of it.
async fn settle(client: &mut Client, books: &Arc<Mutex<Books>>, bill: Bill) {
    let sent = tokio::time::timeout(Duration::from_secs(3), client.get(&bill.path)).await;
    let mut books = books.lock().await;
    match sent {
        Ok(Ok(reply)) if matches!(reply.status, 200 | 204) => {
            books.acknowledged.insert(bill.bid, bill);
        }
        Ok(Ok(reply)) if matches!(reply.status, 409 | 410) => {
            books.refused += 1;
            books.refused_in_time += u64::from(bill.asked.elapsed() < IN_TIME);
        }
        // Cut off or stopping: to be told again.
        Ok(Ok(_)) => books.open.push(bill),
        Ok(Err(_)) | Err(_) => {
            client.forget();
            books.open.push(bill);
        }
    }
}

fn start_load(
    cluster: &Cluster,
    books: &Arc<Mutex<Books>>,
    stop: &Arc<AtomicBool>,
    seed: u64,
) -> Vec<tokio::task::JoinHandle<()>> {
    let one = |worker: u64| {
        let (books, stop) = (Arc::clone(books), Arc::clone(stop));
        let (mut own, mut other) = cluster.pair(worker as usize % 2);
        tokio::spawn(async move {
            let mut number = worker << 32;
            while !stop.load(Ordering::Relaxed) {
                number += 1;
                let asked = tokio::time::timeout(Duration::from_secs(3), ask(&mut own, number)).await;
                let Ok(Ok(answer)) = asked else {
                    own.forget();
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    continue;
                };
                let mut draw = Chance::new(seed, number).stream("bill");
                take(answer, &mut draw, &books, &mut own, &mut other).await;
            }
        })
    };
    (0..2 * WORKERS).map(one).collect()
}

/// Notes an answer, and sends its bill: mostly at once, to either node, sometimes twice, sometimes after the next mishap.
async fn take(
    answer: Option<Bill>,
    draw: &mut Stream,
    books: &Arc<Mutex<Books>>,
    own: &mut Client,
    other: &mut Client,
) {
    let Some(bill) = answer else {
        books.lock().await.no_bids += 1;
        tokio::time::sleep(Duration::from_millis(2)).await;
        return;
    };
    books.lock().await.bids += 1;
    let chance = draw.unit();
    if chance < 0.1 {
        books.lock().await.open.push(bill);
        return;
    }
    let to = if draw.unit() < 0.5 { own } else { other };
    if chance < 0.2 {
        settle(to, books, bill.clone()).await;
    }
    settle(to, books, bill).await;
}

/// Sends one request; `None` where there was no bid.
async fn ask(client: &mut Client, number: u64) -> Result<Option<Bill>> {
    let request = json!({"id": format!("nodes-{number}"), "at": 1, "tmax": 2000, "cur": ["USD"],
        "imp": [{"id": "1", "banner": {"w": 300, "h": 250}}],
        "site": {"domain": "news.example", "publisher": {"id": "p"}},
        "device": {"ua": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36",
            "ip": format!("82.7.{}.{}", number / 250 % 250, number % 250), "devicetype": 2}});
    let asked = Instant::now();
    let reply = client.post("/openrtb2/bid", Bytes::from(request.to_string())).await?;
    if reply.status != 200 {
        return Ok(None);
    }
    let response: Value = serde_json::from_slice(&reply.body)?;
    Ok(Bill::of(&response, asked))
}

const fn is_clean(report: &Report) -> bool {
    report.lost == 0
        && report.double == 0
        && report.overspent_nanos == 0
        && report.stranded_after_expiry_nanos == 0
        && report.refused_in_time == 0
        && report.different == 0
}

/// Runs and prints. Fails when anything was lost, doubled, overspent, stranded or different.
pub(crate) fn command(kills: u32, seed: u64, json: bool) -> Result<()> {
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} mishaps, {eta} left")?;
    let progress =
        if json { ProgressBar::hidden() } else { ProgressBar::new(u64::from(kills)).with_style(style) };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let report = runtime.block_on(run(kills, seed, &progress))?;
    progress.finish_and_clear();
    if json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        println!(
            "{} mishaps: {} nanos overspent, {} lost, {} double; a dead node held at most {}, after its expiry {}",
            report.kills,
            report.overspent_nanos,
            report.lost,
            report.double,
            Nanos::new(report.stranded_nanos_most),
            Nanos::new(report.stranded_after_expiry_nanos)
        );
        println!(
            "  {} bids, {} bills ({} sent again, {} too late); replay: {} different",
            report.bids, report.bills, report.bills_again, report.bills_too_late, report.different
        );
    }
    ensure!(is_clean(&report), "something was overspent, lost, doubled, stranded or different");
    Ok(())
}
