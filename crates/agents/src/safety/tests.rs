use iab_gpp::{sections::Section, v1::GPPString};
use motet_agent::SafetyReason::{Child, FloorContent, KillSwitch, NoConsent, OptedOut, TrackingLimited};
use motet_model::{
    campaign::{Advertiser, BrandSafety, Status},
    catalog::Switch,
    ids::{AdvertiserIx, DecisionId},
    request::{Privacy, User},
};
use motet_units::{Chance, Timestamp};
use proptest::prelude::*;

use super::*;

/// From the specification's examples: no purpose is consented to.
const NO_PURPOSES: &str = "CPXxRfAPXxRfAAfKABENB-CgAAAAAAAAAAYgAAAAAAAA";
/// A string published by a consent platform, as an exchange sent it: all purposes, many vendors.
const ALL_PURPOSES: &str = "CQLvHAAQLvHAAAKA4DENBaFsAP_gAEPgAAwIKxtX_G9_bXlr8X736ftkeY1f99h77sQxBhZBk-4FzLvW_JwX32E7NA36tqYKmRIAu3TBIQNlHJDURVCgaogVrTDMaEyUoTtKJ6BkiFMRY2dYCFxvm4tjeQCY5vr991d52R-tbdrs3dzyy4hnv3a9_-S1WJCdA5-tDfv9bROb89IO5_x8v4v4_N7pE2_eT1l_tWvp7D9-ctv_9XX99_fbff9Pn_-uB_-_X__f_H37grAAQYCABAEAQICAAAAAQAAEAAEABAAAAAAACgAABEEAAEDAAAQAIAQAAABAABAAAAAIAAAAAgACAAAAAEAgAAAACgADAAAAAAAYAAAMAEgIAAAAAQACmABAIFAAEJAFAEACEAEEAIQAABAEACAEABRwBAACBAoAAAQAAEAAAFgIDgAQEpAgACIgEAAAIAEAggAAEQjYACCAASCqqBAiiCAQLBoQFPaQAkgBACDgmQAgABQAHAAsA.f_gAAAAAAAAA";
/// Purposes 1, 2, 3 among others, vendors as ranges.
const SOME_PURPOSES: &str = "COvFyGBOvFyGBAbAAAENAPCAAOAAAAAAAAAAAEEUACCKAAA";

fn privacy(change: impl FnOnce(&mut Privacy)) -> Privacy {
    let mut privacy = Privacy::default();
    change(&mut privacy);
    privacy
}

fn judged(change: impl FnOnce(&mut Privacy)) -> Option<SafetyReason> {
    judged_for(None, change)
}

fn judged_for(vendor_id: Option<u16>, change: impl FnOnce(&mut Privacy)) -> Option<SafetyReason> {
    match permit(&privacy(change), &ConsentOptions { vendor_id, strict: true }) {
        Permit::Identity => None,
        Permit::ContextOnly(reason) => Some(reason),
    }
}

#[test]
fn a_child_is_never_profiled_whatever_else_is_said() {
    assert_eq!(judged(|p| p.coppa = true), Some(Child));
    let consented = |p: &mut Privacy| {
        p.child = true;
        p.gdpr = Some(true);
        p.tcf = Some(ALL_PURPOSES.into());
    };
    assert_eq!(judged(consented), Some(Child));
}

#[test]
fn the_gdpr_needs_a_readable_consent() {
    let with = |tcf: Option<&str>| {
        let tcf = tcf.map(str::to_owned);
        judged(move |p| {
            p.gdpr = Some(true);
            p.tcf = tcf;
        })
    };
    assert_eq!(with(Some(ALL_PURPOSES)), None);
    for denied in
        [None, Some(""), Some(NO_PURPOSES), Some(SOME_PURPOSES), Some("CPX"), Some("@@@"), Some("BOvFyG")]
    {
        assert_eq!(with(denied), Some(NoConsent), "{denied:?}");
    }
}

#[test]
fn a_consent_string_cut_anywhere_before_its_vendors_is_no_consent() {
    for length in 0..38 {
        assert!(!tcf::permits(&ALL_PURPOSES[..length], tcf::EU, None), "{length} letters");
    }
}

