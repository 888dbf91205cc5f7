//! The index against a plain scan with the two definitions: `Targeting::admits` and `eligibility::fit`.

use std::collections::BTreeSet;

use motet_agent::{
    Agent, BudgetState, Interests, Observation, RelevanceSight, Restraint, SafetyReason, Tick,
};
use motet_model::{
    campaign::{
        BrandSafety, Campaign, Content, FrequencyCap, MediaFile, Risk, SensitiveTopic, Status, TimedContent,
        UnknownUser,
    },
    catalog::{Catalog, Change, Switch},
    codes::{CategoryId, Code, Mimes},
    eligibility::fit,
    ids::{CampaignIx, CreativeIx},
    request::{
        Access, AdRequest, Banner, Channel, Deal, DealPricing, DeviceKind, Durations, Geo, Imp, Media,
        Pricing, Security, Size, Timed,
    },
    targeting::{Daypart, Place, Targeting, is_among},
    taxonomy,
};
use motet_units::{Chance, CpmMicros, Span, Stream, Timestamp};
use proptest::prelude::*;

use super::world::{self, World, at};
use crate::relevance::{
    exposure::Seen,
    retrieve::{Retrieval, Wanted},
};

/// Draws what is needed from a keyed stream, so that a failing case is one number.
pub(super) struct Draw(pub(super) Stream);

impl Draw {
    fn below(&mut self, n: u64) -> usize {
        self.0.below(n) as usize
    }

    pub(super) fn chance(&mut self, share: f64) -> bool {
        self.0.unit() < share
    }

    fn some<T: Clone>(&mut self, of: &[T], share: f64) -> Vec<T> {
        if self.chance(1.0 - share) {
            return Vec::new();
        }
        (0..=self.below(2)).map(|_| of[self.below(of.len() as u64)].clone()).collect()
    }

    fn texts(&mut self, of: &[&str], share: f64) -> Vec<String> {
        self.some(of, share).into_iter().map(str::to_owned).collect()
    }

    pub(super) fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64)].clone()
    }
}

fn country(text: &str) -> Code {
    Code::country(text).unwrap()
}

fn places() -> Vec<Place> {
    let place = |c: &str, r: Option<&str>, t: Option<&str>| Place {
        country: country(c),
        region: r.map(str::to_owned),
        city: t.map(str::to_owned),
    };
    vec![
        place("DEU", None, None),
        place("DEU", Some("BE"), None),
        place("DEU", Some("BE"), Some("berlin")),
        place("DEU", None, Some("berlin")),
        place("FRA", None, None),
    ]
}

pub(super) fn categories() -> Vec<CategoryId> {
    ["IAB17", "IAB17-44", "IAB2", "9:483", "9:533", "9:338", "9:JLBCU7"].map(|c| c.parse().unwrap()).to_vec()
}

fn languages() -> Vec<Code> {
    ["de", "en"].map(|l| Code::language(l).unwrap()).to_vec()
}

const SEGMENTS: [&str; 2] = ["p/1", "p/2"];
const WORDS: [&str; 2] = ["red", "blue"];
const SITES: [&str; 2] = ["news.example", "com.game"];
const DEALS: [&str; 2] = ["d1", "d2"];
const SIZES: [Size; 2] = [Size { w: 300, h: 250 }, Size { w: 728, h: 90 }];
const TOPICS: [SensitiveTopic; 2] = [SensitiveTopic::Drugs, SensitiveTopic::Death];
const RISKS: [Risk; 4] = [Risk::None, Risk::Low, Risk::Medium, Risk::High];

fn targeting(draw: &mut Draw) -> Targeting {
    if draw.chance(0.4) {
        return Targeting { places: draw.some(&places(), 0.5), ..Targeting::default() };
    }
    let daypart = Daypart { days: 0b111_1111, from_hour: 9, to_hour: 13 };
    let late = Daypart { days: 0b000_0100, from_hour: 13, to_hour: 24 };
    Targeting {
        places: draw.some(&places(), 0.4),
        excluded_places: draw.some(&places(), 0.1),
        devices: draw.some(&[DeviceKind::Phone, DeviceKind::Computer], 0.2),
        systems: draw.texts(&["ios", "android"], 0.2),
        languages: draw.some(&languages(), 0.2),
        channels: draw.some(&[Channel::Site, Channel::App], 0.2),
        categories: draw.some(&categories(), 0.3),
        excluded_categories: draw.some(&categories(), 0.1),
        segments: draw.texts(&SEGMENTS, 0.2),
        excluded_segments: draw.texts(&SEGMENTS, 0.1),
        keywords: draw.texts(&WORDS, 0.1),
        publishers: draw.texts(&SITES, 0.1),
        deals: draw.texts(&DEALS, 0.2),
        dayparts: draw.some(&[daypart, late], 0.2),
    }
}

