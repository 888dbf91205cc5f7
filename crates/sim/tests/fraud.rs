//! The families of attack: each leaves its signature, none converts, and none disturbs the honest.

use std::collections::{BTreeMap, BTreeSet};

use motet_engine::TeamKind;
use motet_model::request::AdRequest;
use motet_sim::{
    Run, Scenario, Watch, World,
    fraud_score::{Group, OpenGuard, Scorecard, Scorer},
    run::{Decided, Happened, Outcome, Setup},
    scenario::Family,
};
use proptest::prelude::*;

const SMALL: &str = r#"
name = "small"
about = "A small world under attack."
start = "2026-03-02"
days = 1
[listeners]
count = 120
sessions_per_day = 3.0
traffic = { model = "commuter" }
devices = [{ kind = "phone", share = 0.5 }, { kind = "computer", share = 0.5 }]
[[publishers]]
id = "news"
medium = "banner"
share = 0.7
requests_per_session = 2.0
click_rate = 0.05
[[publishers]]
id = "tail"
count = 24
medium = "banner"
share = 0.3
requests_per_session = 2.0
click_rate = 0.05
[[campaigns]]
id = "app"
count = 2
goal = "cpa"
worth = [5.0, 9.0]
daily_budget = [50.0, 80.0]
media = ["banner"]
creatives = 3
conversion_rate = 0.5
[[campaigns]]
id = "brand"
count = 2
goal = "cpm"
worth = [3.0, 4.0]
daily_budget = [50.0, 80.0]
media = ["banner"]
creatives = 3
[market]
outside = { model = "none" }
"#;

/// The small world, with these families at a share of honest traffic each.
fn scenario(families: &[Family], share: f64) -> Scenario {
    let attack = |family: &Family| {
        format!(
            "[[fraud]]\nfamily = \"{}\"\nshare = {share}\nsources = 20\npublisher = \"tail\"\n",
            family.name()
        )
    };
    let attacks: String = families.iter().map(attack).collect();
    Scenario::parse(&format!("{SMALL}{attacks}")).unwrap()
}

fn watched<W: Watch>(world: &World, mut watch: W) -> W {
    let mut run = Run::new(world, Setup::new(world, TeamKind::Agents).unwrap());
    run.engine_mut().seat(Box::new(OpenGuard));
    run.until_day(1, &mut watch);
    run.engine().check().unwrap();
    watch
}

#[derive(Default)]
struct Conversions {
    honest: u64,
    bots: u64,
    clicks_of_bots: u64,
}