/// Writes a TCF v2 core: purposes, vendors as a bit field or as ranges, and restrictions (purpose, kind, vendor).
fn tcf_core(
    purposes: &[usize],
    vendors: &[u16],
    as_ranges: bool,
    restrictions: &[(u32, u32, u16)],
) -> String {
    let mut bits: Vec<bool> = Vec::new();
    let mut put = |number: u32, count: u32| bits.extend((0..count).rev().map(|at| number >> at & 1 == 1));
    put(2, 6);
    (0..146).for_each(|_| put(0, 1));
    (1..=24).for_each(|purpose| put(u32::from(purposes.contains(&purpose)), 1));
    (0..37).for_each(|_| put(0, 1));
    let most = vendors.iter().copied().max().unwrap_or(0);
    put(most.into(), 16);
    put(as_ranges.into(), 1);
    if as_ranges {
        put(vendors.len() as u32, 12);
        for (place, vendor) in vendors.iter().enumerate() {
            let is_range = place % 2 == 1;
            put(is_range.into(), 1);
            put((*vendor).into(), 16);
            if is_range {
                put((*vendor).into(), 16);
            }
        }
    } else {
        (1..=most).for_each(|vendor| put(vendors.contains(&vendor).into(), 1));
    }
    put(0, 17);
    put(restrictions.len() as u32, 12);
    for (purpose, kind, vendor) in restrictions {
        put(*purpose, 6);
        put(*kind, 2);
        put(1, 12);
        put(0, 1);
        put((*vendor).into(), 16);
    }
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let letter = |six: &[bool]| {
        let number = (0..6).fold(0, |number, at| number << 1 | usize::from(six.get(at) == Some(&true)));
        char::from(letters[number])
    };
    bits.chunks(6).map(letter).collect()
}

#[test]
fn our_own_vendor_must_be_consented_to_and_not_restricted() {
    let text = |restrictions: &[(u32, u32, u16)]| tcf_core(&[1, 3, 4], &[12, 755], true, restrictions);
    let permits = |text: &str, vendor| tcf::permits(text, tcf::EU, Some(vendor));
    assert!(permits(&text(&[]), 755) && permits(&text(&[]), 12));
    assert!(!permits(&text(&[]), 13));
    assert!(!permits(&text(&[(3, 0, 755)]), 755), "purpose 3 is not allowed to it");
    assert!(!permits(&text(&[(4, 2, 755)]), 755), "purpose 4 is bound to legitimate interest");
    assert!(permits(&text(&[(3, 1, 755)]), 755), "purpose 3 needs consent, which was given");
    assert!(permits(&text(&[(3, 0, 12), (7, 0, 755)]), 755), "others are restricted");
}

proptest! {
    #[test]
    fn two_decoders_agree_on_consent(
        purposes in prop::collection::btree_set(1_usize..=10, 0..8),
        vendors in prop::collection::btree_set(1_u16..900, 0..12),
        as_ranges in any::<bool>(), vendor in 1_u16..900,
    ) {
        let (purposes, vendors) = (Vec::from_iter(purposes), Vec::from_iter(vendors));
        let text = tcf_core(&purposes, &vendors, as_ranges, &[]);
        let other: iab_gpp::sections::tcfeuv2::TcfEuV2 = text.parse().unwrap();
        prop_assert_eq!(other.core.vendor_consents.contains(&vendor), vendors.contains(&vendor));
        let all = [1, 3, 4].iter().all(|purpose| other.core.purpose_consents.contains(purpose));
        prop_assert_eq!(tcf::permits(&text, tcf::EU, None), all);
        let expected = all && other.core.vendor_consents.contains(&vendor);
        prop_assert_eq!(tcf::permits(&text, tcf::EU, Some(vendor)), expected);
    }
}

#[test]
fn gpp_section_two_is_a_consent_string_too() {
    let with = |section: &str, listed: &[u8]| {
        let (gpp, listed) = (format!("DBABMA~{section}"), listed.to_vec());
        judged(move |p| {
            p.gpp = Some(gpp);
            p.gpp_sections = listed.into();
        })
    };
    assert_eq!(with(ALL_PURPOSES, &[2]), None);
    assert_eq!(with(NO_PURPOSES, &[2]), Some(NoConsent));
    assert_eq!(with(NO_PURPOSES, &[]), Some(NoConsent), "a section present applies where none is listed");
    assert_eq!(judged(|p| p.gpp_sections = [2].into_iter().collect()), Some(NoConsent), "listed but missing");
}

#[test]
fn every_string_present_must_permit() {
    let both = |p: &mut Privacy| {
        p.gdpr = Some(true);
        p.tcf = Some(ALL_PURPOSES.into());
        p.gpp = Some(format!("DBABMA~{NO_PURPOSES}"));
    };
    assert_eq!(judged(both), Some(NoConsent));
}

