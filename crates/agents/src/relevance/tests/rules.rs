//! Caps, restraints, exploration, saving, and the reasons for naming nothing.

use motet_agent::{Agent, Ask, BudgetState, Observation, Restraint, SafetyReason};
use motet_model::{
    campaign::{FrequencyCap, Goal, UnknownUser},
    catalog::{Catalog, Change, Switch},
    codes::Code,
    decision::NoBidReason,
    ids::{CampaignIx, UserKey},
    outcome::NoticeKind,
    request::{Access, Size},
    targeting::Place,
};
use motet_policy::Fixed;
use motet_units::{CpmMicros, Span};

use super::world::{World, at, campaign, imp, named, options, rankings, request};
use crate::relevance::{CARD, Options, RelevanceAgent};

fn cap(impressions: u16) -> FrequencyCap {
    FrequencyCap { impressions, per: Span::from_secs(3_600), unknown_user: UnknownUser::Serve }
}

fn user(key: u64) -> motet_model::request::AdRequest {
    let mut request = request();
    request.user.key = Some(UserKey(key));
    request
}

#[test]
fn equal_views_give_equal_proposals() {
    let world = World::new(options()).with_campaigns(60, |_, _| {});
    let first = world.ask(&request(), 5, 0);
    assert_eq!(first, world.ask(&request(), 5, 0), "AG-1");
    assert!(first.iter().all(|p| CARD.intents.contains(&p.ask.intent())), "AG-2");
    assert_eq!(rankings(&first).len(), 16);
    assert!(rankings(&first).iter().all(|r| r.features.as_slice().len() == 20));
    let explorations = first.iter().filter(|p| matches!(p.ask, Ask::Explore { imp: 0, .. })).count();
    assert_eq!(explorations, 1);
}

#[test]
fn a_few_come_from_a_random_place_and_the_rest_by_prior() {
    let mut world = World::new(options()).with_campaigns(200, |_, _| {});
    world.tick(0);
    let mut seen = std::collections::BTreeSet::new();
    for decision in 0..300 {
        let of = named(&world.ask(&request(), decision, 0));
        assert!((0..12).all(|n| of.contains(&CampaignIx(n))), "ties stand in the order of age: {of:?}");
        seen.extend(of);
    }
    assert!(seen.len() > 150, "{} of 200 were named", seen.len());
}

#[test]
fn caps_are_respected() {
    let mut world = World::new(options()).with_campaigns(1, |_, of| of.frequency = Some(cap(2)));
    let (known, other) = (user(1), user(2));
    for n in 0..2 {
        let proposals = world.ask(&known, n, 0);
        let bid = world.bid(&known, rankings(&proposals)[0], 0);
        // Billing and impression of one bid are one exposure.
        world.notice(&bid, NoticeKind::Billed { price: None }, 1);
        world.notice(&bid, NoticeKind::Impression, 2);
    }
    assert!(world.ask(&known, 3, 10).is_empty(), "capped");
    assert_eq!(world.why(&known, 10, &[]), NoBidReason::FrequencyCapped);
    assert_eq!(named(&world.ask(&other, 3, 10)).len(), 1, "another user is not");
    assert_eq!(named(&world.ask(&request(), 3, 10)).len(), 1, "an unknown one is served");
    assert_eq!(named(&world.ask(&known, 3, 3_602)).len(), 1, "the count slides");
}

#[test]
fn a_pending_bid_counts_until_it_is_lost_or_a_minute_old() {
    let mut world = World::new(options()).with_campaigns(1, |_, of| of.frequency = Some(cap(1)));
    let known = user(1);
    let first = world.ask(&known, 1, 0);
    let bid = world.bid(&known, rankings(&first)[0], 0);
    assert!(world.ask(&known, 2, 30).is_empty(), "on its way");
    assert_eq!(named(&world.ask(&known, 2, 61)).len(), 1, "never heard of");
    world.notice(&bid, NoticeKind::Lost { reason: 102, minimum_to_win: None }, 1);
    assert_eq!(named(&world.ask(&known, 2, 30)).len(), 1, "lost");
    world.notice(&bid, NoticeKind::Impression, 40);
    assert!(world.ask(&known, 2, 200).is_empty(), "shown after all");
}

#[test]
fn one_request_of_several_imps_cannot_exceed_a_cap() {
    let world = World::new(options()).with_campaigns(1, |_, of| of.frequency = Some(cap(2)));
    let mut known = user(1);
    known.imps = vec![imp(), imp(), imp()];
    let proposals = world.ask(&known, 1, 0);
    assert_eq!(rankings(&proposals).iter().map(|r| r.imp).collect::<Vec<_>>(), [0, 1]);
}

