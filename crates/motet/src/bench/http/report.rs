//! What `motet bench http` says.

use std::fmt;

use serde::Serialize;

use super::{
    load::Sample,
    wire::{STAGE_NAMES, STAGES},
};
use crate::bench::quantile;

/// Throughput of the two servers, as measured.
#[derive(Debug, Default)]
pub(super) struct Throughput {
    /// Requests a second of each alternating run: server, echo.
    pub(super) runs: Vec<(f64, f64)>,
    pub(super) answered: u64,
    pub(super) with_bid: u64,
    /// How long each of the two was measured.
    pub(super) seconds: f64,
    /// Processor time of the server, of the echo server, and of the load on each.
    pub(super) cpu_s: f64,
    pub(super) echo_cpu_s: f64,
    pub(super) load_cpu_s: f64,
    pub(super) echo_load_cpu_s: f64,
}

impl Throughput {
    pub(super) fn req_per_s(&self) -> f64 {
        median(self.runs.iter().map(|run| run.0))
    }

    fn echo_req_per_s(&self) -> f64 {
        median(self.runs.iter().map(|run| run.1))
    }
}

/// Latency at half load on the two servers, as measured, by alternating run.
#[derive(Debug, Default)]
pub(super) struct Half {
    pub(super) ours: Vec<Vec<Sample>>,
    pub(super) echo: Vec<Vec<Sample>>,
    /// Processor time that neither the servers nor the load used, over both cores.
    pub(super) busy_elsewhere_s: f64,
    pub(super) seconds: f64,
}

/// What was measured.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    /// Bid requests answered per second, the server on one core: the median of the runs.
    req_per_s: f64,
    /// The echo server's.
    echo_req_per_s: f64,
    /// The first over the second.
    ratio: f64,
    /// Throughput of each alternating run: server, echo.
    runs: Vec<(f64, f64)>,
    /// Share of its core the server, and the echo server, used then: near 1, or something else held it back.
    cpu_share: (f64, f64),
    /// Share of its core the load used then, on the server and on the echo server.
    load_cpu_share: (f64, f64),
    /// Share of requests answered with a bid.
    bid_rate: f64,
    /// Processor time of the server per request, in microseconds.
    cpu_us_per_request: f64,
    /// The mean size of a request body in bytes.
    body_bytes: f64,
    /// The rate at half load, in requests a second.
    half_load_req_per_s: f64,
    /// Latency at half load from the moment a request was due, in milliseconds.
    p50_ms_at_half_load: f64,
    p90_ms_at_half_load: f64,
    p99_ms_at_half_load: f64,
    p999_ms_at_half_load: f64,
    /// The same on the echo server, at the same rate.
    echo_p50_ms_at_half_load: f64,
    echo_p90_ms_at_half_load: f64,
    echo_p99_ms_at_half_load: f64,
    echo_p999_ms_at_half_load: f64,
    /// The 99th percentile of each alternating run at half load: server, echo.
    p99_ms_runs: Vec<(f64, f64)>,
    /// What the server's time goes to at half load.
    stages: Vec<Part>,
    /// Processor time others used meanwhile, as a share of one core.
    busy_elsewhere: f64,
}

/// One stage of a request at half load, in milliseconds. The first is `late`: due but not yet sent, which is the load's
/// own doing or a connection still busy. The last is `outside`: what is left of the latency, in sockets and the load.
#[derive(Debug, Serialize)]
struct Part {
    stage: &'static str,
    p50_ms: f64,
    p99_ms: f64,
    p999_ms: f64,
    /// Its mean among the slowest hundredth of requests: these add up to their mean latency.
    slowest_mean_ms: f64,
}

impl Report {
    pub(super) fn new(full: &Throughput, half: &Half, rate: f64, body_bytes: f64) -> Self {
        let (ours, echo) = (pooled(&half.ours), pooled(&half.echo));
        let (of_ours, of_echo) = (Latencies::of(&ours), Latencies::of(&echo));
        let p99 = |samples: &Vec<Sample>| Latencies::of(samples).at(0.99);
        Self {
            req_per_s: full.req_per_s(),
            echo_req_per_s: full.echo_req_per_s(),
            ratio: full.req_per_s() / full.echo_req_per_s(),
            runs: full.runs.clone(),
            cpu_share: (full.cpu_s / full.seconds, full.echo_cpu_s / full.seconds),
            load_cpu_share: (full.load_cpu_s / full.seconds, full.echo_load_cpu_s / full.seconds),
            bid_rate: full.with_bid as f64 / full.answered.max(1) as f64,
            cpu_us_per_request: full.cpu_s * 1e6 / full.answered.max(1) as f64,
            body_bytes,
            half_load_req_per_s: rate,
            p50_ms_at_half_load: of_ours.at(0.5),
            p90_ms_at_half_load: of_ours.at(0.9),
            p99_ms_at_half_load: of_ours.at(0.99),
            p999_ms_at_half_load: of_ours.at(0.999),
            echo_p50_ms_at_half_load: of_echo.at(0.5),
            echo_p90_ms_at_half_load: of_echo.at(0.9),
            echo_p99_ms_at_half_load: of_echo.at(0.99),
            echo_p999_ms_at_half_load: of_echo.at(0.999),
            p99_ms_runs: half.ours.iter().map(p99).zip(half.echo.iter().map(p99)).collect(),
            stages: stages(&ours),
            busy_elsewhere: half.busy_elsewhere_s / half.seconds,
        }
    }
}

