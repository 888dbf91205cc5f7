//! What can be measured.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

use super::{BusBench, BusFaults, BusFeed};
use crate::bench::agents::Where;

/// Options of `motet bench`.
#[derive(Debug, Subcommand)]
pub(crate) enum Bench {
    /// The decision alone: all six agents, one core, no HTTP and no disk
    Decide {
        /// Active campaigns, each with two creatives
        #[arg(long, default_value_t = 10_000, value_name = "N")]
        campaigns: usize,
        /// How long to measure
        #[arg(long, default_value_t = 10, value_name = "N")]
        seconds: u64,
        /// Who decides
        #[arg(long, default_value = "agents", value_parser = ["agents", "baseline"])]
        team: String,
        /// Write down the outcome of a decision alone, as simulations do, and not who said what
        #[arg(long)]
        outcome_only: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// The server over HTTP beside an echo server on the same stack, each on one core
    Http {
        /// How long to measure, in all
        #[arg(long, default_value_t = 20, value_name = "N")]
        seconds: u64,
        /// Share of requests with a floor above what any campaign bids, 0 to 1; nearly all others get a bid
        #[arg(long, default_value_t = 0.35, value_name = "SHARE")]
        dear: f64,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Durable reserves and settles through the journal
    Ledger {
        /// How long to measure
        #[arg(long, default_value_t = 10, value_name = "N")]
        seconds: u64,
        /// Where to write; a temporary folder by default
        #[arg(long, value_name = "DIR")]
        data_dir: Option<PathBuf>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Kill the server with kill -9 again and again under load, and look for what was lost
    Crash {
        /// How many kills
        #[arg(long, default_value_t = 10, value_name = "N")]
        cycles: u32,
        /// The seed of the traffic and of the moments of the kills
        #[arg(long, default_value_t = 1, value_name = "K")]
        seed: u64,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// What a decision takes by where its six agents run, at a steady rate
    Agents {
        /// Where the agents run
        #[arg(long, value_enum, default_value_t = Where::Local)]
        place: Where,
        /// The broker: kafka://HOST:PORT or nats://HOST:PORT
        #[arg(long, value_name = "URL")]
        bus: Option<String>,
        /// Requests a second
        #[arg(long, default_value_t = 200.0, value_name = "N")]
        rate: f64,
        /// For how long
        #[arg(long, default_value_t = 10, value_name = "N")]
        seconds: u64,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Break one agent's process at a time under load, in every way, and look for late answers
    AgentFaults {
        /// Where the agents run
        #[arg(long, value_enum, default_value_t = Where::Grpc)]
        place: Where,
        /// The broker: kafka://HOST:PORT or nats://HOST:PORT
        #[arg(long, value_name = "URL")]
        bus: Option<String>,
        /// Requests a second
        #[arg(long, default_value_t = 200.0, value_name = "N")]
        rate: f64,
        /// How long each fault is looked at, in seconds
        #[arg(long, default_value_t = 3.0, value_name = "N")]
        seconds: f64,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Notices through a bus into the engine, each counted once; and calls there and back
    Bus(BusBench),
    /// Kill consumer, producer and broker again and again, and look for what was lost or counted twice
    BusFaults(BusFaults),
    /// Publish the lines of a growing file, for `bus-faults`
    #[command(hide = true)]
    BusFeed(BusFeed),
    /// Two nodes on one PostgreSQL, killed, stopped and cut off again and again under load, and the books compared
    Nodes {
        /// How many mishaps: kills, stops, cut connections and crashes of the database
        #[arg(long, default_value_t = 20, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
        kills: u32,
        /// The seed of the traffic and of the mishaps
        #[arg(long, default_value_t = 1, value_name = "K")]
        seed: u64,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// The simulated markets on one core, with what they come to
    Sim {
        /// Which market
        #[arg(long, value_enum, default_value_t = SimMarket::All)]
        market: SimMarket,
        /// Episodes of the AuctionNet-format market
        #[arg(long, default_value_t = 7, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=10_000))]
        episodes: u64,
        /// The first seed
        #[arg(long, default_value_t = 1, value_name = "K", value_parser = clap::value_parser!(u64).range(..1 << 40))]
        seed: u64,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// The echo server of `bench http`
    #[command(hide = true)]
    Echo {
        /// The address to listen on
        #[arg(long, default_value = "127.0.0.1:0")]
        listen: String,
        /// The core to run on
        #[arg(long)]
        core: Option<usize>,
    },
}

/// The markets of `motet bench sim`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SimMarket {
    /// AuctionNet's format: 48 bidders with budgets and target CPAs, three slots
    Auctionnet,
    /// AuctionGym's format: six truthful oracles, second price
    Auctiongym,
    /// The simulated world: the real engine with a thousand campaigns
    World,
    /// Every market
    All,
}
