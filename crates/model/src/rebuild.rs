//! Catalogs made again: the changes that lead to one, whatever led to it first.

use crate::catalog::{Catalog, Change, Presence};

impl Catalog {
    /// Returns changes that lead to a catalog like this one, by the same indices, however it came about.
    pub fn to_changes(&self) -> Vec<Change> {
        let mut changes = Vec::new();
        changes.extend(self.advertisers().map(|(_, entry)| Change::PutAdvertiser(entry.advertiser.clone())));
        changes.extend(self.campaigns().map(|(_, entry)| Change::PutCampaign(entry.campaign.clone())));
        changes.extend(self.creatives().map(|(_, entry)| Change::PutCreative(entry.creative.clone())));
        changes.extend(self.removals());
        changes.extend(self.switches().iter().cloned().map(Change::Kill));
        changes
    }

    /// Returns the removals, from the ads up: what is removed with its owner is gone when the owner's turn comes.
    fn removals(&self) -> Vec<Change> {
        let gone = |presence| presence == Presence::Removed;
        let creatives = self.creatives().filter(|(_, entry)| gone(entry.presence));
        let campaigns = self.campaigns().filter(|(_, entry)| gone(entry.presence));
        let advertisers = self.advertisers().filter(|(_, entry)| gone(entry.presence));
        let creatives = creatives.map(|(_, entry)| Change::RemoveCreative(entry.creative.id.clone()));
        let campaigns = campaigns.map(|(_, entry)| Change::RemoveCampaign(entry.campaign.id.clone()));
        let advertisers = advertisers.map(|(_, entry)| Change::RemoveAdvertiser(entry.advertiser.id.clone()));
        creatives.chain(campaigns).chain(advertisers).collect()
    }

    /// Tells whether two catalogs hold the same, by the same indices, however they came about.
    pub fn holds_the_same(&self, other: &Self) -> bool {
        self.advertisers().eq(other.advertisers())
            && self.campaigns().eq(other.campaigns())
            && self.creatives().eq(other.creatives())
            && self.switches() == other.switches()
    }
}
