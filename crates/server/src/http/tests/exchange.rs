//! Bid requests and notices.

use std::{
    collections::VecDeque,
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    body::{Body, Bytes, HttpBody},
    http::{Request, StatusCode},
};
use hyper::body::Frame;
use motet_insight::metrics::RequestOutcome;
use motet_model::outcome::NoticeKind;
use motet_openrtb::{
    LinkKind,
    protobuf::proto::{BidRequest, BidResponse, bid_request},
};
use motet_units::{CpmMicros, Nanos};
use prost::Message as _;

use super::support::{app, app_with, bid, config, get, link, send};
use crate::{
    http::body::{gunzip, gzip},
    platform::Health,
};

const AUDIO: &str = r#"{"id":"r1","imp":[{"id":"1","audio":{"mimes":["audio/mpeg"],"minduration":5,"maxduration":60}}],"user":{"id":"u-1"},"device":{"ip":"203.0.113.77"}}"#;
const NOTHING: &str = r#"{"id":"r2","imp":[{"id":"1"}]}"#;

#[tokio::test]
async fn a_bid_is_200_with_links_of_this_server() {
    let app = app();
    let seen = bid(&app, AUDIO).await;
    assert_eq!(seen.status, StatusCode::OK, "{}", seen.text());
    assert_eq!(seen.header("x-openrtb-version"), "2.6");
    assert_eq!(seen.header("content-type"), "application/json");
    let response = seen.json();
    assert_eq!(response["bidid"], "000100000000004d");
    let nurl = response["seatbid"][0]["bid"][0]["nurl"].as_str().unwrap();
    assert!(nurl.starts_with("https://ads.example/n/win/"), "{nurl}");
    assert_eq!(app.metrics.requests(RequestOutcome::Bid), 1);
}

/// `AUDIO` in Protobuf's form.
fn audio_in_protobuf() -> BidRequest {
    let audio = bid_request::Audio {
        mimes: vec!["audio/mpeg".to_owned()],
        minduration: Some(5),
        maxduration: Some(60),
        ..Default::default()
    };
    let imp = bid_request::Imp { id: Some("1".to_owned()), audio: Some(audio), ..Default::default() };
    BidRequest {
        id: Some("r1".to_owned()),
        imp: vec![imp],
        user: Some(bid_request::User { id: Some("u-1".to_owned()), ..Default::default() }),
        device: Some(bid_request::Device { ip: Some("203.0.113.77".to_owned()), ..Default::default() }),
        ..Default::default()
    }
}

fn in_protobuf(content_type: &str, body: impl Into<Body>) -> Request<Body> {
    Request::post("/openrtb2/bid").header("content-type", content_type).body(body.into()).unwrap()
}

#[tokio::test]
async fn protobuf_is_answered_in_protobuf_and_says_what_json_says() {
    let told = bid(&app(), AUDIO).await.json();
    for content_type in ["application/x-protobuf", "application/protobuf"] {
        let seen = send(&app(), in_protobuf(content_type, audio_in_protobuf().encode_to_vec())).await;
        assert_eq!((seen.status, seen.header("content-type")), (StatusCode::OK, content_type));
        let mut said = serde_json::to_value(BidResponse::decode(seen.body.as_slice()).unwrap()).unwrap();
        // Tokens are made anew for each bid, and stand in the addresses and the markup.
        let mut told = told.clone();
        for response in [&mut said, &mut told] {
            for name in ["nurl", "burl", "lurl", "adm"] {
                let text = response["seatbid"][0]["bid"][0][name].take();
                assert!(text.as_str().is_some_and(|text| !text.is_empty()), "{name}");
            }
        }
        assert_eq!(said, told);
    }
}

