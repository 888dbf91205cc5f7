//! `motet replay --format ipinyou` and `--format ipinyou-theta`: what a bidder would have got on a log of real prices.

pub(crate) mod auctions;
mod print;
pub(crate) mod rows;

use std::{
    fs::File,
    io::BufReader,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressStyle};
use motet_backtest::{Auction, Budget, BuiltIn, Comparison, Paid, Setting, compare};

use crate::cli::{PricePaid, Replay};

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
