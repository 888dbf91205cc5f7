//! What is asked of an ad for every request that might show it, close together: a decision asks some dozens of ads, and
//! their creatives, campaigns and advertisers lie far apart in memory.
//!
//! Facts follow from the catalog's entries and say nothing that these do not. They answer the usual cases at once and
//! leave the rest to the plain rules: [`Facts::surely_fits`] says yes only where [`eligibility::fit`] does, and
//! [`Facts::admits`] looks only at what a campaign asks for. Tests hold both to the plain rules.

use std::sync::Arc;

use motet_units::{CpmMicros, Timestamp};
use smallvec::SmallVec;

use crate::{
    campaign::{Campaign, Content},
    catalog::{Catalog, Chain},
    codes::{CategoryId, CodeSet, Mimes},
    eligibility::{self, Fit, Misfit},
    ids::{AdvertiserIx, CampaignIx, CreativeIx},
    request::{Access, AdRequest, Banner, Imp, MediaKind, Security, Size},
    targeting::{Asks, Lineage},
    taxonomy,
};

/// What is asked of one ad.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    /// Its campaign.
    pub campaign: CampaignIx,
    /// Its advertiser.
    pub advertiser: AdvertiserIx,
    /// The highest price its campaign pays, if it says.
    pub most_cpm: Option<CpmMicros>,
    start: Timestamp,
    end: Option<Timestamp>,
    traits: Traits,
    asks: Asks,
    shape: Shape,
    attributes: CodeSet,
    /// What it advertises, with all that lies above, in the tables of [`taxonomy`].
    lineage: SmallVec<[CategoryId; 4]>,
    /// The content categories its campaign asks for.
    categories: SmallVec<[CategoryId; 2]>,
}

/// Yes or no, each.
#[expect(clippy::struct_excessive_bools, reason = "they are independent of each other")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
struct Traits {
    runs: bool,
    killed: bool,
    secure: bool,
    capped: bool,
    /// It has a language of its own.
    speaks: bool,
    /// It bids under deals alone.
    deals: bool,
}

/// What an ad needs of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// A banner of a size; markup has no type of its own.
    Banner(Size, Option<Mimes>),
    /// Something the plain rules look at.
    Other,
}

impl Facts {
    /// The facts of an ad that is not there: it does not run.
    fn nobody() -> Self {
        Self {
            campaign: CampaignIx(0),
            advertiser: AdvertiserIx(0),
            most_cpm: None,
            start: Timestamp::default(),
            end: None,
            traits: Traits::default(),
            asks: Asks::default(),
            shape: Shape::Other,
            attributes: CodeSet::EMPTY,
            lineage: SmallVec::new(),
            categories: SmallVec::new(),
        }
    }

    fn of(chain: &Chain<'_>) -> Self {
        let (entry, campaign) = (chain.creative, &chain.campaign.campaign);
        let creative = &entry.creative;
        Self {
            campaign: entry.campaign,
            advertiser: chain.campaign.advertiser,
            most_cpm: campaign.most_cpm,
            start: campaign.flight.start,
            end: campaign.flight.end,
            traits: Traits {
                runs: chain.is_running(),
                killed: chain.is_killed(),
                secure: entry.secure,
                capped: campaign.frequency.is_some(),
                speaks: creative.language.is_some(),
                deals: !campaign.targeting.deals.is_empty(),
            },
            asks: Asks::of(&campaign.targeting),
            shape: Shape::of(&creative.content),
            attributes: creative.attributes,
            lineage: Lineage::of(&creative.categories, taxonomy::parent).iter().collect(),
            categories: campaign.targeting.categories.iter().copied().collect(),
        }
    }

    /// Tells whether the ad, its campaign and its advertiser are present and active; kill switches aside.
    pub const fn is_running(&self) -> bool {
        self.traits.runs
    }

    /// Tells whether a kill switch names the ad or an owner.
    pub const fn is_killed(&self) -> bool {
        self.traits.killed
    }

    /// Tells whether its campaign has a frequency cap.
    pub const fn is_capped(&self) -> bool {
        self.traits.capped
    }

    /// Tells whether the campaign's time has come and not passed.
    pub fn covers(&self, now: Timestamp) -> bool {
        self.start <= now && self.end.is_none_or(|end| now < end)
    }

    /// Tells whether it advertises a category or something below it.
    pub fn advertises(&self, category: CategoryId) -> bool {
        self.lineage.contains(&category)
    }

