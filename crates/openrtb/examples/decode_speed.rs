//! Says what decoding costs: nanoseconds per request over a file of requests, one core.
//!
//! `cargo run --release -p motet-openrtb --example decode_speed -- FILE.jsonl`, each line a request, or an object with
//! one under `request`.
#![allow(clippy::disallowed_methods, reason = "an example that measures reads the clock")]

use std::{collections::BTreeSet, hint::black_box, time::Instant};

use motet_model::codes::Code;
use motet_openrtb::{DecodeOptions, RateTable, decode};

fn main() {
    let path = std::env::args().nth(1).expect("the first argument names a file of requests");
    let text = std::fs::read_to_string(&path).expect("the file can be read");
    let bodies: Vec<String> = text.lines().map(body).collect();
    let dollar = Code::currency("USD").expect("three letters");
    let options =
        DecodeOptions { owned_publishers: BTreeSet::new(), ..DecodeOptions::new(RateTable::new(dollar)) };
    measure("all", &bodies, &options);
    for (least, most) in [(0, 400), (400, 1_000), (1_000, 2_000)] {
        let some: Vec<String> = bodies.iter().filter(|b| (least..most).contains(&b.len())).cloned().collect();
        measure(&format!("{least} to {most} bytes"), &some, &options);
    }
}

fn body(line: &str) -> String {
    let line: serde_json::Value = serde_json::from_str(line).expect("every line is JSON");
    line.get("request").unwrap_or(&line).to_string()
}

fn measure(name: &str, bodies: &[String], options: &DecodeOptions) {
    if bodies.is_empty() {
        return;
    }
    let bytes: usize = bodies.iter().map(String::len).sum();
    let mut rounds: Vec<f64> = (0..200).map(|_| round(bodies, options)).collect();
    rounds.sort_by(f64::total_cmp);
    let (fastest, median) = (rounds[0], rounds[rounds.len() / 2]);
    let mean = bytes as f64 / bodies.len() as f64;
    println!(
        "{name}: {} requests, mean {mean:.0} bytes, fastest round {fastest:.0} ns each, median {median:.0} ns",
        bodies.len()
    );
}

/// Decodes everything once and returns nanoseconds per request.
fn round(bodies: &[String], options: &DecodeOptions) -> f64 {
    let start = Instant::now();
    for body in bodies {
        let _ = black_box(decode(black_box(body.as_bytes()), options));
    }
    start.elapsed().as_nanos() as f64 / bodies.len() as f64
}
