//! `motet replay LOGS --format obd --policy random|bts|FILE`: what another policy would have earned on an Open Bandit log.
//!
//! `LOGS` is the log's CSV or its folder, with `item_context.csv` beside it. `bts` is the Thompson sampling the campaign started
//! with, its campaign told by the file's name; a `FILE` ends in `.json` or is CSV (`docs/off-policy.md`). `--truth LOGS` names a
//! log the policy itself made, whose mean reward is printed beside the estimates.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use motet_ope::obd::{Items, Loaded, load};
use motet_ope::policy::file::{from_csv, from_json};
use motet_ope::reward::{CrossFitted, Folds};
use motet_ope::{Campaign, Estimate, Evaluation, Log, Options, Table, Thompson, evaluate};
use serde_json::{Value, json};

use crate::cli::Replay;

/// Slates simulated to count out the Thompson sampling policy.
const SIMULATIONS: u32 = 100_000;
/// Folds of the reward model, as in the Open Bandit Pipeline's quickstart.
const FOLDS: usize = 3;

/// Evaluates what was asked for and prints it.
pub(crate) fn command(options: &Replay) -> Result<()> {
    let logs = options.logs.as_deref().context("name the log: motet replay LOGS --format obd")?;
    let policy = options.policy.as_deref().context("name the policy: --policy random, bts or a file")?;
    let path = csv_path(logs)?;
    let loaded = read(&path, options.json)?;
    let target = target(policy, &path, &loaded.log, options.seed)?;
    let truth = options.truth.as_deref().map(|truth| read(&csv_path(truth)?, options.json)).transpose()?;
    let evaluation = assess(&loaded.log, &target, options.seed)?;
    if options.json {
        println!("{}", serde_json::to_string(&form(&path, policy, &loaded, truth.as_ref(), &evaluation))?);
    } else {
        print_reading(&path, &loaded);
        print_evaluation(policy, &evaluation);
        print_truth(truth.as_ref());
    }
    Ok(())
}

/// Finds the log in a folder: the CSV that bears the folder's name, else the only one beside the items.
fn csv_path(logs: &Path) -> Result<PathBuf> {
    if !logs.is_dir() {
        ensure!(logs.exists(), "there is no log {}", logs.display());
        return Ok(logs.to_owned());
    }
    let entries = logs.read_dir().with_context(|| format!("cannot read {}", logs.display()))?;
    let mut found = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let csv = path.extension().is_some_and(|extension| extension == "csv");
        if csv && path.file_name().is_some_and(|name| name != "item_context.csv") {
            found.push(path);
        }
    }
    if let Some(named) = found.iter().find(|path| path.file_stem() == logs.file_name()) {
        return Ok(named.clone());
    }
    match found.as_slice() {
        [only] => Ok(only.clone()),
        [] => bail!("there is no CSV in {}", logs.display()),
        _ => bail!("there are {} CSVs in {}; name one", found.len(), logs.display()),
    }
}

fn read(path: &Path, quiet: bool) -> Result<Loaded> {
    let items = path.with_file_name("item_context.csv");
    let items = if items.exists() {
        let file = File::open(&items).with_context(|| format!("cannot read {}", items.display()))?;
        Some(Items::read(BufReader::new(file)).with_context(|| format!("cannot read {}", items.display()))?)
    } else {
        None
    };
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let bytes = file.metadata()?.len();
    let bar = if quiet { ProgressBar::hidden() } else { ProgressBar::new(bytes) };
    bar.set_style(ProgressStyle::with_template("reading {bar:30} {bytes}/{total_bytes}, {eta} left")?);
    let source = bar.wrap_read(BufReader::with_capacity(1 << 16, file));
    let loaded = load(source, items.as_ref(), || ());
    bar.finish_and_clear();
    loaded.with_context(|| format!("cannot read {}", path.display()))
}

