//! Hashed features and market keys: what predictions and price models are looked up by.

use motet_model::request::{AdRequest, Inventory, MediaKind};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

/// Hashed features of one candidate, each an index into a model's weights.
#[derive(Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Features(pub SmallVec<[u32; 20]>);

impl Clone for Features {
    /// Copies the whole at once; a candidate's features are copied often enough that one by one would show.
    fn clone(&self) -> Self {
        Self(SmallVec::from_slice(&self.0))
    }
}

/// Names the market a candidate competes in: the seller and the media kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MarketKey(pub u32);

impl MarketKey {
    /// Returns the market of a media kind on a request's inventory.
    pub fn of(request: &AdRequest, kind: MediaKind) -> Self {
        Self::of_inventory(&request.inventory, kind)
    }

    /// Returns the market of a media kind on an inventory.
    pub fn of_inventory(inventory: &Inventory, kind: MediaKind) -> Self {
        let seller = inventory.publisher.as_deref().or(inventory.domain.as_deref());
        let seller = seller.or(inventory.bundle.as_deref()).unwrap_or("");
        // FNV-1a, so that a market keeps its key across versions and machines.
        let bytes = seller.bytes().chain([0xff, kind as u8]);
        let hash = bytes.fold(0x811c_9dc5_u32, |hash, b| (hash ^ u32::from(b)).wrapping_mul(0x0100_0193));
        Self(hash)
    }
}
