//! `motet store copy`.

use std::time::Duration;

use anyhow::{Result, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use motet_postgres::Store;
use motet_server::nodes::copy::{Place, Target, copy};
use serde_json::json;

/// Longest wait for one answer of the store.
const PATIENCE: Duration = Duration::from_secs(30);

/// Runs and prints.
pub(super) fn command(from: &str, to: &str, force: bool, json: bool) -> Result<()> {
    ensure!(from != to, "source and target are the same");
    let (source, sink) = (place(from)?, place(to)?);
    let target = if force { Target::Replace } else { Target::MustBeEmpty };
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} changes and days, {eta} left")?;
    let bar = if json { ProgressBar::hidden() } else { ProgressBar::new(0).with_style(style) };
    let mut progress = |done: usize, all: usize| {
        bar.set_length(all as u64);
        bar.set_position(done as u64);
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let copied = runtime.block_on(copy(&source, &sink, target, &mut progress))?;
    bar.finish_and_clear();
    if json {
        let report = json!({
            "campaigns": copied.campaigns,
            "creatives": copied.creatives,
            "spent": copied.spent.to_string(),
            "reserved": copied.reserved.to_string(),
            "policies": copied.policies,
            "state_bytes": copied.state_bytes,
        });
        println!("{report}");
    } else {
        println!(
            "copied and read again: {} campaigns with {} creatives, {} spent, {} reserved, {} sets of policies",
            copied.campaigns, copied.creatives, copied.spent, copied.reserved, copied.policies
        );
    }
    Ok(())
}

fn place(text: &str) -> Result<Place> {
    let shared = text.starts_with("postgres://") || text.starts_with("postgresql://");
    Ok(if shared { Place::Shared(Box::new(Store::new(text, PATIENCE)?)) } else { Place::Folder(text.into()) })
}
