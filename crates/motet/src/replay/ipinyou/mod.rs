//! `motet replay --format ipinyou` and `--format ipinyou-theta`: what a bidder would have got on a log of real prices.

pub(crate) mod auctions;
mod print;
pub(crate) mod rows;

use std::{
    fs::File,
    io::BufReader,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressStyle};
use motet_autobid::logged::{Mind, Pilot};
use motet_backtest::{
    Auction, Budget, BuiltIn, Comparison, Paid, Setting, Standing, ceiling::ceiling, compare, replay,
};

use crate::{
    cli::{PricePaid, Replay},
    policy_folder,
};

/// Returns the log asked for.
fn log_path(options: &Replay) -> Result<&PathBuf> {
    options.logs.as_ref().context("name the log to replay: motet replay FILE --format …")
}

/// Opens a file with a progress bar over its bytes.
fn open(path: &Path, quiet: bool) -> Result<(BufReader<File>, ProgressBar)> {
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    anyhow::ensure!(!path.is_dir(), "{} is a folder, expected a log", path.display());
    let length = file.metadata().map_or(0, |about| about.len());
    let bar = bar(length, "{msg} {bar:30} {bytes} of {total_bytes}, {eta} left", quiet)?;
    bar.set_message(format!("reading {}", path.display()));
    Ok((BufReader::with_capacity(1 << 16, file), bar))
}

fn bar(length: u64, template: &str, quiet: bool) -> Result<ProgressBar> {
    let bar = if quiet { ProgressBar::hidden() } else { ProgressBar::new(length) };
    Ok(bar.with_style(ProgressStyle::with_template(template)?))
}

/// Returns the bidders asked for by name, `all` meaning every built-in one.
fn bidders(name: &str) -> Result<Vec<BuiltIn>> {
    if name == "all" { Ok(BuiltIn::ALL.to_vec()) } else { Ok(vec![name.parse()?]) }
}

/// Who bids in a replay.
enum Who {
    /// Built-in bidders.
    BuiltIn(Vec<BuiltIn>),
    /// A learned one, with its name and version.
    Learned(Box<Pilot>, String),
}

/// Finds out who bids: a folder is a learned policy, anything else a name.
fn who(name: &str) -> Result<Who> {
    let folder = Path::new(name);
    if !folder.is_dir() {
        return Ok(Who::BuiltIn(bidders(name)?));
    }
    let (mind, manifest) = policy_folder::read(folder, Mind::read)?;
    Ok(Who::Learned(Box::new(Pilot::new(Arc::new(mind))), manifest.version))
}

/// Lets whoever was asked for play.
fn play_who(options: &Replay, setting: &Setting<'_>, who: Who) -> Result<Comparison> {
    match who {
        Who::BuiltIn(bidders) => play(options, setting, &bidders),
        Who::Learned(mut pilot, name) => play_learned(options, setting, pilot.as_mut(), name),
    }
}

fn play_learned(
    options: &Replay,
    setting: &Setting<'_>,
    pilot: &mut Pilot,
    name: String,
) -> Result<Comparison> {
    let bar = bar(setting.log.len() as u64, "{bar:30} {pos} of {len} auctions, {eta} left", options.json)?;
    let ceiling = ceiling(setting.log, &setting.rules);
    let tally = replay(setting.log, &setting.rules, pilot, &mut |auctions| bar.set_position(auctions));
    bar.finish_and_clear();
    let ratio = if ceiling.sum_pctr > 0.0 { tally.sum_pctr / ceiling.sum_pctr } else { 0.0 };
    let standings = vec![Standing { name, tally, ratio }];
    Ok(Comparison { ceiling, standings, absent: Vec::new(), best_linear: None })
}

/// Makes the setting of a replay from the options.
fn setting<'a>(options: &Replay, log: &'a [Auction], train: Option<&'a [Auction]>) -> Result<Setting<'a>> {
    let budget: Budget = options.budget.as_deref().unwrap_or("1/16").parse()?;
    let episode = options.episode.unwrap_or(0).try_into().context("an episode that long does not fit")?;
    let paid = match options.auction {
        PricePaid::Second => Paid::Second,
        PricePaid::First => Paid::First,
    };
    Ok(Setting::new(log, train, budget, episode, paid, options.seed)?)
}

/// Lets the bidders play, with a progress bar over their auctions. A bidder asked for by name alone has to be able to.
fn play(options: &Replay, setting: &Setting<'_>, bidders: &[BuiltIn]) -> Result<Comparison> {
    let all = (bidders.len() * setting.log.len()) as u64;
    let bar = bar(all, "{msg} {bar:30} {pos} of {len} auctions, {eta} left", options.json)?;
    let comparison = compare(setting, bidders, |bidder, auctions| {
        let before = bidders.iter().position(|other| *other == bidder).unwrap_or(0) * setting.log.len();
        bar.set_message(bidder.name());
        bar.set_position(before as u64 + auctions);
    });
    bar.finish_and_clear();
    if let [(_, why)] = comparison.absent.as_slice()
        && comparison.standings.is_empty()
    {
        anyhow::bail!("{why}");
    }
    Ok(comparison)
}
