//! Health, metrics, the API's description, and a page that says where things are.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Request, State},
    http::{Response, StatusCode},
    middleware::Next,
};

use super::{
    App,
    reply::{plain, text_reply},
};
use crate::{
    api,
    platform::{Health, Platform},
};

/// `GET /health/live`: the process runs.
pub(super) async fn live() -> Response<Body> {
    plain(StatusCode::OK, "live")
}

/// `GET /health/ready`: requests can be answered.
pub(super) async fn ready<P: Platform>(State(app): State<Arc<App<P>>>) -> Response<Body> {
    match app.platform.health() {
        Health::Ready => plain(StatusCode::OK, "ready"),
        Health::NotReady(reason) => plain(StatusCode::SERVICE_UNAVAILABLE, reason),
    }
}

/// `GET /metrics`.
pub(super) async fn metrics<P: Platform>(State(app): State<Arc<App<P>>>) -> Response<Body> {
    app.metrics.in_flight(app.in_flight());
    app.metrics.catalog_version(app.platform.catalog().version());
    let page = app.metrics.encode();
    text_reply(StatusCode::OK, "application/openmetrics-text; version=1.0.0; charset=utf-8", page)
}

/// `GET /openapi.json`.
pub(super) async fn openapi() -> Response<Body> {
    text_reply(StatusCode::OK, "application/json", api::openapi().to_string())
}

/// `GET /`.
pub(super) async fn index() -> Response<Body> {
    text_reply(StatusCode::OK, "text/html; charset=utf-8", include_str!("index.html"))
}

/// Ends requests that take too long. Bid requests keep their own, shorter time.
pub(super) async fn in_time<P: Platform>(
    State(app): State<Arc<App<P>>>,
    request: Request,
    next: Next,
) -> Response<Body> {
    // Twice the time: once for the body, once for the answer.
    match tokio::time::timeout(app.limits.request * 2, next.run(request)).await {
        Ok(response) => response,
        Err(_) => plain(StatusCode::SERVICE_UNAVAILABLE, "the answer took too long; try again"),
    }
}