fn campaign(draw: &mut Draw, n: usize, advertiser: usize) -> Campaign {
    let mut of = world::campaign(&format!("c{n}"), &format!("a{advertiser}"));
    of.targeting = targeting(draw);
    of.flight.utc_offset = Span::from_secs(draw.one(&[0, 3_600, 19_800, -25_200]));
    of.flight.start = at(draw.one(&[-86_400, -10, 10, 200_000]));
    of.flight.end = draw.one(&[None, Some(at(0)), Some(at(500)), Some(at(300_000))]);
    of.status = if draw.chance(0.1) { Status::Paused } else { Status::Active };
    if draw.chance(0.2) {
        let unknown_user = draw.one(&[UnknownUser::Serve, UnknownUser::Skip]);
        of.frequency = Some(FrequencyCap { impressions: 3, per: Span::from_secs(3_600), unknown_user });
    }
    of
}

fn content(draw: &mut Draw) -> Content {
    let file = |mime: &str| MediaFile {
        url: "https://cdn.example/v".to_owned(),
        mime: Mimes::of(mime).unwrap(),
        size: None,
        bitrate_kbps: 0,
    };
    match draw.below(4) {
        0 => Content::Video(TimedContent { duration_s: draw.one(&[15, 30]), files: vec![file("video/mp4")] }),
        1 => Content::Audio(TimedContent { duration_s: 30, files: vec![file("audio/mpeg")] }),
        _ => {
            let markup = draw.one(&["<img src='http://x'>", "<img src='https://x'>"]).to_owned();
            Content::Html { size: draw.one(&SIZES), markup }
        }
    }
}

pub(super) fn changes(draw: &mut Draw) -> Vec<Change> {
    let most = draw.one(&[30, 30, 30, 30, 30, 30, 700]);
    let (advertisers, campaigns) = (1 + draw.below(3), 1 + draw.below(most));
    let mut changes = Vec::new();
    for n in 0..advertisers {
        let mut of = world::advertiser(&format!("a{n}"));
        of.brand_safety = BrandSafety { most: draw.one(&RISKS), topics: vec![(TOPICS[0], draw.one(&RISKS))] };
        changes.push(Change::PutAdvertiser(of));
    }
    for n in 0..campaigns {
        let of = draw.below(advertisers as u64);
        changes.push(Change::PutCampaign(campaign(draw, n, of)));
        for k in 0..=draw.below(2) {
            let mut ad = world::creative(&format!("k{n}.{k}"), &format!("c{n}"));
            ad.content = content(draw);
            ad.categories = draw.some(&categories(), 0.8);
            ad.language = draw.some(&languages(), 0.3).pop();
            ad.domains = vec![draw.one(&["a.shop.example", "shop.example", "other.example"]).to_owned()];
            ad.bundle = draw.texts(&["com.ad"], 0.2).pop();
            changes.push(Change::PutCreative(ad));
        }
    }
    // Later life: some are changed, held, removed, killed.
    for _ in 0..draw.below(12) {
        let n = draw.below(campaigns as u64);
        match draw.below(5) {
            0 => changes.push(Change::Kill(Switch::Campaign(format!("c{n}")))),
            1 => changes.push(Change::Kill(Switch::Creative(format!("k{n}.0")))),
            2 => changes.push(Change::RemoveCreative(format!("k{n}.0"))),
            3 => changes.push(Change::RemoveCampaign(format!("c{n}"))),
            _ => {
                let mut of = campaign(draw, n, 0);
                let owner = |c: &Change| match c {
                    Change::PutCampaign(c) if c.id == of.id => Some(c.advertiser.clone()),
                    _ => None,
                };
                of.advertiser = changes.iter().find_map(owner).unwrap();
                changes.push(Change::PutCampaign(of));
            }
        }
    }
    changes
}

