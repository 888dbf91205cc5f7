//! The yardstick of the HTTP benchmark: the same sockets, limits, body reading and parse as the bid endpoint, and then
//! the body sent back. What the bid endpoint costs above it is what deciding costs: consent, agents, auction,
//! ledger, journal and response.

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{Response, StatusCode},
    routing::post,
};
use motet_insight::metrics::Metrics;
use motet_openrtb::DecodeOptions;
use tokio::net::TcpListener;

use super::{
    BodyLimits, Shutdown, app, listen,
    reply::{plain, text_reply},
};
use crate::config::Config;

struct Echo {
    limits: BodyLimits,
    options: DecodeOptions,
}

/// Serves the yardstick until the process ends.
///
/// # Errors
/// When the accounting currency or a rate cannot be read.
pub async fn serve(config: &Config, listener: TcpListener) -> Result<(), super::BuildError> {
    let limits = BodyLimits {
        sent: config.server.body_limit_kib * 1024,
        decompressed: config.server.decompressed_limit_kib * 1024,
        time: config.server.request_timeout(),
    };
    let state = Arc::new(Echo { limits, options: app::decode_options(config)? });
    let router = Router::new().route("/openrtb2/bid", post(echo)).with_state(state);
    let metrics = Arc::new(Metrics::new(env!("CARGO_PKG_VERSION")));
    listen::serve_router(config, router, metrics, listener, Shutdown::default()).await;
    Ok(())
}

async fn echo(State(state): State<Arc<Echo>>, request: Request) -> Response<Body> {
    let (head, body) = request.into_parts();
    let bytes = match super::read_body(&head.headers, body, state.limits).await {
        Ok(bytes) => bytes,
        Err(error) => return plain(StatusCode::BAD_REQUEST, error.to_string()),
    };
    match motet_openrtb::decode(&bytes, &state.options) {
        Ok(decoded) => {
            // The parse must not be optimised away.
            std::hint::black_box(decoded);
            text_reply(StatusCode::OK, "application/json", bytes)
        }
        Err(error) => plain(StatusCode::BAD_REQUEST, error.to_string()),
    }
}
