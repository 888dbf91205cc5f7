use motet_model::{
    codes::Code,
    outcome::Notice,
    request::{
        Banner, Blocks, Channel, ClientHints, Completeness, CurrencyRate, Device, DeviceKind, Imp, Inventory,
        Media, Mode, Oddities, Pricing, Privacy, SupplyChain, User,
    },
};
use motet_units::CpmMicros;
use proptest::prelude::*;

use super::*;
use crate::testing::{catalog, cpm, proposals, record};

const FIREFOX: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0";
const IPHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                      Version/17.5 Mobile/15E148 Safari/604.1";
const PIXEL: &str = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) \
                     Chrome/126.0.0.0 Mobile Safari/537.36";

fn guard() -> Guard {
    Guard::new(Options::default(), Guard::fixed_policy()).unwrap()
}

fn imp() -> Imp {
    Imp {
        id: "1".into(),
        media: Media { banner: Some(Banner::default()), ..Media::default() },
        floor: CpmMicros::ZERO,
        deals: vec![],
        access: motet_model::request::Access::Open,
        secure: motet_model::request::Security::Any,
        tag: None,
        expiry: None,
        quantity_millis: 1_000,
        placement: motet_model::request::Placement::Ordinary,
        metric_viewability: None,
    }
}

/// A request as the guard sees it.
struct Scene {
    device: Device,
    inventory: Inventory,
    supply: SupplyChain,
    oddities: Oddities,
    user: Option<UserKey>,
}

impl Default for Scene {
    fn default() -> Self {
        Self {
            device: Device { user_agent: Some(FIREFOX.into()), ..Device::default() },
            inventory: Inventory {
                channel: Channel::Site,
                domain: Some("news.example".into()),
                ..Inventory::default()
            },
            supply: SupplyChain::default(),
            oddities: Oddities::default(),
            user: Some(UserKey(5)),
        }
    }
}

impl Scene {
    fn finding(&self, guard: &Guard, now: Timestamp) -> Option<Finding> {
        let imps = [imp()];
        let sight = GuardSight {
            request: "1",
            device: &self.device,
            inventory: &self.inventory,
            imps: &imps,
            supply: &self.supply,
            oddities: self.oddities,
            user: self.user,
        };
        match proposals(guard, now, Sight::Guard(sight)).as_slice() {
            [Proposal { ask: Ask::Clear, .. }] => None,
            [Proposal { ask: Ask::Flag { finding }, .. }] => Some(*finding),
            other => panic!("not one flag or clear: {other:?}"),
        }
    }
}

fn found(change: impl FnOnce(&mut Scene)) -> Option<Finding> {
    let mut scene = Scene::default();
    change(&mut scene);
    scene.finding(&guard(), Timestamp::from_secs(1_000))
}

#[test]
fn people_pass() {
    for user_agent in [
        FIREFOX,
        IPHONE,
        PIXEL,
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15",
        "Mozilla/5.0 (Linux; Android 10; CUBOT X20) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Mobile Safari/537.36",
        "Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/94.0.4606.128 Safari/537.36",
        "Mozilla/5.0 (Linux; Android 14; SM-S911B Build/UP1A; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/126.0.0.0 Mobile Safari/537.36 [FB_IAB/FB4A]",
        "Opera/9.80 (J2ME/MIDP; Opera Mini/7.1) Presto/2.12.423 Version/12.16",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0",
    ] {
        assert_eq!(found(|s| s.device.user_agent = Some(user_agent.into())), None, "{user_agent}");
    }
}

#[test]
fn apps_pass_where_a_website_would_not() {
    for user_agent in
        ["Spotify/8.9.50 Android/34 (Pixel 8)", "Podcasts/1.0 CFNetwork/1490 Darwin/23.5.0", "okhttp/4.12.0"]
    {
        let on = |channel| {
            found(|s| {
                s.device.user_agent = Some(user_agent.into());
                s.inventory.channel = channel;
            })
        };
        assert_eq!(on(Channel::App), None, "{user_agent}");
    }
    assert_eq!(found(|s| s.device.user_agent = Some("okhttp/4.12.0".into())), Some(Finding::NonBrowser));
    assert_eq!(found(|s| s.device.user_agent = None), Some(Finding::NonBrowser));
    assert_eq!(
        found(|s| {
            s.device.user_agent = Some("  ".into());
            s.inventory.channel = Channel::App;
        }),
        None
    );
}

