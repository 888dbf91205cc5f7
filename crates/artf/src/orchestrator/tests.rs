//! Real agents over gRPC on loopback: what they are sent, what becomes of their answers, and what their failing costs.

use std::sync::Arc;

use motet_model::request::AdRequest;

use super::*;
use crate::{
    breaker::FAILURES,
    proto::artf::{AdjustBidPayload, Metadata, Operation, mutation::Value},
    testing::{self, NAME, Notes, OutsideAgent, cpm, floor, ids, mutation},
};

fn orchestrator(agents: Vec<AgentOptions>) -> (Orchestrator, Arc<Notes>) {
    let notes = Arc::new(Notes::default());
    let witness = Arc::clone(&notes) as Arc<dyn Witness>;
    let made = Orchestrator::new(&testing::options(agents), testing::usd(), NAME, witness);
    (made.unwrap().expect("agents are named"), notes)
}

/// A deadline no slow machine misses.
fn later() -> Instant {
    Instant::now() + Duration::from_secs(60)
}

async fn before(orchestrator: &Orchestrator, identity: Identity) -> AdRequest {
    let mut request = testing::request();
    orchestrator.before(&mut request, identity, later()).await;
    request
}

fn answer(ask: &RtbRequest, mutations: Vec<Mutation>) -> RtbResponse {
    let metadata = Metadata { api_version: "1.0".to_owned(), model_version: "m-7".to_owned() };
    RtbResponse { id: ask.id.clone(), mutations, metadata: Some(metadata) }
}

fn activates(ask: &RtbRequest) -> RtbResponse {
    let segments = mutation(Intent::ActivateSegments, Operation::Add, "/user/data/segment", ids(&["trail"]));
    answer(ask, vec![segments])
}

fn everything(ask: &RtbRequest) -> RtbResponse {
    const DEAL: &str = "/imp/1/pmp/deals/d-own";
    answer(
        ask,
        vec![
            // Stated in an order that only works if they are taken by intent.
            mutation(Intent::AdjustDealFloor, Operation::Replace, DEAL, floor(4.0)),
            mutation(Intent::ActivateDeals, Operation::Add, "/imp/1", ids(&["d-own"])),
            mutation(Intent::ActivateSegments, Operation::Add, "/user/data/segment", ids(&["trail"])),
        ],
    )
}

fn shades(ask: &RtbRequest) -> RtbResponse {
    let value = |price| Value::AdjustBid(AdjustBidPayload { price });
    let shade = |bid: &str, price| {
        mutation(Intent::BidShade, Operation::Replace, &format!("/seatbid/seat/bid/{bid}"), value(price))
    };
    answer(ask, vec![shade("a", 1.25), shade("b", 9.0)])
}

