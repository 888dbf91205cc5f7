//! The command line: what can be asked, and its help.

mod agent;
mod artf;
mod bench;
mod policy;
mod store;

mod bidder;
mod bus;

use std::path::PathBuf;

pub(crate) use artf::Artf;
use clap::{Args, Parser, Subcommand, ValueEnum};
pub(crate) use policy::Policy;
pub(crate) use store::Store;

pub(crate) use self::agent::Agent;
pub(crate) use self::bench::{Bench, SimMarket};
pub(crate) use self::bidder::{Bidder, BidderFormat, TrainBidder};
pub(crate) use self::bus::{BusBench, BusFaults, BusFeed};
use crate::train::options::{Evaluate, Train, Tune};

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
    /// Run one agent as a process of its own, reached over gRPC or a broker
    Agent(Agent),
    /// Serve the agents to other hosts, or print what a host reads of them first
    #[command(subcommand)]
    Artf(Artf),
    /// Ask a server whether it is well; fails unless it is
    Health {
        /// What to ask
        #[arg(default_value = "http://127.0.0.1:8080/health/ready")]
        url: String,
    },
    /// Say in words how one decision came about
    Explain(Explain),
    /// Take every journalled decision again and report differences
    Replay(Replay),
    /// Read logs of other systems or of our own into one compact store
    Ingest(Ingest),
    /// Let a team decide in a simulated world, and report what came of it
    Simulate(Simulate),
    /// Fit a simulated world to logs, and say how well it fits
    Calibrate(Calibrate),
    /// Compare two teams in the same simulated worlds, with a verdict
    Compare(Compare),
    /// Train the agents' policies in a simulated world
    Train(Train),
    /// Find a learner's settings by successive halving, and keep the best trial's policy
    Tune(Tune),
    /// Play a trained team in worlds nobody trained in, beside the teams it must beat
    Evaluate(Evaluate),
    /// Import, export or list campaigns in a data folder
    #[command(subcommand)]
    Campaigns(Campaigns),
    /// Show an agent's card
    Card(Card),
    /// Look at a folder of trained policies, or carry a policy in and out of one
    #[command(subcommand)]
    Policy(Policy),
    /// Move campaigns, money and models between a data folder and a store that nodes share
    #[command(subcommand)]
    Store(Store),
    /// Work with the configuration
    #[command(subcommand)]
    Config(Config),
    /// Let a learned bidder bid: over standard input and output, or judged on unseen episodes
    Bidder(Bidder),
    /// Make a learned bidder
    TrainBidder(TrainBidder),
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
    /// The log to replay; a journal is found in the data folder instead
    pub(crate) logs: Option<PathBuf>,
    /// What kind of log it is
    #[arg(long, value_enum, default_value_t = LogFormat::Journal)]
    pub(crate) format: LogFormat,
    /// Who bids: the name of a built-in bidder, `all` of them, or the folder of a learned policy. For an Open Bandit log:
    /// `random`, `bts`, or a file with the probability of each item
    #[arg(long, value_name = "NAME|DIR|FILE")]
    pub(crate) policy: Option<String>,
    /// An Open Bandit log made by that policy itself, whose mean reward is printed beside the estimates
    #[arg(long, value_name = "LOGS")]
    pub(crate) truth: Option<PathBuf>,
    /// The budget: an amount, or a share of the price of everything when it is written as `1/16` or has a point
    #[arg(long, value_name = "B|SHARE")]
    pub(crate) budget: Option<String>,
    /// Give the budget anew every so many auctions; without it, one budget is for the whole log
    #[arg(long, value_name = "N")]
    pub(crate) episode: Option<u64>,
    /// The log to learn from before the replay
    #[arg(long, value_name = "FILE")]
    pub(crate) train: Option<PathBuf>,
    /// What a winner pays: the market price, or its own bid
    #[arg(long, value_enum, default_value_t = PricePaid::Second)]
    pub(crate) auction: PricePaid,
    /// The seed of whatever is drawn at random
    #[arg(long, default_value_t = 1, value_name = "K")]
    pub(crate) seed: u64,
    /// The data folder
    #[arg(long, default_value = "data", value_name = "DIR")]
    pub(crate) data_dir: PathBuf,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// The logs `motet replay` can read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// Motet's own journal: every decision must come out the same
    Journal,
    /// iPinYou impression logs, 24 columns, or 27 or 29 with click, weekday and hour in front
    Ipinyou,
    /// Rows of click, market price, pCTR and, if known, hour
    IpinyouTheta,
    /// Open Bandit logs, with propensities
    Obd,
}

/// What the winner of a replayed auction pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PricePaid {
    /// The market price
    Second,
    /// Its own bid
    First,
}

