//! What a decision takes by where its agents run.

use std::{fmt, sync::Arc, time::Duration};

use anyhow::Result;
use serde::Serialize;

use super::{Outcomes, Where, cast::Cast, outcomes, since};
use crate::bench::{
    http::{Bodies, Requests, STAGE_NAMES, Sample, open},
    quantile,
};

/// What was measured.
#[derive(Debug, Serialize)]
struct Report {
    place: &'static str,
    bus: Option<String>,
    /// Requests a second sent.
    rate: f64,
    requests: usize,
    with_bid: u64,
    /// One decision, asking included, in milliseconds.
    decision_p50_ms: f64,
    decision_p99_ms: f64,
    /// The part of it in which agents elsewhere were asked.
    asking_p50_ms: f64,
    asking_p99_ms: f64,
    /// From a request due to its answer read, everything included.
    latency_p50_ms: f64,
    latency_p99_ms: f64,
    /// What became of asks.
    asks: Outcomes,
}

fn ms(mut values: Vec<u32>, q: f64) -> f64 {
    values.sort_unstable();
    quantile(&values, q).map_or(0.0, |us| f64::from(us) / 1e3)
}

/// Sums some of a sample's stages, in microseconds.
fn stages(sample: &Sample, names: &[&str]) -> u32 {
    let times = sample.stages.unwrap_or_default();
    STAGE_NAMES.iter().zip(times).filter(|(name, _)| names.contains(name)).map(|(_, us)| us).sum()
}

async fn run(place: Where, bus: Option<&str>, rate: f64, seconds: u64) -> Result<Report> {
    let requests = Arc::new(Requests::new(Bodies::new(0.0)?));
    let cast = Cast::start(place, bus, &requests).await?;
    open(cast.server.addr, &requests, rate, Duration::from_secs(2)).await?;
    let before = outcomes(cast.server.addr, None).await?;
    let seen = open(cast.server.addr, &requests, rate, Duration::from_secs(seconds)).await?;
    let asks = since(&outcomes(cast.server.addr, None).await?, &before);
    let of = |names: &[&str]| seen.samples.iter().map(|sample| stages(sample, names)).collect::<Vec<_>>();
    let (decisions, asking) = (of(&["agents", "queue", "decide"]), of(&["agents"]));
    let latencies: Vec<u32> = seen.samples.iter().map(|sample| sample.latency_us).collect();
    Ok(Report {
        place: match place {
            Where::Local => "local",
            Where::Grpc => "grpc",
            Where::Broker => "broker",
        },
        bus: bus.map(|url| url.split("://").next().unwrap_or(url).to_owned()),
        rate,
        requests: seen.samples.len(),
        with_bid: seen.with_bid,
        decision_p50_ms: ms(decisions.clone(), 0.5),
        decision_p99_ms: ms(decisions, 0.99),
        asking_p50_ms: ms(asking.clone(), 0.5),
        asking_p99_ms: ms(asking, 0.99),
        latency_p50_ms: ms(latencies.clone(), 0.5),
        latency_p99_ms: ms(latencies, 0.99),
        asks,
    })
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bus = self.bus.as_deref().map(|bus| format!(" ({bus})")).unwrap_or_default();
        writeln!(
            f,
            "six agents, {}{bus}: {} requests at {} a second, {} with a bid",
            self.place, self.requests, self.rate, self.with_bid
        )?;
        writeln!(
            f,
            "  one decision      p50 {:.2} ms, p99 {:.2} ms",
            self.decision_p50_ms, self.decision_p99_ms
        )?;
        writeln!(
            f,
            "  of it, asking     p50 {:.2} ms, p99 {:.2} ms",
            self.asking_p50_ms, self.asking_p99_ms
        )?;
        writeln!(
            f,
            "  request to answer p50 {:.2} ms, p99 {:.2} ms",
            self.latency_p50_ms, self.latency_p99_ms
        )?;
        writeln!(f, "  asks              {:?}", self.asks)
    }
}

/// Runs and prints.
pub(crate) fn command(place: Where, bus: Option<&str>, rate: f64, seconds: u64, json: bool) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let report = runtime.block_on(run(place, bus, rate, seconds))?;
    if json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        print!("{report}");
    }
    Ok(())
}
