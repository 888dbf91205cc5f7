//! Whom and what a campaign reaches, and the plain rule that decides it.
//!
//! [`Targeting::admits`] is the definition. The relevance agent compiles the same rule into an index; a test
//! holds the two equal.

use motet_units::{Span, Timestamp};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::{
    codes::{CategoryId, Code},
    request::{AdRequest, Channel, DeviceKind, Geo},
};

/// Whom and what a campaign reaches. An empty list asks for nothing; a filled one needs any of its entries.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Targeting {
    /// Places to reach.
    pub places: Vec<Place>,
    /// Places to leave out.
    pub excluded_places: Vec<Place>,
    /// Device kinds.
    pub devices: Vec<DeviceKind>,
    /// Operating systems, lower case.
    pub systems: Vec<String>,
    /// Languages of content or device.
    pub languages: Vec<Code>,
    /// Site, app or out of home.
    pub channels: Vec<Channel>,
    /// Content categories to reach, each with what lies below it.
    pub categories: Vec<CategoryId>,
    /// Content categories to leave out, each with what lies below it.
    pub excluded_categories: Vec<CategoryId>,
    /// Audience segments (`provider/segment`).
    pub segments: Vec<String>,
    /// Audience segments to leave out.
    pub excluded_segments: Vec<String>,
    /// Keywords of content or user, lower case.
    pub keywords: Vec<String>,
    /// Domains or bundles to reach, lower case.
    pub publishers: Vec<String>,
    /// Deals to use; a campaign with deals bids on these alone.
    pub deals: Vec<String>,
    /// Hours of the week in the campaign's clock; empty means always.
    pub dayparts: Vec<Daypart>,
}

/// A country, a region of it, or a city.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place {
    /// ISO 3166 alpha-3.
    pub country: Code,
    /// ISO 3166-2 without the country, upper case; `None` means the whole country.
    pub region: Option<String>,
    /// City, lower case; `None` means the whole region.
    pub city: Option<String>,
}

impl Place {
    /// Tells whether somewhere lies here; what is not known is not here.
    pub fn holds(&self, geo: &Geo) -> bool {
        let region = self.region.is_none() || self.region == geo.region;
        let city = self.city.is_none() || self.city == geo.city;
        geo.country == Some(self.country) && region && city
    }
}

/// Some hours on some days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Daypart {
    /// Days as bits, bit 0 Monday to bit 6 Sunday.
    pub days: u8,
    /// The first hour, 0 to 23.
    pub from_hour: u8,
    /// The hour it ends before, 1 to 24, above the first.
    pub to_hour: u8,
}

impl Daypart {
    /// Tells whether an hour of the week (0 is Monday 00:00) lies within.
    pub const fn holds(&self, hour_of_week: u8) -> bool {
        let (day, hour) = (hour_of_week / 24, hour_of_week % 24);
        self.days >> day & 1 == 1 && self.from_hour <= hour && hour < self.to_hour
    }
}

/// Returns a category and all its ancestors that a request's category stands for.
pub type Ancestors = fn(CategoryId) -> Option<CategoryId>;

/// Tells whether a category is, or lies below, any of a list. `parent` gives a category's parent.
pub fn is_among(category: CategoryId, list: &[CategoryId], parent: Ancestors) -> bool {
    if list.is_empty() {
        return false;
    }
    let mut next = Some(category);
    while let Some(current) = next {
        if list.contains(&current) {
            return true;
        }
        next = parent(current);
    }
    false
}

/// A request's content categories with all that lies above them, each once: worked out once and asked of every ad.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Lineage(SmallVec<[CategoryId; 16]>);

impl Lineage {
    /// Works out the lineage of some categories. `parent` gives a category's parent.
    ///
    /// ```
    /// use motet_model::{targeting::Lineage, taxonomy};
    /// let lineage = Lineage::of(&["9:533".parse().unwrap()], taxonomy::parent);
    /// assert!(lineage.meets(&["9:483".parse().unwrap()]), "Soccer lies below Sports");
    /// ```
    pub fn of(categories: &[CategoryId], parent: Ancestors) -> Self {
        let mut all = SmallVec::new();
        for category in categories {
            let mut next = Some(*category);
            while let Some(current) = next.filter(|category| !all.contains(category)) {
                all.push(current);
                next = parent(current);
            }
        }
        Self(all)
    }

    /// Tells whether any of a list is among them.
    pub fn meets(&self, list: &[CategoryId]) -> bool {
        list.iter().any(|category| self.0.contains(category))
    }

