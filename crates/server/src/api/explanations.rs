//! Why a decision came out as it did.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Path, Query, State},
    http::{Response, StatusCode},
};
use motet_model::ids::{DecisionId, ParseDecisionIdError};
use serde::Deserialize;

use super::{ApiError, json};
use crate::{
    http::{App, text_reply},
    platform::Platform,
};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Format {
    #[default]
    Json,
    Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Asked {
    format: Format,
}

pub(super) async fn explanation<P: Platform>(
    State(app): State<Arc<App<P>>>,
    Path(text): Path<String>,
    asked: Query<Asked>,
) -> Result<Response<Body>, ApiError> {
    let id: DecisionId =
        text.parse().map_err(|error: ParseDecisionIdError| ApiError::bad("id", error.to_string()))?;
    let found = app.platform.explanation(id).await.map_err(ApiError::unavailable)?;
    let explanation = found.ok_or_else(|| ApiError::not_found("decision", &text))?;
    Ok(match asked.format {
        Format::Json => json(StatusCode::OK, &explanation.json),
        Format::Text => text_reply(StatusCode::OK, "text/plain; charset=utf-8", explanation.text),
    })
}
