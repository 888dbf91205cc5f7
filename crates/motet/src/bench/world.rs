//! A made-up market to measure the decision in: many campaigns of mixed targeting, and requests that match some.
//!
//! About one campaign in twenty matches a request: countries, languages, categories, devices and sizes are drawn
//! with the skew that real campaign lists have, from a fixed seed.

use motet_model::{
    campaign::{
        Advertiser, BrandSafety, Budget, Campaign, Content, Creative, Flight, Goal, MediaFile, Pacing, Risk,
        Status, TimedContent,
    },
    catalog::Change,
    codes::{CategoryId, Code, CodeSet, Mimes, Taxonomy},
    ids::UserKey,
    request::{
        Access, AdRequest, Banner, Blocks, Channel, CurrencyRate, Device, DeviceKind, Durations, Geo, Imp,
        Inventory, Media, Mode, Oddities, Ownership, Placement, Pricing, Privacy, Security, Size,
        SupplyChain, Timed, User,
    },
    targeting::{Place, Targeting},
};
use motet_units::{Chance, CpmMicros, Nanos, Span, Stream, Timestamp};

const COUNTRIES: [&str; 8] = ["USA", "GBR", "DEU", "FRA", "ESP", "NLD", "SWE", "POL"];
const LANGUAGES: [&str; 8] = ["en", "en", "de", "fr", "es", "nl", "sv", "pl"];
const SIZES: [Size; 4] =
    [Size { w: 300, h: 250 }, Size { w: 728, h: 90 }, Size { w: 320, h: 50 }, Size { w: 160, h: 600 }];
const CATEGORIES: [&str; 12] =
    ["483", "386", "52", "1", "150", "201", "210", "223", "239", "274", "432", "596"];
const USER_AGENT: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36";

/// Picks one of a list, the first ones more often.
fn pick<T: Copy>(list: &[T], draw: &mut Stream) -> T {
    let skewed = draw.unit() * draw.unit();
    list[(skewed * list.len() as f64) as usize]
}

fn code(text: &str) -> Code {
    Code::country(text).expect("a constant of this file")
}

fn language(text: &str) -> Code {
    Code::language(text).expect("a constant of this file")
}

fn category(draw: &mut Stream) -> CategoryId {
    CategoryId::new(Taxonomy::Content3, pick(&CATEGORIES, draw)).expect("a constant of this file")
}

/// Returns the changes that set up a market of `campaigns` campaigns with two creatives each.
pub(crate) fn market(campaigns: usize, seed: u64) -> Vec<Change> {
    let advertisers = (campaigns / 20).max(1);
    let mut changes: Vec<Change> = (0..advertisers).map(|a| Change::PutAdvertiser(advertiser(a))).collect();
    for number in 0..campaigns {
        let mut draw = Chance::new(seed, number as u64).stream("market");
        changes.push(Change::PutCampaign(campaign(number, number % advertisers, &mut draw)));
        for variant in 0..2 {
            changes.push(Change::PutCreative(creative(number, variant, &mut draw)));
        }
    }
    changes
}

fn advertiser(number: usize) -> Advertiser {
    Advertiser {
        id: format!("adv-{number}"),
        name: format!("Advertiser {number}"),
        seat: format!("seat-{}", number % 5),
        brand_safety: BrandSafety { most: Risk::Medium, topics: Vec::new() },
        blocked_publishers: Vec::new(),
        blocked_content: Vec::new(),
        status: Status::Active,
    }
}

fn campaign(number: usize, advertiser: usize, draw: &mut Stream) -> Campaign {
    let goal = match draw.below(4) {
        0 => Goal::Cpm { price: CpmMicros::from_units(1.0 + 4.0 * draw.unit()) },
        1 => Goal::Cpc { click: Nanos::from_units(0.2 + draw.unit()) },
        2 => Goal::Cpa { conversion: Nanos::from_units(5.0 + 20.0 * draw.unit()) },
        _ => Goal::TargetRoas { sale: Nanos::from_units(40.0 + 40.0 * draw.unit()), return_millis: 3_000 },
    };
    Campaign {
        id: format!("camp-{number}"),
        advertiser: format!("adv-{advertiser}"),
        name: format!("Campaign {number}"),
        status: Status::Active,
        budget: Budget { total: Some(Nanos::from_units(100_000.0)), daily: Some(Nanos::from_units(5_000.0)) },
        goal,
        most_cpm: Some(CpmMicros::from_units(12.0)),
        flight: Flight { start: Timestamp::from_secs(0), end: None, utc_offset: Span::ZERO },
        pacing: Pacing::Even,
        frequency: None,
        targeting: targeting(draw),
    }
}