#[tokio::test]
async fn protobuf_is_refused_and_turned_down_as_json_is() {
    let app = app();
    let refused = send(&app, in_protobuf("application/x-protobuf", AUDIO)).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert!(refused.text().starts_with("the body is not Protobuf: "), "{}", refused.text());
    let mut nothing = audio_in_protobuf();
    nothing.imp[0].audio = None;
    let turned_down = send(&app, in_protobuf("application/x-protobuf", nothing.encode_to_vec())).await;
    assert_eq!((turned_down.status, turned_down.body.len()), (StatusCode::NO_CONTENT, 0));
    let motet = bid_request::Motet { nbr: Some(true) };
    nothing.ext = Some(bid_request::Ext { motet: Some(motet) });
    let asked = send(&app, in_protobuf("application/x-protobuf", nothing.encode_to_vec())).await;
    assert_eq!(asked.status, StatusCode::OK);
    assert!(BidResponse::decode(asked.body.as_slice()).unwrap().nbr.is_some());
}

#[tokio::test]
async fn no_bid_is_204_or_a_reason_where_asked_for() {
    let app = app();
    let seen = bid(&app, NOTHING).await;
    assert_eq!((seen.status, seen.body.len()), (StatusCode::NO_CONTENT, 0));
    let asked = bid(&app, NOTHING.replace("}]}", "}],\"ext\":{\"motet\":{\"nbr\":1}}}")).await;
    assert_eq!(asked.status, StatusCode::OK);
    assert!(asked.json()["nbr"].is_u64(), "{}", asked.text());
}

#[tokio::test]
async fn what_is_no_request_is_400_with_one_line() {
    let app = app();
    for body in ["", "{", "[]", "\"text\"", r#"{"id":"1","imp":"x"}"#, r#"{"id":5}"#, "\u{0}"] {
        let seen = bid(&app, body).await;
        assert_eq!(seen.status, StatusCode::BAD_REQUEST, "{body}");
        assert!(!seen.body.is_empty() && !seen.text().contains('\n'), "{body} gives {}", seen.text());
    }
}

