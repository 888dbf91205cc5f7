//! Times `propose` of the relevance agent over catalogs of 10,000 and 100,000 campaigns of two creatives each.

use std::time::Instant;

use motet_agent::{Agent, Interests, Observation, RelevanceSight, Restraint, Sight, Tick, View};
use motet_agents::relevance::{Options, RelevanceAgent};
use motet_model::{
    campaign::{
        Advertiser, BrandSafety, Budget, Campaign, Content, Creative, Flight, FrequencyCap, Goal, Pacing,
        Risk, Status, UnknownUser,
    },
    catalog::{Catalog, Change},
    codes::{CategoryId, Code, CodeSet},
    ids::{DecisionId, UserKey},
    request::{
        Access, AdRequest, Banner, Blocks, Channel, CurrencyRate, Device, DeviceKind, Geo, Imp, Inventory,
        Media, Mode, Oddities, Placement, Pricing, Privacy, Security, Size, SupplyChain, User,
    },
    targeting::{Daypart, Place, Targeting},
    taxonomy,
};
use motet_units::{Chance, CpmMicros, Nanos, Span, Stream, Timestamp};

const COUNTRIES: [&str; 12] =
    ["USA", "USA", "USA", "DEU", "FRA", "GBR", "ITA", "ESP", "POL", "NLD", "BRA", "JPN"];
const SIZES: [(u16, u16); 5] = [(300, 250), (300, 250), (728, 90), (320, 50), (160, 600)];

fn one<T: Copy>(draw: &mut Stream, of: &[T]) -> T {
    of[draw.below(of.len() as u64) as usize]
}

fn categories(draw: &mut Stream, all: &[CategoryId], share: f64) -> Vec<CategoryId> {
    if draw.unit() < share { (0..3).map(|_| one(draw, all)).collect() } else { Vec::new() }
}

fn targeting(draw: &mut Stream, all: &[CategoryId], narrow: bool) -> Targeting {
    let with = |draw: &mut Stream, share: f64| narrow || draw.unit() < share;
    let mut of = Targeting::default();
    if with(draw, 0.7) {
        let country = Code::country(one(draw, &COUNTRIES)).unwrap();
        let city = (draw.unit() < 0.2).then(|| format!("city{}", draw.below(200)));
        of.places = vec![Place { country, region: None, city }];
    }
    if draw.unit() < 0.4 {
        of.devices = vec![one(draw, &[DeviceKind::Phone, DeviceKind::Computer, DeviceKind::Tv])];
    }
    if draw.unit() < 0.2 {
        of.languages = vec![Code::language(one(draw, &["en", "de", "fr"])).unwrap()];
    }
    of.categories = categories(draw, all, if narrow { 1.0 } else { 0.3 });
    of.excluded_categories = categories(draw, all, 0.1);
    if with(draw, 0.2) {
        of.segments = (0..3).map(|_| format!("p/{}", draw.below(300))).collect();
    }
    if draw.unit() < 0.1 {
        of.keywords = (0..3).map(|_| format!("word{}", draw.below(2_000))).collect();
    }
    if draw.unit() < 0.1 {
        of.publishers = vec![format!("site{}.example", draw.below(500))];
    }
    if draw.unit() < 0.05 {
        of.deals = vec![format!("deal{}", draw.below(100))];
    }
    if draw.unit() < 0.2 {
        of.dayparts = vec![Daypart { days: 0b001_1111, from_hour: 8, to_hour: 20 }];
    }
    of
}

fn now() -> Timestamp {
    Timestamp::from_secs(1_700_051_200)
}

fn changes(campaigns: usize, narrow: bool) -> Vec<Change> {
    let mut draw = Chance::new(1, campaigns as u64).stream("catalog");
    let all: Vec<_> = taxonomy::all().collect();
    let mut changes = Vec::new();
    for n in 0..campaigns / 20 {
        changes.push(Change::PutAdvertiser(Advertiser {
            id: format!("a{n}"),
            name: String::new(),
            seat: format!("s{}", n % 10),
            brand_safety: BrandSafety {
                most: one(&mut draw, &[Risk::Low, Risk::Medium]),
                topics: Vec::new(),
            },
            blocked_publishers: Vec::new(),
            blocked_content: Vec::new(),
            status: Status::Active,
        }));
    }
    for n in 0..campaigns {
        let worth = Nanos::from_units(0.1 + draw.unit());
        let cap =
            FrequencyCap { impressions: 3, per: Span::from_secs(86_400), unknown_user: UnknownUser::Serve };
        changes.push(Change::PutCampaign(Campaign {
            id: format!("c{n}"),
            advertiser: format!("a{}", n % (campaigns / 20)),
            name: String::new(),
            status: Status::Active,
            budget: Budget::default(),
            goal: one(
                &mut draw,
                &[Goal::Cpc { click: worth }, Goal::Cpm { price: CpmMicros::from_units(2.0) }],
            ),
            most_cpm: None,
            flight: Flight {
                start: now() - Span::from_secs(1),
                end: None,
                utc_offset: Span::from_secs(3_600),
            },
            pacing: Pacing::Even,
            frequency: (draw.unit() < 0.5).then_some(cap),
            targeting: targeting(&mut draw, &all, narrow),
        }));
        for k in 0..2 {
            let (w, h) = one(&mut draw, &SIZES);
            changes.push(Change::PutCreative(Creative {
                id: format!("k{n}.{k}"),
                campaign: format!("c{n}"),
                status: Status::Active,
                domains: vec![format!("shop{n}.example.com")],
                bundle: None,
                categories: categories(&mut draw, &all, 1.0),
                attributes: CodeSet::EMPTY,
                language: None,
                landing_page: "https://shop.example.com/".to_owned(),
                content: Content::Html { size: Size { w, h }, markup: "<b>ad</b>".to_owned() },
            }));
        }
    }
    changes
}