fn targeting(draw: &mut Stream) -> Targeting {
    let mut targeting = Targeting::default();
    if draw.unit() < 0.8 {
        let country = code(pick(&COUNTRIES, draw));
        targeting.places = vec![Place { country, region: None, city: None }];
    }
    if draw.unit() < 0.3 {
        targeting.devices = vec![pick(&[DeviceKind::Phone, DeviceKind::Computer, DeviceKind::Tablet], draw)];
    }
    if draw.unit() < 0.3 {
        targeting.languages = vec![language(pick(&LANGUAGES, draw))];
    }
    if draw.unit() < 0.4 {
        targeting.categories = vec![category(draw), category(draw)];
    }
    if draw.unit() < 0.2 {
        targeting.segments = vec![format!("bench/seg-{}", draw.below(200))];
    }
    if draw.unit() < 0.1 {
        targeting.keywords = vec![format!("word-{}", draw.below(500))];
    }
    targeting
}

fn creative(campaign: usize, variant: usize, draw: &mut Stream) -> Creative {
    let content = if draw.unit() < 0.8 {
        Content::Image {
            size: pick(&SIZES, draw),
            url: "https://cdn.example/ad.png".to_owned(),
            mime: Mimes::of("image/png").expect("a known type"),
        }
    } else {
        Content::Audio(TimedContent {
            duration_s: 30,
            files: vec![MediaFile {
                url: "https://cdn.example/ad.mp3".to_owned(),
                mime: Mimes::of("audio/mpeg").expect("a known type"),
                size: None,
                bitrate_kbps: 128,
            }],
        })
    };
    Creative {
        id: format!("cr-{campaign}-{variant}"),
        campaign: format!("camp-{campaign}"),
        status: Status::Active,
        domains: vec![format!("brand-{}.example", campaign % 997)],
        bundle: None,
        categories: vec![CategoryId::new(Taxonomy::Content1, "IAB18").expect("a constant of this file")],
        attributes: CodeSet::EMPTY,
        language: None,
        landing_page: "https://brand.example/".to_owned(),
        content,
    }
}

/// Returns one request with one imp.
pub(crate) fn request(number: u64, seed: u64) -> AdRequest {
    let mut draw = Chance::new(seed ^ 0x5eed, number).stream("request");
    let place = (draw.unit() * draw.unit() * COUNTRIES.len() as f64) as usize;
    let audio = draw.unit() < 0.2;
    AdRequest {
        id: format!("req-{number}"),
        imps: vec![imp(audio, &mut draw)],
        inventory: inventory(&mut draw, language(LANGUAGES[place])),
        device: Device {
            kind: DeviceKind::Computer,
            user_agent: Some(USER_AGENT.to_owned()),
            ip: Some(
                std::net::Ipv4Addr::new(
                    82,
                    draw.below(200) as u8,
                    draw.below(250) as u8,
                    draw.below(250) as u8,
                )
                .into(),
            ),
            geo: Geo { country: Some(code(COUNTRIES[place])), region: None, city: None },
            language: Some(language(LANGUAGES[place])),
            os: Some("windows".to_owned()),
            ..Device::default()
        },
        user: User {
            key: Some(UserKey(draw.below(100_000))),
            segments: (0..3).map(|_| format!("bench/seg-{}", draw.below(200))).collect(),
            keywords: Vec::new(),
        },
        privacy: Privacy::default(),
        blocks: Blocks {
            categories: vec![CategoryId::new(Taxonomy::Content1, "IAB25").expect("a constant of this file")],
            ..Blocks::default()
        },
        pricing: if draw.unit() < 0.7 { Pricing::FirstPrice } else { Pricing::SecondPrice },
        currency: CurrencyRate {
            code: Code::currency("USD").expect("a constant of this file"),
            nanos_per_unit: 1_000_000_000,
        },
        languages: smallvec::SmallVec::new(),
        tmax: None,
        mode: Mode::Live,
        supply: SupplyChain::default(),
        oddities: Oddities::default(),
    }
}

fn imp(audio: bool, draw: &mut Stream) -> Imp {
    let media = if audio {
        let slot = Timed {
            mimes: Mimes::of("audio/mpeg").expect("a known type"),
            durations: Durations::Between { least: 5, most: 60 },
            ..Timed::default()
        };
        Media { audio: Some(slot), ..Media::default() }
    } else {
        let banner = Banner { sizes: [pick(&SIZES, draw)].into_iter().collect(), ..Banner::default() };
        Media { banner: Some(banner), ..Media::default() }
    };
    Imp {
        id: "1".to_owned(),
        media,
        floor: CpmMicros::from_units(0.05 + 0.4 * draw.unit()),
        deals: Vec::new(),
        access: Access::Open,
        secure: Security::HttpsOnly,
        tag: None,
        expiry: None,
        quantity_millis: 1_000,
        placement: Placement::Ordinary,
        metric_viewability: None,
    }
}

fn inventory(draw: &mut Stream, language: Code) -> Inventory {
    let site = draw.below(300);
    Inventory {
        channel: Channel::Site,
        ownership: Ownership::Exchange,
        id: Some(format!("site-{site}")),
        domain: Some(format!("site-{site}.example")),
        bundle: None,
        page: Some(format!("https://site-{site}.example/{}", draw.below(1_000))),
        publisher: Some(format!("pub-{}", site / 3)),
        categories: [category(draw), category(draw)].into_iter().collect(),
        keywords: (0..2).map(|_| format!("word-{}", draw.below(500))).collect(),
        language: Some(language),
        title: None,
    }
}
