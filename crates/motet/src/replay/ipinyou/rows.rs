//! The contest's own rows, 24, 27 or 29 columns: what the file holds, and with `--policy` what a bidder would have got.
//!
//! The rows bring no pCTR. With `--train FILE`, a file of 27 columns with clicks, a small hashed logistic model is learnt from it;
//! without, every impression counts as one, and Σ pCTR is the number of impressions bought.

use std::path::Path;

use anyhow::Result;
use motet_backtest::{
    Auction,
    log::rows::{Kind, Row, Summary, read},
    model::ClickModel,
};
use serde_json::json;

use super::{bidders, log_path, open, play, print, setting};
use crate::cli::Replay;

/// How often the train file is read to learn from it.
const PASSES: usize = 3;

/// Reads, replays if asked to, and prints.
pub(crate) fn command(options: &Replay) -> Result<()> {
    let asked = options.policy.as_deref().map(bidders).transpose()?;
    let path = log_path(options)?;
    let Some(asked) = asked else {
        let summary = each(path, options.json, |_| ())?;
        show(options, &summary, None);
        return Ok(());
    };
    let model = options.train.as_deref().map(|train| fit(train, options.json)).transpose()?;
    let (summary, log) = load(path, options.json, model.as_ref())?;
    let train = options.train.as_deref().map(|path| load(path, options.json, model.as_ref())).transpose()?;
    let setting = setting(options, &log, train.as_ref().map(|(_, log)| log.as_slice()))?;
    let comparison = play(options, &setting, &asked)?;
    let mut found = print::json(&setting, &comparison);
    let whose = if model.is_some() { "logistic model of the train file" } else { "1 for every impression" };
    found["pctr"] = whose.into();
    show(options, &summary, Some(found));
    if !options.json {
        println!("pCTR: {whose}");
        print::table(&setting, &comparison);
    }
    Ok(())
}

/// Reads every row of a file.
fn each(path: &Path, quiet: bool, with: impl FnMut(&Row<'_>)) -> Result<Summary> {
    let (file, bar) = open(path, quiet)?;
    let summary = read(file, |bytes| bar.set_position(bytes), with)?;
    bar.finish_and_clear();
    if summary.rows == 0 {
        print::complain(&summary.bad);
        anyhow::bail!("no line of {} is a row of iPinYou's logs", path.display());
    }
    Ok(summary)
}

/// Learns a click model from a file, reading it several times rather than keeping it.
fn fit(path: &Path, quiet: bool) -> Result<ClickModel> {
    let summary = each(path, quiet, |_| ())?;
    anyhow::ensure!(
        summary.with_click > 0,
        "the rows of {} do not say which impressions were clicked; a file of 27 columns does",
        path.display()
    );
    // One click more and one row without: a file without a click still gives a chance above nothing.
    let rate = (summary.clicks as f64 + 1.0) / (summary.with_click as f64 + 2.0);
    let mut model = ClickModel::with_base_rate(rate);
    for _ in 0..PASSES {
        each(path, quiet, |row| {
            if let Some(click) = row.click {
                model.learn(&ClickModel::slots(row), click);
            }
        })?;
    }
    Ok(model)
}

/// Reads a file's impressions as auctions.
fn load(path: &Path, quiet: bool, model: Option<&ClickModel>) -> Result<(Summary, Vec<Auction>)> {
    let mut log = Vec::new();
    let summary = each(path, quiet, |row| {
        if row.kind == Kind::Impression {
            let pctr = model.map_or(1.0, |model| model.predict(&ClickModel::slots(row)));
            let click = row.click.unwrap_or(false);
            log.push(Auction { price: row.paid, pctr, hour: Some(row.hour.into()), click });
        }
    })?;
    Ok((summary, log))
}

fn show(options: &Replay, summary: &Summary, replayed: Option<serde_json::Value>) {
    if options.json {
        let mut found = replayed.unwrap_or_else(|| json!({}));
        found["log"] = print::summary_json(summary);
        println!("{found}");
    } else {
        print::summary(summary);
    }
}
