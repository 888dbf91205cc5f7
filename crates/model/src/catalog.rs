//! Everything advertisers have told us, by dense index, and the changes that build it.
//!
//! The catalog is a fold over [`Change`]s. Indices are given in order of first appearance and never reused, so
//! the same changes give the same indices on every machine. Validation of single fields happens at the edge;
//! here only what refers to something else is checked.

mod rebuild;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde::{Deserialize, Serialize};

use crate::{
    campaign::{Advertiser, Campaign, Creative, Status},
    facts::{Facts, Table},
    ids::{AdvertiserIx, CampaignIx, CreativeIx},
};

/// One change to the catalog.
#[expect(clippy::large_enum_variant, reason = "changes are rare and short-lived")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Change {
    /// Adds an advertiser or replaces the one of this id.
    PutAdvertiser(Advertiser),
    /// Adds a campaign or replaces the one of this id.
    PutCampaign(Campaign),
    /// Adds a creative or replaces the one of this id.
    PutCreative(Creative),
    /// Takes a creative out of service for good.
    RemoveCreative(String),
    /// Takes a campaign and its creatives out of service for good. Its money stays accounted.
    RemoveCampaign(String),
    /// Takes an advertiser, its campaigns and creatives out of service for good.
    RemoveAdvertiser(String),
    /// Pulls a kill switch.
    Kill(Switch),
    /// Releases a kill switch.
    Revive(Switch),
}

/// What a kill switch stops. No agent can outvote one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Switch {
    /// All bidding.
    Everything,
    /// One advertiser.
    Advertiser(String),
    /// One campaign.
    Campaign(String),
    /// One creative.
    Creative(String),
    /// One publisher id, domain or bundle, lower case.
    Publisher(String),
}

/// A change that refers to something that is not there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A campaign names an advertiser that does not exist.
    #[error("campaign '{campaign}' names advertiser '{advertiser}', which does not exist")]
    NoAdvertiser {
        /// The campaign.
        campaign: String,
        /// The advertiser it names.
        advertiser: String,
    },
    /// A creative names a campaign that does not exist.
    #[error("creative '{creative}' names campaign '{campaign}', which does not exist")]
    NoCampaign {
        /// The creative.
        creative: String,
        /// The campaign it names.
        campaign: String,
    },
    /// Something to be removed does not exist.
    #[error("{kind} '{id}' does not exist")]
    NotFound {
        /// What kind of thing.
        kind: &'static str,
        /// Its id.
        id: String,
    },
    /// An existing campaign or creative would change owner.
    #[error("{kind} '{id}' belongs to '{owner}' and cannot move")]
    OwnerFixed {
        /// What kind of thing.
        kind: &'static str,
        /// Its id.
        id: String,
        /// Whose it is.
        owner: String,
    },
}

/// A campaign with its place in the catalog.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CampaignEntry {
    /// As the advertiser states it.
    pub campaign: Campaign,
    /// Whose it is.
    pub advertiser: AdvertiserIx,
    /// Its creatives, in order of first appearance.
    pub creatives: Vec<CreativeIx>,
    /// Whether a kill switch names it.
    pub killed: bool,
    /// Whether it was removed.
    pub presence: Presence,
}

/// A creative with its place in the catalog.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CreativeEntry {
    /// As the advertiser states it.
    pub creative: Creative,
    /// Whose ad it is.
    pub campaign: CampaignIx,
    /// Whether everything it loads is https, worked out once.
    pub secure: bool,
    /// Whether a kill switch names it.
    pub killed: bool,
    /// Whether it was removed.
    pub presence: Presence,
}

/// An advertiser with its place in the catalog.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AdvertiserEntry {
    /// As it states itself.
    pub advertiser: Advertiser,
    /// Its campaigns, in order of first appearance.
    pub campaigns: Vec<CampaignIx>,
    /// Whether a kill switch names it.
    pub killed: bool,
    /// Whether it was removed.
    pub presence: Presence,
}

/// Whether an entry is in service or only remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Presence {
    /// In service.
    Present,
    /// Removed; kept so that its index and money keep their meaning.
    Removed,
}

/// Everything advertisers have told us.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
#[serde(from = "Stored")]
pub struct Catalog {
    // Entries are shared, so that a copy for readers costs a count each and a change copies one entry alone.
    advertisers: Vec<Arc<AdvertiserEntry>>,
    campaigns: Vec<Arc<CampaignEntry>>,
    creatives: Vec<Arc<CreativeEntry>>,
    advertiser_by_id: Arc<BTreeMap<String, AdvertiserIx>>,
    campaign_by_id: Arc<BTreeMap<String, CampaignIx>>,
    creative_by_id: Arc<BTreeMap<String, CreativeIx>>,
    switches: BTreeSet<Switch>,
    version: u64,
    /// Follows from the rest.
    #[serde(skip)]
    pub(crate) facts: Table,
}

