//! `motet explain`: how one decision came about, read from the journal.

use std::path::Path;

use anyhow::{Context, Result, bail};
use motet_engine::{Effect, Event, Record};
use motet_insight::explain::explain;
use motet_model::ids::DecisionId;
use motet_server::runtime::open_engine;
use motet_store::journal::Reader;

/// Runs and prints.
pub(crate) fn command(id: &str, data_dir: &Path, json: bool, audience: &str) -> Result<()> {
    let id: DecisionId = id.parse()?;
    let journal = data_dir.join("journal");
    let reader = Reader::open(&journal)
        .with_context(|| format!("cannot read the journal in {}", journal.display()))?;
    let bytes = reader.read_one(id.sequence())?;
    let bytes =
        bytes.with_context(|| format!("the journal in {} has no decision {id}", journal.display()))?;
    let record = Record::decode(&bytes)?;
    let (Event::Requested(sealed), Effect::Decided(trace)) = (record.event, record.effect) else {
        bail!("record {id} is no decision");
    };
    if trace.decision.id != id {
        bail!("decision {id} was made by another node; this journal has {}", trace.decision.id);
    }
    // Names are read from the catalog as it stands: ids are never reused, so they mean what they meant.
    let (engine, _) = open_engine(data_dir)?;
    let explanation = explain(&trace, &sealed.request, &engine.catalog());
    match (json, audience) {
        (true, _) => println!("{}", serde_json::to_string_pretty(&explanation)?),
        (false, "viewer") => println!("{}", explanation.to_viewer_text()),
        (false, "advertiser") => {
            for bid in trace.decision.bids() {
                let catalog = engine.catalog();
                println!("{}", explanation.to_advertiser_text(&catalog.campaign(bid.campaign).campaign.id));
            }
        }
        (false, _) => println!("{}", explanation.to_text()),
    }
    Ok(())
}
