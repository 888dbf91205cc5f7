use motet_agent::{Features, MarketKey};
use motet_model::{
    decision::{Bid, Charge},
    ids::{AdvertiserIx, BidId, CampaignIx, CreativeIx, DecisionId},
    outcome::Notice,
    request::{Inventory, MediaKind, Pricing, User},
};
use motet_units::{Chance, CpmMicros, Nanos, Probability};

use super::*;

const SOCCER: &str = "9:533";
const CANCER: &str = "9:314";

fn category(text: &str) -> CategoryId {
    text.parse().unwrap()
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_secs(1_700_000_000 + seconds)
}

fn bid(user: Option<u64>, categories: &[&str]) -> BidRecord {
    let bid = Bid {
        id: BidId { decision: DecisionId(1), imp: 0 },
        campaign: CampaignIx(0),
        advertiser: AdvertiserIx(0),
        creative: CreativeIx(0),
        price: CpmMicros::new(1),
        reserved: Nanos::new(1),
        deal: None,
        kind: MediaKind::Banner,
        size: None,
        propensity: Probability::ONE,
        charge: Charge::OnImpression,
        expires: at(3_600),
    };
    BidRecord {
        bid,
        made_at: at(0),
        user: user.map(UserKey),
        value: CpmMicros::new(1),
        floor: CpmMicros::new(0),
        pricing: Pricing::FirstPrice,
        market: MarketKey(0),
        p_click: Probability::ZERO,
        p_conversion: Probability::ZERO,
        features: Features::default(),
        categories: categories.iter().map(|c| category(c)).collect(),
    }
}

fn notice(agent: &mut IntentAgent, bid: &BidRecord, kind: NoticeKind, verdict: NoticeVerdict, when: i64) {
    let notice = Notice { bid: bid.bid.id, kind, happened_at: at(when), key: 0 };
    agent.observe(&Observation::Noticed { bid, notice: &notice, verdict, known_at: at(when) });
}

fn click(agent: &mut IntentAgent, user: u64, categories: &[&str], when: i64) {
    notice(agent, &bid(Some(user), categories), NoticeKind::Click, NoticeVerdict::Counted, when);
}

fn ask(agent: &IntentAgent, user: Option<u64>, categories: &[&str], when: i64) -> (Interests, Basis) {
    let inventory =
        Inventory { categories: categories.iter().map(|c| category(c)).collect(), ..Inventory::default() };
    let user = User { key: user.map(UserKey), ..User::default() };
    let sight = Sight::Intent(IntentSight { inventory: &inventory, user: &user });
    let view = View { decision: DecisionId(7), now: at(when), chance: Chance::new(1, 7), sight };
    let (mut first, mut second) = (Vec::new(), Vec::new());
    agent.propose(&view, &mut first);
    agent.propose(&view, &mut second);
    assert_eq!(first, second, "AG-1");
    assert!(first.iter().all(|p| CARD.intents.contains(&p.ask.intent())), "AG-2");
    match first.swap_remove(0).ask {
        Ask::Profile { interests, basis } => (interests, basis),
        other => panic!("asked {other:?}"),
    }
}

fn sum(interests: &Interests) -> f32 {
    interests.0.iter().map(|(_, w)| w).sum()
}

#[test]
fn an_unknown_user_gets_the_content_and_its_parents() {
    let agent = IntentAgent::new(Options::default(), IntentAgent::fixed_policy()).unwrap();
    let (interests, basis) = ask(&agent, None, &["IAB17-44"], 0);
    assert_eq!(basis, Basis::Context);
    assert_eq!(interests.0[0].0, category(SOCCER));
    assert!((interests.weight(category("9:483")) - 1.0 / 3.0).abs() < 1e-4, "sports at half of soccer");
    assert!(sum(&interests) <= 1.0);
    let (nothing, _) = ask(&agent, None, &[], 0);
    assert!(nothing.0.is_empty());
}

#[test]
fn equal_views_give_equal_proposals_and_stay_on_the_card() {
    let mut agent = IntentAgent::new(Options::default(), IntentAgent::fixed_policy()).unwrap();
    click(&mut agent, 1, &[SOCCER, "9:338"], 0);
    let (interests, basis) = ask(&agent, Some(1), &["9:1"], 60);
    assert_eq!(basis, Basis::Identity);
    assert!(sum(&interests) <= 1.0 && interests.0.is_sorted_by(|a, b| a.1 >= b.1));
}

#[test]
fn a_click_outweighs_views() {
    let mut agent = IntentAgent::new(Options::default(), IntentAgent::fixed_policy()).unwrap();
    let views = bid(Some(1), &["9:1"]);
    for _ in 0..3 {
        notice(&mut agent, &views, NoticeKind::Impression, NoticeVerdict::Counted, 0);
    }
    click(&mut agent, 1, &[SOCCER], 0);
    let (interests, _) = ask(&agent, Some(1), &[], 1);
    assert!(interests.weight(category(SOCCER)) > 10.0 * interests.weight(category("9:1")));
}

#[test]
fn what_did_not_count_teaches_nothing() {
    let mut agent = IntentAgent::new(Options::default(), IntentAgent::fixed_policy()).unwrap();
    let record = bid(Some(1), &[SOCCER]);
    for verdict in [NoticeVerdict::Duplicate, NoticeVerdict::Filtered, NoticeVerdict::Contradicts] {
        notice(&mut agent, &record, NoticeKind::Click, verdict, 0);
    }
    notice(&mut agent, &bid(None, &[SOCCER]), NoticeKind::Click, NoticeVerdict::Counted, 0);
    assert_eq!(agent.users(), 0);
}