#[test]
fn us_privacy_strings_read_as_written() {
    for (text, expected) in [
        ("1YNN", None),
        ("1---", None),
        ("1NNY", None),
        ("1YYN", Some(OptedOut)),
        ("1-Y-", Some(OptedOut)),
        ("1yyn", Some(OptedOut)),
        ("2YNN", Some(OptedOut)),
        ("1YN", Some(OptedOut)),
        ("garbage", Some(OptedOut)),
        ("", None),
    ] {
        assert_eq!(judged(|p| p.us_privacy = Some(text.into())), expected, "{text}");
    }
}

#[test]
fn us_sections_of_a_gpp_string_are_honoured() {
    for (text, expected) in [
        ("DBABTA~1YNN", None),
        ("DBABTA~1YYN", Some(OptedOut)),
        ("DBABLA~BVVVVVVVVWA", Some(OptedOut)),
        ("DBABLA~BAAAAAAAAAA", None),
        ("DBABLA~BAAAAAAAAAA.YA", Some(OptedOut)),
        ("DBABLA~zzz", Some(OptedOut)),
        ("DBABLA", Some(NoConsent)),
        ("DBACNYA", Some(NoConsent)),
        ("nonsense", Some(NoConsent)),
    ] {
        assert_eq!(judged(|p| p.gpp = Some(text.into())), expected, "{text}");
    }
}

#[test]
fn the_specifications_own_strings_are_split_as_written() {
    let text = "DBACNY~CPXxRfAPXxRfAAfKABENB-CgAAAAAAAAAAYgAAAAAAAA~1YNN";
    assert_eq!(gpp::sections(text).unwrap().as_slice(), [(2, NO_PURPOSES), (6, "1YNN")]);
    let canada = "DBABjw~BPXuQIAPXuQIAAfKABENB-CgAAAAAAAAAAAAAAAA.YAAAAAAAAAA~1YNN";
    assert_eq!(gpp::sections(canada).unwrap().iter().map(|(id, _)| *id).collect::<Vec<_>>(), [5, 6]);
}

#[test]
fn a_section_that_does_not_apply_is_not_asked() {
    let listed = |p: &mut Privacy| {
        p.gpp = Some("DBABLA~BVVVVVVVVWA".into());
        p.gpp_sections = [9].into_iter().collect();
    };
    assert_eq!(judged(listed), Some(OptedOut), "section 9 is listed and missing");
    let untold = |p: &mut Privacy| {
        p.gdpr = Some(false);
        p.tcf = Some("unreadable".into());
    };
    assert_eq!(judged(untold), None);
}

#[test]
fn a_device_that_limits_tracking_is_believed() {
    assert_eq!(judged(|p| p.limit_tracking = true), Some(TrackingLimited));
    assert_eq!(judged(|p| p.do_not_track = true), Some(TrackingLimited));
}

/// Reads sale, sharing and targeted advertising by the other decoder.
fn other_decoder(id: u16, text: &str) -> Option<Us> {
    use iab_gpp::sections::us_common::OptOut;
    let header = match id {
        7 => "DBABLA",
        8 => "DBABBg",
        _ => return None,
    };
    let gpp: GPPString = format!("{header}~{text}").parse().ok()?;
    let (sale, sharing, targeted, gpc) = match gpp.decode_all_sections().into_iter().next()?.ok()? {
        Section::UsNat(section) => match section.core {
            iab_gpp::sections::usnat::Core::V1(c) => {
                (c.sale_opt_out, c.sharing_opt_out, Some(c.targeted_advertising_opt_out), section.gpc)
            }
            iab_gpp::sections::usnat::Core::V2(c) => {
                (c.sale_opt_out, c.sharing_opt_out, Some(c.targeted_advertising_opt_out), section.gpc)
            }
            _ => return None,
        },
        Section::UsCa(section) => {
            (section.core.sale_opt_out, section.core.sharing_opt_out, None, section.gpc)
        }
        _ => return None,
    };
    let out = |answer: &OptOut| *answer == OptOut::OptedOut;
    let any = out(&sale) || out(&sharing) || targeted.as_ref().is_some_and(out) || gpc == Some(true);
    Some(if any { Us::OptedOut } else { Us::NotOptedOut })
}