/// A catalog as it is stored.
#[derive(Deserialize)]
struct Stored {
    advertisers: Vec<Arc<AdvertiserEntry>>,
    campaigns: Vec<Arc<CampaignEntry>>,
    creatives: Vec<Arc<CreativeEntry>>,
    advertiser_by_id: Arc<BTreeMap<String, AdvertiserIx>>,
    campaign_by_id: Arc<BTreeMap<String, CampaignIx>>,
    creative_by_id: Arc<BTreeMap<String, CreativeIx>>,
    switches: BTreeSet<Switch>,
    version: u64,
}

impl From<Stored> for Catalog {
    fn from(stored: Stored) -> Self {
        let mut catalog = Self {
            advertisers: stored.advertisers,
            campaigns: stored.campaigns,
            creatives: stored.creatives,
            advertiser_by_id: stored.advertiser_by_id,
            campaign_by_id: stored.campaign_by_id,
            creative_by_id: stored.creative_by_id,
            switches: stored.switches,
            version: stored.version,
            facts: Table::default(),
        };
        let ads = catalog.creatives.len() as u32;
        catalog.note_facts((0..ads).map(CreativeIx));
        catalog
    }
}

impl Catalog {
    /// Applies one change.
    ///
    /// # Errors
    /// When it refers to something that is not there; then nothing changed.
    pub fn apply(&mut self, change: &Change) -> Result<(), Error> {
        match change {
            Change::PutAdvertiser(advertiser) => self.put_advertiser(advertiser),
            Change::PutCampaign(campaign) => self.put_campaign(campaign)?,
            Change::PutCreative(creative) => self.put_creative(creative)?,
            Change::RemoveCreative(id) => self.remove_creative(id)?,
            Change::RemoveCampaign(id) => self.remove_campaign(id)?,
            Change::RemoveAdvertiser(id) => self.remove_advertiser(id)?,
            Change::Kill(switch) => {
                self.switches.insert(switch.clone());
                self.mark_killed(switch, true);
            }
            Change::Revive(switch) => {
                if !self.switches.remove(switch) {
                    return Err(Error::NotFound { kind: "kill switch", id: format!("{switch:?}") });
                }
                self.mark_killed(switch, false);
            }
        }
        self.version += 1;
        Ok(())
    }

    fn mark_killed(&mut self, switch: &Switch, killed: bool) {
        match switch {
            Switch::Advertiser(id) => {
                if let Some(ix) = self.advertiser_by_id.get(id).copied() {
                    Arc::make_mut(&mut self.advertisers[ix.get()]).killed = killed;
                    self.note_facts_of_advertiser(ix);
                }
            }
            Switch::Campaign(id) => {
                if let Some(ix) = self.campaign_by_id.get(id).copied() {
                    Arc::make_mut(&mut self.campaigns[ix.get()]).killed = killed;
                    self.note_facts_of_campaign(ix);
                }
            }
            Switch::Creative(id) => {
                if let Some(ix) = self.creative_by_id.get(id).copied() {
                    Arc::make_mut(&mut self.creatives[ix.get()]).killed = killed;
                    self.note_facts([ix]);
                }
            }
            Switch::Everything | Switch::Publisher(_) => {}
        }
    }

    fn put_advertiser(&mut self, advertiser: &Advertiser) {
        if let Some(ix) = self.advertiser_by_id.get(&advertiser.id).copied() {
            let entry = Arc::make_mut(&mut self.advertisers[ix.get()]);
            entry.advertiser = advertiser.clone();
            entry.presence = Presence::Present;
            self.note_facts_of_advertiser(ix);
            return;
        }
        let ix = AdvertiserIx(self.advertisers.len() as u32);
        Arc::make_mut(&mut self.advertiser_by_id).insert(advertiser.id.clone(), ix);
        self.advertisers.push(Arc::new(AdvertiserEntry {
            advertiser: advertiser.clone(),
            campaigns: Vec::new(),
            killed: self.switches.contains(&Switch::Advertiser(advertiser.id.clone())),
            presence: Presence::Present,
        }));
    }

