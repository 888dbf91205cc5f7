//! `POST /openrtb2/bid`: a bid request in, a bid response out.
//!
//! Status: 200 with bids, or with a reason where the caller asked for one; 204 for no bid; 400 with one line for
//! what is no OpenRTB; 408 and 413 for a slow or large body; 415 for an unknown encoding; 503 only while stopping.
//! Malformed input never makes a 5xx.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header},
};
use motet_agents::safety::{
    consent::{Permit, permit},
    is_sensitive_segment,
};
use motet_engine::SealedRequest;
use motet_insight::metrics::RequestOutcome;
use motet_model::{
    decision::{ImpDecision, NoBidReason},
    request::AdRequest,
    taxonomy,
};
use motet_openrtb::{Content, Decoded, Identity, Reasons, encode, reasons::nbr, redact};

use super::{
    App,
    body::{self, BodyError, BodyLimits},
    reply::{empty, plain, text_reply},
};
use crate::{
    platform::{Answer, Health, Platform},
    runtime::{monotonic, wall_clock},
};

const VERSION_HEADER: HeaderName = HeaderName::from_static("x-openrtb-version");
const VERSION: HeaderValue = HeaderValue::from_static("2.6");
const TIMING_HEADER: HeaderName = HeaderName::from_static("server-timing");
const JSON: &str = "application/json";

pub(super) async fn bid<P: Platform>(State(app): State<Arc<App<P>>>, request: Request) -> Response<Body> {
    let received = monotonic();
    let (outcome, mut response) = answer(&app, request, received).await;
    response.headers_mut().insert(VERSION_HEADER, VERSION);
    app.metrics.request(outcome, received.elapsed().as_secs_f64());
    response
}

type Outcome = (RequestOutcome, Response<Body>);

async fn answer<P: Platform>(app: &App<P>, request: Request, received: Instant) -> Outcome {
    let Some(_place) = app.enter() else { return (RequestOutcome::Shed, empty(StatusCode::NO_CONTENT)) };
    let (head, body) = request.into_parts();
    let limits =
        BodyLimits { sent: app.limits.body, decompressed: app.limits.decompressed, time: app.limits.request };
    let bytes = match body::read(&head.headers, body, limits).await {
        Ok(bytes) => bytes,
        Err(error) => return refuse_body(&error),
    };
    // What is large lives on the stack here or in a box: a future holds only what it waits with.
    match prepare(app, &bytes, received) {
        Ok(ready) => decide(app, ready, &head.headers, received).await,
        Err(outcome) => *outcome,
    }
}

/// A request that is ready to be decided.
struct Ready {
    sealed: Box<SealedRequest>,
    reasons: Reasons,
    /// The request's id, where it may have to be answered without having been decided.
    id: String,
    deadline: Instant,
}

/// Parses a request, applies consent and maps categories; or answers it at once.
fn prepare<P: Platform>(app: &App<P>, bytes: &[u8], received: Instant) -> Result<Ready, Box<Outcome>> {
    let options = app.decode_options(wall_clock());
    let invalid = |error: motet_openrtb::BadRequest| {
        Box::new((RequestOutcome::Invalid, plain(StatusCode::BAD_REQUEST, error.to_string())))
    };
    let decoded = motet_openrtb::decode(bytes, &options).map_err(invalid)?;
    let Decoded { mut request, identity, wants_reasons, currency_taken, .. } = decoded;
    let reasons = if wants_reasons { Reasons::Wanted } else { Reasons::NotWanted };
    if !currency_taken {
        app.metrics.no_bid(NoBidReason::CurrencyNotTaken);
        return Err(Box::new(no_bid(reasons, &request.id, NoBidReason::CurrencyNotTaken)));
    }
    apply_consent(app, &mut request, &identity);
    map_categories(&mut request);
    let id = if wants_reasons { request.id.clone() } else { String::new() };
    let deadline = received + time_for(&request, app.limits.deadline, app.limits.margin);
    Ok(Ready { sealed: Box::new(SealedRequest::new(request)), reasons, id, deadline })
}

fn refuse_body(error: &BodyError) -> Outcome {
    let (outcome, status) = match error {
        BodyError::TooLarge(_) => (RequestOutcome::TooLarge, StatusCode::PAYLOAD_TOO_LARGE),
        BodyError::Slow => (RequestOutcome::Slow, StatusCode::REQUEST_TIMEOUT),
        BodyError::BrokeOff | BodyError::NotGzip => (RequestOutcome::Invalid, StatusCode::BAD_REQUEST),
        BodyError::Encoding => (RequestOutcome::Invalid, StatusCode::UNSUPPORTED_MEDIA_TYPE),
    };
    (outcome, plain(status, error.to_string()))
}

async fn decide<P: Platform>(app: &App<P>, ready: Ready, headers: &HeaderMap, received: Instant) -> Outcome {
    let Ready { sealed, reasons, id, deadline } = ready;
    match app.platform.decide(sealed, deadline).await {
        Some(answer) => {
            let woken = monotonic();
            let (outcome, mut response) = respond(app, &answer, reasons, headers);
            if app.limits.timing {
                tell_timing(&mut response, &answer, received, woken);
            }
            (outcome, response)
        }
        None => undecided(app, reasons, &id),
    }
}

