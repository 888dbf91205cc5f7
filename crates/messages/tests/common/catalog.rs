//! Changes, catalogs and policies.

use motet_model::{
    campaign::{
        Advertiser, BrandSafety, Budget, Campaign, Content, Creative, Flight, FrequencyCap, Goal, ImageFile,
        MediaFile, NativeContent, Pacing, Risk, SensitiveTopic, Status, TimedContent, UnknownUser,
    },
    catalog::{Catalog, Change, Switch},
    request::{Channel, DeviceKind},
    targeting::{Daypart, Place, Targeting},
};
use motet_policy::{AgentPolicy, Body, LayerSpec, NetworkSpec, Number, PolicySet, TableSpec};

use super::Draw;

impl Draw {
    fn name(&mut self, kind: &str) -> String {
        format!("{kind}-{}", self.below(4))
    }

    fn status(&mut self) -> Status {
        self.pick(&[Status::Active, Status::Paused])
    }

    pub(crate) fn risk(&mut self) -> Risk {
        self.pick(&[Risk::None, Risk::Low, Risk::Medium, Risk::High, Risk::Floor])
    }

    pub(crate) fn topic(&mut self) -> SensitiveTopic {
        self.pick(&SensitiveTopic::ALL)
    }

    fn advertiser(&mut self) -> Advertiser {
        Advertiser {
            id: self.name("a"),
            name: self.text(),
            seat: self.text(),
            brand_safety: BrandSafety { most: self.risk(), topics: self.some(3, |d| (d.topic(), d.risk())) },
            blocked_publishers: self.some(2, Self::text),
            blocked_content: self.some(2, Self::category),
            status: self.status(),
        }
    }

    fn place(&mut self) -> Place {
        Place { country: self.country(), region: self.maybe(Self::text), city: self.maybe(Self::text) }
    }

    fn targeting(&mut self) -> Targeting {
        Targeting {
            places: self.some(2, Self::place),
            excluded_places: self.some(2, Self::place),
            devices: self.some(2, |d| d.pick(&[DeviceKind::Phone, DeviceKind::Unknown])),
            systems: self.some(2, Self::text),
            languages: self.some(2, Self::language),
            channels: self.some(2, |d| d.pick(&[Channel::Site, Channel::Unknown])),
            categories: self.some(2, Self::category),
            excluded_categories: self.some(2, Self::category),
            segments: self.some(2, Self::text),
            excluded_segments: self.some(2, Self::text),
            keywords: self.some(2, Self::text),
            publishers: self.some(2, Self::text),
            deals: self.some(2, Self::text),
            dayparts: self.some(2, |d| Daypart { days: d.u8(), from_hour: d.u8(), to_hour: d.u8() }),
        }
    }

    fn goal(&mut self) -> Goal {
        match self.below(4) {
            0 => Goal::Cpm { price: self.price() },
            1 => Goal::Cpc { click: self.amount() },
            2 => Goal::Cpa { conversion: self.amount() },
            _ => Goal::TargetRoas { sale: self.amount(), return_millis: self.u32() },
        }
    }

    fn campaign(&mut self) -> Campaign {
        let id = self.name("c");
        Campaign {
            // A campaign's owner never changes, so it follows from the campaign's name.
            advertiser: id.replace('c', "a"),
            id,
            name: self.text(),
            status: self.status(),
            budget: Budget { total: self.maybe(Self::amount), daily: self.maybe(Self::amount) },
            goal: self.goal(),
            most_cpm: self.maybe(Self::price),
            flight: Flight { start: self.moment(), end: self.maybe(Self::moment), utc_offset: self.span() },
            pacing: self.pick(&[Pacing::Even, Pacing::Asap, Pacing::FrontLoaded]),
            frequency: self.maybe(|d| FrequencyCap {
                impressions: d.u16(),
                per: d.span(),
                unknown_user: d.pick(&[UnknownUser::Serve, UnknownUser::Skip]),
            }),
            targeting: self.targeting(),
        }
    }

