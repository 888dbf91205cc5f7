//! One agent broken at a time, in every way, under load: is anybody answered late?

use std::{fmt, sync::Arc, time::Duration};

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};
use motet_agent::AgentName;
use serde::Serialize;

use super::{Outcomes, Where, cast::Cast, outcomes, since};
use crate::bench::http::{Bodies, Requests, open};

/// The ways an agent's process breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Killed,
    Stopped,
    Slow,
    Garbage,
    Astray,
}

impl Fault {
    const ALL: [Self; 5] = [Self::Killed, Self::Stopped, Self::Slow, Self::Garbage, Self::Astray];

    const fn name(self) -> &'static str {
        match self {
            Self::Killed => "killed",
            Self::Stopped => "stopped",
            Self::Slow => "slow",
            Self::Garbage => "garbage",
            Self::Astray => "astray",
        }
    }
}

/// What one fault did.
#[derive(Debug, Serialize)]
struct Line {
    agent: &'static str,
    fault: &'static str,
    requests: usize,
    /// Answered later than their deadline.
    late: usize,
    /// The longest time from sent to answered, in milliseconds.
    slowest_ms: f64,
    /// What became of the asks of the broken agent.
    asks: Outcomes,
    /// Whether the agent answered again once it was mended.
    recovered: bool,
}

/// What was found.
#[derive(Debug, Serialize)]
struct Report {
    place: &'static str,
    deadline_ms: u64,
    requests: usize,
    late: usize,
    not_recovered: usize,
    faults: Vec<Line>,
}

/// What a caller waits: the decision's 50 ms and the 10 ms kept for the network.
const DEADLINE: Duration = Duration::from_millis(60);

async fn break_one(
    cast: &mut Cast,
    requests: &Arc<Requests>,
    agent: AgentName,
    fault: Fault,
    (rate, time): (f64, Duration),
) -> Result<Line> {
    let addr = cast.server.addr;
    let before = outcomes(addr, Some(agent)).await?;
    // The load begins sound and goes on through the fault: the moment of breaking is the worst one.
    let load = {
        let requests = Arc::clone(requests);
        tokio::spawn(async move { open(addr, &requests, rate, time).await })
    };
    tokio::time::sleep(time / 4).await;
    match fault {
        Fault::Killed => cast.process(agent)?.kill(),
        Fault::Stopped => cast.process(agent)?.signal("STOP")?,
        Fault::Slow => cast.replace(agent, Some("slow=200"))?,
        Fault::Garbage => cast.replace(agent, Some("garbage"))?,
        Fault::Astray => cast.replace(agent, Some("astray"))?,
    }
    let seen = load.await??;
    let asks = since(&outcomes(addr, Some(agent)).await?, &before);
    match fault {
        Fault::Stopped => cast.process(agent)?.signal("CONT")?,
        _ => cast.replace(agent, None)?,
    }
    let recovered = cast.settle(requests).await.is_ok();
    let took =
        |sample: &crate::bench::http::Sample| sample.latency_us - sample.sent_late_us.min(sample.latency_us);
    let deadline = u32::try_from(DEADLINE.as_micros()).unwrap_or(u32::MAX);
    Ok(Line {
        agent: agent.name(),
        fault: fault.name(),
        requests: seen.samples.len(),
        late: seen.samples.iter().filter(|sample| took(sample) > deadline).count(),
        slowest_ms: seen.samples.iter().map(took).max().map_or(0.0, |us| f64::from(us) / 1e3),
        asks,
        recovered,
    })
}

async fn run(place: Where, bus: Option<&str>, rate: f64, time: Duration) -> Result<Report> {
    let requests = Arc::new(Requests::new(Bodies::new(0.0)?));
    let mut cast = Cast::start(place, bus, &requests).await?;
    let bar = ProgressBar::new((AgentName::TEAM.len() * Fault::ALL.len()) as u64);
    bar.set_style(ProgressStyle::with_template("{bar:30} {pos}/{len} {msg} {eta} left")?);
    let mut faults = Vec::new();
    for agent in AgentName::TEAM {
        for fault in Fault::ALL {
            bar.set_message(format!("{} {}", agent.name(), fault.name()));
            faults.push(break_one(&mut cast, &requests, agent, fault, (rate, time)).await?);
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    Ok(Report {
        place: if place == Where::Grpc { "grpc" } else { "broker" },
        deadline_ms: DEADLINE.as_millis() as u64,
        requests: faults.iter().map(|line| line.requests).sum(),
        late: faults.iter().map(|line| line.late).sum(),
        not_recovered: faults.iter().filter(|line| !line.recovered).count(),
        faults,
    })
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "agents over {}; a request's deadline is {} ms", self.place, self.deadline_ms)?;
        writeln!(
            f,
            "{:<10} {:<8} {:>8} {:>5} {:>11}  asks",
            "agent", "fault", "requests", "late", "slowest ms"
        )?;
        for line in &self.faults {
            let back = if line.recovered { "" } else { "  DID NOT COME BACK" };
            let Line { agent, fault, requests, late, slowest_ms, asks, .. } = line;
            writeln!(f, "{agent:<10} {fault:<8} {requests:>8} {late:>5} {slowest_ms:>11.1}  {asks:?}{back}")?;
        }
        writeln!(
            f,
            "{} requests, {} late, {} agents did not come back",
            self.requests, self.late, self.not_recovered
        )
    }
}

/// Runs and prints.
pub(crate) fn command(place: Where, bus: Option<&str>, rate: f64, seconds: f64, json: bool) -> Result<()> {
    anyhow::ensure!(
        place != Where::Local,
        "agents in the server cannot be broken apart from it: --place grpc or broker"
    );
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let report = runtime.block_on(run(place, bus, rate, Duration::from_secs_f64(seconds)))?;
    if json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        print!("{report}");
    }
    Ok(())
}