#[test]
fn crawlers_and_libraries_are_named_as_such() {
    for (user_agent, finding) in [
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", Finding::Crawler),
        ("Mozilla/5.0 (compatible; bingbot/2.0)", Finding::Crawler),
        ("Baiduspider", Finding::Crawler),
        ("facebookexternalhit/1.1", Finding::Crawler),
        ("Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2)", Finding::Crawler),
        ("Pingdom.com_bot_version_1.4", Finding::Crawler),
        ("curl/8.5.0", Finding::NonBrowser),
        ("python-requests/2.32.3", Finding::NonBrowser),
        ("Go-http-client/2.0", Finding::NonBrowser),
        (
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 HeadlessChrome/126.0.0.0 Safari/537.36",
            Finding::NonBrowser,
        ),
    ] {
        assert_eq!(found(|s| s.device.user_agent = Some(user_agent.into())), Some(finding), "{user_agent}");
    }
}

#[test]
fn every_listed_token_is_found_in_a_user_agent() {
    let guard = guard();
    for list in [include_str!("crawlers.txt"), include_str!("libraries.txt"), include_str!("site_only.txt")] {
        for token in list.lines() {
            assert!(token.len() >= 3, "'{token}' is too short to mean anything");
            let text = format!("Mozilla/5.0 ({token} 1.0)");
            assert!(guard.user_agents.read(Some(&text)).finding(Channel::Site).is_some(), "{token}");
        }
    }
}

#[test]
fn addresses_of_datacentres_are_found() {
    let from = |ip: &str| {
        let ip = ip.parse().unwrap();
        found(move |s| s.device.ip = Some(ip))
    };
    assert_eq!(from("88.99.1.2"), Some(Finding::Datacentre));
    assert_eq!(from("::ffff:88.99.1.2"), Some(Finding::Datacentre), "a v4 address in v6 form");
    assert_eq!(from("2a01:4f8:1::1"), Some(Finding::Datacentre));
    for people in ["88.98.255.255", "88.100.0.0", "203.0.113.9", "2001:db8::1"] {
        assert_eq!(from(people), None, "{people}");
    }
    let options = Options { datacentres: vec!["203.0.113.0/24".parse().unwrap()], ..Options::default() };
    let added = Guard::new(options, Guard::fixed_policy()).unwrap();
    let mut scene = Scene::default();
    scene.device.ip = Some("203.0.113.9".parse().unwrap());
    assert_eq!(scene.finding(&added, Timestamp::from_secs(1)), Some(Finding::Datacentre));
}

#[test]
fn what_cannot_be_is_found() {
    assert_eq!(found(|s| s.oddities.hidden_slots = 1), Some(Finding::ImpossibleSlot));
    assert_eq!(found(|s| s.oddities.stacked_slots = 3), Some(Finding::ImpossibleSlot));
    assert_eq!(found(|s| s.oddities.stacked_slots = 2), None);
    assert_eq!(found(|s| s.oddities.mixed_channels = true), Some(Finding::ImpossibleRequest));
    let chain =
        |completeness, systems: Vec<String>| found(move |s| s.supply = SupplyChain { completeness, systems });
    let node = vec!["exchange.example".to_owned()];
    assert_eq!(chain(Completeness::Incomplete, node.clone()), Some(Finding::IncompleteSupplyChain));
    assert_eq!(chain(Completeness::Incomplete, vec![]), None);
    assert_eq!(chain(Completeness::Complete, node), None);
}

#[test]
fn blocked_sellers_are_found_in_the_chain() {
    let options = Options { blocked_sellers: vec!["bad.example".into()], ..Options::default() };
    let guard = Guard::new(options, Guard::fixed_policy()).unwrap();
    let systems = vec!["good.example".into(), "bad.example".into()];
    let supply = SupplyChain { completeness: Completeness::Complete, systems };
    let scene = Scene { supply, ..Scene::default() };
    assert_eq!(scene.finding(&guard, Timestamp::from_secs(1)), Some(Finding::BlockedSeller));
}