    /// Tells whether its campaign's targeting admits a request with this lineage. `campaign` is looked up only where it
    /// asks for more than content.
    pub fn admits<'a>(
        &self,
        request: &AdRequest,
        lineage: &Lineage,
        now: Timestamp,
        campaign: impl FnOnce() -> &'a Campaign,
    ) -> bool {
        if self.asks.categories() && !lineage.meets(&self.categories) {
            return false;
        }
        if !self.asks.more_than_categories() {
            return true;
        }
        let campaign = campaign();
        campaign.targeting.admits_lineage(request, lineage, now, campaign.flight.utc_offset)
    }

    /// Works out whether and how the ad fits an imp, as [`eligibility::fit`] does. `chain` is looked up where the plain
    /// rules are needed.
    ///
    /// # Errors
    /// The first rule it breaks.
    pub fn fit<'a>(
        &self,
        request: &AdRequest,
        imp: &Imp,
        chain: impl FnOnce() -> Chain<'a>,
    ) -> Result<Fit, Misfit> {
        if let Some(fit) = self.surely_fits(request, imp) {
            return Ok(fit);
        }
        let Chain { creative, campaign, advertiser } = chain();
        let (campaign, advertiser) = (&campaign.campaign, &advertiser.advertiser);
        eligibility::fit(creative, campaign, advertiser, request, imp, taxonomy::parent)
    }

    /// Returns how the ad fits an imp where that is certain without a look at anything else.
    pub fn surely_fits(&self, request: &AdRequest, imp: &Imp) -> Option<Fit> {
        let traits = self.traits;
        let slot = self.shape.fits(imp.media.banner.as_ref()?)?;
        let secure = traits.secure || imp.secure != Security::HttpsOnly;
        let language = !traits.speaks || request.languages.is_empty();
        let open = !traits.deals && imp.access == Access::Open;
        let fits = secure && language && open && !self.attributes.intersects(slot.blocked_attributes);
        (fits && self.passes_blocks(request)).then_some(Fit {
            kind: MediaKind::Banner,
            deal: None,
            floor: imp.floor,
        })
    }

    fn passes_blocks(&self, request: &AdRequest) -> bool {
        let blocks = &request.blocks;
        let plain = blocks.domains.is_empty()
            && blocks.bundles.is_empty()
            && blocks.allowed_seats.is_empty()
            && blocks.blocked_seats.is_empty();
        let within = |list: &[CategoryId]| list.iter().any(|category| self.advertises(*category));
        plain
            && !within(&blocks.categories)
            && (blocks.allowed_categories.is_empty() || within(&blocks.allowed_categories))
    }
}

impl Shape {
    fn of(content: &Content) -> Self {
        match content {
            Content::Html { size, .. } => Self::Banner(*size, None),
            Content::Image { size, mime, .. } => Self::Banner(*size, Some(*mime)),
            Content::Video(_) | Content::Audio(_) | Content::Native(_) => Self::Other,
        }
    }

    /// Returns the slot if it takes this shape.
    fn fits(self, slot: &Banner) -> Option<&Banner> {
        let Self::Banner(size, mime) = self else { return None };
        let size_taken = slot.sizes.is_empty() || slot.sizes.contains(&size);
        let mime_taken = mime.is_none_or(|mime| slot.mimes.is_empty() || slot.mimes.intersects(mime));
        (size_taken && mime_taken).then_some(slot)
    }
}

/// Ads in one part of the table.
const PART: usize = 256;

/// The facts of all ads, by index, in parts that copies of a catalog share until one of them changes.
#[derive(Clone, Debug, PartialEq, Default)]
pub(crate) struct Table(Vec<Arc<[Facts]>>);

impl Table {
    /// Returns an ad's facts; its index comes from the catalog of this table.
    pub(crate) fn get(&self, ix: CreativeIx) -> &Facts {
        &self.0[ix.get() / PART][ix.get() % PART]
    }

    fn put(&mut self, ix: CreativeIx, facts: Facts) {
        while self.0.len() <= ix.get() / PART {
            self.0.push(vec![Facts::nobody(); PART].into());
        }
        Arc::make_mut(&mut self.0[ix.get() / PART])[ix.get() % PART] = facts;
    }
}

impl Catalog {
    /// Works out the facts of some ads anew.
    pub(crate) fn note_facts(&mut self, ads: impl IntoIterator<Item = CreativeIx>) {
        for ix in ads {
            let facts = Facts::of(&self.chain(ix));
            self.facts.put(ix, facts);
        }
    }
}
