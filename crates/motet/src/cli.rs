//! The command line: what can be asked, and its help.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Motet: an ad decision platform of specialised agents.
#[derive(Debug, Parser)]
#[command(name = "motet", version, about, long_about = None, propagate_version = true)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start the server, load sample campaigns and drive it with simulated listeners over real HTTP
    Demo(Demo),
    /// Start the server
    Serve(Serve),
    /// Say in words how one decision came about
    Explain(Explain),
    /// Take every journalled decision again and report differences
    Replay(Replay),
    /// Import, export or list campaigns in a data folder
    #[command(subcommand)]
    Campaigns(Campaigns),
    /// Show an agent's card
    Card(Card),
    /// Work with the configuration
    #[command(subcommand)]
    Config(Config),
    /// Measure
    #[command(subcommand)]
    Bench(Bench),
}

/// Options of `motet demo`.
#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Stop after this many seconds; without it, Ctrl-C stops
    #[arg(long, value_name = "N")]
    pub(crate) seconds: Option<u64>,
    /// Print the closing summary as JSON, and nothing else on standard output
    #[arg(long)]
    pub(crate) json: bool,
    /// Requests per second the simulated listeners make
    #[arg(long, default_value_t = 200, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=20_000))]
    pub(crate) rate: u32,
    /// The seed of the simulated listeners
    #[arg(long, default_value_t = 1, value_name = "K")]
    pub(crate) seed: u64,
    /// The address to serve on; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDR")]
    pub(crate) listen: String,
    /// Where to keep the demo's data; a fresh temporary folder by default
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Who decides: the six agents, or the rule engine they are measured against
    #[arg(long, default_value = "agents", value_parser = ["agents", "baseline"])]
    pub(crate) team: String,
}

/// Options of `motet serve`.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// The configuration file; built-in defaults without it
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The address to listen on
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: Option<String>,
    /// The folder of journal, snapshots and keys
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Load the demo's sample campaigns
    #[arg(long)]
    pub(crate) sample: bool,
    /// Set one value of the configuration, as `section.key=value`; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) overrides: Vec<String>,
    /// Run on this processor core alone (for measurements)
    #[arg(long, hide = true)]
    pub(crate) core: Option<usize>,
}

/// Options of `motet explain`.
#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// The decision's id: the `bidid` of a bid response
    pub(crate) id: String,
    /// The data folder
    #[arg(long, default_value = "data", value_name = "DIR")]
    pub(crate) data_dir: PathBuf,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// For whom: the whole trace, or the few words owed to others
    #[arg(long, default_value = "engineer", value_parser = ["engineer", "advertiser", "viewer"])]
    pub(crate) audience: String,
}

/// Options of `motet replay`.
#[derive(Debug, Args)]
pub(crate) struct Replay {
    /// The data folder
    #[arg(long, default_value = "data", value_name = "DIR")]
    pub(crate) data_dir: PathBuf,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Options of `motet campaigns`.
#[derive(Debug, Subcommand)]
pub(crate) enum Campaigns {
    /// Bring in advertisers, campaigns and creatives from a TOML or JSON file
    Import {
        /// The file
        file: PathBuf,
        /// The data folder; no server may be running on it
        #[arg(long, default_value = "data", value_name = "DIR")]
        data_dir: PathBuf,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Write everything advertisers have told us
    Export {
        /// The data folder
        #[arg(long, default_value = "data", value_name = "DIR")]
        data_dir: PathBuf,
        /// Print JSON instead of TOML
        #[arg(long)]
        json: bool,
    },
    /// List campaigns with their budgets and spend
    List {
        /// The data folder
        #[arg(long, default_value = "data", value_name = "DIR")]
        data_dir: PathBuf,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// Options of `motet card`.
#[derive(Debug, Args)]
pub(crate) struct Card {
    /// The agent: intent, relevance, bidder, pacer, guard, safety or baseline; all without it
    pub(crate) agent: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Options of `motet config`.
#[derive(Debug, Subcommand)]
pub(crate) enum Config {
    /// Check a configuration file and say everything that is wrong with it
    Check {
        /// The file
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// Print the configuration file with every default written in it
    Default,
}

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
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// The server over HTTP beside an echo server on the same stack, each on one core
    Http {
        /// How long to measure, in all
        #[arg(long, default_value_t = 20, value_name = "N")]
        seconds: u64,
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
