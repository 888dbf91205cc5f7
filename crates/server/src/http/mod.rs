//! The HTTP edge: bid requests, notices, the campaign API and operations.
//!
//! | path | what |
//! |---|---|
//! | `/openrtb2/bid` | bid requests |
//! | `/n/…`, `/i/…`, `/c/…`, `/v1/conversions` | what happened afterwards, by signed token |
//! | `/v1/…` | advertisers, campaigns, creatives, switches, files, explanations, by bearer token |
//! | `/metrics`, `/health/…`, `/openapi.json`, `/` | operations |
//!
//! A handler reads, checks and converts; it decides nothing. Identity that was not permitted is taken out before a
//! request goes any further.

mod app;
pub(crate) mod bid;
mod body;
pub mod echo;
mod links;
mod listen;
mod notices;
mod operations;
mod outside;
mod reply;

use std::sync::Arc;

pub use app::{AdminToken, App, BuildError, Parts};
use axum::{
    Router, middleware,
    routing::{self, MethodRouter},
};
pub(crate) use body::{BodyError, BodyLimits, read as read_body};
pub use links::{BidLinks, SignedLinks};
pub use listen::{Shutdown, serve};
pub(crate) use reply::text_reply;

use crate::{api, platform::Platform};

/// The place in a landing page where the token that reports a conversion is put.
pub const CONVERSION_TOKEN: &str = "{CONVERSION_TOKEN}";

/// One path with the methods it takes.
pub(crate) struct Route<P: Platform> {
    pub(crate) path: &'static str,
    #[cfg_attr(not(test), expect(dead_code, reason = "a test holds the description of the API equal to it"))]
    pub(crate) methods: &'static [&'static str],
    pub(crate) handler: MethodRouter<Arc<App<P>>>,
}

pub(crate) const fn route<P: Platform>(
    path: &'static str,
    methods: &'static [&'static str],
    handler: MethodRouter<Arc<App<P>>>,
) -> Route<P> {
    Route { path, methods, handler }
}

/// Returns the path of bid requests. It keeps its own time, and so needs no layer that does.
pub(crate) fn bid_routes<P: Platform>() -> Vec<Route<P>> {
    vec![route("/openrtb2/bid", &["POST"], routing::post(bid::bid::<P>))]
}

/// Returns the paths that need no bearer token.
pub(crate) fn open_routes<P: Platform>() -> Vec<Route<P>> {
    use routing::get;
    let told = || get(notices::notice::<P>).post(notices::notice::<P>);
    let conversion = || get(notices::conversion::<P>).post(notices::conversion::<P>);
    vec![
        route("/n/{kind}/{token}", &["GET", "POST"], told()),
        route("/i/{token}", &["GET"], get(notices::impression::<P>)),
        route("/c/{token}", &["GET"], get(notices::click::<P>)),
        route("/v1/conversions", &["GET", "POST"], conversion()),
        route("/v1/conversions/{token}", &["GET", "POST"], conversion()),
        route("/health/live", &["GET"], get(operations::live)),
        route("/health/ready", &["GET"], get(operations::ready::<P>)),
        route("/metrics", &["GET"], get(operations::metrics::<P>)),
        route("/openapi.json", &["GET"], get(operations::openapi)),
        route("/", &["GET"], get(operations::index)),
    ]
}

fn mount<P: Platform>(routes: Vec<Route<P>>) -> Router<Arc<App<P>>> {
    routes.into_iter().fold(Router::new(), |router, route| router.route(route.path, route.handler))
}

/// Builds the router over an app.
pub fn router<P: Platform>(app: Arc<App<P>>) -> Router {
    let guarded = mount(api::routes::<P>())
        .route_layer(middleware::from_fn_with_state(Arc::clone(&app), api::once::<P>))
        .route_layer(middleware::from_fn_with_state(Arc::clone(&app), api::authorise::<P>));
    mount(open_routes::<P>())
        .merge(guarded)
        .layer(middleware::from_fn_with_state(Arc::clone(&app), operations::in_time::<P>))
        .merge(mount(bid_routes::<P>()))
        .with_state(app)
}

#[cfg(test)]
mod tests;
