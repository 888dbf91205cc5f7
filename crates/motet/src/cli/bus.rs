//! Options of the benchmarks of the bus.

use std::path::PathBuf;

use clap::Args;

/// Options of `motet bench bus`.
#[derive(Debug, Args)]
pub(crate) struct BusBench {
    /// The bus; without it an Apache Kafka is started for the while, as scripts/install-services installed it
    #[arg(long, value_name = "URL")]
    pub(crate) url: Option<String>,
    /// How much to measure: notices worth so many seconds at 50,000 a second, and calls for as long
    #[arg(long, default_value_t = 10, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=120))]
    pub(crate) seconds: u32,
    /// Calls a second
    #[arg(long, default_value_t = 200, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) calls: u32,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Options of `motet bench bus-faults`.
#[derive(Debug, Args)]
pub(crate) struct BusFaults {
    /// How many kills
    #[arg(long, default_value_t = 10, value_name = "N")]
    pub(crate) kills: u32,
    /// The seed of the traffic, and of whom each kill meets and when
    #[arg(long, default_value_t = 1, value_name = "K")]
    pub(crate) seed: u64,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Options of `motet bench bus-feed`.
#[derive(Debug, Args)]
pub(crate) struct BusFeed {
    /// The bus
    #[arg(long, value_name = "URL")]
    pub(crate) url: String,
    /// The topic
    #[arg(long, value_name = "NAME")]
    pub(crate) topic: String,
    /// The file whose lines are published, each as a message
    #[arg(long, value_name = "FILE")]
    pub(crate) lines: PathBuf,
    /// The file that says how many lines are acknowledged
    #[arg(long, value_name = "FILE")]
    pub(crate) place: PathBuf,
}
