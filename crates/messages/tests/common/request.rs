//! Requests.

use std::net::IpAddr;

use motet_model::{
    codes::{Code, Mimes},
    ids::UserKey,
    request::{
        Access, AdRequest, Banner, Blocks, Channel, ClientHints, Completeness, CurrencyRate, Deal,
        DealPricing, Device, DeviceKind, DurationFloor, Durations, Geo, Imp, Inventory, Media, Mode, Native,
        NativeAsset, NativeAssetKind, Need, Oddities, Ownership, Placement, Pricing, Privacy, Security, Size,
        SupplyChain, Timed, User,
    },
};

use super::Draw;

impl Draw {
    pub(crate) fn size(&mut self) -> Size {
        Size { w: self.u16(), h: self.u16() }
    }

    pub(crate) fn mimes(&mut self) -> Mimes {
        let names = ["video/mp4", "audio/mpeg", "image/jpeg", "text/html", "application/dash+xml"];
        let drawn: Vec<Mimes> = self.some(4, |d| Mimes::of(d.pick(&names)).unwrap());
        drawn.into_iter().fold(Mimes::EMPTY, Mimes::union)
    }

    pub(crate) fn language(&mut self) -> Code {
        Code::language(self.pick(&["en", "deu", "zh"])).unwrap()
    }

    pub(crate) fn country(&mut self) -> Code {
        Code::country(self.pick(&["DEU", "USA", "GB"])).unwrap()
    }

    pub(crate) fn pricing(&mut self) -> Pricing {
        self.pick(&[Pricing::FirstPrice, Pricing::SecondPrice])
    }

    pub(crate) fn ownership(&mut self) -> Ownership {
        self.pick(&[Ownership::Exchange, Ownership::Owned])
    }

    fn timed(&mut self) -> Timed {
        let durations = if self.flip() {
            Durations::Between { least: self.u32(), most: self.u32() }
        } else {
            Durations::OneOf(self.some(5, Self::u32))
        };
        Timed {
            mimes: self.mimes(),
            durations,
            protocols: self.codes(),
            blocked_attributes: self.codes(),
            size: self.maybe(Self::size),
            duration_floors: self.some(3, |d| DurationFloor {
                least: d.u32(),
                most: d.u32(),
                floor: d.price(),
            }),
            floor_per_second: self.maybe(Self::price),
        }
    }

    fn asset(&mut self) -> NativeAsset {
        let kind = match self.below(5) {
            0 => NativeAssetKind::Title { length: self.u32() },
            1 => NativeAssetKind::Icon { least: self.size() },
            2 => NativeAssetKind::Image { least: self.size() },
            3 => NativeAssetKind::Data { kind: self.u16(), length: self.u32() },
            _ => NativeAssetKind::Unsupported,
        };
        NativeAsset {
            id: self.within(i64::MIN / 4, i64::MAX / 4),
            need: self.pick(&[Need::Required, Need::Optional]),
            kind,
        }
    }

    fn media(&mut self) -> Media {
        Media {
            banner: self.maybe(|d| Banner {
                sizes: d.some(5, Self::size),
                blocked_attributes: d.codes(),
                mimes: d.mimes(),
                position: d.u8(),
            }),
            video: self.maybe(Self::timed),
            audio: self.maybe(Self::timed),
            native: self.maybe(|d| Native { assets: d.some(4, Self::asset), blocked_attributes: d.codes() }),
        }
    }

    fn deal(&mut self) -> Deal {
        Deal {
            id: self.text(),
            floor: self.price(),
            pricing: if self.flip() { DealPricing::Fixed } else { DealPricing::Auction(self.pricing()) },
            seats: self.some(2, Self::text),
            advertiser_domains: self.some(2, Self::text),
        }
    }

    pub(crate) fn imp(&mut self) -> Imp {
        Imp {
            id: self.text(),
            media: self.media(),
            floor: self.price(),
            deals: self.some(3, Self::deal),
            access: self.pick(&[Access::Open, Access::DealsOnly]),
            secure: self.pick(&[Security::Any, Security::HttpsOnly]),
            tag: self.maybe(Self::text),
            expiry: self.maybe(Self::span),
            quantity_millis: self.u32(),
            placement: self.pick(&[Placement::Ordinary, Placement::Interstitial, Placement::Rewarded]),
            metric_viewability: self.maybe(|d| d.unit() as f32),
        }
    }

