//! The features of an ad for a request: twenty hashes into one table of weights.
//!
//! What belongs to the ad is hashed when it is filed, what belongs to the request once per imp; a candidate then
//! costs one multiplication per feature. Features that repeat what a broader one says (creative, campaign,
//! advertiser, bias) are what a new creative starts from: it inherits the weights of its campaign, advertiser and
//! of everything. User-level input is the interest match and the number of earlier views, both left empty where
//! identity may not be used.

use motet_agent::{Features, Interests};
use motet_model::{
    campaign::Content,
    catalog::Catalog,
    codes::CategoryId,
    ids::CreativeIx,
    request::{AdRequest, Imp, MediaKind},
    taxonomy,
};
use motet_units::{Span, Timestamp};
use smallvec::SmallVec;

use super::{
    hash::{fnv, join, mix},
    value::Worth,
};

/// The table holds 2 to this power weights per rate.
pub(super) const TABLE_BITS: u32 = 18;

/// The names of the features, by place.
pub const FEATURES: [&str; 20] = [
    "bias",
    "advertiser",
    "campaign",
    "creative",
    "format",
    "publisher",
    "publisher_creative",
    "device",
    "device_creative",
    "system",
    "hour",
    "country",
    "country_campaign",
    "channel_format",
    "position",
    "category",
    "category_campaign",
    "interest_match",
    "segment_match",
    "exposures",
];

const EXPOSURES: usize = 19;

const fn index(feature: usize, value: u64) -> u32 {
    let spread = join(value, mix(feature as u64 + 1));
    (spread >> (64 - TABLE_BITS)) as u32
}

/// What belongs to an ad, worked out when it is filed.
#[derive(Clone, Debug, Default)]
pub(super) struct AdFeatures {
    /// Bias, advertiser, campaign, creative and format: the ad's own, request or not.
    own: [u32; 5],
    campaign: u64,
    creative: u64,
    format: u64,
    /// What it is about, in Content 3.x, with ancestors.
    about: SmallVec<[CategoryId; 6]>,
    /// Whether it reaches an audience segment.
    by_segment: bool,
    worth: Worth,
}

impl AdFeatures {
    pub(super) fn of(creative: CreativeIx, catalog: &Catalog) -> Self {
        let entry = catalog.creative(creative);
        let campaign = catalog.campaign(entry.campaign);
        let format = format(&entry.creative.content);
        let spread = |ix: u32| mix(u64::from(ix));
        let (of_campaign, of_creative) = (spread(entry.campaign.0), spread(creative.0));
        let own = [0, spread(campaign.advertiser.0), of_campaign, of_creative, format];
        let targeting = &campaign.campaign.targeting;
        let mut about = SmallVec::new();
        about_of(&entry.creative.categories, &mut about);
        if about.is_empty() {
            about_of(&targeting.categories, &mut about);
        }
        Self {
            own: [0, 1, 2, 3, 4].map(|place| index(place, own[place])),
            campaign: of_campaign,
            creative: of_creative,
            format,
            about,
            by_segment: !targeting.segments.is_empty(),
            worth: Worth::of(&campaign.campaign),
        }
    }

    /// Returns the features it has without any request.
    pub(super) const fn own(&self) -> &[u32; 5] {
        &self.own
    }

    /// Returns what its campaign pays for.
    pub(super) const fn worth(&self) -> Worth {
        self.worth
    }
}

fn format(content: &Content) -> u64 {
    let detail = match content {
        Content::Html { size, .. } | Content::Image { size, .. } => {
            u64::from(size.w) << 16 | u64::from(size.h)
        }
        Content::Video(content) | Content::Audio(content) => u64::from(content.duration_s),
        Content::Native(_) => 0,
    };
    mix((content.kind() as u64) << 40 | detail)
}

/// Adds categories in Content 3.x and their ancestors, six in all at most.
fn about_of(categories: &[CategoryId], about: &mut SmallVec<[CategoryId; 6]>) {
    for mapped in categories.iter().filter_map(|c| taxonomy::to_content3(*c)) {
        for category in std::iter::successors(Some(mapped), |c| taxonomy::parent(*c)) {
            if about.len() < 6 && !about.contains(&category) {
                about.push(category);
            }
        }
    }
}

