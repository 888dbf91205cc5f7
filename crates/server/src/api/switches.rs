//! Kill switches: `PUT` pulls, `DELETE` releases. Both may be repeated.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Path, State},
    http::{Response, StatusCode},
};
use motet_model::catalog::{Change, Switch};
use serde::Deserialize;
use serde_json::{Value, json as value};

use super::{ApiError, apply, json};
use crate::{http::App, platform::Platform};

#[derive(Debug, Deserialize)]
pub(super) struct Named {
    kind: String,
    id: Option<String>,
}

impl Named {
    fn switch(self) -> Result<Switch, ApiError> {
        let id = self.id.filter(|id| (1..=253).contains(&id.len()));
        match (self.kind.as_str(), id) {
            ("everything", None) => Ok(Switch::Everything),
            ("everything", Some(_)) => Err(ApiError::bad("id", "everything takes no id")),
            ("advertisers", Some(id)) => Ok(Switch::Advertiser(id)),
            ("campaigns", Some(id)) => Ok(Switch::Campaign(id)),
            ("creatives", Some(id)) => Ok(Switch::Creative(id)),
            ("publishers", Some(id)) => Ok(Switch::Publisher(id.to_lowercase())),
            ("advertisers" | "campaigns" | "creatives" | "publishers", None) => {
                Err(ApiError::bad("id", "is required, with 1 to 253 characters"))
            }
            (kind, _) => Err(ApiError::not_found("kind of switch", kind)),
        }
    }
}

fn shown(switch: &Switch) -> Value {
    match switch {
        Switch::Everything => value!({ "kind": "everything" }),
        Switch::Advertiser(id) => value!({ "kind": "advertisers", "id": id }),
        Switch::Campaign(id) => value!({ "kind": "campaigns", "id": id }),
        Switch::Creative(id) => value!({ "kind": "creatives", "id": id }),
        Switch::Publisher(id) => value!({ "kind": "publishers", "id": id }),
    }
}

pub(super) async fn list<P: Platform>(State(app): State<Arc<App<P>>>) -> Response<Body> {
    let items: Vec<_> = app.platform.catalog().switches().iter().map(shown).collect();
    json(StatusCode::OK, &value!({ "items": items }))
}

pub(super) async fn pull<P: Platform>(
    State(app): State<Arc<App<P>>>,
    Path(named): Path<Named>,
) -> Result<Response<Body>, ApiError> {
    let switch = named.switch()?;
    if !app.platform.catalog().switches().contains(&switch) {
        apply(&app, vec![Change::Kill(switch.clone())]).await?;
    }
    Ok(json(StatusCode::OK, &shown(&switch)))
}

pub(super) async fn release<P: Platform>(
    State(app): State<Arc<App<P>>>,
    Path(named): Path<Named>,
) -> Result<Response<Body>, ApiError> {
    let switch = named.switch()?;
    if app.platform.catalog().switches().contains(&switch) {
        apply(&app, vec![Change::Revive(switch.clone())]).await?;
    }
    Ok(json(StatusCode::OK, &shown(&switch)))
}
