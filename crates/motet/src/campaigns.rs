//! `motet campaigns`: import, export and list, on a data folder that no server is using.

use std::{path::Path, sync::Arc};

use anyhow::{Context, Result, bail};
use motet_engine::Engine;
use motet_model::catalog::Presence;
use motet_server::{
    api::spec::FileOfSpecs,
    config::Config,
    runtime::{NoProbe, Runtime, open_engine},
};
use serde_json::{Value, json};

use crate::{cli, serve};

/// Runs and prints.
pub(crate) fn command(options: &cli::Campaigns) -> Result<()> {
    match options {
        cli::Campaigns::Import { file, data_dir, json } => import(file, data_dir, *json),
        cli::Campaigns::Export { data_dir, json } => export(data_dir, *json),
        cli::Campaigns::List { data_dir, json } => list(data_dir, *json),
    }
}

fn read(file: &Path) -> Result<FileOfSpecs> {
    let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let is_json = file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    let specs = if is_json {
        FileOfSpecs::from_json(&bytes)
    } else {
        FileOfSpecs::from_toml(std::str::from_utf8(&bytes).context("the file is not UTF-8")?)
    };
    specs.map_err(|problem| anyhow::anyhow!("{}: {problem}", file.display()))
}

fn import(file: &Path, data_dir: &Path, json: bool) -> Result<()> {
    let changes = match read(file)?.changes() {
        Ok(changes) => changes,
        Err(problems) => {
            for problem in &problems {
                eprintln!("{problem}");
            }
            bail!("{} has {} problem(s); nothing was imported", file.display(), problems.len());
        }
    };
    let mut config = Config::default();
    data_dir.clone_into(&mut config.journal.dir);
    let mut settings = serve::settings(&config)?;
    // What the folder was last run with stays in force.
    if let Ok((engine, _)) = open_engine(data_dir) {
        if engine.followed() > 0 {
            bail!(
                "the folder is that of a node whose campaigns are shared: import through the API of a running node"
            );
        }
        settings.engine = engine.options().clone();
    }
    let count = changes.len();
    let runtime = Runtime::start(&settings, Arc::new(NoProbe))?;
    let applied = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(runtime.change(changes))?;
    runtime.stop();
    applied.map_err(|refusal| anyhow::anyhow!("nothing was imported: {refusal}"))?;
    if json {
        println!("{}", json!({"imported": count}));
    } else {
        println!("imported {count} advertisers, campaigns and creatives into {}", data_dir.display());
    }
    Ok(())
}

fn export(data_dir: &Path, json: bool) -> Result<()> {
    let (engine, _) = open_engine(data_dir)?;
    let specs = FileOfSpecs::of(&engine.catalog());
    if json {
        println!("{}", serde_json::to_string_pretty(&specs)?);
    } else {
        print!("{}", specs.to_toml());
    }
    Ok(())
}

fn list(data_dir: &Path, json: bool) -> Result<()> {
    let (engine, _) = open_engine(data_dir)?;
    let rows = rows(&engine);
    if json {
        println!("{}", serde_json::to_string(&rows)?);
        return Ok(());
    }
    println!(
        "{:<24} {:<18} {:>10} {:>12} {:>12} {:>12}",
        "campaign", "advertiser", "status", "daily", "spent today", "spent"
    );
    for row in rows {
        let text = |key: &str| row[key].as_str().unwrap_or("-").to_owned();
        println!(
            "{:<24} {:<18} {:>10} {:>12} {:>12} {:>12}",
            text("id"),
            text("advertiser"),
            text("status"),
            text("budget_daily"),
            text("spent_today"),
            text("spent")
        );
    }
    Ok(())
}

fn rows(engine: &Engine) -> Vec<Value> {
    let catalog = engine.catalog();
    let present = catalog.campaigns().filter(|(_, entry)| entry.presence == Presence::Present);
    present
        .map(|(ix, entry)| {
            let account = engine.account(ix);
            json!({
                "id": entry.campaign.id,
                "advertiser": entry.campaign.advertiser,
                "name": entry.campaign.name,
                "status": entry.campaign.status,
                "creatives": entry.creatives.len(),
                "budget_total": account.total.map(|a| a.to_string()),
                "budget_daily": account.daily.map(|a| a.to_string()),
                "spent": account.spent.to_string(),
                "spent_today": account.spent_today.to_string(),
                "reserved": account.reserved.to_string(),
                "left_now": account.room.to_string(),
            })
        })
        .collect()
}
