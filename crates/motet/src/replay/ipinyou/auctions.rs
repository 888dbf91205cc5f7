//! The short form of a log: click, market price, pCTR and hour.

use std::path::Path;

use anyhow::Result;
use motet_backtest::log::auctions::{Reading, read};

use super::{Who, log_path, open, play_who, print, setting, who};
use crate::cli::Replay;

/// Replays, and prints.
pub(crate) fn command(options: &Replay) -> Result<()> {
    let who = who(options.policy.as_deref().unwrap_or("all"))?;
    let learned = matches!(who, Who::Learned(..));
    let log = load(log_path(options)?, options.json)?;
    let train = options.train.as_deref().map(|path| load(path, options.json)).transpose()?;
    let setting = setting(options, &log.auctions, train.as_ref().map(|train| train.auctions.as_slice()))?;
    let comparison = play_who(options, &setting, who)?;
    if options.json {
        let mut found = print::json(&setting, &comparison);
        found["lines"] = log.lines.into();
        found["bad_lines"] = log.bad.total().into();
        if learned {
            found["learnt_from"] = "its policy folder".into();
        }
        println!("{found}");
    } else {
        println!("{} auctions read from {} lines", log.auctions.len(), log.lines);
        print::bad_lines(&log.bad);
        if let Some(train) = &train {
            println!("{} auctions to learn from", train.auctions.len());
            print::bad_lines(&train.bad);
        }
        print::table(&setting, &comparison);
        if learned {
            println!(
                "a learned policy learns from its folder and on the way; of the log it is told the budget alone"
            );
        }
    }
    Ok(())
}

fn load(path: &Path, quiet: bool) -> Result<Reading> {
    let (file, bar) = open(path, quiet)?;
    let reading = read(file, |bytes| bar.set_position(bytes))?;
    bar.finish_and_clear();
    if reading.auctions.is_empty() {
        print::complain(&reading.bad);
        anyhow::bail!("no line of {} is an auction", path.display());
    }
    Ok(reading)
}
