//! `POST /openrtb2/bid`: a bid request in, a bid response out, both in JSON or both in Protobuf.
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
use motet_openrtb::{
    BadRequest, Content, DecodeOptions, Decoded, Identity, Reasons, decode_protobuf, encode, encode_protobuf,
    protobuf, reasons::nbr, redact,
};

use super::{
    App,
    body::{self, BodyError, BodyLimits},
    outside,
    reply::{empty, plain, text_reply},
};
use crate::{
    platform::{Answer, Health, Platform},
    runtime::{monotonic, wall_clock},
};

const VERSION_HEADER: HeaderName = HeaderName::from_static("x-openrtb-version");
const VERSION: HeaderValue = HeaderValue::from_static("2.6");
const TIMING_HEADER: HeaderName = HeaderName::from_static("server-timing");

/// The form of a request, which is that of its response too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Json,
    /// With the content type it was sent under.
    Protobuf(&'static str),
}

impl Form {
    /// Reads the form from the content type; what states none, or another, is JSON.
    fn of(headers: &HeaderMap) -> Self {
        let stated = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
        let stated = stated.split(';').next().unwrap_or(stated).trim();
        let known = protobuf::CONTENT_TYPES.into_iter().find(|known| stated.eq_ignore_ascii_case(known));
        known.map_or(Self::Json, Self::Protobuf)
    }

    const fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Protobuf(stated) => stated,
        }
    }

    fn decode(self, body: &[u8], options: &DecodeOptions) -> Result<Decoded, BadRequest> {
        match self {
            Self::Json => motet_openrtb::decode(body, options),
            Self::Protobuf(_) => decode_protobuf(body, options),
        }
    }

    fn encode(self, answer: &motet_openrtb::Answer<'_>, body: &mut Vec<u8>) -> Content {
        match self {
            Self::Json => encode(answer, body),
            Self::Protobuf(_) => encode_protobuf(answer, body),
        }
    }

    /// Says why a request was not decided.
    fn no_bid(self, id: &str, reason: NoBidReason) -> Vec<u8> {
        if self != Self::Json {
            return protobuf::no_bid(id, reason);
        }
        let body = serde_json::json!({
            "id": id,
            "nbr": nbr(reason),
            "ext": { "motet": { "reason": reason.name(), "message": reason.sentence() } },
        });
        body.to_string().into_bytes()
    }
}

/// How a response is to be put.
#[derive(Clone, Copy, Debug)]
struct Manner {
    form: Form,
    reasons: Reasons,
}

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
    match prepare(app, &bytes, Form::of(&head.headers), received) {
        Ok(ready) => decide(app, ready, &head.headers, received).await,
        Err(outcome) => *outcome,
    }
}

/// A request that is ready to be decided.
struct Ready {
    sealed: Box<SealedRequest>,
    /// Whether identity may be used.
    permit: Permit,
    manner: Manner,
    /// The request's id, where it may have to be answered without having been decided.
    id: String,
    deadline: Instant,
}

/// Parses a request, applies consent and maps categories; or answers it at once.
fn prepare<P: Platform>(
    app: &App<P>,
    bytes: &[u8],
    form: Form,
    received: Instant,
) -> Result<Ready, Box<Outcome>> {
    let options = app.decode_options(wall_clock());
    let decoded = form.decode(bytes, &options);
    let Decoded { mut request, identity, wants_reasons, currency_taken, .. } = decoded.map_err(|error| {
        Box::new((RequestOutcome::Invalid, plain(StatusCode::BAD_REQUEST, error.to_string())))
    })?;
    let manner = Manner { form, reasons: if wants_reasons { Reasons::Wanted } else { Reasons::NotWanted } };
    if !currency_taken {
        app.metrics.no_bid(NoBidReason::CurrencyNotTaken);
        return Err(Box::new(no_bid(manner, &request.id, NoBidReason::CurrencyNotTaken)));
    }
    let permit = apply_consent(app, &mut request, &identity);
    map_categories(&mut request);
    let id = if wants_reasons { request.id.clone() } else { String::new() };
    let deadline = received + time_for(&request, app.limits.deadline, app.limits.margin);
    Ok(Ready { sealed: Box::new(SealedRequest::new(request)), permit, manner, id, deadline })
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
    let Ready { mut sealed, permit, manner, id, deadline } = ready;
    outside::before(app, &mut sealed, permit, deadline).await;
    match app.platform.decide(sealed, deadline).await {
        Some(mut answer) => {
            let woken = monotonic();
            outside::after(app, &mut answer, deadline).await;
            let (outcome, mut response) = respond(app, &answer, manner, headers);
            if app.limits.timing {
                tell_timing(&mut response, &answer, received, woken);
            }
            (outcome, response)
        }
        None => undecided(app, manner, &id),
    }
}

/// Takes the person out, or puts the user's key in: the one place where identity meets the core.
pub(crate) fn apply_consent<P>(app: &App<P>, request: &mut AdRequest, identity: &Identity) -> Permit {
    let permit = permit(&request.privacy, &app.consent);
    match permit {
        Permit::ContextOnly(_) => redact(request),
        Permit::Identity => {
            request.user.key = identity.best().map(|(kind, value)| app.users.key(kind, value));
            // Health, belief, politics and the like are used for nobody, whatever was consented to.
            request.user.segments.retain(|segment| !is_sensitive_segment(segment));
        }
    }
    permit
}

/// Adds to each content category what it is in the Content Taxonomy 3.x, so that targeting and interests written in
/// either list meet.
pub(crate) fn map_categories(request: &mut AdRequest) {
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

fn respond<P: Platform>(app: &App<P>, answer: &Answer, manner: Manner, headers: &HeaderMap) -> Outcome {
    let mut outcome = RequestOutcome::NoBid;
    for imp in &answer.decision.imps {
        match imp {
            ImpDecision::Bid(_) => outcome = RequestOutcome::Bid,
            ImpDecision::NoBid(reason) => app.metrics.no_bid(*reason),
        }
    }
    let links = app.links.of(&answer.catalog, answer.decision.at);
    let words = motet_openrtb::Answer {
        request: &answer.sealed.request,
        decision: &answer.decision,
        catalog: &answer.catalog,
        links: &links,
        reasons: manner.reasons,
    };
    let mut body = Vec::with_capacity(2048);
    if manner.form.encode(&words, &mut body) == Content::None {
        return (outcome, empty(StatusCode::NO_CONTENT));
    }
    if body.len() < app.limits.gzip_from || !body::takes_gzip(headers) {
        return (outcome, text_reply(StatusCode::OK, manner.form.content_type(), body));
    }
    let mut response = text_reply(StatusCode::OK, manner.form.content_type(), body::gzip(&body));
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

fn undecided<P: Platform>(app: &App<P>, manner: Manner, id: &str) -> Outcome {
    if let Health::NotReady(reason) = app.platform.health() {
        return (RequestOutcome::Unavailable, plain(StatusCode::SERVICE_UNAVAILABLE, reason));
    }
    app.metrics.no_bid(NoBidReason::DeadlinePassed);
    no_bid(manner, id, NoBidReason::DeadlinePassed)
}

/// Answers a request that was not decided.
fn no_bid(manner: Manner, id: &str, reason: NoBidReason) -> Outcome {
    if manner.reasons == Reasons::NotWanted {
        return (RequestOutcome::NoBid, empty(StatusCode::NO_CONTENT));
    }
    let body = manner.form.no_bid(id, reason);
    (RequestOutcome::NoBid, text_reply(StatusCode::OK, manner.form.content_type(), body))
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