#[test]
fn contradictions_of_the_device_are_found() {
    let with = |user_agent: &str, os: Option<&str>, platform: Option<&str>, kind| {
        let device = Device {
            user_agent: Some(user_agent.into()),
            os: os.map(str::to_owned),
            hints: platform.map(|p| ClientHints { platform: Some(p.into()), ..ClientHints::default() }),
            kind,
            ..Device::default()
        };
        found(move |s| s.device = device)
    };
    let mismatch = Some(Finding::DeviceMismatch);
    assert_eq!(with(FIREFOX, Some("ios"), None, DeviceKind::Unknown), mismatch);
    assert_eq!(with(PIXEL, None, Some("windows"), DeviceKind::Phone), mismatch);
    assert_eq!(with(FIREFOX, None, None, DeviceKind::Phone), mismatch);
    assert_eq!(with(IPHONE, None, None, DeviceKind::Computer), mismatch);
    assert_eq!(with(PIXEL, Some("android"), Some("linux"), DeviceKind::Phone), None, "one family");
    assert_eq!(with(IPHONE, Some("ios"), None, DeviceKind::Phone), None);
    assert_eq!(with(FIREFOX, Some("unheard of"), None, DeviceKind::Computer), None);
}

#[test]
fn more_than_a_person_asks_is_found_and_forgotten() {
    let mut guard = guard();
    let scene = Scene::default();
    // Sixty a minute is allowed; a steady two a second is not.
    let mut flagged_after = None;
    for n in 0..600 {
        let now = Timestamp::from_secs(1_000 + n / 2);
        if scene.finding(&guard, now) == Some(Finding::RateExceeded) {
            flagged_after.get_or_insert(n);
        }
        guard.state.users.add(5, 1.0, now);
    }
    assert!((60..300).contains(&flagged_after.unwrap()), "{flagged_after:?}");
    assert_eq!(scene.finding(&guard, Timestamp::from_secs(2_000)), None, "eleven minutes later");
    let slow = (0..200).map(|n| Timestamp::from_secs(5_000 + n));
    assert!(slow.into_iter().all(|now| {
        guard.state.users.add(5, 0.9, now);
        scene.finding(&guard, now).is_none()
    }));
}

fn judged(kind: NoticeKind, after_ms: i64, history: History) -> Option<Finding> {
    let made_at = Timestamp::from_secs(100);
    let record = record(1, 0, cpm(1.0), made_at);
    let happened_at = made_at + Span::from_millis(after_ms);
    let notice = Notice { bid: record.bid.id, kind, happened_at, key: 0 };
    guard().screen_notice(&record, &notice, history, happened_at)
}

#[test]
fn events_keep_to_their_order_and_to_human_speed() {
    let shown = History { impressed: Some(Timestamp::from_secs(101)), ..History::default() };
    let clicked = History { clicked: Some(Timestamp::from_secs(110)), ..shown };
    let impossible = Some(Finding::ImpossibleRequest);
    let conversion = NoticeKind::Conversion { value: None };
    assert_eq!(judged(NoticeKind::Click, 5_000, shown), None);
    assert_eq!(judged(NoticeKind::Click, 5_000, History::default()), impossible, "nothing was shown");
    assert_eq!(judged(NoticeKind::Click, 299, shown), impossible, "faster than a hand");
    assert_eq!(judged(conversion, 60_000, clicked), None);
    assert_eq!(judged(conversion, 10_500, clicked), impossible, "half a second after the click");
    assert_eq!(judged(conversion, 60_000, shown), None, "after an impression alone");
    assert_eq!(judged(conversion, 60_000, History::default()), impossible);
    assert_eq!(judged(NoticeKind::Billed { price: None }, 1, History::default()), None, "the exchange's own");
}

