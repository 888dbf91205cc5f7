use motet_model::{campaign::Goal, request::MediaKind};
use proptest::prelude::*;

use super::*;

pub(crate) const SAMPLE: &str = include_str!("../../../sample/campaigns.toml");

fn catalog_of(file: &FileOfSpecs) -> Catalog {
    let mut catalog = Catalog::default();
    for change in file.changes().expect("the file is valid") {
        catalog.apply(&change).expect("the file refers to itself alone");
    }
    catalog
}

#[test]
fn the_sample_is_valid_and_has_every_kind_and_goal() {
    let catalog = catalog_of(&FileOfSpecs::from_toml(SAMPLE).unwrap());
    assert_eq!(catalog.advertisers().len(), 8);
    assert!(catalog.campaigns().len() >= 28, "{}", catalog.campaigns().len());
    for kind in MediaKind::ALL {
        assert!(catalog.creatives().any(|(_, entry)| entry.creative.content.kind() == kind), "{kind:?}");
    }
    let goals: [fn(&Goal) -> bool; 4] = [
        |goal| matches!(goal, Goal::Cpm { .. }),
        |goal| matches!(goal, Goal::Cpc { .. }),
        |goal| matches!(goal, Goal::Cpa { .. }),
        |goal| matches!(goal, Goal::TargetRoas { .. }),
    ];
    for (place, is) in goals.into_iter().enumerate() {
        assert!(catalog.campaigns().any(|(_, entry)| is(&entry.campaign.goal)), "goal {place}");
    }
    assert!(catalog.creatives().all(|(_, entry)| entry.secure), "every sample creative is https throughout");
}

#[test]
fn what_is_exported_imports_to_the_same_catalog_in_both_forms() {
    let catalog = catalog_of(&FileOfSpecs::from_toml(SAMPLE).unwrap());
    let file = FileOfSpecs::of(&catalog);
    let json = serde_json::to_vec(&file).unwrap();
    assert_eq!(catalog_of(&FileOfSpecs::from_json(&json).unwrap()), catalog);
    assert_eq!(catalog_of(&FileOfSpecs::from_toml(&file.to_toml()).unwrap()), catalog);
}

#[test]
fn removed_things_are_not_exported() {
    let mut catalog = catalog_of(&FileOfSpecs::from_toml(SAMPLE).unwrap());
    catalog.apply(&Change::RemoveAdvertiser("cantata".into())).unwrap();
    catalog.apply(&Change::RemoveCampaign("halden-brand".into())).unwrap();
    catalog.apply(&Change::RemoveCreative("pixelforge-launch-6".into())).unwrap();
    let text = FileOfSpecs::of(&catalog).to_toml();
    for id in ["cantata", "halden-brand", "pixelforge-launch-6"] {
        assert!(!text.contains(&format!("id = \"{id}\"")), "{id}");
    }
}

fn problems(toml: &str) -> Vec<String> {
    match FileOfSpecs::from_toml(toml) {
        Err(problem) => vec![problem.to_string()],
        Ok(file) => file.changes().unwrap_err().iter().map(ToString::to_string).collect(),
    }
}