#[test]
fn an_unknown_user_is_skipped_where_the_campaign_says_so() {
    let skip = FrequencyCap { unknown_user: UnknownUser::Skip, ..cap(5) };
    let world = World::new(options()).with_campaigns(1, |_, of| of.frequency = Some(skip));
    assert!(world.ask(&request(), 1, 0).is_empty());
    assert_eq!(named(&world.ask(&user(1), 1, 0)).len(), 1);
    let context_only = [Restraint::ContextOnly(SafetyReason::NoConsent)];
    assert!(world.ask_under(&user(1), 1, 0, &context_only).is_empty(), "a user not to be counted is unknown");
}

#[test]
fn a_creative_seen_often_is_less_likely_clicked() {
    let mut world = World::new(options()).with_campaigns(1, |_, _| {});
    let known = user(1);
    let first = world.ask(&known, 0, 0);
    let fresh = rankings(&first)[0].p_click.get();
    for n in 0..6 {
        let proposals = world.ask(&known, n, 0);
        let bid = world.bid(&known, rankings(&proposals)[0], 0);
        world.notice(&bid, NoticeKind::Billed { price: None }, 0);
    }
    let later = world.ask(&known, 9, 10);
    let tired = rankings(&later)[0].p_click.get();
    assert!(
        (tired / fresh - libm::exp(-0.6)).abs() < 0.02,
        "six views take 0.6 off the logit: {tired} of {fresh}"
    );
}

#[test]
fn what_cannot_pay_or_is_killed_is_not_named() {
    let mut world = World::new(options()).with_campaigns(3, |_, _| {});
    let campaign = CampaignIx(0);
    world.agent.observe(&Observation::Budget { campaign, state: BudgetState::Exhausted });
    world.apply(Change::Kill(Switch::Campaign("c1".to_owned())));
    assert_eq!(named(&world.ask(&request(), 1, 0)), [CampaignIx(2)]);
    assert_eq!(world.ask_under(&request(), 1, 0, &[]).len(), 3, "switches hold where safety asks for it");
    world.agent.observe(&Observation::Budget { campaign, state: BudgetState::Available });
    world.apply(Change::Revive(Switch::Campaign("c1".to_owned())));
    assert_eq!(named(&world.ask(&request(), 1, 0)).len(), 3);
}

#[test]
fn every_reason_for_naming_nothing_is_told() {
    let world = |edit: fn(&mut motet_model::campaign::Campaign)| {
        World::new(options()).with_campaigns(1, move |_, of| edit(of))
    };
    let place = || Place { country: Code::country("DEU").unwrap(), region: None, city: None };
    let abroad = world(|_| {});
    let mut of = campaign("c0", "a");
    of.targeting.places = vec![place()];
    let mut elsewhere = abroad;
    elsewhere.apply(Change::PutCampaign(of));
    assert_eq!(elsewhere.why(&request(), 0, &[]), NoBidReason::NoMatch);

    let plain = world(|_| {});
    let mut other_size = request();
    other_size.imps[0].media.banner.as_mut().unwrap().sizes = [Size { w: 1, h: 2 }].into_iter().collect();
    assert_eq!(plain.why(&other_size, 0, &[]), NoBidReason::NoCreative);
    let mut deals_only = request();
    deals_only.imps[0].access = Access::DealsOnly;
    assert_eq!(plain.why(&deals_only, 0, &[]), NoBidReason::NoDeal);
    let mut other_seat = request();
    other_seat.blocks.allowed_seats = vec!["x".to_owned()];
    assert_eq!(plain.why(&other_seat, 0, &[]), NoBidReason::SeatNotAllowed);
    let mut blocked = request();
    blocked.blocks.domains = vec!["example.com".to_owned()];
    assert_eq!(plain.why(&blocked, 0, &[]), NoBidReason::Unsafe);

    let mut broke = world(|_| {});
    broke.agent.observe(&Observation::Budget { campaign: CampaignIx(0), state: BudgetState::Exhausted });
    assert_eq!(broke.why(&request(), 0, &[]), NoBidReason::BudgetExhausted);
    assert_eq!(
        World::new(options()).why(&request(), 0, &[Restraint::HonourSwitches]),
        NoBidReason::NoMatch,
        "nothing to name"
    );
}