#[test]
fn a_user_who_clicks_too_much_is_found_and_then_known() {
    let mut guard = guard();
    let shown = History { impressed: Some(Timestamp::from_secs(1)), ..History::default() };
    let mut filtered = 0;
    for n in 0..60 {
        let at = Timestamp::from_secs(1_000 + 10 * n);
        let record = record(97, 0, cpm(1.0), at - Span::from_secs(5));
        let notice = Notice { bid: record.bid.id, kind: NoticeKind::Click, happened_at: at, key: 0 };
        let finding = guard.screen_notice(&record, &notice, shown, at);
        let verdict = if finding.is_some() { NoticeVerdict::Filtered } else { NoticeVerdict::Counted };
        filtered += u32::from(finding.is_some());
        guard.observe(&Observation::Noticed { bid: &record, notice: &notice, verdict, known_at: at });
    }
    assert!((20..45).contains(&filtered), "{filtered}");
    let scene = Scene { user: Some(UserKey(0)), ..Scene::default() };
    assert_eq!(scene.finding(&guard, Timestamp::from_secs(2_000)), Some(Finding::KnownInvalid));
    assert_eq!(Scene::default().finding(&guard, Timestamp::from_secs(2_000)), None, "another user");
}

#[test]
fn a_source_of_false_clicks_is_found_among_honest_ones() {
    let mut guard = guard();
    let market = |domain: &str| {
        let inventory = Inventory { domain: Some(domain.into()), ..Inventory::default() };
        MarketKey::of_inventory(&inventory, MediaKind::Banner)
    };
    for n in 0..20_000_u32 {
        let honest = format!("site{}.example", n % 20);
        for (domain, every) in [(honest.as_str(), 200), ("farm.example", 8), ("small.example", 2)] {
            if domain == "farm.example" && n >= 2_000 || domain == "small.example" && n >= 20 {
                continue;
            }
            guard.state.sources.impression(market(domain), MediaKind::Banner, None);
            if n % every == 0 {
                guard.state.sources.click(market(domain), MediaKind::Banner);
            }
        }
    }
    guard.control(&Tick { now: Timestamp::from_secs(60), catalog: &catalog(&[]), accounts: &[] });
    // What a suspect source reports does not count; its visitors may be real, and pass.
    let reported = |guard: &Guard, domain: &str| {
        let at = Timestamp::from_secs(61);
        let mut bid = record(3, 0, cpm(1.0), at - Span::from_secs(10));
        bid.market = market(domain);
        let shown = History { impressed: Some(at - Span::from_secs(8)), ..History::default() };
        let notice = Notice { bid: bid.bid.id, kind: NoticeKind::Click, happened_at: at, key: 0 };
        guard.screen_notice(&bid, &notice, shown, at)
    };
    assert_eq!(reported(&guard, "farm.example"), Some(Finding::KnownInvalid));
    assert_eq!(reported(&guard, "small.example"), None, "ten clicks prove nothing");
    assert!((0..20).all(|n| reported(&guard, &format!("site{n}.example")).is_none()));
    let mut scene = Scene::default();
    scene.inventory.domain = Some("farm.example".into());
    assert_eq!(scene.finding(&guard, Timestamp::from_secs(61)), None);
    // It stays suspect while it goes on reporting, though none of it counts.
    for n in 0..4_000 {
        let mut bid = record(n, 0, cpm(1.0), Timestamp::from_secs(60));
        bid.market = market("farm.example");
        let mut told = |kind, verdict| {
            let at = Timestamp::from_secs(62);
            let notice = Notice { bid: bid.bid.id, kind, happened_at: at, key: 0 };
            guard.observe(&Observation::Noticed { bid: &bid, notice: &notice, verdict, known_at: at });
        };
        told(NoticeKind::Impression, NoticeVerdict::Counted);
        if n % 8 == 0 {
            told(NoticeKind::Click, NoticeVerdict::Filtered);
        }
    }
    guard.control(&Tick { now: Timestamp::from_secs(120), catalog: &catalog(&[]), accounts: &[] });
    assert_eq!(reported(&guard, "farm.example"), Some(Finding::KnownInvalid));
    // What was learned is read back.
    let mut second = Guard::new(Options::default(), Guard::fixed_policy()).unwrap();
    second.restore(&guard.save(), &catalog(&[])).unwrap();
    assert_eq!(second.state, guard.state);
    assert_eq!(reported(&second, "farm.example"), Some(Finding::KnownInvalid));
    let small = Options { places: 64, ..Options::default() };
    let mut third = Guard::new(small, Guard::fixed_policy()).unwrap();
    assert!(third.restore(&guard.save(), &catalog(&[])).unwrap_err().contains("size"));
}

