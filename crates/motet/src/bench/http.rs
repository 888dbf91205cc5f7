//! `motet bench http`: the server beside an echo server that parses the same bodies on the same stack.
//!
//! Each server runs in a process of its own on one core; the load comes from this process on the other. Short
//! runs of the two alternate, so that a noisy neighbour disturbs both alike, and medians are compared.

use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use serde::Serialize;
use tokio::sync::Mutex;

use super::quantile;
use crate::{client::Client, clock, demo::listeners};

/// Connections the load keeps busy.
const CONNECTIONS: usize = 128;
/// Bodies made ahead.
const BODIES: u64 = 4_000;
const SEED: u64 = 11;

/// What was measured.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// Bid requests answered per second, the server on one core.
    pub(crate) req_per_s: f64,
    /// The echo server's.
    pub(crate) echo_req_per_s: f64,
    /// The first over the second.
    pub(crate) ratio: f64,
    /// The slowest of a hundred at half the server's throughput, in milliseconds.
    pub p99_ms_at_half_load: f64,
    /// The median at half the server's throughput, in milliseconds.
    pub p50_ms_at_half_load: f64,
    /// Share of requests answered with a bid.
    pub(crate) bid_rate: f64,
    /// Processor time of the server per request, in microseconds.
    pub(crate) cpu_us_per_request: f64,
    /// The mean size of a request body in bytes.
    pub(crate) body_bytes: f64,
    /// Throughput of each alternating run: server, echo.
    pub(crate) runs: Vec<(f64, f64)>,
}

/// A server in a process of its own; killed when dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    /// Where it listens.
    pub(crate) addr: SocketAddr,
}

impl Server {
    /// Starts this program with some arguments and waits until it listens.
    pub(crate) fn start(args: &[&str]) -> Result<Self> {
        Self::start_with_token(args, "bench-token-0123456789abcdef0123")
    }

    /// Starts this program with an admin token, and waits until it listens.
    pub(crate) fn start_with_token(args: &[&str], token: &str) -> Result<Self> {
        let program = std::env::current_exe().context("cannot find this program")?;
        let mut child = Command::new(program)
            .args(args)
            .env("MOTET_ADMIN_TOKEN", token)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot start a server")?;
        let output = child.stdout.take().context("the server has no output")?;
        let mut lines = BufReader::new(output).lines();
        let listening = lines.find_map(|line| {
            let line = line.ok()?;
            line.split("listening on ").nth(1).map(|addr| addr.trim().to_owned())
        });
        let addr = listening.and_then(|addr| addr.parse().ok());
        let Some(addr) = addr else {
            let _ = child.kill();
            anyhow::bail!("the server did not come up: {}", args.join(" "));
        };
        // What else it prints is read and dropped, so that it never waits for us.
        std::thread::Builder::new().spawn(move || lines.for_each(drop)).context("cannot start a thread")?;
        Ok(Self { child, addr })
    }

