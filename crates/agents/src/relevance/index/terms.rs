//! What an ad is filed under: one term per value it asks for, is made of, or keeps away from.
//!
//! A term is a 64-bit hash of (dimension, value). Two values of one dimension share a term with a chance of about
//! n² / 2^65: nothing at the sizes here, and a shared term of a wanted value is caught by the exact check.

use motet_model::{
    campaign::{Advertiser, Content},
    catalog::{CampaignEntry, CreativeEntry},
    codes::CategoryId,
    request::{MediaKind, Size},
    targeting::{Ancestors, Place, Targeting},
};
use motet_units::{Span, Timestamp};
use smallvec::SmallVec;

use crate::relevance::hash::{fnv, mix};

/// Dimensions in which an ad that asks for nothing takes everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(super) enum Wish {
    Place,
    Device,
    System,
    Language,
    Channel,
    Category,
    Segment,
    Keyword,
    Publisher,
    Daypart,
    AdLanguage,
}

/// How many wishes there are.
pub(super) const WISHES: usize = 11;

impl Wish {
    pub(super) const ALL: [Self; WISHES] = [
        Self::Place,
        Self::Device,
        Self::System,
        Self::Language,
        Self::Channel,
        Self::Category,
        Self::Segment,
        Self::Keyword,
        Self::Publisher,
        Self::Daypart,
        Self::AdLanguage,
    ];
}

/// All dimensions.
#[derive(Clone, Copy, Debug)]
pub(super) enum Dim {
    Wished(Wish),
    NotPlace,
    NotCategory,
    NotSegment,
    Deal,
    Kind,
    Size,
    Duration,
    Secure,
    AdCategory,
    AdDomain,
    AdBundle,
    Seat,
    Advertiser,
    BrandSafety,
}

impl Dim {
    const fn number(self) -> u64 {
        match self {
            Self::Wished(wish) => wish as u64,
            Self::NotPlace => 20,
            Self::NotCategory => 21,
            Self::NotSegment => 22,
            Self::Deal => 23,
            Self::Kind => 24,
            Self::Size => 25,
            Self::Duration => 26,
            Self::Secure => 27,
            Self::AdCategory => 28,
            Self::AdDomain => 29,
            Self::AdBundle => 30,
            Self::Seat => 31,
            Self::Advertiser => 32,
            Self::BrandSafety => 33,
        }
    }
}

/// A (dimension, value) as one number.
pub(super) type Term = u64;

/// The top bit of a term tells values of which every ad brings its own. They are looked up apart, so that the few
/// values all ads share stay close together in memory.
pub(super) const BULKY: Term = 1 << 63;

pub(super) const fn number(dim: Dim, value: u64) -> Term {
    let spread = mix(value ^ mix(dim.number() + 1)) & !BULKY;
    if matches!(dim, Dim::AdDomain | Dim::AdBundle | Dim::Advertiser) { spread | BULKY } else { spread }
}

pub(super) fn text(dim: Dim, value: &str) -> Term {
    number(dim, fnv(value))
}

/// The value of "bids in the open auction" among deals; no deal's name hashes to it but by chance.
pub(super) const OPEN: u64 = 0;

pub(super) fn place(dim: Dim, country: &str, region: Option<&str>, city: Option<&str>) -> Term {
    let part = |text: Option<&str>| text.map_or(1, |t| fnv(t) | 2);
    number(dim, mix(mix(fnv(country) ^ part(region)).wrapping_add(part(city))))
}

fn of_place(dim: Dim, at: &Place) -> Term {
    place(dim, at.country.as_str(), at.region.as_deref(), at.city.as_deref())
}

pub(super) const fn size(size: Size) -> Term {
    number(Dim::Size, (size.w as u64) << 16 | size.h as u64)
}

pub(super) const fn duration(kind: MediaKind, seconds: u32) -> Term {
    number(Dim::Duration, (kind as u64) << 32 | seconds as u64)
}

/// The hours of the week an ad runs in, in a clock of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hours {
    offset: Span,
    within: [u64; 3],
}

impl Hours {
    fn of(targeting: &Targeting, offset: Span) -> Option<Self> {
        if targeting.dayparts.is_empty() {
            return None;
        }
        let mut within = [0; 3];
        for hour in (0..168_u8).filter(|hour| targeting.dayparts.iter().any(|part| part.holds(*hour))) {
            within[usize::from(hour / 64)] |= 1 << (hour % 64);
        }
        Some(Self { offset, within })
    }

    pub(super) const fn hold(&self, now: Timestamp) -> bool {
        let hour = now.hour_of_week(self.offset);
        self.within[(hour / 64) as usize] >> (hour % 64) & 1 == 1
    }
}

/// What one ad is filed under.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Filing {
    pub(super) terms: SmallVec<[Term; 24]>,
    /// Bit per [`Wish`] the ad states.
    pub(super) wished: u16,
    /// The hours of the week it runs in, where stated.
    pub(super) hours: Option<Hours>,
    /// Whether it keeps away from places, categories or segments.
    pub(super) refuses: [bool; 3],
    /// The duration of a video or audio ad.
    pub(super) duration: Option<(MediaKind, u32)>,
}