proptest! {
    #[test]
    fn no_device_panics(text in "\\PC{0,120}", ip in any::<std::net::IpAddr>()) {
        let _ = found(|s| {
            s.device.user_agent = Some(text);
            s.device.ip = Some(ip);
        });
    }

    #[test]
    fn heavy_keys_stay_in_a_full_table(keys in prop::collection::vec(1_u64..5_000, 500)) {
        let mut counters = Counters::new(256, Span::from_secs(60));
        let now = Timestamp::from_secs(1);
        for key in keys {
            counters.add(77_777, 1.0, now);
            counters.add(key, 1.0, now);
        }
        prop_assert!(counters.count(77_777, now) > 499.0);
    }
}

fn request(id: &str) -> AdRequest {
    AdRequest {
        id: id.to_owned(),
        imps: vec![imp()],
        inventory: Inventory { channel: Channel::Site, ..Inventory::default() },
        device: Device::default(),
        user: User::default(),
        privacy: Privacy::default(),
        blocks: Blocks::default(),
        pricing: Pricing::FirstPrice,
        currency: CurrencyRate { code: Code::currency("EUR").unwrap(), nanos_per_unit: 1_000_000_000 },
        languages: smallvec::SmallVec::default(),
        tmax: None,
        mode: Mode::Live,
        supply: SupplyChain::default(),
        oddities: Oddities::default(),
    }
}

/// Sellers of a platform: one honest request after the other, and at one of them machines that come to it alone.
struct Platform {
    guard: Guard,
    /// Requests and refusals of honest visitors at the attacked seller, at others, and of machines.
    seen: [(u32, u32); 3],
}

impl Platform {
    fn ask(&mut self, (seller, user): (u64, u64), at: Timestamp, of: usize) {
        let mut request = request(&format!("{user}-{}", at.micros()));
        request.device = Device { user_agent: Some(FIREFOX.into()), ..Device::default() };
        request.device.ip = Some(std::net::IpAddr::from([82, (user >> 8) as u8, user as u8, 7]));
        request.user.key = Some(UserKey(1_000 + user));
        request.inventory.domain = Some(format!("site{seller}.example"));
        let sight = GuardSight {
            request: &request.id,
            device: &request.device,
            inventory: &request.inventory,
            imps: &request.imps,
            supply: &request.supply,
            oddities: request.oddities,
            user: request.user.key,
        };
        let refused = self.guard.find(&sight, at).is_some();
        self.seen[of].0 += 1;
        self.seen[of].1 += u32::from(refused);
        self.guard.observe(&Observation::Decided { request: &request, bids: &[], at });
    }

    /// Lets days pass: people go about by day; from the second day on machines open one seller day and night.
    fn days(count: i64, machines: u64) -> Self {
        let mut platform = Self { guard: guard(), seen: [(0, 0); 3] };
        let chance = motet_units::Chance::new(11, 0);
        let mut draw = chance.stream("platform");
        for minute in 0..count * 1_440 {
            let at = Timestamp::from_secs(minute * 60);
            let people = if minute % 1_440 >= 480 { 3 } else { u64::from(minute % 4 == 0) };
            for _ in 0..people {
                let (seller, user) = (draw.below(12), draw.below(600));
                platform.ask((seller, user), at, usize::from(seller != 0));
            }
            if machines > 0 && minute >= 1_440 && minute % 4 == 0 {
                let user = 10_000 + draw.below(machines);
                platform.ask((0, user), at, 2);
            }
            if minute % 15 == 0 {
                platform.guard.control(&Tick { now: at, catalog: &catalog(&[]), accounts: &[] });
            }
        }
        platform
    }
}

#[test]
fn machines_of_one_seller_are_refused_and_its_people_are_not() {
    let [attacked, others, machines] = Platform::days(5, 80).seen;
    assert!(machines.0 > 1_000 && machines.1 * 10 > machines.0 * 6, "{machines:?}");
    assert!(attacked.0 > 500 && attacked.1 * 20 < attacked.0, "{attacked:?}");
    assert!(others.1 * 200 < others.0, "{others:?}");
}

#[test]
fn without_machines_hardly_anybody_is_refused() {
    let [one, others, _] = Platform::days(3, 0).seen;
    // Three standard errors are passed by chance now and then.
    assert!((one.1 + others.1) * 200 < one.0 + others.0, "{one:?} {others:?}");
}