fn imp(draw: &mut Draw) -> Imp {
    let mut imp = world::imp();
    let banner = Banner { sizes: draw.some(&SIZES, 0.8).into_iter().collect(), ..Banner::default() };
    let durations = draw.one(&[Durations::default(), Durations::Between { least: 20, most: 40 }]);
    let timed = |mime: &str| Timed {
        mimes: Mimes::of(mime).unwrap(),
        durations: durations.clone(),
        ..Timed::default()
    };
    imp.media = Media {
        banner: draw.chance(0.7).then_some(banner),
        video: draw.chance(0.4).then(|| timed("video/mp4")),
        audio: draw.chance(0.2).then(|| timed("audio/mpeg")),
        native: None,
    };
    imp.secure = draw.one(&[Security::Any, Security::HttpsOnly]);
    imp.access = draw.one(&[Access::Open, Access::Open, Access::DealsOnly]);
    let seats = draw.texts(&["seat-a0"], 0.3);
    imp.deals = draw
        .texts(&DEALS, 0.5)
        .into_iter()
        .map(|id| Deal {
            id,
            floor: CpmMicros::new(0),
            pricing: DealPricing::Auction(Pricing::FirstPrice),
            seats: seats.clone(),
            advertiser_domains: Vec::new(),
        })
        .collect();
    imp
}

pub(super) fn request(draw: &mut Draw) -> AdRequest {
    let mut request = world::request();
    request.imps = (0..=draw.below(2)).map(|_| imp(draw)).collect();
    request.inventory.channel = draw.one(&[Channel::Site, Channel::App, Channel::Unknown]);
    request.inventory.domain = draw.texts(&SITES, 0.8).pop();
    request.inventory.bundle = draw.texts(&SITES, 0.3).pop();
    request.inventory.categories = draw.some(&categories(), 0.8).into_iter().collect();
    request.inventory.keywords = draw.texts(&WORDS, 0.3);
    request.inventory.language = draw.some(&languages(), 0.5).pop();
    request.device.kind = draw.one(&[DeviceKind::Phone, DeviceKind::Computer, DeviceKind::Unknown]);
    request.device.os = draw.texts(&["ios", "android"], 0.7).pop();
    request.device.language = draw.some(&languages(), 0.5).pop();
    request.device.geo = Geo {
        country: draw.some(&[country("DEU"), country("FRA")], 0.9).pop(),
        region: draw.texts(&["BE", "BY"], 0.7).pop(),
        city: draw.texts(&["berlin", "bonn"], 0.7).pop(),
    };
    request.user.segments = draw.texts(&SEGMENTS, 0.5);
    request.user.keywords = draw.texts(&WORDS, 0.3);
    request.languages = draw.some(&languages(), 0.3).into_iter().collect();
    request.blocks.categories = draw.some(&categories(), 0.2);
    request.blocks.allowed_categories = draw.some(&categories(), 0.1);
    request.blocks.domains = draw.texts(&["shop.example", "other.example", ""], 0.2);
    request.blocks.bundles = draw.texts(&["com.ad"], 0.2);
    request.blocks.allowed_seats = draw.texts(&["seat-a0", "seat-a1"], 0.1);
    request.blocks.blocked_seats = draw.texts(&["seat-a0", "seat-a1"], 0.1);
    request
}

fn restraints(draw: &mut Draw) -> Vec<Restraint> {
    let mut list = Vec::new();
    if draw.chance(0.7) {
        list.push(Restraint::HonourSwitches);
    }
    if draw.chance(0.2) {
        list.push(Restraint::ContentRisk { topic: draw.one(&TOPICS), risk: draw.one(&RISKS) });
    }
    if draw.chance(0.1) {
        list.push(Restraint::NoCategory(draw.one(&categories()), SafetyReason::SensitiveCategory));
    }
    if draw.chance(0.1) {
        list.push(Restraint::NoAdvertiser(motet_model::ids::AdvertiserIx(draw.below(3) as u32)));
    }
    list
}

/// The plain scan, written from the definitions alone.
fn scan(
    catalog: &Catalog,
    exhausted: &BTreeSet<CampaignIx>,
    request: &AdRequest,
    imp: &Imp,
    restraints: &[Restraint],
    now: Timestamp,
) -> BTreeSet<CreativeIx> {
    let parent = taxonomy::parent;
    let admitted = |ix: &CreativeIx| {
        let entry = catalog.creative(*ix);
        let held = catalog.campaign(entry.campaign);
        let (of, owner) = (&held.campaign, &catalog.advertiser(held.advertiser).advertiser);
        let restrained = restraints.iter().any(|r| match r {
            Restraint::HonourSwitches => catalog.is_killed(*ix),
            Restraint::ContentRisk { topic, risk } => owner.brand_safety.most_for(*topic) < *risk,
            Restraint::NoCategory(c, _) => {
                entry.creative.categories.iter().any(|own| is_among(*own, &[*c], parent))
            }
            Restraint::NoAdvertiser(a) => *a == held.advertiser,
            _ => false,
        });
        catalog.is_running(*ix)
            && !exhausted.contains(&entry.campaign)
            && of.flight.covers(now)
            && of.frequency.is_none_or(|cap| cap.unknown_user == UnknownUser::Serve)
            && of.targeting.admits(request, now, of.flight.utc_offset, parent)
            && fit(entry, of, owner, request, imp, parent).is_ok()
            && !restrained
    };
    catalog.creatives().map(|(ix, _)| ix).filter(admitted).collect()
}