fn request(draw: &mut Stream, all: &[CategoryId]) -> AdRequest {
    let (w, h) = one(draw, &SIZES);
    let banner = Banner { sizes: [Size { w, h }].into_iter().collect(), ..Banner::default() };
    let imp = Imp {
        id: "1".to_owned(),
        media: Media { banner: Some(banner), ..Media::default() },
        floor: CpmMicros::new(0),
        deals: Vec::new(),
        access: Access::Open,
        secure: Security::HttpsOnly,
        tag: None,
        expiry: None,
        quantity_millis: 1_000,
        placement: Placement::Ordinary,
        metric_viewability: None,
    };
    let inventory = Inventory {
        channel: Channel::Site,
        domain: Some(format!("site{}.example", draw.below(500))),
        categories: (0..2).map(|_| one(draw, all)).collect(),
        keywords: (0..5).map(|_| format!("word{}", draw.below(2_000))).collect(),
        language: Code::language("en"),
        ..Inventory::default()
    };
    let device = Device {
        kind: one(draw, &[DeviceKind::Phone, DeviceKind::Computer]),
        os: Some("ios".to_owned()),
        geo: Geo {
            country: Code::country(one(draw, &COUNTRIES)),
            region: Some("CA".to_owned()),
            city: Some(format!("city{}", draw.below(200))),
        },
        ..Device::default()
    };
    let user = User {
        key: Some(UserKey(draw.below(10_000))),
        segments: (0..8).map(|_| format!("p/{}", draw.below(300))).collect(),
        keywords: Vec::new(),
    };
    let blocks = Blocks {
        categories: ["IAB25", "IAB26", "IAB7-39", "IAB9-9"].map(|c| c.parse().unwrap()).to_vec(),
        domains: (0..20).map(|n| format!("blocked{n}.example")).collect(),
        ..Blocks::default()
    };
    AdRequest {
        id: "r".to_owned(),
        imps: vec![imp],
        inventory,
        device,
        user,
        privacy: Privacy::default(),
        blocks,
        pricing: Pricing::FirstPrice,
        currency: CurrencyRate { code: Code::currency("EUR").unwrap(), nanos_per_unit: 1_000_000_000 },
        languages: smallvec::SmallVec::new(),
        tmax: None,
        mode: Mode::Live,
        supply: SupplyChain::default(),
        oddities: Oddities::default(),
    }
}

#[expect(clippy::disallowed_methods, reason = "an example that measures time")]
fn clock() -> Instant {
    Instant::now()
}

fn measure(campaigns: usize, narrow: bool, rounds: usize) {
    let agent = RelevanceAgent::new(Options::default(), RelevanceAgent::fixed_policy());
    let (mut catalog, mut agent) = (Catalog::default(), agent.expect("the fixed policy fits"));
    let changes = changes(campaigns, narrow);
    for change in &changes {
        catalog.apply(change).expect("changes are in order");
    }
    let started = clock();
    agent.observe(&Observation::Changed { catalog: &catalog, changes: &changes, at: now() });
    let filed = started.elapsed();
    let started = clock();
    agent.control(&Tick { now: now(), catalog: &catalog, accounts: &[] });
    let ordered = started.elapsed();

    let mut draw = Chance::new(2, 0).stream("requests");
    let all: Vec<_> = taxonomy::all().collect();
    let requests: Vec<_> = (0..5_000).map(|_| request(&mut draw, &all)).collect();
    let interests: Interests = Interests(all.iter().take(8).map(|c| (*c, 0.1)).collect());
    let (mut proposals, mut times, mut named) = (Vec::new(), Vec::new(), 0);
    for round in 0..rounds {
        for (n, request) in requests.iter().enumerate() {
            let user = request.user.key;
            let restraints = [Restraint::HonourSwitches];
            let sight = RelevanceSight {
                request,
                user,
                interests: &interests,
                restraints: &restraints,
                catalog: &catalog,
            };
            let view = View {
                decision: DecisionId(n as u64),
                now: now(),
                chance: Chance::new(3, n as u64),
                sight: Sight::Relevance(sight),
            };
            proposals.clear();
            let started = clock();
            agent.propose(&view, &mut proposals);
            let nanos = started.elapsed().as_nanos();
            if round > 0 {
                times.push(nanos);
                named += proposals.len();
            }
        }
    }
    times.sort_unstable();
    let at = |share: f64| times[(times.len() as f64 * share) as usize] as f64 / 1_000.0;
    println!(
        "{campaigns} campaigns{}: p10 {:.1} us, p50 {:.1} us, p99 {:.1} us, most {:.1} us, {:.1} proposals each; \
         filed in {:.1} ms, ordered in {:.1} ms",
        if narrow { ", all narrow" } else { "" },
        at(0.1),
        at(0.5),
        at(0.99),
        at(0.999_9),
        named as f64 / times.len() as f64,
        filed.as_secs_f64() * 1e3,
        ordered.as_secs_f64() * 1e3,
    );
}

fn main() {
    // With a count it measures that alone, for a profiler.
    if let Some(campaigns) = std::env::args().nth(1).and_then(|count| count.parse().ok()) {
        return measure(campaigns, std::env::args().nth(2).is_some(), 40);
    }
    for narrow in [false, true] {
        for campaigns in [10_000, 100_000] {
            measure(campaigns, narrow, 4);
        }
    }
}