impl Filing {
    fn wish(&mut self, wish: Wish, terms: impl Iterator<Item = Term>) {
        let before = self.terms.len();
        self.terms.extend(terms);
        if self.terms.len() > before {
            self.wished |= 1 << wish as u8;
        }
    }

    fn add(&mut self, term: Term) {
        if !self.terms.contains(&term) {
            self.terms.push(term);
        }
    }
}

/// Files an ad. `safety` numbers the advertiser's brand safety among all that are known.
pub(super) fn file(
    entry: &CreativeEntry,
    campaign: &CampaignEntry,
    advertiser: &Advertiser,
    safety: u64,
    parent: Ancestors,
) -> Filing {
    let mut filing = Filing::default();
    let targeting = &campaign.campaign.targeting;
    file_wishes(&mut filing, targeting);
    filing.hours = Hours::of(targeting, campaign.campaign.flight.utc_offset);
    filing.wished |= u16::from(filing.hours.is_some()) << Wish::Daypart as u8;
    file_refusals(&mut filing, targeting);
    file_creative(&mut filing, entry, parent);
    filing.add(text(Dim::Seat, &advertiser.seat));
    filing.add(number(Dim::Advertiser, u64::from(campaign.advertiser.0)));
    filing.add(number(Dim::BrandSafety, safety));
    filing
}

fn file_wishes(filing: &mut Filing, targeting: &Targeting) {
    let wished = |wish| move |value: &String| text(Dim::Wished(wish), value);
    let coded = |wish, code: u64| number(Dim::Wished(wish), code);
    filing.wish(Wish::Place, targeting.places.iter().map(|p| of_place(Dim::Wished(Wish::Place), p)));
    filing.wish(Wish::Device, targeting.devices.iter().map(|d| coded(Wish::Device, *d as u64)));
    filing.wish(Wish::System, targeting.systems.iter().map(wished(Wish::System)));
    filing.wish(
        Wish::Language,
        targeting.languages.iter().map(|l| text(Dim::Wished(Wish::Language), l.as_str())),
    );
    filing.wish(Wish::Channel, targeting.channels.iter().map(|c| coded(Wish::Channel, *c as u64)));
    filing.wish(Wish::Category, targeting.categories.iter().map(|c| coded(Wish::Category, c.packed())));
    filing.wish(Wish::Segment, targeting.segments.iter().map(wished(Wish::Segment)));
    filing.wish(Wish::Keyword, targeting.keywords.iter().map(wished(Wish::Keyword)));
    filing.wish(Wish::Publisher, targeting.publishers.iter().map(wished(Wish::Publisher)));
    if targeting.deals.is_empty() {
        filing.add(number(Dim::Deal, OPEN));
    }
    targeting.deals.iter().for_each(|deal| filing.terms.push(text(Dim::Deal, deal)));
}

fn file_refusals(filing: &mut Filing, targeting: &Targeting) {
    filing.terms.extend(targeting.excluded_places.iter().map(|p| of_place(Dim::NotPlace, p)));
    filing.terms.extend(targeting.excluded_categories.iter().map(|c| number(Dim::NotCategory, c.packed())));
    filing.terms.extend(targeting.excluded_segments.iter().map(|s| text(Dim::NotSegment, s)));
    filing.refuses = [
        !targeting.excluded_places.is_empty(),
        !targeting.excluded_categories.is_empty(),
        !targeting.excluded_segments.is_empty(),
    ];
}

fn file_creative(filing: &mut Filing, entry: &CreativeEntry, parent: Ancestors) {
    let creative = &entry.creative;
    let kind = creative.content.kind();
    filing.add(number(Dim::Kind, kind as u64));
    if let Some(of_banner) = creative.content.size() {
        filing.add(size(of_banner));
    }
    if let Content::Video(content) | Content::Audio(content) = &creative.content {
        filing.add(duration(kind, content.duration_s));
        filing.duration = Some((kind, content.duration_s));
    }
    if entry.secure {
        filing.add(number(Dim::Secure, 0));
    }
    filing.wish(
        Wish::AdLanguage,
        creative.language.iter().map(|l| text(Dim::Wished(Wish::AdLanguage), l.as_str())),
    );
    for category in creative.categories.iter().flat_map(|c| with_ancestors(*c, parent)) {
        filing.add(number(Dim::AdCategory, category.packed()));
    }
    for domain in creative.domains.iter().flat_map(|d| with_parents(d)) {
        filing.add(text(Dim::AdDomain, domain));
    }
    if let Some(bundle) = &creative.bundle {
        filing.add(text(Dim::AdBundle, bundle));
    }
}

/// Iterates over a category and all above it.
pub(super) fn with_ancestors(category: CategoryId, parent: Ancestors) -> impl Iterator<Item = CategoryId> {
    std::iter::successors(Some(category), move |c| parent(*c))
}

/// Iterates over a domain and all it lies below: `shop.example.com`, `example.com`, `com`.
fn with_parents(domain: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(domain), |d| d.split_once('.').map(|(_, rest)| rest))
}
