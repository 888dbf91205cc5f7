//! Everything as one file: import puts all it holds or nothing, export writes all in service.

use std::sync::Arc;

use axum::{
    body::{Body, Bytes},
    extract::{Query, State},
    http::{HeaderMap, Response, StatusCode, header},
};
use motet_model::catalog::Change;
use serde::Deserialize;
use serde_json::json as value;

use super::{ApiError, apply, json, spec::FileOfSpecs};
use crate::{
    http::{App, text_reply},
    platform::Platform,
};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Format {
    #[default]
    Json,
    Toml,
}

/// Which form a file has; `format` stands before the headers.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Asked {
    format: Option<Format>,
}

impl Asked {
    fn or_by(&self, headers: &HeaderMap, name: header::HeaderName) -> Format {
        let stated = headers.get(name).and_then(|value| value.to_str().ok());
        let toml = stated.is_some_and(|kind| kind.contains("toml"));
        self.format.unwrap_or(if toml { Format::Toml } else { Format::Json })
    }
}

pub(super) async fn import<P: Platform>(
    State(app): State<Arc<App<P>>>,
    asked: Query<Asked>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response<Body>, ApiError> {
    let file = match asked.or_by(&headers, header::CONTENT_TYPE) {
        Format::Json => FileOfSpecs::from_json(&body),
        Format::Toml => {
            let text = std::str::from_utf8(&body).map_err(|_| ApiError::bad("", "TOML is UTF-8"))?;
            FileOfSpecs::from_toml(text)
        }
    };
    let changes = file.map_err(ApiError::of_body)?.changes().map_err(ApiError::of_spec)?;
    let count = |wanted: fn(&Change) -> bool| changes.iter().filter(|change| wanted(change)).count();
    let counts = value!({
        "advertisers": count(|change| matches!(change, Change::PutAdvertiser(_))),
        "campaigns": count(|change| matches!(change, Change::PutCampaign(_))),
        "creatives": count(|change| matches!(change, Change::PutCreative(_))),
    });
    if !changes.is_empty() {
        apply(&app, changes).await?;
    }
    Ok(json(StatusCode::OK, &counts))
}

pub(super) async fn export<P: Platform>(
    State(app): State<Arc<App<P>>>,
    asked: Query<Asked>,
    headers: HeaderMap,
) -> Response<Body> {
    let file = FileOfSpecs::of(&app.platform.catalog());
    match asked.or_by(&headers, header::ACCEPT) {
        Format::Json => json(StatusCode::OK, &file),
        Format::Toml => text_reply(StatusCode::OK, "application/toml", file.to_toml()),
    }
}
