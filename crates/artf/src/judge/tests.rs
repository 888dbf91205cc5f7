//! Every intent applied once, every refusal met once, and laws over arbitrary mutations.

use proptest::prelude::*;

use super::*;
use crate::{
    least::Identity,
    options::Rules,
    proto::{
        artf::{AdjustBidPayload, AdjustDealPayload, DataPayload, Margin, MetricsPayload, mutation::Value},
        openrtb::bid_request::{Data, Metric, data::Ext},
    },
    testing::{cpm, floor, ids, money, mutation, request},
};
use motet_model::request::{AdRequest, Ownership};

const SEGMENT: &str = "/user/data/segment";
const DEAL: &str = "/imp/1/pmp/deals/d-1";

fn rules() -> Rules {
    Rules { deals: [("d-own".to_owned(), cpm(3.0))].into(), floor_most: cpm(50.0) }
}

fn all(name: &str) -> Proposer<'_> {
    Proposer { name, allowed: IntentSet::all(), applicable: IntentSet::all() }
}

/// Judges mutations of one agent in turn, and returns the request with the names of the verdicts.
fn judged(
    mut request: AdRequest,
    identity: Identity,
    mutations: &[Mutation],
) -> (AdRequest, Vec<&'static str>) {
    let rules = rules();
    let mut bench = RequestBench::new(&mut request, &rules, identity, money());
    let verdicts = mutations.iter().map(|mutation| bench.judge(all("acme-ai"), mutation).name()).collect();
    (request, verdicts)
}

fn check(mutation: Mutation, verdict: &str) -> AdRequest {
    let shown = format!("{mutation:?}");
    let (request, verdicts) = judged(request(), Identity::Permitted, &[mutation]);
    assert_eq!(verdicts, [verdict], "{shown}");
    request
}

fn margin(value: f64, calculation_type: i32) -> Value {
    let margin = Some(Margin { value, calculation_type });
    Value::AdjustDeal(AdjustDealPayload { bidfloor: None, margin })
}

