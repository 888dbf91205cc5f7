//! Requests.

use motet_model::request::{
    Access, AdRequest, Banner, Blocks, Channel, ClientHints, Completeness, CurrencyRate, Deal, DealPricing,
    Device, DeviceKind, DurationFloor, Durations, Geo, Imp, Inventory, Media, MediaKind, Mode, Native,
    NativeAsset, NativeAssetKind, Need, Oddities, Ownership, Placement, Pricing, Privacy, Security, Size,
    SupplyChain, Timed, User,
};

use crate::{
    Error,
    proto::{self, durations, native_asset},
    wire::{Wire, chosen, names, need, records},
};

names! {
    Mode { Live, Test }
    Pricing { FirstPrice, SecondPrice }
    Access { Open, DealsOnly }
    Security { Any, HttpsOnly }
    Placement { Ordinary, Interstitial, Rewarded }
    MediaKind { Banner, Video, Audio, Native }
    Channel { Site, App, Dooh; Unknown }
    Ownership { Exchange, Owned }
    DeviceKind { Phone, Tablet, Computer, Tv, Connected, Screen; Unknown }
    Completeness { Absent, Incomplete, Complete }
    Need { Required, Optional }
}

records! {
    AdRequest => AdRequest {
        [id, imps, pricing, languages, mode]
        [tmax: tmax_us]
        [inventory, device, user, privacy, blocks, currency, supply, oddities]
    }
    CurrencyRate => CurrencyRate { [code, nanos_per_unit] [] [] }
    Imp => Imp {
        [id, deals, access, secure, tag, quantity_millis, placement, metric_viewability]
        [floor: floor_cpm_micros, expiry: expiry_us]
        [media]
    }
    Media => Media { [banner, video, audio, native] [] [] }
    Size => Size { [w, h] [] [] }
    Banner => Banner { [sizes, blocked_attributes, mimes, position] [] [] }
    Timed => Timed {
        [mimes, protocols, blocked_attributes, size, duration_floors]
        [floor_per_second: floor_per_second_cpm_micros]
        [durations]
    }
    DurationFloor => DurationFloor { [] [least: least_s, most: most_s, floor: floor_cpm_micros] [] }
    Native => Native { [assets, blocked_attributes] [] [] }
    Deal => Deal {
        [id, seats, advertiser_domains]
        [floor: floor_cpm_micros, pricing: auction]
        []
    }
    Inventory => Inventory {
        [channel, ownership, id, domain, bundle, page, publisher, categories, keywords, language, title]
        []
        []
    }
    Device => Device {
        [kind, user_agent, hints, ip, language, os, make, screen, utc_offset_minutes]
        []
        [geo]
    }
    ClientHints => ClientHints { [platform, browsers, mobile] [] [] }
    Geo => Geo { [country, region, city] [] [] }
    User => User { [key, segments, keywords] [] [] }
    Privacy => Privacy {
        [coppa, gdpr, tcf, us_privacy, gpp, gpp_sections, limit_tracking, do_not_track, child]
        []
        []
    }
    Blocks => Blocks {
        [categories, allowed_categories, domains, bundles, allowed_seats, blocked_seats]
        []
        []
    }
    SupplyChain => SupplyChain { [completeness, systems] [] [] }
    Oddities => Oddities { [hidden_slots, stacked_slots, mixed_channels, unreadable_ip] [] [] }
}

impl Wire<Option<i32>> for DealPricing {
    fn put(&self) -> Option<i32> {
        match self {
            Self::Auction(pricing) => Some(pricing.put()),
            Self::Fixed => None,
        }
    }

    fn take(wire: Option<i32>, field: &'static str) -> Result<Self, Error> {
        wire.map_or(Ok(Self::Fixed), |wire| Pricing::take(wire, field).map(Self::Auction))
    }
}

impl Wire<proto::Durations> for Durations {
    fn put(&self) -> proto::Durations {
        let durations = match self {
            Self::Between { least, most } => {
                durations::Durations::Between(durations::Between { least_s: *least, most_s: *most })
            }
            Self::OneOf(exact) => durations::Durations::OneOf(durations::OneOf { exact_s: exact.put() }),
        };
        proto::Durations { durations: Some(durations) }
    }

    fn take(wire: proto::Durations, _: &'static str) -> Result<Self, Error> {
        Ok(match chosen(wire.durations, "Durations.durations")? {
            durations::Durations::Between(between) => {
                Self::Between { least: between.least_s, most: between.most_s }
            }
            durations::Durations::OneOf(one_of) => Self::OneOf(one_of.exact_s.into()),
        })
    }
}

impl Wire<proto::NativeAsset> for NativeAsset {
    fn put(&self) -> proto::NativeAsset {
        let picture = |least: Size| native_asset::Picture { least: Some(least.put()) };
        let kind = match self.kind {
            NativeAssetKind::Title { length } => native_asset::Kind::Title(native_asset::Title { length }),
            NativeAssetKind::Icon { least } => native_asset::Kind::Icon(picture(least)),
            NativeAssetKind::Image { least } => native_asset::Kind::Image(picture(least)),
            NativeAssetKind::Data { kind, length } => {
                native_asset::Kind::Data(native_asset::Text { kind: kind.put(), length })
            }
            NativeAssetKind::Unsupported => {
                native_asset::Kind::Unsupported(native_asset::Unsupported::default())
            }
        };
        proto::NativeAsset { id: self.id, need: self.need.put(), kind: Some(kind) }
    }

    fn take(wire: proto::NativeAsset, _: &'static str) -> Result<Self, Error> {
        let least = |picture: native_asset::Picture| need(picture.least, "NativeAsset.Picture.least");
        let kind = match chosen(wire.kind, "NativeAsset.kind")? {
            native_asset::Kind::Title(title) => NativeAssetKind::Title { length: title.length },
            native_asset::Kind::Icon(icon) => NativeAssetKind::Icon { least: least(icon)? },
            native_asset::Kind::Image(image) => NativeAssetKind::Image { least: least(image)? },
            native_asset::Kind::Data(text) => NativeAssetKind::Data {
                kind: Wire::take(text.kind, "NativeAsset.Text.kind")?,
                length: text.length,
            },
            native_asset::Kind::Unsupported(_) => NativeAssetKind::Unsupported,
        };
        Ok(Self { id: wire.id, need: Wire::take(wire.need, "NativeAsset.need")?, kind })
    }
}
