//! Who does not appear where: advertisers' own blocks and publishers' kill switches, turned round so that a
//! request costs what matches and not what exists. Built whole from the catalog.

use motet_model::{
    campaign::{Risk, SensitiveTopic},
    catalog::{Catalog, Presence, Switch},
    codes::CategoryId,
    ids::AdvertiserIx,
    request::Inventory,
    taxonomy,
};
use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;

/// Whether anything is answered at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) enum Everything {
    #[default]
    Runs,
    Stopped,
}

/// Blocks and switches by what they name.
#[derive(Clone, Debug, Default)]
pub(super) struct Blocks {
    by_publisher: FxHashMap<String, Vec<AdvertiserIx>>,
    by_content: FxHashMap<CategoryId, Vec<AdvertiserIx>>,
    stopped_publishers: FxHashSet<String>,
    pub(super) everything: Everything,
    /// The topics on which some advertiser takes no risk at all.
    pub(super) strict_topics: Vec<SensitiveTopic>,
}

/// Advertisers found, in index order, each once.
pub(super) type Advertisers = SmallVec<[AdvertiserIx; 8]>;

impl Blocks {
    pub(super) fn of(catalog: &Catalog) -> Self {
        let mut blocks = Self::default();
        for switch in catalog.switches() {
            match switch {
                Switch::Everything => blocks.everything = Everything::Stopped,
                Switch::Publisher(name) => {
                    blocks.stopped_publishers.insert(name.to_ascii_lowercase());
                }
                Switch::Advertiser(_) | Switch::Campaign(_) | Switch::Creative(_) => {}
            }
        }
        let mut strict = [false; SensitiveTopic::ALL.len()];
        for (ix, entry) in catalog.advertisers() {
            if entry.presence == Presence::Removed {
                continue;
            }
            let advertiser = &entry.advertiser;
            for publisher in &advertiser.blocked_publishers {
                blocks.by_publisher.entry(publisher.to_ascii_lowercase()).or_default().push(ix);
            }
            for category in &advertiser.blocked_content {
                blocks.by_content.entry(*category).or_default().push(ix);
            }
            for (topic, strict) in SensitiveTopic::ALL.iter().zip(&mut strict) {
                *strict |= advertiser.brand_safety.most_for(*topic) == Risk::None;
            }
        }
        let topics = SensitiveTopic::ALL.iter().zip(strict);
        blocks.strict_topics = topics.filter(|(_, strict)| *strict).map(|(topic, _)| *topic).collect();
        blocks
    }

    /// Tells whether a kill switch names this publisher, domain (or one above it) or bundle.
    pub(super) fn is_stopped(&self, inventory: &Inventory) -> bool {
        !self.stopped_publishers.is_empty()
            && names(inventory).any(|name| self.stopped_publishers.contains(name.as_ref()))
    }

    /// Returns the advertisers whose own blocks name this publisher or content.
    pub(super) fn blocked(&self, inventory: &Inventory) -> Advertisers {
        let mut found = Advertisers::new();
        if !self.by_publisher.is_empty() {
            for name in names(inventory) {
                found.extend(self.by_publisher.get(name.as_ref()).into_iter().flatten().copied());
            }
        }
        if !self.by_content.is_empty() {
            for &category in &inventory.categories {
                self.blocked_by(category, &mut found);
                if let Some(mapped) = taxonomy::to_content3(category).filter(|mapped| *mapped != category) {
                    self.blocked_by(mapped, &mut found);
                }
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    fn blocked_by(&self, category: CategoryId, found: &mut Advertisers) {
        let mut next = Some(category);
        while let Some(current) = next {
            found.extend(self.by_content.get(&current).into_iter().flatten().copied());
            next = taxonomy::parent(current);
        }
    }
}

/// Iterates over what a publisher is known by, lower case: its id, its domain and those above it, its bundle.
fn names(inventory: &Inventory) -> impl Iterator<Item = std::borrow::Cow<'_, str>> {
    let domains = std::iter::successors(inventory.domain.as_deref(), |domain| {
        domain.split_once('.').map(|(_, above)| above).filter(|above| above.contains('.'))
    });
    let ids = [inventory.publisher.as_deref(), inventory.bundle.as_deref(), inventory.id.as_deref()];
    domains.chain(ids.into_iter().flatten()).map(|name| {
        if name.bytes().any(|b| b.is_ascii_uppercase()) {
            name.to_ascii_lowercase().into()
        } else {
            name.into()
        }
    })
}