fn target(policy: &str, logs: &Path, log: &Log, seed: u64) -> Result<Table> {
    let table = match policy {
        "random" => Table::uniform(log.positions(), log.actions())?,
        "bts" => thompson(logs, log, seed)?,
        file => policy_file(Path::new(file), log.actions())?,
    };
    let (positions, actions) = (table.positions(), table.actions());
    ensure!(
        positions >= log.positions() && actions == log.actions(),
        "the policy is for {positions} positions and {actions} items, the log has {} and {}",
        log.positions(),
        log.actions()
    );
    Ok(table)
}

fn thompson(logs: &Path, log: &Log, seed: u64) -> Result<Table> {
    let name = logs.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let campaign = Campaign::named(name).with_context(|| {
        format!("bts is known for the campaigns all, men and women; the log is named {name:?}: give the policy as a file")
    })?;
    Ok(Thompson::of_campaign(campaign).table(log.positions(), SIMULATIONS, seed)?)
}

fn policy_file(path: &Path, actions: usize) -> Result<Table> {
    let unreadable = || format!("cannot read the policy {}", path.display());
    let bytes = std::fs::read(path)
        .with_context(|| format!("{} (a policy is random, bts or a file)", unreadable()))?;
    let json = path.extension().is_some_and(|extension| extension == "json");
    let table = if json { from_json(&bytes) } else { from_csv(&bytes[..], actions) };
    table.with_context(unreadable)
}

fn assess(log: &Log, target: &Table, seed: u64) -> Result<Evaluation> {
    let model = CrossFitted::fit(log, Folds::dealt(log.rounds().len(), FOLDS, seed)?)?;
    Ok(evaluate(log, target, &model, None, Options { seed, ..Options::default() })?)
}

fn form(
    path: &Path,
    policy: &str,
    loaded: &Loaded,
    truth: Option<&Loaded>,
    evaluation: &Evaluation,
) -> Value {
    let (estimates, refusals) = match evaluation.answer() {
        Ok(estimates) => (Some(estimates), &[][..]),
        Err(refusals) => (None, refusals),
    };
    let refusals: Vec<Value> =
        refusals.iter().map(|refusal| json!({ "refusal": refusal, "words": refusal.to_string() })).collect();
    json!({
        "logs": path.display().to_string(),
        "policy": policy,
        "reading": loaded.reading,
        "logged_value": loaded.log.mean_reward(),
        "support": evaluation.support,
        "few_rewards": evaluation.few_rewards,
        "answered": estimates.is_some(),
        "estimates": estimates,
        "refusals": refusals,
        "truth": truth.map(|truth| json!({
            "value": truth.log.mean_reward(),
            "rounds": truth.log.rounds().len(),
            "reading": truth.reading,
        })),
    })
}

fn print_reading(path: &Path, loaded: &Loaded) {
    let (reading, log) = (&loaded.reading, &loaded.log);
    println!(
        "{}: {} rows, {} bad, {} items at {} positions, {} clicks, {:.6} a round",
        path.display(),
        reading.rows,
        reading.bad.total(),
        log.actions(),
        log.positions(),
        reading.clicks,
        log.mean_reward()
    );
    for (reason, count) in &reading.bad.counts {
        println!("  {count} bad: {}", reason.words());
    }
    for bad in reading.bad.first.iter().take(5) {
        println!("  line {}: {}", bad.line, bad.reason.words());
    }
}

fn print_evaluation(policy: &str, evaluation: &Evaluation) {
    let support = &evaluation.support;
    println!(
        "policy {policy}: worth {:.0} rounds of its own, largest weight {:.1} ({:.4} of all), mean weight {:.3}",
        support.effective_rounds, support.max_weight, support.max_weight_share, support.mean_weight
    );
    match evaluation.answer() {
        Ok(estimates) => print_estimates(estimates),
        Err(refusals) => {
            println!("no answer:");
            for refusal in refusals {
                println!("  {refusal}");
            }
        }
    }
    if evaluation.few_rewards && evaluation.answer().is_ok() {
        println!("caution: only {} rewarded rounds; the intervals are too narrow for that", support.rewarded);
    }
}

