//! Hashed features and market keys: what predictions and price models are looked up by.

use motet_model::request::{AdRequest, Inventory, MediaKind};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use smallvec::SmallVec;

/// The most features of one candidate.
const MOST: usize = 20;

/// Hashed features of one candidate, each an index into a model's weights; at most twenty, none by default.
///
/// Plain bytes that own nothing: a candidate's features are moved from hand to hand often enough that it would show.
#[derive(Clone, Copy, Debug, Default)]
pub struct Features {
    hashes: [u32; MOST],
    /// How many count; those beyond mean nothing.
    count: u32,
}

impl PartialEq for Features {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl Eq for Features {}

impl Features {
    /// Makes a full set of features.
    pub const fn full(hashes: [u32; MOST]) -> Self {
        Self { hashes, count: MOST as u32 }
    }

    /// Makes features from a list; `None` where there are more than twenty.
    pub fn new(list: &[u32]) -> Option<Self> {
        let mut features = Self { count: list.len() as u32, ..Self::default() };
        features.hashes.get_mut(..list.len())?.copy_from_slice(list);
        Some(features)
    }

    /// Returns the features.
    pub fn as_slice(&self) -> &[u32] {
        &self.hashes[..self.count as usize]
    }
}

impl Serialize for Features {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.as_slice().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Features {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let list = SmallVec::<[u32; MOST]>::deserialize(deserializer)?;
        let too_many = || D::Error::custom(format!("expected at most {MOST} features, were {}", list.len()));
        Self::new(&list).ok_or_else(too_many)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_are_written_as_the_list_they_are() {
        for list in [vec![], vec![7, 0, 9], (0..20).collect::<Vec<u32>>()] {
            let written = postcard::to_stdvec(&Features::new(&list).unwrap()).unwrap();
            assert_eq!(written, postcard::to_stdvec(&list).unwrap());
            assert_eq!(postcard::from_bytes::<Features>(&written).unwrap().as_slice(), list);
        }
    }

    #[test]
    fn more_than_twenty_features_are_refused() {
        let written = postcard::to_stdvec(&(0..21).collect::<Vec<u32>>()).unwrap();
        assert!(postcard::from_bytes::<Features>(&written).is_err());
        assert_eq!(Features::new(&[1; 21]), None);
    }
}
