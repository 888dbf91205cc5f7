//! `motet bidder`: a learned bidder over standard input and output, or judged on unseen episodes.

use std::{
    io::{BufRead, Write},
    sync::Arc,
};

use anyhow::{Context, Result, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use motet_arena::{
    auctionnet::{Bidder, EpisodeReport, League, Options, rivals::PidPacer},
    worlds,
};
use motet_autobid::auctionnet::{
    Driven, Gains, Judged, Maker, Mind, Optimum, Pid, Seated, Standing, judge, judge_holders, learned,
    optimum, sum_up, wire::Talk, within,
};
use serde::Serialize;

use crate::{
    cli::{self, BidderFormat},
    policy_folder,
};

/// The day the league's `OnlineLP`s remember; no episode has this seed.
pub(crate) const DAY_SEED: u64 = 1 << 40;

/// Bids, or judges.
pub(crate) fn command(options: &cli::Bidder) -> Result<()> {
    ensure!(
        options.format == BidderFormat::Auctionnet,
        "a log is no conversation: motet replay FILE --format ipinyou-theta --policy DIR plays such a policy"
    );
    let (mind, manifest) = policy_folder::read(&options.policy, Mind::read)?;
    let mind = Arc::new(mind);
    match options.judge {
        None => converse(mind),
        Some(episodes) => {
            let verdict = verdict(options, &mind, manifest.version, episodes)?;
            if options.json {
                println!("{}", serde_json::to_string_pretty(&verdict)?);
            } else {
                print(&verdict);
            }
            Ok(())
        }
    }
}

/// Answers line by line until the input ends.
fn converse(mind: Arc<Mind>) -> Result<()> {
    let mut talk = Talk::new(Driven::new(mind));
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let line = line.context("standard input cannot be read")?;
        if line.trim().is_empty() {
            continue;
        }
        let answer = talk.answer(&line)?;
        match writeln!(out, "{answer}").and_then(|()| out.flush()) {
            // Whoever asked has gone: the end of the conversation, not a failure.
            Err(why) if why.kind() == std::io::ErrorKind::BrokenPipe => return Ok(()),
            written => written.context("standard output cannot be written")?,
        }
    }
    Ok(())
}

/// The judgement.
#[derive(Debug, Serialize)]
struct Verdict {
    policy: String,
    first_seed: u64,
    episodes: u64,
    every: u64,
    bidders: Vec<Standing>,
    /// The holders of the seats themselves, by kind, on the same days.
    holders: Vec<Standing>,
    /// The learned bidder on the seats of each kind.
    on_seats_of: Vec<Standing>,
    /// The learned bidder's mean score over each other's, with the half-width of a 95 % interval over episodes.
    lifts: Vec<Lift>,
    everywhere: Vec<Everywhere>,
}

#[derive(Debug, Serialize)]
#[expect(clippy::struct_field_names, reason = "the field's name is the report's")]
struct Lift {
    over: String,
    lift: f64,
    within: f64,
}

/// An episode in which every seat is the learned bidder's.
#[derive(Debug, Serialize)]
struct Everywhere {
    seed: u64,
    mean_score: f64,
    played_to_best: Option<f64>,
    violators: usize,
    revenue: f64,
    liquid_welfare: f64,
    optimum: Optimum,
    /// Liquid welfare over the upper bound of the optimum.
    ratio: f64,
    /// The same of the league's own bidders.
    league_ratio: f64,
}