/// What belongs to a request, worked out once.
#[derive(Clone, Debug)]
pub(super) struct RequestFeatures<'a> {
    publisher: u64,
    device: u64,
    system: u32,
    hour: u32,
    country: u64,
    channel: u64,
    category: u64,
    interests: &'a Interests,
    own: [u32; 4],
}

impl<'a> RequestFeatures<'a> {
    pub(super) fn of(request: &AdRequest, interests: &'a Interests, now: Timestamp) -> Self {
        let (inventory, device) = (&request.inventory, &request.device);
        let name = inventory.domain.as_deref().or(inventory.bundle.as_deref());
        let publisher = fnv(name.or(inventory.publisher.as_deref()).unwrap_or(""));
        let offset = Span::from_secs(60 * i64::from(device.utc_offset_minutes.unwrap_or(0)));
        let hour = u64::from(now.hour_of_week(offset)) % 24;
        let country = fnv(device.geo.country.as_ref().map_or("", |c| c.as_str()));
        let kind = mix(device.kind as u64);
        let category = inventory.categories.iter().find_map(|c| taxonomy::to_content3(*c));
        let category = mix(category.map_or(0, CategoryId::packed));
        Self {
            publisher,
            device: kind,
            system: index(9, fnv(device.os.as_deref().unwrap_or(""))),
            hour: index(10, mix(hour)),
            country,
            channel: mix(inventory.channel as u64),
            category,
            interests,
            own: [index(5, publisher), index(7, kind), index(11, country), index(15, category)],
        }
    }

    /// Returns the features of an ad for an imp. `exposures` is how often the user saw the creative lately.
    pub(super) fn with<'m>(
        &self,
        imp: ImpFeatures,
        ad: &'m AdFeatures,
        exposures: u32,
        matched: &mut Matched<'m>,
    ) -> Features {
        let [publisher, device, country, category] = self.own;
        let [bias, advertiser, campaign, creative, format] = ad.own;
        let segment = u64::from(ad.by_segment);
        Features::full([
            bias,
            advertiser,
            campaign,
            creative,
            format,
            publisher,
            index(6, join(self.publisher, ad.creative)),
            device,
            index(8, join(self.device, ad.creative)),
            self.system,
            self.hour,
            country,
            index(12, join(self.country, ad.campaign)),
            index(13, join(self.channel, ad.format)),
            imp.position,
            category,
            index(16, join(self.category, ad.campaign)),
            index(17, matched.of(self.interests, &ad.about)),
            index(18, segment),
            exposure_feature(exposures),
        ])
    }
}

/// How well interests match what the last ad was about: ads found for one request are often about the same.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Matched<'a>(Option<(&'a [CategoryId], u64)>);

impl<'a> Matched<'a> {
    /// Returns how well interests, the same each time, match what an ad is about, in five steps.
    fn of(&mut self, interests: &Interests, about: &'a [CategoryId]) -> u64 {
        match self.0 {
            Some((known, step)) if known == about => step,
            _ => self.0.insert((about, interest_match(interests, about))).1,
        }
    }
}

fn interest_match(interests: &Interests, about: &[CategoryId]) -> u64 {
    if interests.0.is_empty() || about.is_empty() {
        return 5;
    }
    let weight: f32 = about.iter().map(|category| interests.weight(*category)).sum();
    [0.0, 0.1, 0.3, 0.6].iter().filter(|step| weight > **step).count() as u64
}

/// What belongs to an imp.
#[derive(Clone, Copy, Debug)]
pub(super) struct ImpFeatures {
    position: u32,
}

impl ImpFeatures {
    pub(super) fn of(imp: &Imp, kind: MediaKind) -> Self {
        let position =
            imp.media.banner.as_ref().filter(|_| kind == MediaKind::Banner).map_or(0, |b| b.position);
        let value = (kind as u64) << 16 | (imp.placement as u64) << 8 | u64::from(position);
        Self { position: index(14, mix(value)) }
    }
}

/// The steps in which earlier views are counted.
pub(super) const EXPOSURE_STEPS: [u32; 6] = [1, 2, 3, 4, 6, 9];

/// The feature of a creative never seen, as most are.
const UNSEEN: u32 = index(EXPOSURES, 0);

/// Returns the feature of so many earlier views of a creative.
pub(super) fn exposure_feature(exposures: u32) -> u32 {
    if exposures == 0 {
        return UNSEEN;
    }
    let step = EXPOSURE_STEPS.iter().filter(|step| exposures >= **step).count();
    index(EXPOSURES, step as u64)
}