use gpp::Us;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_text_panics(text in "\\PC{0,80}", listed in prop::collection::vec(0_u8..40, 0..4)) {
        let privacy = Privacy {
            gdpr: Some(true),
            tcf: Some(text.clone()),
            gpp: Some(text.clone()),
            us_privacy: Some(text),
            gpp_sections: listed.into(),
            ..Privacy::default()
        };
        prop_assert_ne!(permit(&privacy, &ConsentOptions::default()), Permit::Identity);
    }

    #[test]
    fn no_base64_panics(text in "[DBC][A-Za-z0-9_-]{0,60}(~[BC][A-Za-z0-9_-]{0,60}){0,3}", vendor in 1_u16..) {
        let options = ConsentOptions { vendor_id: Some(vendor), strict: true };
        let privacy = Privacy { gdpr: Some(true), tcf: Some(text.clone()), gpp: Some(text), ..Privacy::default() };
        let _ = permit(&privacy, &options);
    }

    #[test]
    fn two_decoders_agree_on_us_sections(id in 7_u16..=8, text in "B[A-Za-z0-9_-]{16}(\\.[YQ]A)?") {
        let ours = gpp::us_section(id, &text);
        if let Some(other) = other_decoder(id, &text) {
            // The reserved answer 3 is read here as an opt-out and there as not applicable.
            prop_assert!(ours == other || ours == Us::OptedOut, "{id} {text}: {ours:?} against {other:?}");
        }
    }
}

fn catalog() -> Catalog {
    let mut catalog = Catalog::default();
    let mut put =
        |id: &str, most, topics: Vec<(SensitiveTopic, Risk)>, publishers: &[&str], content: &[&str]| {
            let advertiser = Advertiser {
                id: id.into(),
                name: id.into(),
                seat: id.into(),
                brand_safety: BrandSafety { most, topics },
                blocked_publishers: publishers.iter().map(|p| (*p).to_owned()).collect(),
                blocked_content: content.iter().map(|c| c.parse().unwrap()).collect(),
                status: Status::Active,
            };
            catalog.apply(&Change::PutAdvertiser(advertiser)).unwrap();
        };
    put("a", Risk::Low, vec![], &["bad.example"], &[]);
    put("b", Risk::High, vec![(SensitiveTopic::Arms, Risk::None)], &["app.bad"], &["9:483"]);
    catalog
}

fn agent() -> Safety {
    let mut agent = Safety::new(Options::default());
    agent.observe(&Observation::Changed { catalog: &catalog(), changes: &[], at: Timestamp::from_secs(0) });
    agent
}

fn restraints(agent: &Safety, privacy: &Privacy, inventory: &Inventory) -> Vec<Restraint> {
    let sight = SafetySight { privacy, inventory, user: &User::default() };
    let view = View {
        decision: DecisionId(1),
        now: Timestamp::from_secs(1),
        chance: Chance::new(1, 1),
        sight: Sight::Safety(sight),
    };
    let mut proposals = Vec::new();
    agent.propose(&view, &mut proposals);
    assert!(proposals.iter().all(|p| CARD.intents.contains(&p.ask.intent())), "AG-2");
    let restraints = proposals.into_iter().map(|proposal| match proposal.ask {
        Ask::Restrain(restraint) => restraint,
        other => panic!("not a restraint: {other:?}"),
    });
    restraints.collect()
}

fn content(categories: &[&str], title: &str) -> Inventory {
    Inventory {
        categories: categories.iter().map(|c| c.parse().unwrap()).collect(),
        title: Some(title.into()),
        ..Inventory::default()
    }
}

fn risks(categories: &[&str], title: &str) -> Vec<(SensitiveTopic, Risk)> {
    let found = restraints(&agent(), &Privacy::default(), &content(categories, title));
    let risk = |restraint| match restraint {
        Restraint::ContentRisk { topic, risk } => Some((topic, risk)),
        _ => None,
    };
    found.into_iter().filter_map(risk).collect()
}

#[test]
fn content_has_the_risk_its_categories_state() {
    use SensitiveTopic::{Adult, Crime, Death, Drugs, Terrorism};
    for (categories, title, expected) in [
        (&["9:533"][..], "Match report", vec![]),
        (&["IAB8-18"], "", vec![(Drugs, Risk::Low)]),
        (&["9:Rm3SiT"], "", vec![(Adult, Risk::High)]),
        (&["9:8FD8nI", "IAB12-1"], "", vec![(Terrorism, Risk::Medium)]),
        (&["6:I4GWl6", "9:132"], "", vec![(Death, Risk::Low)]),
        (&["9:KHPC5A"], "", vec![(Crime, Risk::Medium)]),
        (&["IAB25-3"], "", vec![(Adult, Risk::Floor)]),
        (&[], "The cocaine trade", vec![(Drugs, Risk::Medium)]),
    ] {
        assert_eq!(risks(categories, title), expected, "{categories:?} {title}");
    }
}

