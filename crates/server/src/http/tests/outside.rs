//! Outside agents in the path of a bid request, over real gRPC.

use std::sync::{Arc, Mutex};

use axum::http::StatusCode;
use motet_artf::{
    proto::{
        artf::{
            AdjustBidPayload, IDsPayload, Intent, Lifecycle, Mutation, Operation, RtbRequest, RtbResponse,
            mutation::Value,
        },
        services::rtb_extension_point_server::{RtbExtensionPoint, RtbExtensionPointServer},
    },
    views::offers,
};
use motet_units::CpmMicros;
use tonic::{Request, Response, Status};

use super::support::{app_with, bid, config};

const AUDIO: &str = r#"{"id":"r1","imp":[{"id":"1","bidfloor":0.5,"audio":{"mimes":["audio/mpeg"],"maxduration":60}}],
    "user":{"id":"u-1"},"device":{"ip":"203.0.113.77","ua":"Mozilla"},"site":{"page":"https://x.example/?who=7"}}"#;

/// Activates a segment and shades every bid to 1.25 CPM.
#[derive(Default)]
struct Shader(Arc<Mutex<Vec<RtbRequest>>>);

#[tonic::async_trait]
impl RtbExtensionPoint for Shader {
    async fn get_mutations(&self, request: Request<RtbRequest>) -> Result<Response<RtbResponse>, Status> {
        let request = request.into_inner();
        self.0.lock().unwrap().push(request.clone());
        let propose = |intent: Intent, op: Operation, path: String, value| Mutation {
            intent: intent.into(),
            op: op.into(),
            path,
            value: Some(value),
        };
        let id = vec!["trail".to_owned()];
        let path = "/user/data/segment".to_owned();
        let mut mutations =
            vec![propose(Intent::ActivateSegments, Operation::Add, path, Value::Ids(IDsPayload { id }))];
        for bid in request.bid_response.iter().flat_map(offers) {
            let path = format!("/seatbid/{}/bid/{}", bid.seat, bid.id);
            let value = Value::AdjustBid(AdjustBidPayload { price: 1.25 });
            mutations.push(propose(Intent::BidShade, Operation::Replace, path, value));
        }
        Ok(Response::new(RtbResponse { id: request.id, mutations, metadata: None }))
    }
}

async fn agent() -> (String, Arc<Mutex<Vec<RtbRequest>>>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let shader = Shader::default();
    let asked = Arc::clone(&shader.0);
    let incoming = tonic::transport::server::TcpIncoming::from(listener);
    let service = RtbExtensionPointServer::new(shader);
    tokio::spawn(tonic::transport::Server::builder().add_service(service).serve_with_incoming(incoming));
    (format!("http://{addr}"), asked)
}

fn agents(endpoint: &str, timeout_ms: u32) -> String {
    let intents = r#"["activate_segments", "bid_shade"]"#;
    format!(
        r#"[{{ name = "shader", endpoint = "{endpoint}", intents = {intents}, timeout_ms = {timeout_ms} }}]"#
    )
}

#[tokio::test]
async fn a_request_is_changed_before_it_is_decided_and_a_bid_is_shaded_in_engine_and_answer_alike() {
    let (endpoint, asked) = agent().await;
    let config = config(&[("openrtb.deadline_ms", "60000"), ("artf.agents", &agents(&endpoint, 1_000))]);
    let app = app_with(&config);
    let seen = bid(&app, AUDIO).await;
    assert_eq!(seen.status, StatusCode::OK, "{}", seen.text());
    assert_eq!(seen.json()["seatbid"][0]["bid"][0]["price"], 1.25);
    assert_eq!(app.platform.requests.lock().unwrap()[0].user.segments, ["shader/trail"]);
    let shades = app.platform.shades.lock().unwrap();
    assert_eq!(shades.iter().map(|shade| shade.price).collect::<Vec<_>>(), [CpmMicros::from_units(1.25)]);
    let asked = asked.lock().unwrap();
    let places: Vec<Lifecycle> = asked.iter().map(RtbRequest::lifecycle).collect();
    assert_eq!(places, [Lifecycle::PublisherBidRequest, Lifecycle::DspBidResponse]);
    let text = format!("{asked:?}");
    for secret in ["203.0.113", "Mozilla", "who=7", "u-1", "\"r1\""] {
        assert!(!text.contains(secret), "{secret} was sent to an outside agent");
    }
    let page = app.metrics.encode();
    for line in [
        r#"motet_artf_mutations_total{agent="shader",intent="bid_shade",verdict="applied"} 1"#,
        r#"motet_artf_acceptance_ratio{agent="shader",intent="bid_shade"} 1.0"#,
        // Activated before the decision, and asked for again where it was not applicable.
        r#"motet_artf_acceptance_ratio{agent="shader",intent="activate_segments"} 0.5"#,
    ] {
        assert!(page.contains(line), "{line} is not in\n{page}");
    }
}

#[tokio::test]
async fn without_consent_no_segment_is_taken_from_anyone() {
    let (endpoint, _) = agent().await;
    let config = config(&[("openrtb.deadline_ms", "60000"), ("artf.agents", &agents(&endpoint, 1_000))]);
    let app = app_with(&config);
    let european = AUDIO.replace(r#""user""#, r#""regs":{"gdpr":1},"user""#);
    assert_eq!(bid(&app, european).await.status, StatusCode::OK);
    assert!(app.platform.requests.lock().unwrap()[0].user.segments.is_empty());
}

#[tokio::test]
async fn an_agent_that_is_gone_costs_a_request_nothing_but_its_views() {
    let gone = {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let config = config(&[("openrtb.deadline_ms", "60000"), ("artf.agents", &agents(&gone, 50))]);
    let app = app_with(&config);
    for _ in 0..8 {
        let seen = bid(&app, AUDIO).await;
        assert_eq!(seen.status, StatusCode::OK);
        assert_eq!(seen.json()["seatbid"][0]["bid"][0]["price"], 2.5);
    }
    assert!(app.platform.shades.lock().unwrap().is_empty());
    assert!(app.metrics.encode().contains(r#"motet_artf_calls_total{agent="shader",outcome="resting"}"#));
}

#[tokio::test]
async fn agents_that_cannot_be_used_are_named_by_their_setting() {
    let config = config(&[("artf.agents", &agents("127.0.0.1:1", 10)), ("artf.listen", "nowhere")]);
    let problems = config.check().iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    assert!(
        problems.contains("artf.agents[0].endpoint: expected http://host:port, was '127.0.0.1:1'"),
        "{problems}"
    );
    assert!(problems.contains("artf.listen: must be an address with its port, was 'nowhere'"), "{problems}");
}