fn build(draw: &mut Draw) -> (World, BTreeSet<CampaignIx>) {
    let mut world = World::new(world::options());
    // Slow steps leave orders half made, to be changed, saved and finished later. Drawn beside the world's own draws.
    let mut pace = Draw(draw.0.clone());
    pace.0.bits();
    world.agent.steps.a_tick = pace.one(&[0, 1, 3, 10, 2_048]);
    world.agent.steps.a_go = pace.one(&[0, 1, 4, 50]);
    world.agent.steps.between = pace.one(&[1, 2, 16]);
    let (changes, mut exhausted) = (changes(draw), BTreeSet::new());
    for (n, change) in changes.into_iter().enumerate() {
        // A removal may name what is gone already.
        if world.catalog.clone().apply(&change).is_ok() {
            world.apply(change);
        }
        if n % 7 == 3 {
            world.tick(0);
        }
        let campaigns = world.catalog.campaigns().len() as u64;
        if campaigns > 0 && draw.chance(0.1) {
            let campaign = CampaignIx(draw.below(campaigns) as u32);
            let state = draw.one(&[BudgetState::Exhausted, BudgetState::Exhausted, BudgetState::Available]);
            world.agent.observe(&Observation::Budget { campaign, state });
            match state {
                BudgetState::Exhausted => exhausted.insert(campaign),
                BudgetState::Available => exhausted.remove(&campaign),
            };
        }
    }
    (world, exhausted)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_index_finds_what_a_scan_finds(seed: u64) {
        let mut draw = Draw(Chance::new(seed, 0).stream("world"));
        let (mut world, exhausted) = build(&mut draw);
        if draw.chance(0.5) {
            let state = world.agent.save();
            world.agent = crate::relevance::RelevanceAgent::new(world::options(), crate::relevance::RelevanceAgent::fixed_policy()).unwrap();
            world.agent.restore(&state, &world.catalog).unwrap();
            prop_assert_eq!(world.agent.save(), state);
        }
        let mut seconds = 0;
        for _ in 0..20 {
            seconds += draw.one(&[0, 1, 20, 79]);
            let (request, restraints) = (request(&mut draw), restraints(&mut draw));
            world.agent.observe(&Observation::Decided { request: &request, bids: &[], at: at(seconds) });
            if draw.chance(0.1) {
                world.agent.control(&Tick { now: at(seconds), catalog: &world.catalog, accounts: &[] });
            }
            let interests = Interests::default();
            let sight = RelevanceSight {
                request: &request,
                user: None,
                interests: &interests,
                restraints: &restraints,
                catalog: &world.catalog,
            };
            let index = &world.agent.index;
            let mut retrieval = Retrieval::new(index, &sight, at(seconds), None, Seen::default());
            let wanted = Wanted { ads: usize::MAX, sampled: 0, checks: u32::MAX };
            for imp in &request.imps {
                let found = retrieval.find(imp, wanted, &mut Chance::new(1, 1).stream("relevance"));
                let found: BTreeSet<_> = found.iter().map(|found| found.creative).collect();
                let expected = scan(&world.catalog, &exhausted, &request, imp, &restraints, at(seconds));
                prop_assert_eq!(found, expected);
            }
        }
    }
}

#[test]
fn the_worlds_compared_hold_ads_that_match_and_ads_that_do_not() {
    let (mut matched, mut ads) = (0, 0);
    for seed in 0..40 {
        let mut draw = Draw(Chance::new(seed, 0).stream("world"));
        let (world, exhausted) = build(&mut draw);
        let request = request(&mut draw);
        let found = scan(&world.catalog, &exhausted, &request, &request.imps[0], &[], at(0));
        matched += found.len();
        ads += world.catalog.creatives().len();
    }
    assert!(matched > ads / 200 && matched < ads / 5, "{matched} of {ads}");
}