#[test]
fn innocent_words_block_nothing() {
    for title in [
        "The killer app of the year",
        "Shooting stars tonight",
        "Sussex weather",
        "Essex",
        "Heroine saves town",
    ] {
        assert_eq!(risks(&["9:533"], title), vec![], "{title}");
    }
}

#[test]
fn floor_content_refuses_the_request() {
    let found = restraints(&agent(), &Privacy::default(), &content(&["IAB26-2"], ""));
    assert!(found.contains(&Restraint::RefuseRequest(FloorContent)));
}

#[test]
fn unknown_content_keeps_out_only_those_who_take_no_risk() {
    let found = restraints(&agent(), &Privacy::default(), &Inventory::default());
    let arms = Restraint::ContentRisk { topic: SensitiveTopic::Arms, risk: Risk::Low };
    assert_eq!(found, vec![Restraint::HonourSwitches, arms]);
}

#[test]
fn advertisers_stay_off_what_they_block() {
    let found = |change: fn(&mut Inventory)| {
        let mut inventory = content(&[], "news");
        change(&mut inventory);
        restraints(&agent(), &Privacy::default(), &inventory)
    };
    let no = |ix| Restraint::NoAdvertiser(AdvertiserIx(ix));
    assert!(found(|i| i.domain = Some("www.bad.example".into())).contains(&no(0)));
    assert!(found(|i| i.bundle = Some("App.Bad".into())).contains(&no(1)));
    assert!(
        found(|i| i.categories.push("9:533".parse().unwrap())).contains(&no(1)),
        "soccer lies below sports"
    );
    assert!(
        found(|i| i.categories.push("IAB17-44".parse().unwrap())).contains(&no(1)),
        "so does its 1.0 code"
    );
    assert!(!found(|i| i.domain = Some("verybad.example".into())).contains(&no(0)));
}

#[test]
fn a_kill_switch_stops_a_publisher_and_everything() {
    let killed = |switch: Switch, domain: &str| {
        let mut catalog = catalog();
        let change = Change::Kill(switch);
        catalog.apply(&change).unwrap();
        let mut agent = agent();
        agent.observe(&Observation::Changed {
            catalog: &catalog,
            changes: &[change],
            at: Timestamp::from_secs(2),
        });
        let inventory = Inventory { domain: Some(domain.into()), ..content(&[], "t") };
        restraints(&agent, &Privacy::default(), &inventory).contains(&Restraint::RefuseRequest(KillSwitch))
    };
    assert!(killed(Switch::Everything, "any.example"));
    assert!(killed(Switch::Publisher("news.example".into()), "sport.news.example"));
    assert!(!killed(Switch::Publisher("news.example".into()), "other.example"));
}

#[test]
fn children_see_no_ads_for_grown_ups() {
    let child = Privacy { coppa: true, ..Privacy::default() };
    let found = restraints(&agent(), &child, &content(&[], "t"));
    assert!(found.contains(&Restraint::ContextOnly(Child)));
    for category in ["IAB8-5", "IAB14-1", "8:1004", "8:1366", "8:1548", "9:211"] {
        let no = Restraint::NoCategory(category.parse().unwrap(), Child);
        assert!(found.contains(&no), "{category}");
    }
    let family = restraints(&agent(), &Privacy::default(), &content(&["9:645"], "t"));
    assert!(family.iter().any(|r| matches!(r, Restraint::NoCategory(..))));
    assert!(!family.contains(&Restraint::ContextOnly(Child)));
}

#[test]
fn a_restored_agent_behaves_the_same() {
    let first = agent();
    let mut second = Safety::new(Options::default());
    second.restore(&first.save(), &catalog()).unwrap();
    let inventory = Inventory { domain: Some("bad.example".into()), ..content(&["9:483"], "t") };
    let privacy = Privacy::default();
    assert_eq!(restraints(&first, &privacy, &inventory), restraints(&second, &privacy, &inventory));
    assert!(second.restore(b"\xff\xff", &catalog()).is_err());
}
