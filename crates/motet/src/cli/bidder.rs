//! Options of `motet bidder` and `motet train-bidder`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Options of `motet bidder`.
///
/// Without `--judge`: one JSON object a tick on standard input (`tick`, `budget`, `remaining_budget`, `cpa`, `category`, `p_values`,
/// `p_value_sigmas`, and of the tick before `bids`, `won`, `cost`, `conversions`, `least_winning_cost`), one with `bids` on standard output. Tick 0
/// starts an episode; the end of input ends it.
#[derive(Debug, Args)]
pub(crate) struct Bidder {
    /// The market's form
    #[arg(long, value_enum)]
    pub(crate) format: BidderFormat,
    /// The folder of the policy
    #[arg(long, value_name = "DIR")]
    pub(crate) policy: PathBuf,
    /// Judge it on this many episodes of the market instead: one seat at a time against the league
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub(crate) judge: Option<u64>,
    /// The first seed to judge on; seeds from 10000 on train the shipped policy
    #[arg(long, default_value_t = 101, value_name = "K", value_parser = clap::value_parser!(u64).range(..10_000))]
    pub(crate) seed: u64,
    /// Judge every so many seats of an episode, another first one in each
    #[arg(long, default_value_t = 3, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=48))]
    pub(crate) every: u64,
    /// Also seat it everywhere, in this many of the episodes, and set the liquid welfare beside the optimum
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub(crate) everywhere: u64,
    /// Episodes side by side; as many as there are cores without it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1_024))]
    pub(crate) threads: Option<u16>,
    /// Print the judgement as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// What a learned bidder bids in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum BidderFormat {
    /// A market of AuctionNet's format
    Auctionnet,
    /// Logs of click, market price and pCTR; `motet replay --policy DIR` plays it
    IpinyouTheta,
}

/// Options of `motet train-bidder`.
#[derive(Debug, Args)]
pub(crate) struct TrainBidder {
    /// What it shall bid in
    #[arg(long, value_enum)]
    pub(crate) format: BidderFormat,
    /// The log to learn from, for ipinyou-theta
    #[arg(long, value_name = "FILE")]
    pub(crate) log: Option<PathBuf>,
    /// The folder to write
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// The seed
    #[arg(long, default_value_t = 5, value_name = "K")]
    pub(crate) seed: u64,
    /// Generations of the evolution; as many as the shipped policy had without it
    #[arg(long, value_name = "N")]
    pub(crate) generations: Option<u32>,
    /// Episodes to learn from, for auctionnet
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=5_000))]
    pub(crate) episodes: Option<u64>,
    /// Impressions of an episode, for auctionnet
    #[arg(long, default_value_t = 500_000, value_name = "N")]
    pub(crate) impressions: u32,
    /// What a violated target costs while learning, as a share of budget ÷ target, for auctionnet
    #[arg(long, value_name = "SHARE")]
    pub(crate) caution: Option<f64>,
    /// Trials side by side; as many as there are cores without it. The result does not depend on it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1_024))]
    pub(crate) threads: Option<u16>,
    /// Print JSON, a line for each look at the episodes a generation is chosen by
    #[arg(long)]
    pub(crate) json: bool,
}
