//! The campaign API under `/v1`: advertisers, campaigns, creatives, kill switches, whole files, explanations,
//! and the policies in service.
//!
//! Every path needs the admin token as a bearer token. Bodies are specs ([`spec`]); refusals are JSON that names the
//! field and tells all problems at once. A change is durable when its answer is sent. Requests that change
//! something may carry an `Idempotency-Key` ([`Idempotency`]).

mod error;
mod explanations;
mod files;
mod idempotency;
mod openapi;
mod policies;
mod resources;
pub mod spec;
mod switches;

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderValue, Response, StatusCode, header},
    middleware::Next,
    routing::{get, post, put},
};
pub(crate) use error::ApiError;
pub use idempotency::Idempotency;
pub(crate) use idempotency::once;
use motet_model::catalog::{self, Change};
pub use openapi::openapi;
use resources::{Advertisers, Campaigns, Creatives, delete, get_one, list, patch, put_one};
use serde::Serialize;

use crate::{
    http::{App, Route, route, text_reply},
    platform::{ChangeError, Platform},
};

const ONE: &[&str] = &["GET", "PUT", "PATCH", "DELETE"];

fn resource<P: Platform, K: resources::Kind>(all: &'static str, one: &'static str) -> [Route<P>; 2] {
    let single = get(get_one::<P, K>).put(put_one::<P, K>).patch(patch::<P, K>).delete(delete::<P, K>);
    [route(all, &["GET"], get(list::<P, K>)), route(one, ONE, single)]
}

/// Returns the paths that need the bearer token.
pub(crate) fn routes<P: Platform>() -> Vec<Route<P>> {
    let switch = || put(switches::pull::<P>).delete(switches::release::<P>);
    let mut routes = Vec::new();
    routes.extend(resource::<P, Advertisers>("/v1/advertisers", "/v1/advertisers/{id}"));
    routes.extend(resource::<P, Campaigns>("/v1/campaigns", "/v1/campaigns/{id}"));
    routes.extend(resource::<P, Creatives>("/v1/creatives", "/v1/creatives/{id}"));
    routes.extend([
        route("/v1/switches", &["GET"], get(switches::list::<P>)),
        route("/v1/switches/{kind}", &["PUT", "DELETE"], switch()),
        route("/v1/switches/{kind}/{id}", &["PUT", "DELETE"], switch()),
        route("/v1/import", &["POST"], post(files::import::<P>)),
        route("/v1/export", &["GET"], get(files::export::<P>)),
        route("/v1/decisions/{id}/explanation", &["GET"], get(explanations::explanation::<P>)),
        route("/v1/policies", &["GET"], get(policies::show::<P>)),
        route("/v1/policies/reload", &["POST"], post(policies::reload::<P>)),
        route("/v1/policies/rollback", &["POST"], post(policies::roll_back::<P>)),
        route("/v1/policies/fixed", &["POST"], post(policies::fix::<P>)),
    ]);
    routes
}

/// Lets a request through if it carries the admin token.
pub(crate) async fn authorise<P: Platform>(
    State(app): State<Arc<App<P>>>,
    request: Request,
    next: Next,
) -> Response<Body> {
    let stated = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = stated.and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    let allowed = match (&app.admin_token, token) {
        (Some(ours), Some(theirs)) => ours.is(theirs),
        _ => false,
    };
    if allowed {
        return next.run(request).await;
    }
    let message = match (&app.admin_token, token) {
        (None, _) => "no admin token is set on this server",
        (_, None) => "this path needs 'Authorization: Bearer TOKEN'",
        _ => "the bearer token is not the admin token",
    };
    let mut response = ApiError::new(StatusCode::UNAUTHORIZED, "unauthorised", "", message).into_reply();
    let scheme = HeaderValue::from_static("Bearer realm=\"motet\"");
    response.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
    response
}

/// Writes a value as JSON.
fn json(status: StatusCode, value: &impl Serialize) -> Response<Body> {
    match serde_json::to_vec(value) {
        Ok(body) => text_reply(status, "application/json", body),
        Err(error) => {
            tracing::error!(%error, "an answer could not be written");
            ApiError::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "internal",
                "",
                "the answer could not be written",
            )
            .into_reply()
        }
    }
}

/// Applies changes, all or none. They are tried on a copy of the catalog first, so that a refusal can say which
/// field it is about.
async fn apply<P: Platform>(app: &App<P>, changes: Vec<Change>) -> Result<(), ApiError> {
    let mut trial = catalog::Catalog::clone(&app.platform.catalog());
    for change in &changes {
        trial.apply(change).map_err(|error| ApiError::of_catalog(&error))?;
    }
    app.platform.change(changes).await.map_err(|error| match error {
        ChangeError::Refused(reason) => ApiError::new(StatusCode::CONFLICT, "conflict", "", reason),
        ChangeError::Unavailable(reason) => ApiError::unavailable(reason),
    })
}