fn verdict(options: &cli::Bidder, mind: &Arc<Mind>, policy: String, episodes: u64) -> Result<Verdict> {
    let league = League::new(DAY_SEED, Options::default())?;
    let seeds: Vec<u64> = (options.seed..options.seed + episodes).collect();
    let threads = threads(options.threads);
    let makers: [(&str, Option<Box<Maker<'_>>>); 4] = [
        ("learned", Some(Box::new(|| learned(mind)))),
        (
            "pid, five numbers tuned",
            Some(Box::new(|| Box::new(Seated::straight(Pid::new(Gains::TUNED))) as Box<dyn Bidder>)),
        ),
        (
            "the arena's pid pacer, ceiling 1.2",
            Some(Box::new(|| Box::new(PidPacer::new(1.2)) as Box<dyn Bidder>)),
        ),
        ("the seats' holders", None),
    ];
    let bar = bar(seeds.len() * makers.len(), options.json)?;
    let mut bidders = Vec::new();
    let mut plays = Vec::new();
    for (name, maker) in &makers {
        let judged = worlds(&seeds, threads, |seed| {
            let found = episode(&league, seed, options.every, maker.as_deref());
            bar.inc(1);
            found
        });
        let judged: Vec<Judged> = judged.into_iter().collect::<Result<Vec<_>>>()?.concat();
        bidders.push(sum_up(name, &judged));
        plays.push(judged);
    }
    bar.finish_and_clear();
    let lifts = bidders[1..].iter().map(|other| lift(&bidders[0], other)).collect();
    let everywhere = seeds.iter().take(options.everywhere as usize);
    Ok(Verdict {
        policy,
        first_seed: options.seed,
        episodes,
        every: options.every,
        lifts,
        holders: by_holder(&plays[3]),
        on_seats_of: by_holder(&plays[0]),
        bidders,
        everywhere: everywhere.map(|seed| seat_everywhere(&league, mind, *seed)).collect::<Result<_>>()?,
    })
}

/// Judges some seats of one episode; which ones shifts with the seed.
fn episode(league: &League, seed: u64, every: u64, maker: Option<&Maker<'_>>) -> Result<Vec<Judged>> {
    let seats = (seed % every..league.seats().len() as u64).step_by(every as usize).map(|seat| seat as usize);
    match maker {
        Some(maker) => seats.map(|seat| Ok(judge(league, seed, seat, maker)?)).collect(),
        None => Ok(judge_holders(league, seed, &seats.collect::<Vec<_>>())?),
    }
}

fn by_holder(plays: &[Judged]) -> Vec<Standing> {
    let mut kinds: Vec<_> = plays.iter().map(|play| play.holder).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let of = |kind| -> Vec<Judged> { plays.iter().filter(|play| play.holder == kind).copied().collect() };
    kinds.into_iter().map(|kind| sum_up(&format!("{kind:?}"), &of(kind))).collect()
}

/// Compares episode by episode: the ratio of the means, with the spread of the episodes' differences.
fn lift(ours: &Standing, other: &Standing) -> Lift {
    let lift = ours.mean_score / other.mean_score.max(1e-12);
    let pairs = ours.by_episode.iter().zip(&other.by_episode);
    let residuals: Vec<f64> = pairs.map(|((_, own), (_, theirs))| own - lift * theirs).collect();
    Lift { over: other.name.clone(), lift, within: within(&residuals) / other.mean_score.max(1e-12) }
}

fn seat_everywhere(league: &League, mind: &Arc<Mind>, seed: u64) -> Result<Everywhere> {
    let seats = league.seats().len();
    let mut bidders: Vec<Box<dyn Bidder>> = (0..seats).map(|_| learned(mind)).collect();
    let hindsight = motet_arena::auctionnet::Hindsight::new(seats);
    let played = league.play_with(seed, &mut bidders, Some(hindsight))?;
    let optimum = optimum(seed, league.options())?;
    let ratio = |played: &EpisodeReport| liquid_welfare(played) / optimum.at_most;
    Ok(Everywhere {
        seed,
        mean_score: played.score() / seats as f64,
        played_to_best: played.played_to_best(),
        violators: played.violators(),
        revenue: played.revenue().units(),
        liquid_welfare: liquid_welfare(&played),
        optimum,
        ratio: ratio(&played),
        league_ratio: ratio(&league.play(seed)?),
    })
}

fn liquid_welfare(played: &EpisodeReport) -> f64 {
    played.seats.iter().map(|s| (s.expected_conversions * s.target_cpa).min(s.budget.units())).sum()
}

fn bar(plays: usize, quiet: bool) -> Result<ProgressBar> {
    let bar = if quiet { ProgressBar::hidden() } else { ProgressBar::new(plays as u64) };
    Ok(bar.with_style(ProgressStyle::with_template("{bar:30} {pos} of {len} episodes, {eta} left")?))
}

/// Returns how many threads to use.
pub(crate) fn threads(asked: Option<u16>) -> usize {
    asked.map_or_else(crate::clock::threads, usize::from)
}

fn print(verdict: &Verdict) {
    println!(
        "{} on {} episodes from seed {}, every {} seats; ± are half-widths of 95 % intervals over episodes",
        verdict.policy, verdict.episodes, verdict.first_seed, verdict.every
    );
    table("bidder", &verdict.bidders);
    table("the holders of the seats", &verdict.holders);
    table("the learned bidder on their seats", &verdict.on_seats_of);
    for Lift { over, lift, within } in &verdict.lifts {
        println!("mean score over that of {over}: {lift:.3} ± {within:.3}");
    }
    for e in &verdict.everywhere {
        println!(
            "seed {}, learned on every seat: mean score {:.1}, {} over their target, liquid welfare {:.0}, optimum {:.0} to {:.0}: \
             {:.3} of it (the league's own {:.3})",
            e.seed,
            e.mean_score,
            e.violators,
            e.liquid_welfare,
            e.optimum.at_least,
            e.optimum.at_most,
            e.ratio,
            e.league_ratio
        );
    }
}

fn table(title: &str, standings: &[Standing]) {
    println!("{title:<36} plays  mean score       of best constant  violators  spent");
    for s in standings {
        println!(
            "  {:<34} {:>5}  {:>5.2} ± {:<6.2}  {:.3} ± {:.3}     {:.3}      {:.3}",
            s.name, s.plays, s.mean_score, s.mean_score_within, s.ratio, s.ratio_within, s.violators, s.spent
        );
    }
}