/// Options of `motet ingest`.
#[derive(Debug, Args)]
pub(crate) struct Ingest {
    /// Logs: files (plain or .gz), folders of files, data folders with a journal, or a folder of exported tables
    #[arg(required = true, value_name = "LOGS")]
    pub(crate) logs: Vec<PathBuf>,
    /// The store to write
    #[arg(long, short, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// What the logs are: ipinyou, ipinyou-bid, ipinyou-imp, ipinyou-clk, ipinyou-conv, ipinyou-labelled, auctions,
    /// auctionnet, open-bandit, open-bandit-rounds or open-bandit-items; recognised by their content without it
    #[arg(long, value_name = "FORM")]
    pub(crate) format: Option<motet_history::Claim>,
    /// The season that iPinYou's logs must be of
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(2..=3))]
    pub(crate) season: Option<u8>,
    /// The largest share of bad lines a log may have; above it nothing is written
    #[arg(long, default_value_t = 0.01, value_name = "SHARE")]
    pub(crate) max_bad_share: f64,
    /// Mixed into the hashes of users: stores of different salts cannot be linked by user
    #[arg(long, default_value = "", hide_default_value = true, value_name = "TEXT")]
    pub(crate) user_salt: String,
    /// Also write the tables as Parquet into this folder (builds with the feature `parquet`)
    #[arg(long, value_name = "DIR")]
    pub(crate) parquet_out: Option<PathBuf>,
    /// Show what a store says of itself instead of reading logs
    #[arg(long, conflicts_with = "out")]
    pub(crate) show: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Options of `motet simulate`.
#[derive(Debug, Args)]
pub(crate) struct Simulate {
    /// The scenario: a shipped one by its name, or a file
    #[arg(long, default_value = "radio-day", value_name = "S")]
    pub(crate) scenario: String,
    /// How many days; as many as the scenario says without it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=366))]
    pub(crate) days: Option<u32>,
    /// The seed of the world
    #[arg(long, default_value_t = 1, value_name = "K")]
    pub(crate) seed: u64,
    /// Who decides: baseline, agents, or a folder with a team.toml
    #[arg(long, default_value = "agents", value_name = "TEAM")]
    pub(crate) team: String,
    /// Write the whole report as JSON; `-` writes to standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Write the report as one HTML page with plots
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
    /// Write the plots of how it went as one SVG picture
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
    /// Show no progress
    #[arg(long)]
    pub(crate) quiet: bool,
}

/// Options of `motet calibrate`.
#[derive(Debug, Args)]
pub(crate) struct Calibrate {
    /// Logs in any form `motet ingest` reads, or one store it wrote
    #[arg(required = true, value_name = "LOGS")]
    pub(crate) logs: Vec<PathBuf>,
    /// Where to write the fitted scenario
    #[arg(long, default_value = "world.toml", value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// The scenario's name; that of the file without it
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Write the fit report as one HTML page with plots
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    /// The seed of the simulated half of the check
    #[arg(long, default_value_t = 1, value_name = "K")]
    pub(crate) seed: u64,
    /// Print the fit report as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Options of `motet compare`.
///
/// Where budgets bind, a user split lies: an arm that spends faster takes the other arm's money, and the difference is none to
/// the platform. A budget split gives each arm its part of every budget.
#[derive(Debug, Args)]
pub(crate) struct Compare {
    /// Team A, the control: baseline, agents, or a folder with a team.toml
    #[arg(long, default_value = "baseline", value_name = "TEAM")]
    pub(crate) a: String,
    /// Team B, which is judged against A
    #[arg(long, default_value = "agents", value_name = "TEAM")]
    pub(crate) b: String,
    /// The scenario: a shipped one by its name, or a file
    #[arg(long, default_value = "radio-day", value_name = "S")]
    pub(crate) scenario: String,
    /// How many seeds, each a world of its own
    #[arg(long, default_value_t = 20, value_name = "N", value_parser = clap::value_parser!(u32).range(2..=10_000))]
    pub(crate) seeds: u32,
    /// The first seed
    #[arg(long, default_value_t = 1, value_name = "K")]
    pub(crate) first_seed: u64,
    /// How many days; as many as the scenario says without it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=366))]
    pub(crate) days: Option<u32>,
    /// Days before in which both arms of a split are under team A: the covariate of CUPED
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=60))]
    pub(crate) warm_up: u32,
    /// How the arms are kept apart; auto takes a budget split where budgets bind and a user split where they do not
    #[arg(long, default_value = "auto", value_parser = ["auto", "budget-split", "user-split", "separate-worlds"])]
    pub(crate) design: String,
    /// The metric that decides
    #[arg(long, default_value = "surplus", value_name = "NAME")]
    pub(crate) metric: String,
    /// When the seeds are looked at: anytime (valid at every look), once, or planned (group-sequential, at its last look)
    #[arg(long, default_value = "anytime", value_parser = ["anytime", "once", "planned"])]
    pub(crate) looks: String,
    /// Worlds at a time; as many as there are cores without it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1_024))]
    pub(crate) threads: Option<u16>,
    /// Write everything as JSON; `-` writes to standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Write the comparison as one HTML page with plots
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
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