fn metric(kind: &str, value: f64) -> Value {
    let metric = Metric { r#type: Some(kind.to_owned()), value: Some(value), vendor: None };
    Value::Metrics(MetricsPayload { metric: vec![metric] })
}

fn cids(name: &str, cids: &[&str]) -> Value {
    let ext = Ext { cids: cids.iter().map(|id| (*id).to_owned()).collect() };
    Value::ContentData(DataPayload {
        data: vec![Data { name: Some(name.to_owned()), ext: Some(ext), ..Data::default() }],
    })
}

use Intent::{
    ActivateDeals, ActivateSegments, AddCids, AddMetrics, AdjustDealFloor, AdjustDealMargin, BidShade,
    SuppressDeals,
};
use Operation::{Add, Remove, Replace};

#[test]
fn each_intent_of_a_request_is_applied() {
    let request = check(mutation(ActivateSegments, Add, SEGMENT, ids(&["trail", "runners"])), "applied");
    assert_eq!(request.user.segments, ["acme/runners", "acme-ai/trail", "acme-ai/runners"]);
    let request = check(mutation(ActivateSegments, Remove, SEGMENT, ids(&["runners"])), "applied");
    assert!(request.user.segments.is_empty());
    let request = check(mutation(ActivateDeals, Add, "/imp/1", ids(&["d-own"])), "applied");
    assert_eq!(request.imps[0].deals[2].floor, cpm(3.0));
    let request = check(mutation(SuppressDeals, Remove, "/imp/1", ids(&["d-1"])), "applied");
    assert_eq!(request.imps[0].deals.len(), 1);
    let request = check(mutation(AdjustDealFloor, Replace, DEAL, floor(1.25)), "applied");
    assert_eq!(request.imps[0].deals[0].floor, cpm(1.25));
    let request = check(mutation(AdjustDealMargin, Add, DEAL, margin(0.5, 0)), "applied");
    assert_eq!(request.imps[0].deals[0].floor, cpm(2.5));
    let request = check(mutation(AdjustDealMargin, Replace, DEAL, margin(10.0, 1)), "applied");
    assert_eq!(request.imps[0].deals[0].floor, cpm(2.2));
    let request = check(mutation(AddMetrics, Add, "/imp/1", metric("Viewability", 0.75)), "applied");
    assert_eq!(request.imps[0].metric_viewability, Some(0.75));
    let request = check(mutation(AddCids, Add, "/site/content", cids("Gracenote", &["MV-1"])), "applied");
    assert_eq!(request.inventory.keywords, ["live", "cid:gracenote:mv-1"]);
}

#[test]
fn each_refusal_has_its_case_and_changes_nothing() {
    let long = "x".repeat(LONGEST_ID + 1);
    let many: Vec<String> = (0..=MOST_IDS).map(|n| n.to_string()).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    for (mutation, verdict) in [
        (mutation(BidShade, Replace, SEGMENT, ids(&["a"])), "wrong_value"),
        (mutation(Intent::Unspecified, Add, SEGMENT, ids(&["a"])), "not_allowed"),
        (Mutation { intent: 1_500, ..mutation(BidShade, Add, SEGMENT, ids(&["a"])) }, "not_allowed"),
        (mutation(ActivateSegments, Replace, SEGMENT, ids(&["a"])), "wrong_operation"),
        (mutation(ActivateSegments, Operation::Unspecified, SEGMENT, ids(&["a"])), "wrong_operation"),
        (mutation(ActivateSegments, Add, "/user/id", ids(&["a"])), "unknown_path"),
        (mutation(ActivateSegments, Add, "/imp/1", ids(&["a"])), "unknown_path"),
        (mutation(ActivateSegments, Add, SEGMENT, floor(1.0)), "wrong_value"),
        (mutation(ActivateSegments, Add, SEGMENT, ids(&[])), "out_of_range"),
        (mutation(ActivateSegments, Add, SEGMENT, ids(&[&long])), "out_of_range"),
        (mutation(ActivateSegments, Add, SEGMENT, ids(&many)), "out_of_range"),
        (mutation(ActivateSegments, Add, SEGMENT, ids(&["shoes", "diabetes patients"])), "sensitive"),
        (mutation(ActivateSegments, Remove, SEGMENT, ids(&["unknown"])), "no_effect"),
        (mutation(ActivateDeals, Add, "/imp/9", ids(&["d-own"])), "unknown_path"),
        (mutation(ActivateDeals, Add, "/imp/1", ids(&["d-own", "d-9"])), "unknown_deal"),
        (mutation(SuppressDeals, Remove, "/imp/1", ids(&["d-1", "d-9"])), "unknown_deal"),
        (mutation(AdjustDealFloor, Replace, "/imp/1/pmp/deals/d-9", floor(1.0)), "unknown_deal"),
        (mutation(AdjustDealFloor, Replace, "/imp/1/pmp/deals/d-fixed", floor(6.0)), "fixed_price"),
        (mutation(AdjustDealFloor, Replace, DEAL, floor(0.49)), "below_floor"),
        (mutation(AdjustDealFloor, Replace, DEAL, floor(50.01)), "out_of_range"),
        (mutation(AdjustDealFloor, Replace, DEAL, floor(f64::NAN)), "out_of_range"),
        (mutation(AdjustDealFloor, Replace, DEAL, floor(-1.0)), "out_of_range"),
        (mutation(AdjustDealFloor, Replace, DEAL, floor(2.0)), "no_effect"),
        (mutation(AdjustDealFloor, Replace, DEAL, margin(1.0, 0)), "wrong_value"),
        (mutation(AdjustDealMargin, Replace, DEAL, margin(-0.5, 0)), "out_of_range"),
        (mutation(AdjustDealMargin, Replace, DEAL, margin(101.0, 1)), "out_of_range"),
        (mutation(AdjustDealMargin, Replace, DEAL, margin(1.0, 7)), "wrong_value"),
        (mutation(AddMetrics, Add, "/imp/1", metric("viewability", 1.01)), "out_of_range"),
        (mutation(AddMetrics, Add, "/imp/1", metric("click_through_rate", 0.1)), "unused"),
        (mutation(AddCids, Add, "/site/content", cids("", &["a"])), "out_of_range"),
        (mutation(AddCids, Add, "/user/data", cids("x", &["a"])), "unknown_path"),
        (Mutation { value: None, ..mutation(AddCids, Add, "/site/content", ids(&[])) }, "wrong_value"),
    ] {
        assert_eq!(check(mutation.clone(), verdict), request(), "{mutation:?}");
    }
}

#[test]
fn consent_and_ownership_stand_over_every_agent() {
    let activate = mutation(ActivateSegments, Add, SEGMENT, ids(&["trail"]));
    let (_, verdicts) = judged(request(), Identity::Forbidden, &[activate]);
    assert_eq!(verdicts, ["no_consent"]);
    let mut bought = request();
    bought.inventory.ownership = Ownership::Exchange;
    let mutations = [
        mutation(ActivateDeals, Add, "/imp/1", ids(&["d-own"])),
        mutation(SuppressDeals, Remove, "/imp/1", ids(&["d-1"])),
        mutation(AdjustDealFloor, Replace, DEAL, floor(1.0)),
        mutation(AdjustDealMargin, Replace, DEAL, margin(0.5, 0)),
    ];
    let (after, verdicts) = judged(bought.clone(), Identity::Permitted, &mutations);
    assert_eq!((after, verdicts), (bought, vec!["not_own"; 4]));
}

#[test]
fn what_is_not_allowed_or_not_applicable_is_refused() {
    let rules = rules();
    let mut request = request();
    let mut bench = RequestBench::new(&mut request, &rules, Identity::Permitted, money());
    let only: IntentSet = [AddMetrics].into_iter().collect();
    let activate = mutation(ActivateSegments, Add, SEGMENT, ids(&["trail"]));
    let not_allowed = Proposer { allowed: only, ..all("a") };
    let not_applicable = Proposer { applicable: only, ..all("a") };
    assert_eq!(bench.judge(not_allowed, &activate).name(), "not_allowed");
    assert_eq!(bench.judge(not_applicable, &activate).name(), "not_applicable");
}

#[test]
fn the_first_word_on_a_thing_stands() {
    let rules = rules();
    let mut request = request();
    let mut bench = RequestBench::new(&mut request, &rules, Identity::Permitted, money());
    let raise = mutation(AdjustDealFloor, Replace, DEAL, floor(4.0));
    let lower = mutation(AdjustDealFloor, Replace, DEAL, floor(1.0));
    let verdicts =
        [("a", &raise), ("a", &lower), ("b", &lower)].map(|(by, m)| bench.judge(all(by), m).name());
    assert_eq!(verdicts, ["applied", "repeated", "overruled"]);
    assert_eq!(request.imps[0].deals[0].floor, cpm(4.0));
}

fn sent(price: f64, floor: f64, bound: Option<Refusal>) -> SentBid {
    SentBid {
        imp: 0,
        imp_id: "1".to_owned(),
        id: "00-0".to_owned(),
        seat: "seat".to_owned(),
        price: cpm(price),
        floor: cpm(floor),
        deal: None,
        bound,
    }
}

fn shade(path: &str, price: f64) -> Mutation {
    mutation(BidShade, Replace, path, Value::AdjustBid(AdjustBidPayload { price }))
}

#[test]
fn shading_only_lowers_and_never_under_the_floor() {
    const BID: &str = "/seatbid/seat/bid/00-0";
    for (mutation, bound, verdict, price) in [
        (shade(BID, 1.5), None, "applied", Some(1.5)),
        (shade(BID, 1.0), None, "applied", Some(1.0)),
        (shade(BID, 0.999_999), None, "below_floor", None),
        (shade(BID, 2.0), None, "no_effect", None),
        (shade(BID, 2.000_001), None, "raises_price", None),
        (shade(BID, f64::INFINITY), None, "out_of_range", None),
        (shade(BID, 0.0), None, "out_of_range", None),
        (shade(BID, 1.5), Some(Refusal::FixedPrice), "fixed_price", None),
        (shade("/seatbid/rival/bid/00-0", 1.5), None, "unknown_path", None),
        (shade("/seatbid/seat/bid/00-1", 1.5), None, "unknown_path", None),
        (shade("/imp/1", 1.5), None, "unknown_path", None),
        (mutation(BidShade, Replace, BID, ids(&["1"])), None, "wrong_value", None),
        (mutation(BidShade, Add, BID, ids(&["1"])), None, "wrong_operation", None),
    ] {
        let bids = [sent(2.0, 1.0, bound)];
        let mut bench = ResponseBench::new(&bids, money());
        assert_eq!(bench.judge(all("a"), &mutation).name(), verdict, "{mutation:?}");
        assert_eq!(bench.into_shaded(), price.map(|price| (0, cpm(price))).into_iter().collect::<Vec<_>>());
    }
    let bids = [sent(2.0, 1.0, None)];
    let mut bench = ResponseBench::new(&bids, money());
    let verdicts =
        [("a", 1.5), ("a", 1.2), ("b", 1.1)].map(|(by, p)| bench.judge(all(by), &shade(BID, p)).name());
    assert_eq!(verdicts, ["applied", "repeated", "overruled"]);
}

#[test]
fn names_of_verdicts_differ() {
    let mut names = Verdict::ALL.map(Verdict::name).to_vec();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), Verdict::ALL.len());
}