    fn image(&mut self) -> ImageFile {
        ImageFile { url: self.text(), size: self.size() }
    }

    fn timed_content(&mut self) -> TimedContent {
        TimedContent {
            duration_s: self.u32(),
            files: self.some(2, |d| MediaFile {
                url: d.text(),
                mime: d.mimes(),
                size: d.maybe(Self::size),
                bitrate_kbps: d.u32(),
            }),
        }
    }

    fn content(&mut self) -> Content {
        match self.below(5) {
            0 => Content::Html { size: self.size(), markup: self.text() },
            1 => Content::Image { size: self.size(), url: self.text(), mime: self.mimes() },
            2 => Content::Video(self.timed_content()),
            3 => Content::Audio(self.timed_content()),
            _ => Content::Native(NativeContent {
                title: self.text(),
                icon: self.maybe(Self::image),
                image: self.maybe(Self::image),
                texts: self.some(2, |d| (d.u16(), d.text())),
            }),
        }
    }

    fn creative(&mut self) -> Creative {
        let id = self.name("r");
        Creative {
            campaign: id.replace('r', "c"),
            id,
            status: self.status(),
            domains: self.some(2, Self::text),
            bundle: self.maybe(Self::text),
            categories: self.some(2, Self::category),
            attributes: self.codes(),
            language: self.maybe(Self::language),
            landing_page: self.text(),
            content: self.content(),
        }
    }

    fn switch(&mut self) -> Switch {
        match self.below(5) {
            0 => Switch::Everything,
            1 => Switch::Advertiser(self.name("a")),
            2 => Switch::Campaign(self.name("c")),
            3 => Switch::Creative(self.name("r")),
            _ => Switch::Publisher(self.text()),
        }
    }

    pub(crate) fn change(&mut self) -> Change {
        match self.below(14) {
            0..=2 => Change::PutAdvertiser(self.advertiser()),
            3..=5 => Change::PutCampaign(self.campaign()),
            6..=8 => Change::PutCreative(self.creative()),
            9 => Change::RemoveCreative(self.name("r")),
            10 => Change::RemoveCampaign(self.name("c")),
            11 => Change::RemoveAdvertiser(self.name("a")),
            12 => Change::Kill(self.switch()),
            _ => Change::Revive(self.switch()),
        }
    }

    /// Draws a catalog that changes have built, refused ones among them.
    pub(crate) fn catalog(&mut self) -> Catalog {
        let mut catalog = Catalog::default();
        for _ in 0..self.below(60) {
            // A change that refers to nothing leaves the catalog as it is.
            let _ = catalog.apply(&self.change());
        }
        catalog
    }

    fn number(&mut self) -> Number {
        Number { name: self.text(), unit: self.text(), least: -1.5, most: self.unit(), default: self.unit() }
    }

    fn body(&mut self) -> Body {
        match self.below(3) {
            0 => Body::Constant(self.some(3, Self::unit)),
            1 => Body::Table(TableSpec {
                version: self.text(),
                edges: self.some(3, |d| d.some(3, Self::unit)),
                actions: self.some(3, |d| d.some(3, Self::unit)),
            }),
            _ => Body::Network(NetworkSpec {
                means: self.some(3, |d| d.unit() as f32),
                factors: self.some(3, |d| d.unit() as f32),
                layers: self.some(2, |d| LayerSpec {
                    inputs: d.below(1_000) as usize,
                    outputs: d.below(1_000) as usize,
                    weight: d.some(4, |d| d.unit() as f32),
                    bias: d.some(4, |d| d.unit() as f32),
                }),
            }),
        }
    }

    pub(crate) fn policies(&mut self) -> PolicySet {
        PolicySet {
            version: self.text(),
            agents: self.some(3, |d| AgentPolicy {
                agent: d.text(),
                version: d.text(),
                observation: d.some(2, Self::number),
                action: d.some(2, Self::number),
                body: d.body(),
            }),
        }
    }
}
