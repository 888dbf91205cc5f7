//! Saving and restoring: the order of the index, the model, the exposures. The rest follows from the catalog.

use motet_model::{catalog::Catalog, taxonomy};
use serde::{Deserialize, Serialize};

use super::{
    Counts, Parameters, RelevanceAgent,
    exposure::SavedExposures,
    index::{Index, Order},
    model,
};

/// What is saved, in this order.
#[derive(Serialize, Deserialize)]
struct Memory {
    order: Order,
    model: model::Saved,
    exposures: SavedExposures,
    parameters: Parameters,
    counts: Counts,
    sweep_from: Option<u32>,
}

impl RelevanceAgent {
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let memory = Memory {
            order: self.index.order(),
            model: self.model.save(),
            exposures: self.exposures.save(),
            parameters: self.parameters,
            counts: self.counts,
            sweep_from: self.sweep_from,
        };
        postcard::to_stdvec(&memory).expect("plain data in memory always serialises")
    }

    pub(super) fn take_bytes(&mut self, state: &[u8], catalog: &Catalog) -> Result<(), String> {
        let memory: Memory = postcard::from_bytes(state)
            .map_err(|error| format!("relevance state cannot be read: {error}"))?;
        let ads = catalog.creatives().len();
        if let Some(unknown) = memory.order.ads().find(|ix| ix.get() >= ads) {
            return Err(format!("relevance state names ad {}, the catalog has {ads}", unknown.0));
        }
        self.index = Index::restore(memory.order, catalog, taxonomy::parent);
        self.ads.clear();
        for (creative, _) in catalog.creatives() {
            self.file_features(creative, catalog);
        }
        self.model.restore(&memory.model);
        self.exposures.restore(memory.exposures);
        self.parameters = memory.parameters;
        self.counts = memory.counts;
        self.sweep_from = memory.sweep_from;
        Ok(())
    }
}