fn any_value() -> impl Strategy<Value = Option<Value>> {
    let text = "[a-z0-9/ -]{0,6}";
    let id = prop_oneof![Just("d-1".to_owned()), Just("d-own".to_owned()), Just("cancer".to_owned()), text];
    prop_oneof![
        Just(None),
        proptest::collection::vec(id, 0..3)
            .prop_map(|id| Some(Value::Ids(crate::proto::artf::IDsPayload { id }))),
        any::<f64>().prop_map(|price| Some(floor(price))),
        (-1.0..60.0_f64).prop_map(|price| Some(floor(price))),
        (-1.0..60.0_f64, -1..3_i32).prop_map(|(value, kind)| Some(margin(value, kind))),
        (-1.0..2.0_f64).prop_map(|value| Some(metric("viewability", value))),
        text.prop_map(|id| Some(cids("x", &[&id]))),
        (-1.0..9.0_f64).prop_map(|price| Some(Value::AdjustBid(AdjustBidPayload { price }))),
    ]
}

fn any_mutation() -> impl Strategy<Value = Mutation> {
    let path = prop_oneof![
        Just(SEGMENT),
        Just("/imp/1"),
        Just(DEAL),
        Just("/imp/1/pmp/deals/d-fixed"),
        Just("/site/content"),
        Just("/imp/1/pmp/deals/d-own"),
        Just("/regs/gdpr"),
        Just("")
    ];
    (-1..10_i32, -1..5_i32, path, any_value()).prop_map(|(intent, op, path, value)| Mutation {
        intent,
        op,
        path: path.to_owned(),
        value,
    })
}

