//! A catalog as the shortest list of changes that builds it, for a replica elsewhere.

use super::{Catalog, Change, Error, Presence};

impl Catalog {
    /// Returns changes that build this catalog anew, indices and removed entries included.
    ///
    /// ```
    /// use motet_model::catalog::Catalog;
    /// let catalog = Catalog::default();
    /// assert_eq!(Catalog::rebuild(&catalog.to_changes(), catalog.version()), Ok(catalog));
    /// ```
    pub fn to_changes(&self) -> Vec<Change> {
        let put_advertisers = self.advertisers().map(|(_, e)| Change::PutAdvertiser(e.advertiser.clone()));
        let put_campaigns = self.campaigns().map(|(_, e)| Change::PutCampaign(e.campaign.clone()));
        let put_creatives = self.creatives().map(|(_, e)| Change::PutCreative(e.creative.clone()));
        // What an owner holds is removed before the owner, which is only then not there any more.
        let gone = |presence: Presence| presence == Presence::Removed;
        let creatives = self.creatives().filter(|(_, e)| gone(e.presence));
        let campaigns = self.campaigns().filter(|(_, e)| gone(e.presence));
        let advertisers = self.advertisers().filter(|(_, e)| gone(e.presence));
        put_advertisers
            .chain(put_campaigns)
            .chain(put_creatives)
            .chain(creatives.map(|(_, e)| Change::RemoveCreative(e.creative.id.clone())))
            .chain(campaigns.map(|(_, e)| Change::RemoveCampaign(e.campaign.id.clone())))
            .chain(advertisers.map(|(_, e)| Change::RemoveAdvertiser(e.advertiser.id.clone())))
            .chain(self.switches().iter().cloned().map(Change::Kill))
            .collect()
    }

    /// Tells whether two catalogs hold the same, by the same indices, however they came about.
    pub fn holds_the_same(&self, other: &Self) -> bool {
        self.advertisers().eq(other.advertisers())
            && self.campaigns().eq(other.campaigns())
            && self.creatives().eq(other.creatives())
            && self.switches() == other.switches()
    }

    /// Builds a catalog from the changes of [`Catalog::to_changes`] and its version.
    ///
    /// # Errors
    /// The first change that refers to something that is not there.
    pub fn rebuild(changes: &[Change], version: u64) -> Result<Self, Error> {
        let mut catalog = Self::default();
        for change in changes {
            catalog.apply(change)?;
        }
        catalog.version = version;
        Ok(catalog)
    }
}