impl Watch for Conversions {
    fn happened(&mut self, happened: &Happened<'_>) {
        match (happened.what, happened.visit.attack) {
            (Outcome::Converted(_), None) => self.honest += 1,
            (Outcome::Converted(_), Some(_)) => self.bots += 1,
            (Outcome::Clicked, Some(_)) => self.clicks_of_bots += 1,
            _ => {}
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_bot_never_converts(seed in any::<u64>()) {
        let world = World::new(&scenario(&Family::ALL, 0.1), seed);
        let seen = watched(&world, Conversions::default());
        prop_assert_eq!(seen.bots, 0);
        prop_assert!(seen.clicks_of_bots > 0 && seen.honest > 0, "nothing happened");
    }
}

/// Requests, by attack.
#[derive(Default)]
struct Requests {
    honest: Vec<(u64, AdRequest)>,
    attacks: BTreeMap<u16, Vec<(u32, AdRequest)>>,
    faked: BTreeMap<u16, u64>,
}

impl Watch for Requests {
    fn decided(&mut self, decided: &Decided<'_>) {
        let (visit, request) = (decided.visit, decided.request.clone());
        match visit.attack {
            None => self.honest.push((visit.id, request)),
            Some(place) => self.attacks.entry(place).or_default().push((visit.listener, request)),
        }
    }
    fn happened(&mut self, happened: &Happened<'_>) {
        if let (Outcome::Faked(_), Some(place)) = (happened.what, happened.visit.attack) {
            *self.faked.entry(place).or_default() += 1;
        }
    }
}

#[test]
fn attacks_leave_honest_requests_as_they_were() {
    let plain = watched(&World::new(&scenario(&[], 0.0), 3), Requests::default());
    let attacked = watched(&World::new(&scenario(&Family::ALL, 0.05), 3), Requests::default());
    assert!(plain.honest.len() > 400 && !attacked.attacks.is_empty());
    assert!(plain.honest == attacked.honest);
}

#[test]
fn every_family_makes_its_share_of_requests_or_fakes_events() {
    let seen = watched(&World::new(&scenario(&Family::ALL, 0.2), 4), Requests::default());
    let expected = seen.honest.len() as f64 * 0.2;
    for (place, family) in Family::ALL.into_iter().enumerate() {
        let place = place as u16;
        let requests = seen.attacks.get(&place).map_or(0, Vec::len) as f64;
        let faked = seen.faked.get(&place).copied().unwrap_or(0);
        if matches!(family, Family::ClickInjection | Family::ClickSpam) {
            assert!(requests == 0.0 && faked > 0, "{family:?}: {requests} requests, {faked} events");
        } else {
            // Bursts of 40 and sessions of 6 spread the count widely; a tenth and four times it are far out for all.
            assert!(requests > expected * 0.1 && requests < expected * 4.0, "{family:?}: {requests}");
        }
    }
}

fn of(family: Family) -> (World, Vec<(u32, AdRequest)>, Requests) {
    let world = World::new(&scenario(&[family], 0.2), 5);
    let mut seen = watched(&world, Requests::default());
    let own = seen.attacks.remove(&0).unwrap_or_default();
    assert!(own.len() > 30, "{family:?} made {} requests", own.len());
    (world, own, seen)
}

fn distinct<T: Ord>(requests: &[(u32, AdRequest)], of: impl Fn(&AdRequest) -> T) -> usize {
    requests.iter().map(|(_, request)| of(request)).collect::<BTreeSet<T>>().len()
}

#[test]
fn rotated_user_agents_come_from_few_addresses() {
    let (_, own, _) = of(Family::RotatingUserAgents);
    assert!(distinct(&own, |r| r.device.ip) <= 20);
    assert!(distinct(&own, |r| r.device.user_agent.clone()) > own.len() * 9 / 10);
    assert_eq!(distinct(&own, |r| r.user.key), own.len());
}

#[test]
fn a_device_farm_has_one_model_a_line_and_a_new_key_a_session() {
    let (_, own, _) = of(Family::DeviceFarm);
    let of_line = |r: &AdRequest| (r.device.ip, r.device.user_agent.clone());
    assert_eq!(distinct(&own, of_line), distinct(&own, |r| r.device.ip));
    assert!(distinct(&own, |r| r.user.key) > own.len() / 8);
}

#[test]
fn a_residential_bot_keeps_its_cookie_and_changes_its_home() {
    let (_, own, _) = of(Family::ResidentialProxies);
    assert!(distinct(&own, |r| r.user.key) <= 20);
    assert!(distinct(&own, |r| r.device.ip) > own.len() / 6);
}

#[test]
fn stuffed_cookies_are_listeners_own_from_a_strangers_address() {
    let (world, own, seen) = of(Family::CookieStuffing);
    let homes: BTreeSet<_> = seen.honest.iter().map(|(_, request)| request.device.ip).collect();
    for (listener, request) in &own {
        assert_eq!(request.user.key, Some(world.population.get(*listener).key));
        assert!(!homes.contains(&request.device.ip));
    }
}

#[test]
fn replayed_requests_bear_the_id_and_address_of_an_honest_one() {
    let (_, own, seen) = of(Family::Replays);
    let honest: BTreeMap<&str, _> = seen.honest.iter().map(|(_, r)| (r.id.as_str(), r.device.ip)).collect();
    let found = own.iter().filter(|(_, r)| honest.get(r.id.as_str()) == Some(&r.device.ip)).count();
    // In the first minutes nothing has been recorded yet.
    assert!(found * 10 > own.len() * 9, "{found} of {}", own.len());
}

#[test]
fn stacked_ads_share_a_place_and_say_so_to_the_edge() {
    let (_, own, _) = of(Family::StackedAds);
    assert!(own.iter().all(|(_, request)| request.imps.len() >= 2));
    let told = own.iter().filter(|(_, r)| r.oddities.stacked_slots + r.oddities.hidden_slots > 0).count();
    assert!(told * 10 > own.len() * 7 && told < own.len());
}

#[test]
fn a_spoofed_domain_is_sold_by_somebody_else() {
    let (_, own, _) = of(Family::SpoofedDomains);
    for (_, request) in &own {
        assert_eq!(request.inventory.domain.as_deref(), Some("news.example"));
        assert_ne!(request.inventory.publisher.as_deref(), Some("news"));
    }
}

fn scored(world: &World, open: bool) -> Scorecard {
    let mut run = Run::new(world, Setup::new(world, TeamKind::Agents).unwrap());
    if open {
        run.engine_mut().seat(Box::new(OpenGuard));
    }
    let mut scorer = Scorer::new(world);
    run.until_day(1, &mut scorer);
    scorer.finish()
}

#[test]
fn a_guard_that_lets_everything_pass_catches_nothing_and_is_its_own_control() {
    let world = World::new(&scenario(&Family::ALL, 0.1), 6);
    let open = scored(&world, true);
    assert!(open.attacks.iter().all(|attack| attack.flagged == 0 && attack.filtered_notices == 0));
    assert!(open.attacks.iter().any(|attack| attack.missed.is_positive()));
    assert_eq!(open.honest.flagged + open.honest.carrier_flagged + open.honest.filtered_events, 0);
    assert!(open.recall_against(&open).into_iter().flatten().all(|recall| recall.abs() < 1e-12));
    // The engine itself refuses what is told twice.
    let replays = &open.attacks[Family::ALL.iter().position(|f| *f == Family::Replays).unwrap()];
    assert!(replays.events > 0 && replays.refused_events == replays.events);
}

#[test]
fn the_guard_catches_what_its_lists_name_and_scores_repeat_to_the_bit() {
    let world = World::new(&scenario(&[Family::DatacentreBots, Family::StackedAds], 0.2), 7);
    let card = scored(&world, false);
    for attack in &card.attacks {
        assert!(attack.request_recall() > Some(0.6), "{attack:?}");
        assert!(attack.caught.is_positive() && attack.first_caught_s.is_some());
    }
    assert!(card.honest.requests > 200 && card.precision() > Some(0.9), "{:?}", card.honest);
    assert_eq!(card, scored(&world, false));
    let groups = card.groups(&scored(&world, true));
    assert_eq!(groups.iter().map(|g| g.group).collect::<Vec<_>>(), [Group::General, Group::Seen]);
}
