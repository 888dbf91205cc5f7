mod fixture;
mod verified;

use expect_test::expect;
use motet_agent::{AgentName, Ask, Basis, CandidateIx, RefusedReason, Restraint, SafetyReason};
use motet_coordinator::Trace;
use motet_model::decision::{Finding, ImpDecision, NoBidReason};
use motet_units::{Chance, CpmMicros, Multiplier};

use self::fixture::{
    Hearing, ID, auction, bid, catalog, contested, cpm, offer, pace, rank, request, say, trace,
};
use super::{Change, Explanation, Fate, counterfactual, explain};

fn explained(trace: &Trace) -> Explanation {
    explain(trace, &request(), &catalog())
}

#[test]
fn an_engineer_reads_the_whole_decision() {
    expect![[r#"
        decision 000100000000002a at 2023-11-14T22:13:20.000000Z
        request req-1: news.example (publisher pub-7), content Sports, DEU; 1 imp(s), first price, live
        identity: permitted

        imp 0 ('top', banner, floor 0.5 CPM)
          bid: 'Winter boots' had the highest price of 2 ads and is offered at 4 CPM.
          rank  campaign  creative    pCTR      pCVR      value  bid  pacing  price  floor  chance  outcome
          1     boots     boots-300   0.010000  0.050000  5      4    1.000   4      0.5    1.0000  Chosen at 4 CPM.
          2     coffee    coffee-300  0.010000  0.050000  9      6    0.500   3      0.5    0.0000  Outbid by 1 CPM.
          -     tents     tents-300   0.010000  0.050000  2      1    0.250   -      0.5    -       Refused under budget: After pacing, the bid is below the floor.
          -     beer      beer-300    0.010000  0.050000  -      -    -       -      0.5    -       Refused under safety: A safety restraint forbids it (brand_risk).
          what would have changed it (computed by running the recorded auction again)
            'Morning coffee' would have been chosen with a bid 2.000002 CPM higher, 8.000002 CPM.
            'Morning coffee' would have been chosen with a pacing multiplier of 0.666667 instead of 0.500000.
            'Summer tents' could not have been chosen at its value: an impression would have had to be worth 16.000004 CPM to it, not at most 2 CPM.

        who took part
          agent      presence  policy             accepted  refused
          intent     answered  intent-fixed@1     1         0
          guard      answered  guard-fixed@1      1         0
          safety     answered  safety-fixed@1     0         0
          relevance  answered  relevance-fixed@1  3         1
          bidder     answered  bidder-fixed@1     2         1
          pacer      answered  pacer-fixed@1      3         0

        what they proposed
          intent
            activate_interests add /user/interests: Sports 0.750 (from content and past events); accepted
          guard
            screen_traffic add /request/traffic: valid; accepted
          relevance
            rank_ads add /imp/0/candidate: boots / boots-300, pCTR 0.010000, pCVR 0.050000, floor 0.5 CPM; accepted
            rank_ads add /imp/0/candidate: beer / beer-300, pCTR 0.010000, pCVR 0.050000, floor 0.5 CPM; refused under safety: A safety restraint forbids it (brand_risk).
            rank_ads add /imp/0/candidate: coffee / coffee-300, pCTR 0.010000, pCVR 0.050000, floor 0.5 CPM; accepted
            rank_ads add /imp/0/candidate: tents / tents-300, pCTR 0.010000, pCVR 0.050000, floor 0.5 CPM; accepted
          bidder
            offer_price replace /candidate/0/bid: bid 4 CPM of a value of 5 CPM; accepted
            offer_price replace /candidate/1/bid: bid 6 CPM of a value of 9 CPM; accepted
            offer_price replace /candidate/2/bid: bid 1 CPM of a value of 2 CPM; refused under budget: After pacing, the bid is below the floor.
          pacer
            pace_spend replace /candidate/0/pace: multiplier 1.000000; accepted
            pace_spend replace /candidate/1/pace: multiplier 0.500000; accepted
            pace_spend replace /candidate/2/pace: multiplier 0.250000; accepted

        view digest 0000000000000007, chance key 3579e885ef3f8645
    "#]].assert_eq(&explained(&contested(Basis::Identity, &[])).to_text());
}

#[test]
fn a_viewer_reads_what_was_used_about_them() {
    expect![[r#"
        This ad is paid for by Alpine Boots.
        This page is about Sports.
        Your earlier visits suggest that you are interested in Sports.
        The advertiser asked to reach people in DEU; content about Sports.
        About you, your earlier visits, your country, your kind of device and what you have open were used.
    "#]]
    .assert_eq(&explained(&contested(Basis::Identity, &[])).to_viewer_text());
}

#[test]
fn a_viewer_who_opted_out_reads_that_nothing_was_used() {
    let restraint = Restraint::ContextOnly(SafetyReason::OptedOut);
    expect![[r#"
        This ad is paid for by Alpine Boots.
        This page is about Sports.
        The advertiser asked to reach people in DEU; content about Sports.
        Your earlier visits were not used, because you have not allowed it or it is not permitted here: only your country, your kind of device and what you have open were.
    "#]]
    .assert_eq(&explained(&contested(Basis::Identity, &[restraint])).to_viewer_text());
}

#[test]
fn an_advertiser_reads_of_its_own_campaign_alone() {
    let text = explained(&contested(Basis::Context, &[])).to_advertiser_text("coffee");
    for rival in ["boots", "Winter", "Alpine", "tents"] {
        assert!(!text.contains(rival), "{text}");
    }
    expect![[r#"
        Decision 000100000000002a at 2023-11-14T22:13:20.000000Z, campaign coffee.
        Imp 0, creative coffee-300: Not chosen; the ad chosen pays 4 CPM.
          predicted: 1.00 % of impressions are clicked, 5.00 % of clicks convert
          worth 9 CPM to the campaign; the bidder offered 6 CPM
          pacing let 50.00 % of the bid through, to keep to the spend plan
    "#]]
    .assert_eq(&text);
}

#[test]
fn an_advertiser_that_was_not_considered_reads_so() {
    let text = explained(&contested(Basis::Context, &[])).to_advertiser_text("umbrellas");
    assert!(text.contains("None of its ads was considered"), "{text}");
}

#[test]
fn no_text_holds_identity() {
    let explanation = explained(&contested(Basis::Identity, &[]));
    let json = serde_json::to_string(&explanation).unwrap();
    let texts =
        [json, explanation.to_text(), explanation.to_viewer_text(), explanation.to_advertiser_text("boots")];
    let key = (0xfeed_beef_u64.to_string(), "feedbeef");
    for text in texts {
        for secret in
            [&key.0, key.1, "SecretBrowser", "192.0.2.77", "very-private", "private-keyword", "email"]
        {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
}

#[test]
fn the_runner_up_is_told_the_least_bid_and_the_least_share() {
    let explanation = explained(&contested(Basis::Context, &[]));
    let changes: Vec<(&str, Change)> =
        explanation.imps[0].would_have_changed.iter().map(|c| (c.campaign.as_str(), c.change)).collect();
    let needed = cpm(4.0).next_up();
    let Change::Bid { to_cpm_micros, .. } = changes[0].1 else { panic!("{changes:?}") };
    assert_eq!(changes[0].0, "coffee");
    let half = Multiplier::clamped(0.5);
    assert!(half.of(to_cpm_micros) >= needed, "enough");
    assert!(half.of(CpmMicros::new(to_cpm_micros.get() - 1)) < needed, "and not a micro more than enough");
    let Change::PacingMultiplier { to, .. } = changes[1].1 else { panic!("{changes:?}") };
    assert!(Multiplier::clamped(to).of(cpm(6.0)) >= needed);
    assert!(Multiplier::clamped(to.next_down()).of(cpm(6.0)) < needed);
}

#[test]
fn a_bid_above_the_value_is_never_advised() {
    let explanation = explained(&contested(Basis::Context, &[]));
    let tents: Vec<Change> = explanation.imps[0]
        .would_have_changed
        .iter()
        .filter(|found| found.campaign == "tents")
        .map(|found| found.change)
        .collect();
    assert!(
        matches!(tents[..], [Change::Value { from_cpm_micros, .. }] if from_cpm_micros == cpm(2.0)),
        "{tents:?}"
    );
}

fn two_with_greed(greed: f64, chosen: u16) -> Trace {
    let mut hearing = Hearing::new();
    for ix in [0, 1] {
        say(&mut hearing, AgentName::Relevance, rank(ix, cpm(0.5)), None);
    }
    say(&mut hearing, AgentName::Bidder, offer(0, 5.0, 4.0), None);
    say(&mut hearing, AgentName::Bidder, offer(1, 5.0, 2.0), None);
    trace(
        hearing,
        vec![auction(&[(0, 4.0), (1, 2.0)], Some(greed), chosen, 2.0)],
        bid(u32::from(chosen), cpm(2.0)),
    )
}

/// Returns a trace whose draw chooses a place, as the coordinator would have recorded it.
fn drawn_to(chosen: u16) -> Trace {
    let mut trace = two_with_greed(1.0, chosen);
    for seed in 0.. {
        trace.chance = Chance::new(seed, ID.0);
        let auction = &trace.auctions[0];
        let came_out = counterfactual::choose(0, &auction.ranked, auction.greed, trace.chance);
        if came_out == Some(CandidateIx(chosen)) {
            return trace;
        }
    }
    unreachable!("some seed chooses it")
}

#[test]
fn the_higher_one_passed_over_would_have_won_without_exploration() {
    let explanation = explained(&drawn_to(1));
    let imp = &explanation.imps[0];
    assert_eq!(imp.candidates[0].fate, Fate::PassedOver);
    assert!(imp.would_have_changed.iter().any(|c| c.change == Change::NoExploration));
    assert!(imp.sentence.contains("tried by exploration, although it ranked 2 of 2"), "{}", imp.sentence);
}

#[test]
fn the_chance_of_each_ad_is_shown_and_sums_to_one() {
    let explanation = explained(&drawn_to(0));
    let sum: f64 = explanation.imps[0].candidates.iter().filter_map(|line| line.propensity).sum();
    assert!((sum - 1.0).abs() < 1e-12, "{sum}");
}

#[test]
fn nothing_is_concluded_from_an_auction_that_does_not_come_out_the_same() {
    let mut trace = contested(Basis::Context, &[]);
    trace.auctions[0].chosen = CandidateIx(1);
    assert!(explained(&trace).imps[0].would_have_changed.is_empty());
}

#[test]
fn without_an_auction_the_floor_is_what_had_to_be_reached() {
    let mut hearing = Hearing::new();
    say(&mut hearing, AgentName::Relevance, rank(0, cpm(2.0)), None);
    say(&mut hearing, AgentName::Bidder, offer(0, 5.0, 1.5), Some(RefusedReason::BelowFloor));
    let trace = trace(hearing, Vec::new(), ImpDecision::NoBid(NoBidReason::BelowFloor));
    let found = explained(&trace).imps[0].would_have_changed.clone();
    let expected = Change::Bid { from_cpm_micros: cpm(1.5), to_cpm_micros: cpm(2.0) };
    assert_eq!(found.iter().map(|c| c.change).collect::<Vec<_>>(), [expected]);
}

#[test]
fn an_ad_that_could_not_be_paid_for_needed_room_in_its_budget() {
    let mut hearing = Hearing::new();
    say(&mut hearing, AgentName::Relevance, rank(0, cpm(0.5)), None);
    say(&mut hearing, AgentName::Bidder, offer(0, 5.0, 4.0), Some(RefusedReason::NoBudget));
    say(&mut hearing, AgentName::Pacer, pace(0, 0.5), None);
    let trace = trace(hearing, Vec::new(), ImpDecision::NoBid(NoBidReason::BudgetExhausted));
    let found = explained(&trace).imps[0].would_have_changed.clone();
    assert_eq!(found[0].change, Change::Budget { at_most_nanos: cpm(2.0).per_impression() });
}

#[test]
fn invalid_traffic_is_refused_before_any_ad_is_considered() {
    let mut hearing = Hearing::new();
    say(&mut hearing, AgentName::Guard, Ask::Flag { finding: Finding::Crawler }, None);
    let refused = ImpDecision::NoBid(NoBidReason::InvalidTraffic(Finding::Crawler));
    let mut trace = trace(hearing, Vec::new(), refused);
    trace.presence.truncate(3);
    let explanation = explained(&trace);
    expect![[r#"
        decision 000100000000002a at 2023-11-14T22:13:20.000000Z
        request req-1: news.example (publisher pub-7), content Sports, DEU; 1 imp(s), first price, live
        identity: permitted

        imp 0 ('top', banner, floor 0.5 CPM)
          no bid (invalid traffic): The user agent is a known crawler.

        who took part
          agent      presence   policy             accepted  refused
          intent     answered   intent-fixed@1     0         0
          guard      answered   guard-fixed@1      1         0
          safety     answered   safety-fixed@1     0         0
          relevance  not asked  relevance-fixed@1  0         0
          bidder     not asked  bidder-fixed@1     0         0
          pacer      not asked  pacer-fixed@1      0         0

        what they proposed
          guard
            screen_traffic remove /request/traffic: invalid: crawler; accepted

        view digest 0000000000000007, chance key 3579e885ef3f8645
    "#]]
    .assert_eq(&explanation.to_text());
    assert_eq!(explanation.to_viewer_text(), "No ad was shown.\n");
}

#[test]
fn the_baselines_own_numbering_is_read_back() {
    let mut hearing = Hearing::new();
    let unsafe_here = RefusedReason::Unsafe(SafetyReason::KillSwitch);
    say(&mut hearing, AgentName::Baseline, rank(3, cpm(0.5)), Some(unsafe_here));
    say(&mut hearing, AgentName::Baseline, rank(1, cpm(0.5)), None);
    say(&mut hearing, AgentName::Baseline, offer(0, 9.0, 9.0), Some(RefusedReason::CandidateRefused));
    say(&mut hearing, AgentName::Baseline, offer(1, 3.0, 3.0), None);
    let trace = trace(hearing, vec![auction(&[(0, 3.0)], None, 0, 3.0)], bid(1, cpm(3.0)));
    let imp = explained(&trace).imps[0].clone();
    assert_eq!(
        (imp.candidates[0].campaign.as_str(), imp.candidates[0].bid_cpm_micros),
        ("coffee", Some(cpm(3.0)))
    );
    assert_eq!(imp.candidates[1].fate, Fate::Refused { reason: "unsafe", under: "safety" });
}

#[test]
fn a_proposal_that_names_nothing_is_explained_all_the_same() {
    let mut hearing = Hearing::new();
    say(&mut hearing, AgentName::Relevance, rank(99, cpm(0.5)), Some(RefusedReason::UnknownTarget));
    let trace = trace(hearing, Vec::new(), ImpDecision::NoBid(NoBidReason::NoMatch));
    assert!(explained(&trace).to_text().contains("campaign #99"));
}

#[test]
fn the_json_form_states_units_in_its_names() {
    let json = serde_json::to_value(explained(&contested(Basis::Context, &[]))).unwrap();
    assert_eq!(json["decision"], ID.to_string());
    assert_eq!(json["imps"][0]["outcome"]["price_cpm_micros"], 4_000_000);
    assert_eq!(json["imps"][0]["candidates"][1]["fate"]["by_cpm_micros"], 1_000_000);
    assert_eq!(json["agents"][3]["proposals"][1]["reason"], "unsafe");
}