fn pooled(runs: &[Vec<Sample>]) -> Vec<Sample> {
    runs.iter().flatten().copied().collect()
}

/// Microseconds in order.
struct Latencies(Vec<u32>);

impl Latencies {
    fn of(samples: &[Sample]) -> Self {
        Self::from(samples.iter().map(|sample| sample.latency_us))
    }

    fn from(micros: impl Iterator<Item = u32>) -> Self {
        let mut sorted: Vec<u32> = micros.collect();
        sorted.sort_unstable();
        Self(sorted)
    }

    /// Returns a quantile in milliseconds.
    fn at(&self, q: f64) -> f64 {
        quantile(&self.0, q).map_or(0.0, |micros| f64::from(micros) / 1e3)
    }
}

/// Takes latencies apart.
fn stages(samples: &[Sample]) -> Vec<Part> {
    let limit = (Latencies::of(samples).at(0.99) * 1e3) as u32;
    let parts: Vec<(u32, [u32; STAGES + 2])> = samples.iter().map(|s| (s.latency_us, parts(s))).collect();
    let slowest: Vec<_> = parts.iter().filter(|(latency, _)| *latency >= limit).collect();
    let names = ["late"].into_iter().chain(STAGE_NAMES).chain(["outside"]);
    names
        .enumerate()
        .map(|(place, stage)| {
            let sorted = Latencies::from(parts.iter().map(|(_, parts)| parts[place]));
            let sum: f64 = slowest.iter().map(|(_, parts)| f64::from(parts[place])).sum();
            Part {
                stage,
                p50_ms: sorted.at(0.5),
                p99_ms: sorted.at(0.99),
                p999_ms: sorted.at(0.999),
                slowest_mean_ms: sum / 1e3 / slowest.len().max(1) as f64,
            }
        })
        .collect()
}

/// Splits one latency: late, the server's stages, outside.
fn parts(sample: &Sample) -> [u32; STAGES + 2] {
    let mut parts = [0; STAGES + 2];
    parts[0] = sample.sent_late_us;
    parts[1..=STAGES].copy_from_slice(&sample.stages.unwrap_or_default());
    let known: u32 = parts.iter().sum();
    parts[STAGES + 1] = sample.latency_us.saturating_sub(known);
    parts
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    quantile(&sorted, 0.5).unwrap_or(0.0)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:.0} req/s beside {:.0} of the echo server: ratio {:.2}",
            self.req_per_s, self.echo_req_per_s, self.ratio
        )?;
        writeln!(
            f,
            "  {:.0} µs of processor time a request, {:.0} % with a bid, {:.0} bytes a body",
            self.cpu_us_per_request,
            self.bid_rate * 100.0,
            self.body_bytes
        )?;
        writeln!(f, "at half load, {:.0} req/s, in ms:", self.half_load_req_per_s)?;
        writeln!(
            f,
            "  server  p50 {:6.2}  p90 {:6.2}  p99 {:6.2}  p99.9 {:6.2}",
            self.p50_ms_at_half_load,
            self.p90_ms_at_half_load,
            self.p99_ms_at_half_load,
            self.p999_ms_at_half_load
        )?;
        writeln!(
            f,
            "  echo    p50 {:6.2}  p90 {:6.2}  p99 {:6.2}  p99.9 {:6.2}",
            self.echo_p50_ms_at_half_load,
            self.echo_p90_ms_at_half_load,
            self.echo_p99_ms_at_half_load,
            self.echo_p999_ms_at_half_load
        )?;
        writeln!(f, "  stage      p50     p99   p99.9   mean of the slowest 1 %")?;
        for stage in &self.stages {
            writeln!(
                f,
                "  {:<8}{:6.2}  {:6.2}  {:6.2}  {:6.2}",
                stage.stage, stage.p50_ms, stage.p99_ms, stage.p999_ms, stage.slowest_mean_ms
            )?;
        }
        writeln!(f, "  others used {:.0} % of a core meanwhile", self.busy_elsewhere * 100.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_the_slowest_requests_add_up_to_their_latency() {
        let sample = |latency_us, commit| Sample {
            latency_us,
            sent_late_us: 10,
            stages: Some([20, 0, 30, 40, 50, commit, 60, 70]),
        };
        let samples: Vec<Sample> =
            (0..200).map(|n| sample(1_000 + n, 100)).chain([sample(9_000, 8_000); 3]).collect();
        let stages = stages(&samples);
        let sum: f64 = stages.iter().map(|stage| stage.slowest_mean_ms).sum();
        assert!((sum - 9.0).abs() < 1e-9, "{stages:?}");
        assert_eq!(
            stages.iter().max_by(|a, b| a.slowest_mean_ms.total_cmp(&b.slowest_mean_ms)).unwrap().stage,
            "commit"
        );
    }
}