#[tokio::test]
async fn what_stands_is_applied_and_everything_is_counted() {
    let agent = OutsideAgent::start(everything).await;
    let (orchestrator, notes) =
        orchestrator(vec![agent.options("acme", &["activate_segments", "ACTIVATE_DEALS"])]);
    let request = before(&orchestrator, Identity::Permitted).await;
    assert_eq!(request.user.segments, ["acme/runners", "acme/trail"]);
    assert_eq!(request.imps[0].deals[2].floor, cpm(3.0), "the floor was none of this agent's intents");
    assert_eq!(
        *notes.verdicts.lock().unwrap(),
        [
            ("acme".to_owned(), Intent::ActivateSegments, "applied"),
            ("acme".to_owned(), Intent::ActivateDeals, "applied"),
            ("acme".to_owned(), Intent::AdjustDealFloor, "not_allowed"),
        ]
    );
    let asked = agent.asked.lock().unwrap()[0].clone();
    assert_eq!(asked.applicable_intents, [1, 2]);
    assert_eq!((asked.lifecycle(), asked.tmax), (Lifecycle::PublisherBidRequest, 1_000));
    let originator = asked.originator.unwrap();
    assert_eq!((originator.r#type(), originator.id.as_str()), (originator::Type::Publisher, "motet-test"));
    assert_ne!(asked.id, "seller-1", "agents cannot put two hosts' asks together by the request's id");
}

#[tokio::test]
async fn without_permission_an_agent_that_only_activates_segments_is_not_even_asked() {
    let agent = OutsideAgent::start(activates).await;
    let (orchestrator, notes) = orchestrator(vec![agent.options("acme", &["activate_segments"])]);
    let request = before(&orchestrator, Identity::Forbidden).await;
    assert_eq!(request, testing::request());
    assert!(agent.asked.lock().unwrap().is_empty() && notes.calls.lock().unwrap().is_empty());
}

#[tokio::test]
async fn of_two_agents_the_one_with_the_lower_number_is_heard_first() {
    fn four(ask: &RtbRequest) -> RtbResponse {
        let path = "/imp/1/pmp/deals/d-1";
        answer(ask, vec![mutation(Intent::AdjustDealFloor, Operation::Replace, path, floor(4.0))])
    }
    fn seven(ask: &RtbRequest) -> RtbResponse {
        let path = "/imp/1/pmp/deals/d-1";
        answer(ask, vec![mutation(Intent::AdjustDealFloor, Operation::Replace, path, floor(7.0))])
    }
    let (first, second) = (OutsideAgent::start(four).await, OutsideAgent::start(seven).await);
    let slow = AgentOptions { priority: 2, ..first.options("four", &["adjust_deal_floor"]) };
    let (orchestrator, notes) = orchestrator(vec![slow, second.options("seven", &["adjust_deal_floor"])]);
    let request = before(&orchestrator, Identity::Permitted).await;
    assert_eq!(request.imps[0].deals[0].floor, cpm(7.0));
    let verdicts = notes.verdicts.lock().unwrap();
    assert_eq!(
        verdicts.iter().map(|(by, _, verdict)| (by.as_str(), *verdict)).collect::<Vec<_>>(),
        [("seven", "applied"), ("four", "overruled"),]
    );
}

fn sent(id: &str) -> SentBid {
    SentBid {
        imp: 0,
        imp_id: "1".to_owned(),
        id: id.to_owned(),
        seat: "seat".to_owned(),
        price: cpm(2.0),
        floor: cpm(0.5),
        deal: None,
        bound: None,
    }
}

#[tokio::test]
async fn bids_are_shaded_and_never_raised() {
    let agent = OutsideAgent::start(shades).await;
    let (orchestrator, notes) = orchestrator(vec![agent.options("shader", &["bid_shade"])]);
    let bids = [sent("a"), sent("b")];
    let shaded = orchestrator.after(&testing::request(), &bids, later()).await;
    assert_eq!(shaded, [ShadedBid { place: 0, price: cpm(1.25) }]);
    assert_eq!(notes.verdicts.lock().unwrap()[1].2, "raises_price");
    let asked = agent.asked.lock().unwrap()[0].clone();
    assert_eq!(asked.lifecycle(), Lifecycle::DspBidResponse);
    assert_eq!(asked.bid_response.unwrap().seatbid[0].bid.len(), 2);
    let bound = SentBid { bound: Some(Refusal::NotOwn), ..sent("a") };
    assert!(orchestrator.after(&testing::request(), &[bound], later()).await.is_empty());
    assert_eq!(agent.asked.lock().unwrap().len(), 1, "where nothing can be shaded nobody is asked");
}

#[tokio::test]
async fn an_agent_that_hangs_is_late_then_rests_and_holds_nobody_up() {
    let (hung, quick) = (OutsideAgent::start(activates).await, OutsideAgent::start(activates).await);
    hung.hold();
    let hangs = AgentOptions { timeout_ms: 20, ..hung.options("hung", &["activate_segments"]) };
    let (orchestrator, notes) = orchestrator(vec![hangs, quick.options("quick", &["activate_segments"])]);
    for _ in 0..FAILURES {
        let request = before(&orchestrator, Identity::Permitted).await;
        assert!(request.user.segments.contains(&"quick/trail".to_owned()), "the other is heard all the same");
    }
    before(&orchestrator, Identity::Permitted).await;
    let calls = notes.calls.lock().unwrap();
    let of_hung: Vec<_> = calls.iter().filter(|(by, _)| by == "hung").map(|(_, outcome)| *outcome).collect();
    assert_eq!(of_hung[..FAILURES as usize], [CallOutcome::Late; FAILURES as usize]);
    assert_eq!(of_hung[FAILURES as usize], CallOutcome::Resting);
}

#[tokio::test]
async fn no_agent_is_asked_past_the_deadline_or_answers_for_another_ask() {
    fn astray(ask: &RtbRequest) -> RtbResponse {
        RtbResponse { id: "another".to_owned(), ..activates(ask) }
    }
    let (astray, fails) = (OutsideAgent::start(astray).await, OutsideAgent::start_broken().await);
    let gone = {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let gone = AgentOptions { endpoint: gone, ..astray.options("gone", &["activate_segments"]) };
    let agents = vec![
        astray.options("astray", &["activate_segments"]),
        fails.options("fails", &["activate_segments"]),
        gone,
    ];
    let (orchestrator, notes) = orchestrator(agents);
    assert_eq!(before(&orchestrator, Identity::Permitted).await, testing::request());
    let outcomes = |notes: &Notes| {
        let mut calls: Vec<_> =
            notes.calls.lock().unwrap().drain(..).map(|(by, o)| format!("{by} {}", o.name())).collect();
        calls.sort();
        calls
    };
    assert_eq!(outcomes(&notes), ["astray mismatched", "fails failed", "gone unreachable"]);
    let mut request = testing::request();
    orchestrator.before(&mut request, Identity::Permitted, Instant::now()).await;
    assert_eq!(outcomes(&notes), ["astray no_time", "fails no_time", "gone no_time"]);
}

#[test]
fn settings_that_cannot_be_used_are_named() {
    let agent = |name: &str, endpoint: &str, intents: &[&str]| AgentOptions {
        name: name.to_owned(),
        endpoint: endpoint.to_owned(),
        intents: intents.iter().map(|intent| (*intent).to_owned()).collect(),
        lifecycle: crate::LifecycleName::Both,
        timeout_ms: 10,
        priority: 0,
        in_flight: 1,
    };
    let check = |agents: Vec<AgentOptions>| {
        testing::options(agents)
            .check()
            .into_iter()
            .map(|error| error.to_string())
            .collect::<Vec<_>>()
            .join("; ")
    };
    let good = agent("a", "http://127.0.0.1:1", &["bid_shade"]);
    assert_eq!(check(vec![good.clone()]), "");
    for (agents, key) in [
        (vec![AgentOptions { name: "a b".to_owned(), ..good.clone() }], "agents[0].name"),
        (vec![good.clone(), good.clone()], "agents[1].name"),
        (vec![AgentOptions { endpoint: "127.0.0.1:1".to_owned(), ..good.clone() }], "agents[0].endpoint"),
        (vec![agent("a", "http://127.0.0.1:1", &[])], "agents[0].intents"),
        (vec![agent("a", "http://127.0.0.1:1", &["bid_raise"])], "was 'bid_raise'"),
        (vec![AgentOptions { timeout_ms: 0, ..good.clone() }], "agents[0].timeout_ms"),
        (vec![AgentOptions { in_flight: 0, ..good }], "agents[0].in_flight"),
    ] {
        assert!(check(agents.clone()).contains(key), "{key}: {}", check(agents));
    }
    let wrong = Options { share: 1.0, deal_floor_most_cpm: "-1".to_owned(), ..testing::options(Vec::new()) };
    assert_eq!(wrong.check().len(), 2);
}