    /// Iterates over them, each category before those above it.
    pub fn iter(&self) -> impl Iterator<Item = CategoryId> {
        self.0.iter().copied()
    }
}

/// Which lists of a targeting are filled: a bit for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Asks(u16);

impl Asks {
    const CATEGORIES: u16 = 1;

    /// Reads a targeting. Deals are no part of it: they are matched per imp.
    pub fn of(targeting: &Targeting) -> Self {
        let Targeting { categories, places, excluded_places, devices, systems, languages, .. } = targeting;
        let Targeting { channels, excluded_categories, segments, excluded_segments, .. } = targeting;
        let Targeting { keywords, publishers, dayparts, .. } = targeting;
        let filled = [
            !categories.is_empty(),
            !places.is_empty(),
            !excluded_places.is_empty(),
            !devices.is_empty(),
            !systems.is_empty(),
            !languages.is_empty(),
            !channels.is_empty(),
            !excluded_categories.is_empty(),
            !segments.is_empty(),
            !excluded_segments.is_empty(),
            !keywords.is_empty(),
            !publishers.is_empty(),
            !dayparts.is_empty(),
        ];
        Self(filled.iter().zip(0..).fold(0, |bits, (filled, place)| bits | u16::from(*filled) << place))
    }

    /// Tells whether content categories are asked for.
    pub const fn categories(self) -> bool {
        self.0 & Self::CATEGORIES != 0
    }

    /// Tells whether anything else is asked for, or kept away from.
    pub const fn more_than_categories(self) -> bool {
        self.0 & !Self::CATEGORIES != 0
    }
}

fn any_or_empty<T>(wanted: &[T], mut holds: impl FnMut(&T) -> bool) -> bool {
    wanted.is_empty() || wanted.iter().any(&mut holds)
}

impl Targeting {
    /// Tells whether a request is one the campaign reaches. Deals are matched per imp, by [`Targeting::admits_deal`].
    pub fn admits(&self, request: &AdRequest, now: Timestamp, utc_offset: Span, parent: Ancestors) -> bool {
        let lineage = Lineage::of(&request.inventory.categories, parent);
        self.admits_lineage(request, &lineage, now, utc_offset)
    }

    /// The same, where the lineage of the request's categories is known already.
    pub fn admits_lineage(
        &self,
        request: &AdRequest,
        lineage: &Lineage,
        now: Timestamp,
        utc_offset: Span,
    ) -> bool {
        self.admits_device(request)
            && self.admits_content(request, lineage)
            && self.admits_audience(request)
            && any_or_empty(&self.dayparts, |part| part.holds(now.hour_of_week(utc_offset)))
    }

    fn admits_device(&self, request: &AdRequest) -> bool {
        let geo = &request.device.geo;
        any_or_empty(&self.places, |place| place.holds(geo))
            && !self.excluded_places.iter().any(|place| place.holds(geo))
            && any_or_empty(&self.devices, |kind| *kind == request.device.kind)
            && any_or_empty(&self.systems, |os| request.device.os.as_ref() == Some(os))
            && any_or_empty(&self.languages, |language| {
                request.inventory.language == Some(*language) || request.device.language == Some(*language)
            })
    }

    fn admits_content(&self, request: &AdRequest, lineage: &Lineage) -> bool {
        let inventory = &request.inventory;
        any_or_empty(&self.channels, |channel| *channel == inventory.channel)
            && (self.categories.is_empty() || lineage.meets(&self.categories))
            && !lineage.meets(&self.excluded_categories)
            && any_or_empty(&self.publishers, |publisher| {
                inventory.domain.as_ref() == Some(publisher) || inventory.bundle.as_ref() == Some(publisher)
            })
    }

    fn admits_audience(&self, request: &AdRequest) -> bool {
        let user = &request.user;
        any_or_empty(&self.segments, |segment| user.segments.contains(segment))
            && !self.excluded_segments.iter().any(|segment| user.segments.contains(segment))
            && any_or_empty(&self.keywords, |word| {
                request.inventory.keywords.contains(word) || user.keywords.contains(word)
            })
    }

    /// Tells whether the campaign bids under a deal (`Some`) or in the open auction (`None`).
    pub fn admits_deal(&self, deal: Option<&str>) -> bool {
        match deal {
            None => self.deals.is_empty(),
            Some(id) => self.deals.iter().any(|wanted| wanted == id),
        }
    }
}