#[test]
fn a_new_order_is_made_a_few_ads_at_a_time_and_put_best_first() {
    let price = |n: usize| Goal::Cpm { price: CpmMicros::from_units(1.0 + (n * 7 % 40) as f64) };
    let mut world =
        World::new(Options { candidates: 3, ..options() }).with_campaigns(40, |n, of| of.goal = price(n));
    world.agent.steps = crate::relevance::Steps { a_go: 8, between: 2, a_tick: 10 };
    world.tick(0);
    assert!(world.agent.index.is_reordering(), "80 steps are not taken in one tick");
    world.apply(Change::PutCampaign(campaign("c0", "a")));
    let decided = |world: &mut World| {
        world.agent.observe(&Observation::Decided { request: &request(), bids: &[], at: at(1) });
    };
    let decisions = (0..).take_while(|_| {
        decided(&mut world);
        world.agent.index.is_reordering()
    });
    assert_eq!(decisions.count(), 17, "72 steps are left, eight on every second decision");
    world.agent.parameters.sampled = 0.0;
    let best = named(&world.ask(&request(), 1, 2));
    let mut by_price: Vec<usize> = (1..40).collect();
    by_price.sort_by_key(|n| std::cmp::Reverse(n * 7 % 40));
    let expected: Vec<_> = by_price[..3].iter().map(|n| CampaignIx(*n as u32)).collect();
    assert_eq!(best, expected);
}

#[test]
fn a_restored_agent_proposes_the_same() {
    let mut world = World::new(Options { reorder_after: 20, ..options() })
        .with_campaigns(40, |n, of| of.frequency = (n % 3 == 0).then(|| cap(2)));
    world.apply(Change::RemoveCampaign("c7".to_owned()));
    for n in 0..200 {
        let request = user(n % 20);
        let seconds = n.cast_signed();
        let proposals = world.ask(&request, n, seconds);
        let bid = world.bid(&request, rankings(&proposals)[n as usize % 5], seconds);
        world.notice(&bid, NoticeKind::Impression, seconds);
        if n % 9 == 0 {
            world.notice(&bid, NoticeKind::Click, seconds);
        }
        if n % 50 == 49 {
            world.tick(seconds);
        }
        if n == 120 {
            world.apply(Change::Kill(Switch::Creative("k3".to_owned())));
            world.apply(Change::PutCampaign(campaign("c9", "a")));
            let campaign = CampaignIx(11);
            world.agent.observe(&Observation::Budget { campaign, state: BudgetState::Exhausted });
        }
    }
    let state = world.agent.save();
    let asked = |world: &World| (0..60).map(|n| world.ask(&user(n % 25), n, 210)).collect::<Vec<_>>();
    let before = asked(&world);
    world.agent =
        RelevanceAgent::new(Options { reorder_after: 20, ..options() }, RelevanceAgent::fixed_policy())
            .unwrap();
    assert!(world.agent.restore(&state[..state.len() / 2], &world.catalog).is_err());
    assert!(world.agent.restore(&state, &Catalog::default()).is_err(), "the catalog must hold its ads");
    world.agent.restore(&state, &world.catalog).unwrap();
    assert_eq!(asked(&world), before);
    assert_eq!(world.agent.save(), state);
    world.tick(300);
    assert_eq!(world.agent.parameters(), crate::relevance::Parameters::default());
}

#[test]
fn a_policy_whose_action_is_out_of_range_is_not_seated() {
    let fixed = CARD.action.iter().map(|p| p.default).collect::<Vec<_>>();
    for (place, bad) in [(0, f64::INFINITY), (1, 99.0), (5, f64::NAN)] {
        let mut action = fixed.clone();
        action[place] = bad;
        assert!(RelevanceAgent::new(options(), Box::new(Fixed::new("bad@1", action))).is_err());
    }
    assert!(RelevanceAgent::new(options(), Box::new(Fixed::new("fine@1", fixed))).is_ok());
}

#[test]
fn flights_begin_and_end_on_time() {
    let mut world = World::new(options()).with_campaigns(1, |_, of| {
        of.flight.start = at(100_000);
        of.flight.end = Some(at(200_000));
    });
    let count = |world: &mut World, seconds: i64| {
        let observed = Observation::Decided { request: &request(), bids: &[], at: at(seconds) };
        world.agent.observe(&observed);
        named(&world.ask(&request(), 1, seconds)).len()
    };
    let counts = [0, 99_999, 100_000, 199_999, 200_000].map(|seconds| count(&mut world, seconds));
    assert_eq!(counts, [0, 0, 1, 1, 0]);
}
