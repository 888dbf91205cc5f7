//! `motet train-bidder`: makes a learned bidder and writes it as a folder.

use std::{fmt::Display, fs::File, io::BufReader, path::Path};

use anyhow::{Context, Result, ensure};
use motet_arena::auctionnet::{League, Options};
use motet_autobid::{
    auctionnet,
    evolve::{Plan, Progress},
    folder::Training,
    logged,
};
use motet_backtest::log::auctions;
use serde_json::json;

use crate::{
    bidder::{DAY_SEED, threads},
    cli::{BidderFormat, TrainBidder},
    policy_folder,
};

/// Trains, and writes the folder.
pub(crate) fn command(options: &TrainBidder) -> Result<()> {
    let (manifest, numbers) = match options.format {
        BidderFormat::Auctionnet => auctionnet(options)?,
        BidderFormat::IpinyouTheta => logged(options)?,
    };
    policy_folder::write(&options.out, &manifest, &numbers)?;
    let metrics = &manifest.training.metrics;
    if options.json {
        println!("{}", json!({"policy": options.out, "version": manifest.version, "metrics": metrics}));
    } else {
        println!("{} written to {}: {metrics:?}", manifest.version, options.out.display());
    }
    Ok(())
}

fn plan(options: &TrainBidder, shipped: Plan) -> Plan {
    Plan {
        seed: options.seed,
        generations: options.generations.unwrap_or(shipped.generations),
        threads: threads(options.threads),
        ..shipped
    }
}

/// Tells how far learning has come, where the generation was looked at.
fn tell(options: &TrainBidder, all: u32, progress: Progress, held_out: Option<f64>) {
    let Progress { generation, mean, best } = progress;
    match held_out {
        Some(held_out) if options.json => {
            println!(
                "{}",
                json!({"generation": generation, "mean": mean, "best": best, "held_out": held_out})
            );
        }
        Some(held_out) => {
            eprintln!(
                "generation {generation} of {all}: trials {mean:.4}, best {best:.4}, held out {held_out:.4}"
            );
        }
        None => {}
    }
}

fn command_line(options: &TrainBidder, plan: &Plan, more: &dyn Display) -> String {
    let format = match options.format {
        BidderFormat::Auctionnet => "auctionnet",
        BidderFormat::IpinyouTheta => "ipinyou-theta",
    };
    format!(
        "motet train-bidder --format {format} --seed {} --generations {}{more} --out DIR",
        plan.seed, plan.generations
    )
}

type Written = (motet_autobid::folder::Manifest, Vec<u8>);

fn auctionnet(options: &TrainBidder) -> Result<Written> {
    let shipped = auctionnet::Recipe::SHIPPED;
    let caution = options.caution.unwrap_or(shipped.caution);
    ensure!((0.0..=10.0).contains(&caution), "--caution must be in 0 to 10, was {caution}");
    let recipe = auctionnet::Recipe {
        plan: plan(options, shipped.plan),
        episodes: options.episodes.unwrap_or(shipped.episodes),
        caution,
        ..shipped
    };
    let league = League::new(DAY_SEED, Options { impressions: options.impressions, ..Options::default() })?;
    if !options.json {
        eprintln!("recording {} episodes of the league", recipe.episodes + recipe.choice_episodes);
    }
    let all = recipe.plan.generations;
    let learnt =
        auctionnet::learn(&league, &recipe, |progress, held_out| tell(options, all, progress, held_out))?;
    let more =
        format!(" --episodes {} --impressions {} --caution {caution}", recipe.episodes, options.impressions);
    let last = |from: u64, count: u64| from + count - 1;
    let training = Training {
        command: command_line(options, &recipe.plan, &more),
        data: format!(
            "episodes {} to {} of the AuctionNet-format league, a day for each seat",
            auctionnet::TRAIN_SEED,
            last(auctionnet::TRAIN_SEED, recipe.episodes)
        ),
        data_crc32: format!("{:08x}", learnt.data_crc32),
        held_out: format!(
            "episodes {} to {}, by which the generation was chosen; reported are others",
            auctionnet::CHOICE_SEED,
            last(auctionnet::CHOICE_SEED, recipe.choice_episodes)
        ),
        seed: recipe.plan.seed,
        generations: learnt.generation,
        metrics: metrics(["merit_unlearned", "merit"], learnt.merit),
    };
    Ok(learnt.mind.write("auctionnet-bidder@1", training))
}

fn metrics(names: [&str; 2], values: [f64; 2]) -> std::collections::BTreeMap<String, f64> {
    names.map(str::to_owned).into_iter().zip(values).collect()
}

fn logged(options: &TrainBidder) -> Result<Written> {
    let path = options.log.as_deref().context("name the log to learn from: --log FILE")?;
    let log = read(path)?;
    let shipped = logged::Recipe::SHIPPED;
    let recipe = logged::Recipe { plan: plan(options, shipped.plan), ..shipped };
    let all = recipe.plan.generations;
    let learnt = logged::learn(&log, &recipe, |progress, held_out| tell(options, all, progress, held_out))?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let training = Training {
        command: command_line(options, &recipe.plan, &format!(" --log {name}")),
        data: format!("{name}, {} auctions, cut into campaigns and varied", log.len()),
        data_crc32: format!("{:08x}", learnt.data_crc32),
        held_out: "other campaigns drawn from the same log, by which the generation was chosen; reported are other logs".to_owned(),
        seed: recipe.plan.seed,
        generations: learnt.generation,
        metrics: metrics(["ratio_unlearned", "ratio"], learnt.ratio),
    };
    Ok(learnt.mind.write("ipinyou-theta-bidder@1", training))
}

fn read(path: &Path) -> Result<Vec<motet_backtest::Auction>> {
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    let reading = auctions::read(BufReader::new(file), |_| ())?;
    ensure!(!reading.auctions.is_empty(), "no line of {} is an auction", path.display());
    Ok(reading.auctions)
}