    fn put_campaign(&mut self, campaign: &Campaign) -> Result<(), Error> {
        let owner = self.advertiser_ix(&campaign.advertiser).ok_or_else(|| Error::NoAdvertiser {
            campaign: campaign.id.clone(),
            advertiser: campaign.advertiser.clone(),
        })?;
        if let Some(ix) = self.campaign_by_id.get(&campaign.id).copied() {
            let entry = Arc::make_mut(&mut self.campaigns[ix.get()]);
            if entry.advertiser != owner {
                let owner = entry.campaign.advertiser.clone();
                return Err(Error::OwnerFixed { kind: "campaign", id: campaign.id.clone(), owner });
            }
            entry.campaign = campaign.clone();
            entry.presence = Presence::Present;
            self.note_facts_of_campaign(ix);
            return Ok(());
        }
        let ix = CampaignIx(self.campaigns.len() as u32);
        Arc::make_mut(&mut self.campaign_by_id).insert(campaign.id.clone(), ix);
        Arc::make_mut(&mut self.advertisers[owner.get()]).campaigns.push(ix);
        self.campaigns.push(Arc::new(CampaignEntry {
            campaign: campaign.clone(),
            advertiser: owner,
            creatives: Vec::new(),
            killed: self.switches.contains(&Switch::Campaign(campaign.id.clone())),
            presence: Presence::Present,
        }));
        Ok(())
    }

    fn put_creative(&mut self, creative: &Creative) -> Result<(), Error> {
        let owner = self.campaign_ix(&creative.campaign).ok_or_else(|| Error::NoCampaign {
            creative: creative.id.clone(),
            campaign: creative.campaign.clone(),
        })?;
        let secure = creative.is_secure();
        if let Some(ix) = self.creative_by_id.get(&creative.id).copied() {
            let entry = Arc::make_mut(&mut self.creatives[ix.get()]);
            if entry.campaign != owner {
                let owner = entry.creative.campaign.clone();
                return Err(Error::OwnerFixed { kind: "creative", id: creative.id.clone(), owner });
            }
            entry.creative = creative.clone();
            entry.secure = secure;
            entry.presence = Presence::Present;
            self.note_facts([ix]);
            return Ok(());
        }
        let ix = CreativeIx(self.creatives.len() as u32);
        Arc::make_mut(&mut self.creative_by_id).insert(creative.id.clone(), ix);
        Arc::make_mut(&mut self.campaigns[owner.get()]).creatives.push(ix);
        self.creatives.push(Arc::new(CreativeEntry {
            creative: creative.clone(),
            campaign: owner,
            secure,
            killed: self.switches.contains(&Switch::Creative(creative.id.clone())),
            presence: Presence::Present,
        }));
        self.note_facts([ix]);
        Ok(())
    }

    fn remove_creative(&mut self, id: &str) -> Result<(), Error> {
        let ix = self.creative_ix(id).ok_or_else(|| not_found("creative", id))?;
        Arc::make_mut(&mut self.creatives[ix.get()]).presence = Presence::Removed;
        self.note_facts([ix]);
        Ok(())
    }

    fn remove_campaign(&mut self, id: &str) -> Result<(), Error> {
        let ix = self.campaign_ix(id).ok_or_else(|| not_found("campaign", id))?;
        self.remove_campaign_at(ix);
        Ok(())
    }

    fn remove_campaign_at(&mut self, ix: CampaignIx) {
        let entry = Arc::make_mut(&mut self.campaigns[ix.get()]);
        entry.presence = Presence::Removed;
        for creative in entry.creatives.clone() {
            Arc::make_mut(&mut self.creatives[creative.get()]).presence = Presence::Removed;
        }
        self.note_facts_of_campaign(ix);
    }

    fn remove_advertiser(&mut self, id: &str) -> Result<(), Error> {
        let ix = self.advertiser_ix(id).ok_or_else(|| not_found("advertiser", id))?;
        Arc::make_mut(&mut self.advertisers[ix.get()]).presence = Presence::Removed;
        for campaign in self.advertisers[ix.get()].campaigns.clone() {
            self.remove_campaign_at(campaign);
        }
        Ok(())
    }

    fn note_facts_of_campaign(&mut self, ix: CampaignIx) {
        let entry = Arc::clone(&self.campaigns[ix.get()]);
        self.note_facts(entry.creatives.iter().copied());
    }

    fn note_facts_of_advertiser(&mut self, ix: AdvertiserIx) {
        let entry = Arc::clone(&self.advertisers[ix.get()]);
        entry.campaigns.iter().for_each(|campaign| self.note_facts_of_campaign(*campaign));
    }

    /// Returns a number that grows with every change.
    pub const fn version(&self) -> u64 {
        self.version
    }