#[tokio::test]
async fn limits_on_bodies_hold_before_and_after_decompression() {
    let app = app_with(&config(&[("server.body_limit_kib", "1"), ("server.decompressed_limit_kib", "2")]));
    let large = format!("{{\"id\":\"{}\"}}", "x".repeat(1_100));
    assert_eq!(bid(&app, large.clone()).await.status, StatusCode::PAYLOAD_TOO_LARGE);

    // A body without a stated length is cut off as it comes.
    assert_eq!(bid(&app, in_parts(&large)).await.status, StatusCode::PAYLOAD_TOO_LARGE);

    let compressed = |body: &[u8], encoding: &str| {
        Request::post("/openrtb2/bid")
            .header("content-encoding", encoding)
            .body(Body::from(body.to_vec()))
            .unwrap()
    };
    let bomb = gzip(&vec![b' '; 100_000]);
    assert!(bomb.len() < 1_024);
    assert_eq!(send(&app, compressed(&bomb, "gzip")).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(send(&app, compressed(b"not gzip", "gzip")).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(send(&app, compressed(b"{}", "br")).await.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

/// A body that comes in parts and states no length.
fn in_parts(text: &str) -> Body {
    let parts = text.as_bytes().chunks(100).map(Bytes::copy_from_slice).collect();
    Body::new(InParts(parts))
}

struct InParts(VecDeque<Bytes>);

impl HttpBody for InParts {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.pop_front().map(|part| Ok(Frame::data(part))))
    }
}

#[tokio::test]
async fn gzip_works_both_ways() {
    let app = app();
    let request = |encoding: &str| {
        Request::post("/openrtb2/bid")
            .header("content-encoding", "gzip")
            .header("accept-encoding", encoding)
            .body(Body::from(gzip(AUDIO.as_bytes())))
            .unwrap()
    };
    let plain = send(&app, request("identity")).await;
    assert_eq!((plain.status, plain.header("content-encoding")), (StatusCode::OK, ""));
    assert!(plain.body.len() > 1_024, "the answer is long enough to be compressed");
    let packed = send(&app, request("deflate, gzip;q=0.5")).await;
    assert_eq!(packed.header("content-encoding"), "gzip");
    let unpacked = gunzip(&packed.body, 1 << 20).unwrap();
    let parsed: serde_json::Value = serde_json::from_slice(&unpacked).unwrap();
    assert_eq!(parsed["id"], plain.json()["id"]);
    assert_eq!(send(&app, request("gzip;q=0")).await.header("content-encoding"), "");
}

#[tokio::test]
async fn a_request_past_its_time_is_a_no_bid() {
    let app = app_with(&config(&[("openrtb.deadline_ms", "0")]));
    assert_eq!(bid(&app, AUDIO).await.status, StatusCode::NO_CONTENT);
    let asked = bid(&app, AUDIO.replace("\"imp\"", "\"ext\":{\"motet\":{\"nbr\":1}},\"imp\"")).await.json();
    assert_eq!((&asked["id"], &asked["ext"]["motet"]["reason"]), (&"r1".into(), &"deadline_passed".into()));
}

#[tokio::test]
async fn too_many_at_once_get_a_no_bid_and_are_counted() {
    let app = app_with(&config(&[("server.in_flight", "1"), ("openrtb.deadline_ms", "60000")]));
    let place = app.enter().unwrap();
    assert_eq!(bid(&app, AUDIO).await.status, StatusCode::NO_CONTENT);
    assert_eq!(app.metrics.requests(RequestOutcome::Shed), 1);
    drop(place);
    assert_eq!(bid(&app, AUDIO).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_stopping_platform_is_503_and_not_ready() {
    let app = app();
    assert_eq!(get(&app, "/health/ready").await.status, StatusCode::OK);
    *app.platform.health.lock().unwrap() = Health::NotReady("stopping".to_owned());
    assert_eq!(bid(&app, AUDIO).await.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(get(&app, "/health/ready").await.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(get(&app, "/health/live").await.status, StatusCode::OK);
    assert_eq!(get(&app, &link(&app, LinkKind::Win, 60)).await.status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn identity_enters_only_where_it_is_permitted() {
    let app = app();
    bid(&app, AUDIO).await;
    bid(&app, AUDIO.replace("\"imp\"", "\"regs\":{\"gdpr\":1},\"imp\"")).await;
    bid(&app, AUDIO).await;
    let requests = app.platform.requests.lock().unwrap();
    let keys: Vec<_> = requests.iter().map(|request| request.user.key).collect();
    assert!(keys[0].is_some() && keys[1].is_none() && keys[0] == keys[2], "{keys:?}");
    assert_eq!(requests[0].device.ip.unwrap().to_string(), "203.0.113.77");
    assert_eq!(requests[1].device.ip.unwrap().to_string(), "203.0.113.0");
}

#[tokio::test]
async fn a_currency_without_a_rate_is_a_no_bid() {
    let app = app();
    let seen = bid(&app, AUDIO.replace("\"imp\"", "\"cur\":[\"JPY\"],\"imp\"")).await;
    assert_eq!(seen.status, StatusCode::NO_CONTENT);
    assert!(app.platform.requests.lock().unwrap().is_empty());
}

#[tokio::test]
async fn notices_count_once_and_may_be_repeated() {
    let app = app();
    let win = format!("{}?price=1.25&mtw=1.1", link(&app, LinkKind::Win, 60));
    let billing = format!("{}?price=1.25&cur=USD", link(&app, LinkKind::Billing, 60));
    for path in [&win, &win, &billing, &billing] {
        assert_eq!(get(&app, path).await.status, StatusCode::NO_CONTENT, "{path}");
    }
    let posted = send(&app, Request::post(&billing).body(Body::empty()).unwrap()).await;
    assert_eq!(posted.status, StatusCode::NO_CONTENT);
    let kinds: Vec<_> = app.platform.notices.lock().unwrap().iter().map(|notice| notice.kind).collect();
    let price = Some(CpmMicros::from_units(1.25));
    assert_eq!(kinds[0], NoticeKind::Won { price, minimum_to_win: Some(CpmMicros::from_units(1.1)) });
    assert_eq!(kinds[2], NoticeKind::Billed { price });
    let loss = format!("{}?loss=102", link(&app, LinkKind::Loss, 60));
    assert_eq!(get(&app, &loss).await.status, StatusCode::NO_CONTENT);
    assert_eq!(get(&app, &loss).await.status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn tokens_that_are_not_for_this_are_refused() {
    let app = app();
    let win = link(&app, LinkKind::Win, 60);
    let as_billing = win.replace("/n/win/", "/n/billing/");
    let expired = link(&app, LinkKind::Win, -60);
    for (path, status) in [
        (as_billing.as_str(), StatusCode::FORBIDDEN),
        (expired.as_str(), StatusCode::GONE),
        ("/n/win/short", StatusCode::BAD_REQUEST),
        ("/n/draw/short", StatusCode::NOT_FOUND),
        ("/i/short", StatusCode::BAD_REQUEST),
        ("/c/short", StatusCode::BAD_REQUEST),
        ("/v1/conversions/short", StatusCode::BAD_REQUEST),
        ("/v1/conversions", StatusCode::BAD_REQUEST),
    ] {
        assert_eq!(get(&app, path).await.status, status, "{path}");
    }
    let other = super::support::app();
    assert_eq!(get(&other, &win).await.status, StatusCode::FORBIDDEN);
    assert!(app.platform.notices.lock().unwrap().is_empty());
}

#[tokio::test]
async fn an_impression_is_a_picture_that_is_never_stored() {
    let app = app();
    let seen = get(&app, &link(&app, LinkKind::Impression, 60)).await;
    assert_eq!((seen.status, seen.header("content-type")), (StatusCode::OK, "image/gif"));
    assert_eq!(seen.header("cache-control"), "no-store");
    assert!(seen.body.starts_with(b"GIF89a"));
    let late = get(&app, &link(&app, LinkKind::Impression, -60)).await;
    assert_eq!(late.status, StatusCode::GONE);
    assert!(late.body.starts_with(b"GIF89a"));
}

#[tokio::test]
async fn a_click_leads_to_the_stated_page_and_a_conversion_back() {
    let app = app();
    let path = format!("{}?url=https://evil.example", link(&app, LinkKind::Click, 60));
    let seen = get(&app, &path).await;
    assert_eq!(seen.status, StatusCode::FOUND);
    let location = seen.header("location").to_owned();
    let token = location.strip_prefix("https://www.morrow-coffee.example/subscribe?ct=").unwrap();
    let late = get(&app, &link(&app, LinkKind::Click, -2 * 3_600)).await;
    assert_eq!(late.status, StatusCode::FOUND, "a late click still leads on");
    assert_eq!(app.platform.notices.lock().unwrap().len(), 1, "and does not count");

    let by_query = format!("/v1/conversions?token={token}&value=49.90&key=order-1");
    assert_eq!(get(&app, &by_query).await.status, StatusCode::NO_CONTENT);
    let body = r#"{"value":"49.90","currency":"USD","key":"order-2"}"#;
    let by_path = Request::post(format!("/v1/conversions/{token}")).body(Body::from(body)).unwrap();
    assert_eq!(send(&app, by_path).await.status, StatusCode::NO_CONTENT);
    let notices = app.platform.notices.lock().unwrap();
    let value = Some(Nanos::from_units(49.9));
    assert_eq!(notices[1].kind, NoticeKind::Conversion { value });
    assert_eq!(notices[2].kind, NoticeKind::Conversion { value });
    assert_ne!(notices[1].key, notices[2].key);
}

#[tokio::test]
async fn real_requests_never_make_a_5xx() {
    let app = app();
    let mut body = AUDIO.as_bytes().to_vec();
    let mut stream = motet_units::Chance::new(3, 3).stream("bytes");
    for _ in 0..2_000 {
        let place = stream.below(body.len() as u64) as usize;
        let before = body[place];
        body[place] = stream.bits() as u8;
        let seen = bid(&app, body.clone()).await;
        assert!(seen.status.as_u16() < 500, "{}", String::from_utf8_lossy(&body));
        body[place] = before;
    }
    assert_eq!(Arc::strong_count(&app), 1, "no request is left behind");
}
