//! `motet bench http`: the server beside an echo server that parses the same bodies on the same stack.
//!
//! Each server runs in a process of its own on one core; the load comes from this process on the other. Short
//! runs of the two alternate, so that a noisy neighbour disturbs both alike, and medians are compared. Latency is then
//! measured at half the server's throughput, on both, again in turns: what slows the echo server as well is the
//! machine's doing. The server says of each answer how long its stages took, so the slowest can be taken apart.
//!
//! The server writes snapshots far more often than by default, so that a short run has one under way all the time.

mod bodies;
mod load;
mod process;
mod report;
mod wire;

use std::{sync::Arc, time::Duration};

use anyhow::{Context, Result, ensure};

pub(crate) use bodies::Bodies;
pub(crate) use load::{Requests, Sample, open};
pub(crate) use process::{Server, pin};
pub(crate) use wire::STAGE_NAMES;

use self::{
    load::Seen,
    process::{machine_cpu_seconds, own_cpu_seconds},
    report::{Half, Report, Throughput},
};

/// Alternating runs of each kind.
const RUNS: u32 = 5;
/// Before anything is measured.
const WARM_UP: Duration = Duration::from_secs(1);
/// Journal records between two snapshots while measuring.
const SNAPSHOT_EVERY: &str = "journal.snapshot_every=20000";

/// Measures for about so many seconds.
async fn run(seconds: u64, dear: f64) -> Result<Report> {
    let (server, folder) = start(&["server.timing=false"])?;
    let echo = Server::start(&["bench", "echo", "--core", "0"])?;
    let bodies = Bodies::new(dear)?;
    let body_bytes = bodies.body_bytes();
    let requests = Arc::new(Requests::new(bodies));
    // A third of the time for throughput, the rest for the tail, which needs more to be seen.
    let measured = Duration::from_secs(seconds.max(8)).saturating_sub(WARM_UP * 3);
    let (full, half) = (measured / (6 * RUNS), measured / (3 * RUNS));
    let throughput = throughput(&server, &echo, &requests, full).await?;
    let rate = throughput.req_per_s() / 2.0;
    drop((server, folder));
    // Telling the stages' times costs some of the time: only where they are wanted.
    let (server, _folder) = start(&["server.timing=true"])?;
    load::closed(server.addr, &requests, WARM_UP).await?;
    let half = at_half(&server, &echo, &requests, rate, half).await?;
    Ok(Report::new(&throughput, &half, rate, body_bytes))
}

/// Starts a server on one core, in a folder of its own.
fn start(settings: &[&str]) -> Result<(Server, tempfile::TempDir)> {
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    let data = folder.path().to_str().context("the temporary folder has an odd name")?;
    let mut arguments =
        vec!["serve", "--sample", "--listen", "127.0.0.1:0", "--data-dir", data, "--core", "0"];
    for setting in [&["log.level=error", SNAPSHOT_EVERY], settings].concat() {
        arguments.extend(["--set", setting]);
    }
    Ok((Server::start(&arguments)?, folder))
}

/// Measures what the two servers can take, in turns.
async fn throughput(
    server: &Server,
    echo: &Server,
    requests: &Arc<Requests>,
    slice: Duration,
) -> Result<Throughput> {
    load::closed(server.addr, requests, WARM_UP).await?;
    load::closed(echo.addr, requests, WARM_UP).await?;
    let mut found = Throughput::default();
    for _ in 0..RUNS {
        let before = (server.cpu_seconds(), own_cpu_seconds());
        let ours = load::closed(server.addr, requests, slice).await?;
        let between = (server.cpu_seconds(), own_cpu_seconds(), echo.cpu_seconds());
        let theirs = load::closed(echo.addr, requests, slice).await?;
        let per_s = |seen: &Seen| seen.answered as f64 / slice.as_secs_f64();
        found.runs.push((per_s(&ours), per_s(&theirs)));
        found.seconds += slice.as_secs_f64();
        found.cpu_s += between.0 - before.0;
        found.echo_cpu_s += echo.cpu_seconds() - between.2;
        found.load_cpu_s += between.1 - before.1;
        found.echo_load_cpu_s += own_cpu_seconds() - between.1;
        found.answered += ours.answered;
        found.with_bid += ours.with_bid;
    }
    Ok(found)
}

/// Measures latency on the two servers at one rate, in turns.
async fn at_half(
    server: &Server,
    echo: &Server,
    requests: &Arc<Requests>,
    rate: f64,
    slice: Duration,
) -> Result<Half> {
    let mut found = Half::default();
    let cpu = || (machine_cpu_seconds(), own_cpu_seconds() + server.cpu_seconds() + echo.cpu_seconds());
    let before = cpu();
    for _ in 0..RUNS {
        found.ours.push(load::open(server.addr, requests, rate, slice).await?.samples);
        found.echo.push(load::open(echo.addr, requests, rate, slice).await?.samples);
    }
    let after = cpu();
    found.busy_elsewhere_s = (after.0 - before.0) - (after.1 - before.1);
    found.seconds = slice.as_secs_f64() * f64::from(RUNS) * 2.0;
    Ok(found)
}

/// Runs and prints.
pub(crate) fn command(seconds: u64, dear: f64, json: bool) -> Result<()> {
    ensure!((0.0..=1.0).contains(&dear), "--dear takes a share from 0 to 1, was {dear}");
    pin(1);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let report = runtime.block_on(run(seconds, dear))?;
    if json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        print!("{report}");
    }
    Ok(())
}