#[test]
fn the_short_part_fades_before_the_long_one() {
    let mut agent = IntentAgent::new(Options::default(), IntentAgent::fixed_policy()).unwrap();
    for _ in 0..20 {
        click(&mut agent, 1, &["9:1"], 0);
    }
    click(&mut agent, 1, &[SOCCER], 5 * 86_400);
    let share = |when| {
        let (interests, _) = ask(&agent, Some(1), &[], when);
        interests.weight(category(SOCCER)) / interests.weight(category("9:1"))
    };
    assert!(share(5 * 86_400) > 2.0 * share(6 * 86_400), "a day later only the long part speaks");
}

#[test]
fn sensitive_content_stays_out_of_profiles() {
    let mut agent = IntentAgent::new(Options::default(), IntentAgent::fixed_policy()).unwrap();
    click(&mut agent, 1, &[CANCER, SOCCER], 0);
    let (interests, _) = ask(&agent, Some(1), &[], 0);
    assert!(interests.0.iter().all(|(c, _)| !taxonomy::is_sensitive(*c)));
    let (in_context, _) = ask(&agent, None, &[CANCER], 0);
    assert!(in_context.weight(category(CANCER)) > 0.0, "as context it may be used");
}

#[test]
fn the_table_forgets_whom_it_must() {
    let mut agent =
        IntentAgent::new(Options { most_users: 10, ..Options::default() }, IntentAgent::fixed_policy())
            .unwrap();
    for user in 0..1_000 {
        click(&mut agent, user, &[SOCCER], user.cast_signed());
    }
    assert_eq!(agent.users(), 10);
    agent.forget(UserKey(999));
    assert_eq!(ask(&agent, Some(999), &[], 2_000).1, Basis::Context);
}

#[test]
fn a_profile_holds_sixteen_categories_at_most() {
    let mut agent = IntentAgent::new(Options::default(), IntentAgent::fixed_policy()).unwrap();
    for (place, category) in taxonomy::all().filter(|c| !taxonomy::is_sensitive(*c)).enumerate() {
        click(&mut agent, 1, &[&category.to_string()], i64::try_from(place).unwrap());
    }
    let bytes = agent.save().len();
    assert!(bytes < 16 * 20 + 64, "saved in {bytes} bytes");
    assert!(ask(&agent, Some(1), &[], 1_000).0.0.len() <= 8);
}

#[test]
fn a_restored_agent_proposes_the_same() {
    let mut agent =
        IntentAgent::new(Options { most_users: 50, ..Options::default() }, IntentAgent::fixed_policy())
            .unwrap();
    for n in 0..300_u64 {
        click(&mut agent, n * 7 % 90, &[SOCCER, "9:338"][..=n as usize % 2], n.cast_signed());
    }
    let mut restored =
        IntentAgent::new(Options { most_users: 50, ..Options::default() }, IntentAgent::fixed_policy())
            .unwrap();
    restored.restore(&agent.save(), &Catalog::default()).unwrap();
    for n in 300..400_u64 {
        assert_eq!(ask(&agent, Some(n % 90), &["9:1"], 400), ask(&restored, Some(n % 90), &["9:1"], 400));
        click(&mut agent, n % 90, &["9:42"], n.cast_signed());
        click(&mut restored, n % 90, &["9:42"], n.cast_signed());
    }
    assert_eq!(agent.save(), restored.save());
    assert!(restored.restore(&[1, 2, 3], &Catalog::default()).is_err());
    assert_eq!(agent.save(), restored.save(), "a failed restore changes nothing");
}

#[test]
fn a_policy_whose_action_is_out_of_range_is_not_seated() {
    for action in [vec![f64::NAN, 0.3, 0.3, 1.0], vec![0.3, 7.0, 0.3, 1.0], vec![0.3, 0.3, 0.3]] {
        let bad = || Box::new(Fixed::new("bad@1", action.clone()));
        assert!(IntentAgent::new(Options::default(), bad()).is_err());
        let mut agent = IntentAgent::new(Options::default(), IntentAgent::fixed_policy()).unwrap();
        assert!(agent.take_policy(bad()).is_err());
        assert_eq!((agent.mix(), agent.policy_version()), (Mix::default(), "intent-fixed@1"));
    }
}

/// Answers well to the first observation it is tried on, and with what is no number once there is something to see.
#[derive(Debug)]
struct Failing;

impl motet_policy::Policy for Failing {
    fn version(&self) -> &'static str {
        "failing@1"
    }

    fn act(&self, _subject: motet_policy::Subject, observation: &[f64], action: &mut [f64]) {
        let tried = observation.iter().all(|number| *number == 0.0);
        action.fill(if tried { 0.5 } else { f64::NAN });
    }
}

#[test]
fn an_action_outside_its_range_changes_nothing_and_is_counted() {
    let mut agent = IntentAgent::new(Options::default(), Box::new(Failing)).unwrap();
    let before = agent.mix();
    click(&mut agent, 1, &["9:1"], 0);
    agent.control(&Tick { now: Timestamp::from_secs(60), catalog: &Catalog::default(), accounts: &[] });
    assert_eq!((agent.mix(), agent.refused_actions()), (before, 1));
}
