//! A small market: a few campaigns of every goal, and requests that match them.

use motet_model::{
    campaign::*,
    catalog::Change,
    codes::{CategoryId, Code, CodeSet, Mimes, Taxonomy},
    ids::UserKey,
    request::*,
    targeting::Targeting,
};
use motet_units::{CpmMicros, Nanos, Span, Timestamp};

const SIZE: Size = Size { w: 300, h: 250 };

/// Returns the changes for some campaigns with one creative each.
pub(super) fn campaigns(count: usize, daily: f64) -> Vec<Change> {
    let advertiser = Advertiser {
        id: "adv".to_owned(),
        name: "Advertiser".to_owned(),
        seat: "seat".to_owned(),
        brand_safety: BrandSafety { most: Risk::Medium, topics: Vec::new() },
        blocked_publishers: Vec::new(),
        blocked_content: Vec::new(),
        status: Status::Active,
    };
    let mut changes = vec![Change::PutAdvertiser(advertiser)];
    for number in 0..count {
        changes.push(Change::PutCampaign(campaign(number, daily)));
        changes.push(Change::PutCreative(creative(number)));
    }
    changes
}

fn campaign(number: usize, daily: f64) -> Campaign {
    let goal = match number % 4 {
        0 => Goal::Cpm { price: CpmMicros::from_units(2.0 + number as f64) },
        1 => Goal::Cpc { click: Nanos::from_units(0.8) },
        2 => Goal::Cpa { conversion: Nanos::from_units(20.0) },
        _ => Goal::TargetRoas { sale: Nanos::from_units(60.0), return_millis: 3_000 },
    };
    Campaign {
        id: format!("camp-{number}"),
        advertiser: "adv".to_owned(),
        name: format!("Campaign {number}"),
        status: Status::Active,
        budget: Budget { total: None, daily: Some(Nanos::from_units(daily)) },
        goal,
        most_cpm: None,
        flight: Flight { start: Timestamp::from_secs(0), end: None, utc_offset: Span::ZERO },
        pacing: if number.is_multiple_of(2) { Pacing::Asap } else { Pacing::Even },
        frequency: Some(FrequencyCap {
            impressions: 20,
            per: Span::from_secs(3_600),
            unknown_user: UnknownUser::Serve,
        }),
        targeting: Targeting::default(),
    }
}

fn creative(number: usize) -> Creative {
    Creative {
        id: format!("cr-{number}"),
        campaign: format!("camp-{number}"),
        status: Status::Active,
        domains: vec![format!("brand-{number}.example")],
        bundle: None,
        categories: vec![CategoryId::new(Taxonomy::Content1, "IAB18").unwrap()],
        attributes: CodeSet::EMPTY,
        language: None,
        landing_page: "https://brand.example/".to_owned(),
        content: Content::Image {
            size: SIZE,
            url: "https://cdn.example/a.png".to_owned(),
            mime: Mimes::of("image/png").unwrap(),
        },
    }
}

/// Returns one of many requests.
pub(super) fn request(number: u64) -> AdRequest {
    let imp = Imp {
        id: "1".to_owned(),
        media: Media {
            banner: Some(Banner { sizes: [SIZE].into_iter().collect(), ..Banner::default() }),
            ..Media::default()
        },
        floor: CpmMicros::from_units(0.1),
        deals: Vec::new(),
        access: Access::Open,
        secure: Security::Any,
        tag: None,
        expiry: None,
        quantity_millis: 1_000,
        placement: Placement::Ordinary,
        metric_viewability: None,
    };
    let site = number % 7;
    AdRequest {
        id: format!("r-{number}"),
        imps: vec![imp],
        inventory: Inventory {
            channel: Channel::Site,
            domain: Some(format!("site-{site}.example")),
            publisher: Some(format!("pub-{site}")),
            categories: [CategoryId::new(Taxonomy::Content1, "IAB17-44").unwrap()].into_iter().collect(),
            language: Code::language("en"),
            ..Inventory::default()
        },
        device: Device {
            kind: DeviceKind::Computer,
            user_agent: Some(
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36"
                    .to_owned(),
            ),
            ip: Some(std::net::Ipv4Addr::new(82, 1, (number % 250) as u8, (number / 250) as u8).into()),
            geo: Geo { country: Code::country("GBR"), region: None, city: None },
            os: Some("windows".to_owned()),
            ..Device::default()
        },
        user: User { key: Some(UserKey(number % 90)), segments: Vec::new(), keywords: Vec::new() },
        privacy: Privacy::default(),
        blocks: Blocks::default(),
        pricing: if number.is_multiple_of(3) { Pricing::SecondPrice } else { Pricing::FirstPrice },
        currency: CurrencyRate { code: Code::currency("USD").unwrap(), nanos_per_unit: 1_000_000_000 },
        languages: smallvec::SmallVec::new(),
        tmax: None,
        mode: Mode::Live,
        supply: SupplyChain::default(),
        oddities: Oddities::default(),
    }
}