proptest! {
    #[test]
    fn whatever_is_proposed_the_laws_hold(mutations in proptest::collection::vec(any_mutation(), 0..40)) {
        for identity in [Identity::Permitted, Identity::Forbidden] {
            let before = request();
            let (after, verdicts) = judged(before.clone(), identity, &mutations);
            prop_assert_eq!(verdicts.len(), mutations.len());
            // What a seller or a person said is never touched.
            prop_assert_eq!(&after.privacy, &before.privacy);
            prop_assert_eq!(&after.blocks, &before.blocks);
            prop_assert_eq!((after.user.key, after.imps[0].floor), (before.user.key, before.imps[0].floor));
            if identity == Identity::Forbidden {
                prop_assert_eq!(&after.user, &before.user);
            }
            prop_assert!(!after.user.segments.iter().any(|s| s.contains("cancer")));
            for deal in &after.imps[0].deals {
                prop_assert!(deal.floor >= after.imps[0].floor && deal.floor <= rules().floor_most);
                let fixed = deal.id != "d-fixed" || deal.floor == cpm(5.0);
                prop_assert!(fixed, "a fixed price stays");
            }
            if verdicts.iter().all(|verdict| *verdict != "applied") {
                prop_assert_eq!(after, before);
            }
        }
    }
}
