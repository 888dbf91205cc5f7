//! `motet`: the command line.

mod agent;
mod artf;
mod bench;
mod bidder;
mod calibrate;
mod campaigns;
mod card;
mod cli;
mod client;
mod clock;
mod compare;
mod config;
mod demo;
mod evaluate;
mod explain;
mod health;
mod ingest;
mod policy;
mod policy_folder;
mod replay;
mod serve;
mod simulate;
mod store;
mod train;
mod train_bidder;
mod tune;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use motet_engine::Detail;

use crate::cli::{Bench, Cli, Command};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(&cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("motet: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: &Command) -> Result<()> {
    match command {
        Command::Demo(options) => demo::command(options),
        Command::Serve(options) => serve::command(options),
        Command::Agent(options) => agent::command(options),
        Command::Artf(options) => artf::command(options),
        Command::Health { url } => health::command(url),
        Command::Explain(o) => explain::command(&o.id, &o.data_dir, o.json, &o.audience),
        Command::Replay(options) => replay::command(options),
        Command::Ingest(options) => ingest::command(options),
        Command::Simulate(options) => simulate::command(options),
        Command::Calibrate(options) => calibrate::command(options),
        Command::Compare(options) => compare::command(options),
        Command::Train(options) => train::command(options),
        Command::Tune(options) => tune::command(options),
        Command::Evaluate(options) => evaluate::command(options),
        Command::Campaigns(options) => campaigns::command(options),
        Command::Card(o) => card::command(o.agent.as_deref(), o.json),
        Command::Policy(options) => policy::command(options),
        Command::Store(options) => store::command(options),
        Command::Config(options) => config::command(options),
        Command::Bidder(options) => bidder::command(options),
        Command::TrainBidder(options) => train_bidder::command(options),
        Command::Bench(options) => measure(options),
    }
}

fn measure(options: &Bench) -> Result<()> {
    match options {
        Bench::Decide { campaigns, seconds, team, outcome_only, json } => {
            let detail = if *outcome_only { Detail::Outcome } else { Detail::Full };
            bench::decide::command(*campaigns, *seconds, team, detail, *json)
        }
        Bench::Http { seconds, dear, json } => bench::http::command(*seconds, *dear, *json),
        Bench::Ledger { seconds, data_dir, json } => {
            bench::ledger::command(*seconds, data_dir.as_deref(), *json)
        }
        Bench::Crash { cycles, seed, json } => bench::crash::command(*cycles, *seed, *json),
        Bench::Bus(options) => bench::bus::command(options),
        Bench::BusFaults(options) => bench::bus_faults::command(options),
        Bench::BusFeed(options) => bench::bus_feed::command(options),
        #[cfg(feature = "postgres")]
        Bench::Nodes { kills, seed, json } => bench::nodes::command(*kills, *seed, *json),
        #[cfg(not(feature = "postgres"))]
        Bench::Nodes { .. } => anyhow::bail!(store::NOT_BUILT_IN),
        Bench::Sim { market, episodes, seed, json } => bench::sim::command(*market, *episodes, *seed, *json),
        Bench::Agents { place, bus, rate, seconds, json } => {
            bench::agents::latency(*place, bus.as_deref(), *rate, *seconds, *json)
        }
        Bench::AgentFaults { place, bus, rate, seconds, json } => {
            bench::agents::faults(*place, bus.as_deref(), *rate, *seconds, *json)
        }
        Bench::Echo { listen, core } => bench::echo::command(listen, *core),
    }
}