    pub(crate) fn inventory(&mut self) -> Inventory {
        Inventory {
            channel: self.pick(&[Channel::Site, Channel::App, Channel::Dooh, Channel::Unknown]),
            ownership: self.ownership(),
            id: self.maybe(Self::text),
            domain: self.maybe(Self::text),
            bundle: self.maybe(Self::text),
            page: self.maybe(Self::text),
            publisher: self.maybe(Self::text),
            categories: self.some(8, Self::category),
            keywords: self.some(3, Self::text),
            language: self.maybe(Self::language),
            title: self.maybe(Self::text),
        }
    }

    pub(crate) fn device(&mut self) -> Device {
        let kinds = [
            DeviceKind::Unknown,
            DeviceKind::Phone,
            DeviceKind::Tablet,
            DeviceKind::Computer,
            DeviceKind::Tv,
            DeviceKind::Connected,
            DeviceKind::Screen,
        ];
        Device {
            kind: self.pick(&kinds),
            user_agent: self.maybe(Self::text),
            hints: self.maybe(|d| ClientHints {
                platform: d.maybe(Self::text),
                browsers: d.some(2, Self::text),
                mobile: d.maybe(Self::flip),
            }),
            ip: self.maybe(|d| d.pick(&["192.0.2.0", "2001:db8::7"]).parse::<IpAddr>().unwrap()),
            geo: Geo {
                country: self.maybe(Self::country),
                region: self.maybe(Self::text),
                city: self.maybe(Self::text),
            },
            language: self.maybe(Self::language),
            os: self.maybe(Self::text),
            make: self.maybe(Self::text),
            screen: self.maybe(Self::size),
            utc_offset_minutes: self.maybe(|d| d.within(-32_768, 32_767) as i16),
        }
    }

    pub(crate) fn user(&mut self) -> User {
        User {
            key: self.maybe(|d| UserKey(d.bits())),
            segments: self.some(3, Self::text),
            keywords: self.some(3, Self::text),
        }
    }

    pub(crate) fn privacy(&mut self) -> Privacy {
        Privacy {
            coppa: self.flip(),
            gdpr: self.maybe(Self::flip),
            tcf: self.maybe(Self::text),
            us_privacy: self.maybe(Self::text),
            gpp: self.maybe(Self::text),
            gpp_sections: self.some(5, Self::u8),
            limit_tracking: self.flip(),
            do_not_track: self.flip(),
            child: self.flip(),
        }
    }

    pub(crate) fn supply(&mut self) -> SupplyChain {
        let all = [Completeness::Absent, Completeness::Incomplete, Completeness::Complete];
        SupplyChain { completeness: self.pick(&all), systems: self.some(3, Self::text) }
    }

    pub(crate) fn oddities(&mut self) -> Oddities {
        Oddities {
            hidden_slots: self.u16(),
            stacked_slots: self.u16(),
            mixed_channels: self.flip(),
            unreadable_ip: self.flip(),
        }
    }

    pub(crate) fn request(&mut self) -> AdRequest {
        AdRequest {
            id: self.text(),
            imps: self.some(3, Self::imp),
            inventory: self.inventory(),
            device: self.device(),
            user: self.user(),
            privacy: self.privacy(),
            blocks: Blocks {
                categories: self.some(3, Self::category),
                allowed_categories: self.some(3, Self::category),
                domains: self.some(2, Self::text),
                bundles: self.some(2, Self::text),
                allowed_seats: self.some(2, Self::text),
                blocked_seats: self.some(2, Self::text),
            },
            pricing: self.pricing(),
            currency: CurrencyRate {
                code: Code::currency(self.pick(&["EUR", "USD"])).unwrap(),
                nanos_per_unit: self.within(1, i64::MAX / 2),
            },
            languages: self.some(3, Self::language),
            tmax: self.maybe(Self::span),
            mode: self.pick(&[Mode::Live, Mode::Test]),
            supply: self.supply(),
            oddities: self.oddities(),
        }
    }
}