/// Takes the person out, or puts the user's key in: the one place where identity meets the core.
fn apply_consent<P>(app: &App<P>, request: &mut AdRequest, identity: &Identity) {
    match permit(&request.privacy, &app.consent) {
        Permit::ContextOnly(_) => redact(request),
        Permit::Identity => {
            request.user.key = identity.best().map(|(kind, value)| app.users.key(kind, value));
            // Health, belief, politics and the like are used for nobody, whatever was consented to.
            request.user.segments.retain(|segment| !is_sensitive_segment(segment));
        }
    }
}

/// Adds to each content category what it is in the Content Taxonomy 3.x, so that targeting and interests written in
/// either list meet.
fn map_categories(request: &mut AdRequest) {
    let categories = &mut request.inventory.categories;
    for place in 0..categories.len() {
        if let Some(mapped) = taxonomy::to_content3(categories[place]).filter(|c| !categories.contains(c)) {
            categories.push(mapped);
        }
    }
}

/// Returns the time a decision may take: at most the limit, less where the caller waits less. A caller that waits no
/// longer than the margin is given half of what it waits.
fn time_for(request: &AdRequest, limit: Duration, margin: Duration) -> Duration {
    let Some(tmax) = request.tmax else { return limit };
    let tmax = Duration::from_micros(u64::try_from(tmax.micros()).unwrap_or(0));
    let left = if tmax > margin * 2 { tmax.saturating_sub(margin) } else { tmax / 2 };
    left.min(limit)
}

fn respond<P: Platform>(app: &App<P>, answer: &Answer, reasons: Reasons, headers: &HeaderMap) -> Outcome {
    let mut outcome = RequestOutcome::NoBid;
    for imp in &answer.decision.imps {
        match imp {
            ImpDecision::Bid(_) => outcome = RequestOutcome::Bid,
            ImpDecision::NoBid(reason) => app.metrics.no_bid(*reason),
        }
    }
    let words = motet_openrtb::Answer {
        request: &answer.sealed.request,
        decision: &answer.decision,
        catalog: &answer.catalog,
        links: &app.links,
        reasons,
    };
    let mut body = Vec::with_capacity(2048);
    if encode(&words, &mut body) == Content::None {
        return (outcome, empty(StatusCode::NO_CONTENT));
    }
    if body.len() < app.limits.gzip_from || !body::takes_gzip(headers) {
        return (outcome, text_reply(StatusCode::OK, JSON, body));
    }
    let mut response = text_reply(StatusCode::OK, JSON, body::gzip(&body));
    response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    (outcome, response)
}

/// Says in a header how long each stage took.
fn tell_timing(response: &mut Response<Body>, answer: &Answer, received: Instant, woken: Instant) {
    let value = answer.milestones.server_timing(received, woken, monotonic());
    if let Ok(value) = HeaderValue::from_str(&value) {
        response.headers_mut().insert(TIMING_HEADER, value);
    }
}

fn undecided<P: Platform>(app: &App<P>, reasons: Reasons, id: &str) -> Outcome {
    if let Health::NotReady(reason) = app.platform.health() {
        return (RequestOutcome::Unavailable, plain(StatusCode::SERVICE_UNAVAILABLE, reason));
    }
    app.metrics.no_bid(NoBidReason::DeadlinePassed);
    no_bid(reasons, id, NoBidReason::DeadlinePassed)
}

/// Answers a request that was not decided.
fn no_bid(reasons: Reasons, id: &str, reason: NoBidReason) -> Outcome {
    if reasons == Reasons::NotWanted {
        return (RequestOutcome::NoBid, empty(StatusCode::NO_CONTENT));
    }
    let body = serde_json::json!({
        "id": id,
        "nbr": nbr(reason),
        "ext": { "motet": { "reason": reason.name(), "message": reason.sentence() } },
    });
    (RequestOutcome::NoBid, text_reply(StatusCode::OK, JSON, body.to_string()))
}

#[cfg(test)]
mod tests {
    use motet_units::Span;

    use super::*;

    #[test]
    fn a_shorter_tmax_shortens_the_time_and_a_longer_one_does_not_lengthen_it() {
        let (limit, margin) = (Duration::from_millis(50), Duration::from_millis(10));
        let body = br#"{"id":"1","imp":[{"id":"1","banner":{"w":1,"h":1}}]}"#;
        let rates = motet_openrtb::RateTable::new(motet_model::codes::Code::currency("USD").unwrap());
        let options = motet_openrtb::DecodeOptions::new(rates);
        let mut request = motet_openrtb::decode(body, &options).unwrap().request;
        for (tmax_ms, ms) in [(None, 50), (Some(300), 50), (Some(40), 30), (Some(12), 6), (Some(0), 0)] {
            request.tmax = tmax_ms.map(Span::from_millis);
            assert_eq!(time_for(&request, limit, margin), Duration::from_millis(ms), "{tmax_ms:?}");
        }
    }
}
