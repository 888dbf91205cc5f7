//! The exchange and the listeners' browsers: requests at a steady rate, an outside market to beat, and notices,
//! pixels, clicks and conversions over real HTTP.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::Result;
use bytes::Bytes;
use serde_json::Value;
use tokio::sync::Mutex;

use super::listeners::{Mood, Visit, visit};
use crate::{
    client::{Client, path_of},
    clock,
};

/// How many connections the exchange keeps.
const CONNECTIONS: u64 = 16;

/// What the drive has counted so far.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    /// Requests made.
    pub(crate) requests: AtomicU64,
    /// Requests answered with a bid.
    pub(crate) bids: AtomicU64,
    /// Bids that beat the outside market.
    pub(crate) wins: AtomicU64,
    /// Ads shown.
    pub(crate) impressions: AtomicU64,
    /// Ads clicked.
    pub(crate) clicks: AtomicU64,
    /// Clicks that converted.
    pub(crate) conversions: AtomicU64,
    /// Requests or notices that got an error or no answer.
    pub(crate) errors: AtomicU64,
    /// The last decision with a bid.
    pub(crate) last_decision: Mutex<String>,
    /// Latencies of bid requests in microseconds.
    pub(crate) latencies_us: Mutex<Vec<u32>>,
}

/// Drives a server until told to stop or until `rate × seconds` requests are made. Returns once all have ended.
pub(crate) async fn drive(
    server: SocketAddr,
    seed: u64,
    rate: u32,
    counts: Arc<Counts>,
    stop: Arc<AtomicBool>,
) -> Result<()> {
    let began = clock::monotonic();
    let tasks: Vec<_> = (0..CONNECTIONS)
        .map(|lane| {
            let (counts, stop) = (Arc::clone(&counts), Arc::clone(&stop));
            tokio::spawn(async move {
                let mut client = Client::new(server);
                let mut number = lane;
                while !stop.load(Ordering::Relaxed) {
                    let due = began + Duration::from_secs_f64(number as f64 / f64::from(rate));
                    tokio::time::sleep_until(due.into()).await;
                    if serve_visit(&mut client, visit(seed, number), &counts).await.is_err() {
                        counts.errors.fetch_add(1, Ordering::Relaxed);
                    }
                    number += CONNECTIONS;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await?;
    }
    Ok(())
}

async fn serve_visit(client: &mut Client, visit: Visit, counts: &Counts) -> Result<()> {
    let body = Bytes::from(serde_json::to_vec(&visit.request)?);
    let began = clock::monotonic();
    let reply = client.post("/openrtb2/bid", body).await?;
    let took = u32::try_from(began.elapsed().as_micros()).unwrap_or(u32::MAX);
    counts.requests.fetch_add(1, Ordering::Relaxed);
    counts.latencies_us.lock().await.push(took);
    match reply.status {
        204 => return Ok(()),
        200 => {}
        status => anyhow::bail!("a bid request was answered {status}"),
    }
    let response: Value = serde_json::from_slice(&reply.body)?;
    let bid = &response["seatbid"][0]["bid"][0];
    if bid["price"].is_null() {
        return Ok(());
    }
    counts.bids.fetch_add(1, Ordering::Relaxed);
    if let Some(id) = response["bidid"].as_str() {
        id.clone_into(&mut *counts.last_decision.lock().await);
    }
    play_out(client, bid, visit.mood, visit.request["at"] == 2, counts).await
}

/// Holds the exchange's auction and plays out what follows.
async fn play_out(
    client: &mut Client,
    bid: &Value,
    mut mood: Mood,
    second_price: bool,
    counts: &Counts,
) -> Result<()> {
    let price = bid["price"].as_f64().unwrap_or(0.0);
    let markup = bid["adm"].as_str().unwrap_or("");
    if price <= mood.rival_cpm {
        let notice = fill(
            &bid["lurl"],
            &[("PRICE", ""), ("MIN_TO_WIN", &format!("{:.4}", mood.rival_cpm)), ("LOSS", "102")],
        );
        return tell(client, &notice).await;
    }
    counts.wins.fetch_add(1, Ordering::Relaxed);
    let paid = if second_price { mood.rival_cpm } else { price };
    let values = [
        ("PRICE", &*format!("{paid:.6}")),
        ("MIN_TO_WIN", &*format!("{:.4}", mood.rival_cpm)),
        ("LOSS", "0"),
    ];
    tell(client, &fill(&bid["nurl"], &values)).await?;
    tell(client, &fill(&bid["burl"], &values)).await?;
    if let Some(pixel) = find(markup, "/i/") {
        tell(client, &pixel).await?;
        counts.impressions.fetch_add(1, Ordering::Relaxed);
    }
    if !mood.clicks() {
        return Ok(());
    }
    let Some(click) = find(markup, "/c/") else { return Ok(()) };
    // A person takes a moment to read and move the pointer.
    tokio::time::sleep(Duration::from_millis(600)).await;
    tell(client, &click).await?;
    counts.clicks.fetch_add(1, Ordering::Relaxed);
    if mood.converts() {
        counts.conversions.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}

/// Substitutes the exchange's macros in a notice address.
fn fill(url: &Value, values: &[(&str, &str)]) -> String {
    let mut filled = url.as_str().unwrap_or("").replace("${AUCTION_CURRENCY}", "USD");
    for (name, value) in values {
        filled = filled.replace(&format!("${{AUCTION_{name}}}"), value);
    }
    filled
}

/// Finds the first address in some markup that has a path beginning so.
fn find(markup: &str, path: &str) -> Option<String> {
    let at = markup.find(path)?;
    let start = markup[..at].rfind("http")?;
    let end = markup[at..].find(['"', '\'', ']', '<', ' ', ')', '\\']).map_or(markup.len(), |end| at + end);
    Some(markup[start..end].replace("&amp;", "&"))
}

async fn tell(client: &mut Client, url: &str) -> Result<()> {
    let Some(path) = path_of(url) else { return Ok(()) };
    let reply = client.get(path).await?;
    anyhow::ensure!(reply.status < 400, "a notice was answered {}: {path}", reply.status);
    Ok(())
}