fn print_estimates(estimates: &[Estimate]) {
    println!("  {:<10} {:>10}   {:<24} bootstrap 95 %", "estimator", "reward", "normal 95 %");
    for estimate in estimates {
        let normal = format!("{:.6} to {:.6}", estimate.normal.low, estimate.normal.high);
        let bootstrap = estimate
            .bootstrap
            .map_or_else(String::new, |found| format!("{:.6} to {:.6}", found.low, found.high));
        println!("  {:<10} {:>10.6}   {normal:<24} {bootstrap}", estimate.estimator.name(), estimate.value);
    }
    println!("  the intervals hold chance alone: the bias of dm, switch-dr and dros is not in them");
}

fn print_truth(truth: Option<&Loaded>) {
    if let Some(truth) = truth {
        println!(
            "on policy: {:.6} a round over {} rounds, {} clicks, {} bad rows",
            truth.log.mean_reward(),
            truth.log.rounds().len(),
            truth.reading.clicks,
            truth.reading.bad.total()
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "timestamp,item_id,position,click,propensity_score,user_feature_0\n";

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let line = |k: u32| {
            let (item, click, user) = (k % 2, u32::from(k.is_multiple_of(7)), k % 3);
            format!("2019-11-24 00:{:02}:{:02}+00:00,{item},1,{click},0.5,u{user}\n", k / 60, k % 60)
        };
        let rows: String = (0..300).map(line).collect();
        std::fs::write(folder.path().join("shop.csv"), format!("{LOG}{rows}torn\n")).unwrap();
        folder
    }

    #[test]
    fn a_folder_is_read_and_a_policy_evaluated() {
        let folder = folder();
        let path = csv_path(folder.path()).unwrap();
        let loaded = read(&path, true).unwrap();
        assert_eq!((loaded.reading.rows, loaded.reading.bad.total()), (301, 1));
        let target = target("random", &path, &loaded.log, 1).unwrap();
        let evaluation = assess(&loaded.log, &target, 1).unwrap();
        let form = form(&path, "random", &loaded, Some(&loaded), &evaluation);
        assert_eq!(form["answered"], true);
        // Asked about the policy that logged, inverse propensity scoring is the mean reward.
        assert_eq!(form["estimates"][1]["estimator"], "ips");
        let value = |of: &serde_json::Value| of["value"].as_f64().unwrap();
        assert!((value(&form["estimates"][1]) - value(&form["truth"])).abs() < 1e-12);
    }

    #[test]
    fn a_policy_the_log_never_tried_is_refused_in_words() {
        let folder = folder();
        let items = "item_id,item_feature_0,item_feature_1\n0,1,a\n1,2,b\n2,3,b\n";
        std::fs::write(folder.path().join("item_context.csv"), items).unwrap();
        let wanted = folder.path().join("third.json");
        std::fs::write(&wanted, r#"{"positions": [[0.4, 0.4, 0.2]]}"#).unwrap();
        let path = csv_path(folder.path()).unwrap();
        let loaded = read(&path, true).unwrap();
        let target = target(wanted.to_str().unwrap(), &path, &loaded.log, 1).unwrap();
        let form = form(&path, "third.json", &loaded, None, &assess(&loaded.log, &target, 1).unwrap());
        assert_eq!((&form["answered"], &form["estimates"]), (&json!(false), &Value::Null));
        let words = form["refusals"][0]["words"].as_str().unwrap();
        assert_eq!(
            words,
            "0.2000 of the policy's choices were never logged at their position (at most 0.05)"
        );
    }

    #[test]
    fn thompson_sampling_is_only_known_for_its_campaigns() {
        let folder = folder();
        let path = csv_path(folder.path()).unwrap();
        let loaded = read(&path, true).unwrap();
        let error = target("bts", &path, &loaded.log, 1).unwrap_err().to_string();
        assert!(error.contains("the log is named \"shop\""), "{error}");
        assert!(target("no-such-file.csv", &path, &loaded.log, 1).is_err());
    }
}