#[test]
fn every_problem_is_told_with_its_field() {
    let told = problems(
        r#"
        [[advertisers]]
        id = "a b"
        brand_safety = { most = "lots", topics = { weather = "low", arms = "some" } }
        [[advertisers.campaigns]]
        id = "c"
        advertiser = "other"
        goal = { cpm = "1,50" }
        flight = { start = "2026-12-01T00:00:00Z", end = "2026-11-01T00:00:00Z" }
        frequency = { impressions = 0 }
        targeting = { places = ["Germany"], dayparts = ["monday"], devices = ["phone", "watch"] }
        [[advertisers.campaigns.creatives]]
        id = "k"
        landing_page = "javascript:alert(1)"
        video = { duration_s = 0, files = [{ url = "https://x.example/a.mp4", mime = "video/unheard" }] }
        "#,
    );
    expect_test::expect![[r"
        advertisers[0].id: must have 1 to 64 letters, digits and . _ - : ~, was 'a b'
        advertisers[0].brand_safety.topics.arms: must be one of none, low, medium, high, was 'some'
        advertisers[0].brand_safety.topics: must be one of adult, arms, crime, death, piracy, hate, obscenity, drugs, spam, terrorism, social_issues, was 'weather'
        advertisers[0].brand_safety.most: must be one of none, low, medium, high, was 'lots'
        advertisers[0].campaigns[0].budget: is required
        advertisers[0].campaigns[0].goal.cpm: expected a decimal amount with at most 6 decimals, up to 9007199254 units, was '1,50'
        advertisers[0].campaigns[0].flight.end: must be after the start
        advertisers[0].campaigns[0].frequency.impressions: must be above 0
        advertisers[0].campaigns[0].frequency.per: is required
        advertisers[0].campaigns[0].targeting.places[0]: must be a country, region and city such as DEU/BE/berlin, was 'Germany'
        advertisers[0].campaigns[0].targeting.devices[1]: must be one of unknown, phone, tablet, computer, tv, connected, screen, was 'watch'
        advertisers[0].campaigns[0].targeting.dayparts[0]: must be days and hours such as 'mon-fri 06-10', was 'monday'
        advertisers[0].campaigns[0].creatives[0].domains: needs at least one advertised domain
        advertisers[0].campaigns[0].creatives[0].landing_page: must be an http or https address, was 'javascript:alert(1)'
        advertisers[0].campaigns[0].creatives[0].video.duration_s: must be 1 to 3600 seconds
        advertisers[0].campaigns[0].creatives[0].video.files[0].mime: is no mime type known here, was 'video/unheard'"]].assert_eq(&told.join("\n"));
}

#[test]
fn what_cannot_be_read_at_all_is_told_with_its_place() {
    let told = problems("[[advertisers]]\nid = \"a\"\ncolour = \"red\"");
    assert!(told[0].starts_with("advertisers[0].colour: unknown field"), "{told:?}");
    let told = problems("[[advertisers]]\nid = 5");
    assert!(told[0].starts_with("advertisers[0].id: invalid type"), "{told:?}");
    let told = problems("[[advertisers");
    assert!(told[0].starts_with("not TOML"), "{told:?}");
    let told = from_json::<CampaignSpec>(br#"{"budget":{"dialy":"1"}}"#).unwrap_err();
    assert_eq!(told.field, "budget.dialy");
    assert!(from_json::<CampaignSpec>(b"{} {}").is_err());
}

#[test]
fn a_flood_of_problems_is_cut_and_counted() {
    let spec = AdvertiserSpec {
        id: Some("a".to_owned()),
        blocked_content: vec!["no category".to_owned(); 80],
        ..AdvertiserSpec::default()
    };
    let file = FileOfSpecs { advertisers: vec![spec] };
    let told = file.changes().unwrap_err();
    assert_eq!(told.len(), 51);
    assert_eq!(told[50].message, "and 30 more problems");
}

fn money(limit: i64) -> impl Strategy<Value = String> {
    (1..=limit).prop_map(|nanos| motet_units::Nanos::new(nanos).to_string())
}

fn price() -> impl Strategy<Value = String> {
    (1..=1_000_000_000_i64).prop_map(|micros| motet_units::CpmMicros::new(micros).to_string())
}

fn goal() -> impl Strategy<Value = GoalSpec> {
    let none = GoalSpec::default;
    prop_oneof![
        price().prop_map(move |cpm| GoalSpec { cpm: Some(cpm), ..none() }),
        money(1 << 53).prop_map(move |cpc| GoalSpec { cpc: Some(cpc), ..none() }),
        money(1 << 53).prop_map(move |cpa| GoalSpec { cpa: Some(cpa), ..none() }),
        (1_u32..1_000_000, money(1 << 53)).prop_map(move |(thousandths, sale)| GoalSpec {
            roas: Some(text::return_text(thousandths)),
            sale: Some(sale),
            ..none()
        }),
    ]
}

fn targeting() -> impl Strategy<Value = TargetingSpec> {
    let some = |values: &'static [&'static str]| {
        proptest::sample::subsequence(values, 0..=values.len())
            .prop_map(|texts| texts.into_iter().map(ToOwned::to_owned).collect::<Vec<String>>())
    };
    (
        some(&["DEU", "DEU/BE", "USA//boston", "GBR/ENG/leeds"]),
        some(&["phone", "tv", "screen"]),
        some(&["IAB1", "IAB17-44", "9:483", "9:SPSHQ5", "6:12"]),
        some(&["mon-fri 06-10", "mon,sat-sun 10-24", "daily 00-24"]),
        some(&["p/one", "p/two"]),
        some(&["en", "deu"]),
    )
        .prop_map(|(places, devices, categories, dayparts, segments, languages)| TargetingSpec {
            places,
            devices,
            languages,
            categories,
            segments,
            dayparts,
            ..TargetingSpec::default()
        })
}

proptest! {
    #[test]
    fn a_campaign_survives_the_way_to_the_model_and_back(
        goal in goal(), targeting in targeting(), daily in money(1 << 53), total in proptest::option::of(money(1 << 53)),
        most in proptest::option::of(price()), start in proptest::option::of(1_i64..4_000_000_000_000_000),
        minutes in -840_i64..=840, impressions in 1_u16.., seconds in 1_i64..100_000, pacing in 0..3_usize,
    ) {
        let spec = CampaignSpec {
            id: Some("c-1".to_owned()),
            advertiser: Some("a".to_owned()),
            name: Some("Name, \"quoted\" — ünïcode".to_owned()),
            status: Some("paused".to_owned()),
            most_cpm: most,
            pacing: Some(["even", "asap", "front_loaded"][pacing].to_owned()),
            budget: Some(BudgetSpec { daily: Some(daily), total }),
            goal: Some(goal),
            flight: Some(FlightSpec {
                start: start.map(|micros| text::moment_text(motet_units::Timestamp::from_micros(micros))),
                end: start.map(|micros| text::moment_text(motet_units::Timestamp::from_micros(micros + 1))),
                utc_offset: Some(text::offset_text(motet_units::Span::from_secs(minutes * 60))),
            }),
            frequency: Some(FrequencySpec {
                impressions: Some(impressions),
                per: Some(text::span_text(motet_units::Span::from_secs(seconds))),
                unknown_user: Some("skip".to_owned()),
            }),
            targeting: Some(targeting).filter(|targeting| *targeting != TargetingSpec::default()),
            ..CampaignSpec::default()
        };
        let (mut changes, mut problems) = (Vec::new(), Problems::default());
        spec.put(&At::root(), None, &mut changes, &mut problems);
        let changes = problems.finish(changes).unwrap();
        let [Change::PutCampaign(campaign)] = &changes[..] else { panic!("{changes:?}") };
        prop_assert_eq!(&CampaignSpec::of(campaign), &spec);
        let toml: CampaignSpec = toml::from_str(&toml::to_string(&spec).unwrap()).unwrap();
        prop_assert_eq!(&toml, &spec);
        let json: CampaignSpec = from_json(&serde_json::to_vec(&spec).unwrap()).unwrap();
        prop_assert_eq!(&json, &spec);
    }
}