    /// Kills it with kill -9.
    pub(crate) fn kill(&mut self) {
        // It may have ended by itself already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Returns its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// What a run of load saw.
#[derive(Debug, Default)]
struct Load {
    answered: AtomicU64,
    with_bid: AtomicU64,
    errors: AtomicU64,
    latencies_us: Mutex<Vec<u32>>,
}

/// Measures.
pub(crate) async fn run(seconds: u64) -> Result<Report> {
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    let data = folder.path().to_str().context("the temporary folder has an odd name")?;
    let server = Server::start(&[
        "serve",
        "--sample",
        "--listen",
        "127.0.0.1:0",
        "--data-dir",
        data,
        "--core",
        "0",
        "--set",
        "log.level=error",
    ])?;
    let echo = Server::start(&["bench", "echo", "--core", "0"])?;
    pin(1);
    let bodies: Arc<Vec<Bytes>> = Arc::new(bodies()?);
    let slice = Duration::from_secs_f64((seconds.max(8) as f64 - 6.0) / 8.0);
    closed_loop(server.addr, &bodies, Duration::from_secs(1)).await?;
    closed_loop(echo.addr, &bodies, Duration::from_secs(1)).await?;
    let mut runs = Vec::new();
    let (mut answered, mut with_bid) = (0, 0);
    let cpu_before = cpu_seconds(server.pid());
    for _ in 0..4 {
        let ours = closed_loop(server.addr, &bodies, slice).await?;
        answered += ours.answered.load(Ordering::Relaxed);
        with_bid += ours.with_bid.load(Ordering::Relaxed);
        let theirs = closed_loop(echo.addr, &bodies, slice).await?;
        let rate = |load: &Load| load.answered.load(Ordering::Relaxed) as f64 / slice.as_secs_f64();
        runs.push((rate(&ours), rate(&theirs)));
    }
    let cpu = cpu_seconds(server.pid()) - cpu_before;
    let (req_per_s, echo_req_per_s) = (median(runs.iter().map(|r| r.0)), median(runs.iter().map(|r| r.1)));
    let mut latencies = open_loop(server.addr, &bodies, req_per_s / 2.0, Duration::from_secs(4)).await?;
    latencies.sort_unstable();
    let at = |q: f64| quantile(&latencies, q).map_or(0.0, |micros| f64::from(micros) / 1_000.0);
    Ok(Report {
        req_per_s,
        echo_req_per_s,
        ratio: req_per_s / echo_req_per_s,
        p99_ms_at_half_load: at(0.99),
        p50_ms_at_half_load: at(0.5),
        bid_rate: with_bid as f64 / answered.max(1) as f64,
        cpu_us_per_request: cpu * 1e6 / answered.max(1) as f64,
        body_bytes: bodies.iter().map(Bytes::len).sum::<usize>() as f64 / bodies.len() as f64,
        runs,
    })
}

/// Requests of listeners, filled up with keywords to the size real ones have.
fn bodies() -> Result<Vec<Bytes>> {
    let one = |number| -> Result<Bytes> {
        let mut request = listeners::visit(SEED, number).request;
        let filler: Vec<String> = (0..30).map(|word| format!("topic-{}-{word}", number % 50)).collect();
        request["user"]["keywords"] = filler.join(",").into();
        Ok(Bytes::from(serde_json::to_vec(&request)?))
    };
    (0..BODIES).map(one).collect()
}

/// Keeps every connection busy for a while.
async fn closed_loop(server: SocketAddr, bodies: &Arc<Vec<Bytes>>, time: Duration) -> Result<Load> {
    let load = Arc::new(Load::default());
    let until = clock::monotonic() + time;
    let tasks: Vec<_> = (0..CONNECTIONS)
        .map(|lane| {
            let (load, bodies) = (Arc::clone(&load), Arc::clone(bodies));
            tokio::spawn(async move {
                let mut client = Client::new(server);
                let mut number = lane;
                while clock::monotonic() < until {
                    one(&mut client, &bodies, number, &load).await;
                    number += CONNECTIONS;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await?;
    }
    let load = Arc::into_inner(load).context("a task still runs")?;
    ensure!(load.errors.load(Ordering::Relaxed) == 0, "the server answered with errors");
    Ok(load)
}

async fn one(client: &mut Client, bodies: &[Bytes], number: usize, load: &Load) {
    match client.post("/openrtb2/bid", bodies[number % bodies.len()].clone()).await {
        Ok(reply) if reply.status < 400 => {
            load.answered.fetch_add(1, Ordering::Relaxed);
            load.with_bid.fetch_add(u64::from(reply.status == 200), Ordering::Relaxed);
        }
        _ => {
            load.errors.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Sends at a steady rate, whatever the answers do; latency counts from the moment a request was due.
async fn open_loop(
    server: SocketAddr,
    bodies: &Arc<Vec<Bytes>>,
    rate: f64,
    time: Duration,
) -> Result<Vec<u32>> {
    let load = Arc::new(Load::default());
    let began = clock::monotonic();
    let total = (rate * time.as_secs_f64()) as usize;
    let tasks: Vec<_> = (0..CONNECTIONS)
        .map(|lane| {
            let (load, bodies) = (Arc::clone(&load), Arc::clone(bodies));
            tokio::spawn(async move {
                let mut client = Client::new(server);
                let mut latencies = Vec::new();
                for number in (lane..total).step_by(CONNECTIONS) {
                    let due = began + Duration::from_secs_f64(number as f64 / rate);
                    tokio::time::sleep_until(due.into()).await;
                    // The timer wakes on whole milliseconds; what it oversleeps is the load's, not the server's.
                    let sent = clock::monotonic().max(due);
                    one(&mut client, &bodies, number, &load).await;
                    latencies.push(u32::try_from(sent.elapsed().as_micros()).unwrap_or(u32::MAX));
                }
                load.latencies_us.lock().await.extend(latencies);
            })
        })
        .collect();
    for task in tasks {
        task.await?;
    }
    let load = Arc::into_inner(load).context("a task still runs")?;
    Ok(load.latencies_us.into_inner())
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    quantile(&sorted, 0.5).unwrap_or(0.0)
}

/// Returns the processor time a process has used so far; 0 where the system does not tell.
fn cpu_seconds(pid: u32) -> f64 {
    let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else { return 0.0 };
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|f| f.parse::<f64>().ok()).unwrap_or(0.0);
    // User and system time are fields 14 and 15 of the line, in ticks of 10 ms.
    (ticks(11) + ticks(12)) / 100.0
}

/// Keeps this thread, and those it starts from now on, on one core where there are several.
pub(crate) fn pin(core: usize) {
    let cores = core_affinity::get_core_ids().unwrap_or_default();
    if let Some(core) = cores.get(core) {
        core_affinity::set_for_current(*core);
    }
}

/// Runs and prints.
pub(crate) fn command(seconds: u64, json: bool) -> Result<()> {
    pin(1);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let report = runtime.block_on(run(seconds))?;
    if json {
        println!("{}", serde_json::to_string(&report)?);
        return Ok(());
    }
    println!(
        "{:.0} req/s beside {:.0} of the echo server: ratio {:.2}",
        report.req_per_s, report.echo_req_per_s, report.ratio
    );
    println!(
        "  at half load: p50 {:.2} ms   p99 {:.2} ms",
        report.p50_ms_at_half_load, report.p99_ms_at_half_load
    );
    println!(
        "  {:.0} µs of processor time a request, {:.0} % with a bid, {:.0} bytes a body",
        report.cpu_us_per_request,
        report.bid_rate * 100.0,
        report.body_bytes
    );
    Ok(())
}