    /// Returns the index of an advertiser in service.
    pub fn advertiser_ix(&self, id: &str) -> Option<AdvertiserIx> {
        let ix = *self.advertiser_by_id.get(id)?;
        (self.advertisers[ix.get()].presence == Presence::Present).then_some(ix)
    }

    /// Returns the index of a campaign in service.
    pub fn campaign_ix(&self, id: &str) -> Option<CampaignIx> {
        let ix = *self.campaign_by_id.get(id)?;
        (self.campaigns[ix.get()].presence == Presence::Present).then_some(ix)
    }

    /// Returns the index of a creative in service.
    pub fn creative_ix(&self, id: &str) -> Option<CreativeIx> {
        let ix = *self.creative_by_id.get(id)?;
        (self.creatives[ix.get()].presence == Presence::Present).then_some(ix)
    }

    /// Returns an advertiser, removed ones too. Indices come from this catalog, so the look-up is total.
    pub fn advertiser(&self, ix: AdvertiserIx) -> &AdvertiserEntry {
        &self.advertisers[ix.get()]
    }

    /// Returns a campaign, removed ones too.
    pub fn campaign(&self, ix: CampaignIx) -> &CampaignEntry {
        &self.campaigns[ix.get()]
    }

    /// Returns a creative, removed ones too.
    pub fn creative(&self, ix: CreativeIx) -> &CreativeEntry {
        &self.creatives[ix.get()]
    }

    /// Returns what is asked of a creative most often.
    pub fn facts(&self, ix: CreativeIx) -> &Facts {
        self.facts.get(ix)
    }

    /// Iterates over all advertisers by index, removed ones too.
    pub fn advertisers(&self) -> impl ExactSizeIterator<Item = (AdvertiserIx, &AdvertiserEntry)> {
        self.advertisers.iter().enumerate().map(|(i, entry)| (AdvertiserIx(i as u32), &**entry))
    }

    /// Iterates over all campaigns by index, removed ones too.
    pub fn campaigns(&self) -> impl ExactSizeIterator<Item = (CampaignIx, &CampaignEntry)> {
        self.campaigns.iter().enumerate().map(|(i, entry)| (CampaignIx(i as u32), &**entry))
    }

    /// Iterates over all creatives by index, removed ones too.
    pub fn creatives(&self) -> impl ExactSizeIterator<Item = (CreativeIx, &CreativeEntry)> {
        self.creatives.iter().enumerate().map(|(i, entry)| (CreativeIx(i as u32), &**entry))
    }

    /// Returns the kill switches pulled.
    pub const fn switches(&self) -> &BTreeSet<Switch> {
        &self.switches
    }

    /// Tells whether a kill switch names a creative, its campaign or its advertiser.
    pub fn is_killed(&self, ix: CreativeIx) -> bool {
        self.chain(ix).is_killed()
    }

    /// Returns a creative with its owners, looked up once.
    pub fn chain(&self, ix: CreativeIx) -> Chain<'_> {
        let creative = self.creative(ix);
        let campaign = self.campaign(creative.campaign);
        Chain { creative, campaign, advertiser: self.advertiser(campaign.advertiser) }
    }

    /// Tells whether a creative may be shown at all: it, its campaign and its advertiser are present and active.
    /// Kill switches are the safety agent's and are not looked at here.
    pub fn is_running(&self, ix: CreativeIx) -> bool {
        self.chain(ix).is_running()
    }
}

/// A creative with its owners.
#[derive(Clone, Copy, Debug)]
pub struct Chain<'a> {
    /// The creative.
    pub creative: &'a CreativeEntry,
    /// Its campaign.
    pub campaign: &'a CampaignEntry,
    /// Its advertiser.
    pub advertiser: &'a AdvertiserEntry,
}

impl Chain<'_> {
    /// Tells whether a kill switch names the creative or an owner.
    pub const fn is_killed(&self) -> bool {
        self.creative.killed || self.campaign.killed || self.advertiser.killed
    }

    /// Tells whether the creative and its owners are present and active; kill switches aside.
    pub fn is_running(&self) -> bool {
        let Self { creative, campaign, advertiser } = self;
        let present = [creative.presence, campaign.presence, advertiser.presence];
        let status = [creative.creative.status, campaign.campaign.status, advertiser.advertiser.status];
        present.iter().all(|p| *p == Presence::Present) && status.iter().all(|s| *s == Status::Active)
    }
}

fn not_found(kind: &'static str, id: &str) -> Error {
    Error::NotFound { kind, id: id.to_owned() }
}
