//! Refusals of the campaign API.

use axum::{
    body::Body,
    http::{Response, StatusCode},
    response::IntoResponse,
};
use motet_model::catalog;
use serde_json::json;

use super::spec::Problem;
use crate::{http::text_reply, platform::Unavailable};

/// A refusal: a status and at least one problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ApiError {
    status: StatusCode,
    first: Problem,
    others: Vec<Problem>,
}

impl ApiError {
    pub(crate) fn new(
        status: StatusCode,
        code: &'static str,
        field: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self { status, first: Problem::new(code, field, message), others: Vec::new() }
    }

    pub(super) fn not_found(kind: &str, id: &str) -> Self {
        let id: String = id.chars().take(80).collect();
        Self::new(StatusCode::NOT_FOUND, "not_found", "", format!("{kind} '{id}' does not exist"))
    }

    pub(super) fn bad(field: &str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid", field, message)
    }

    pub(super) fn unavailable(reason: Unavailable) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "", reason.to_string())
    }

    /// A body that cannot be read at all is 400.
    pub(super) fn of_body(problem: Problem) -> Self {
        Self { status: StatusCode::BAD_REQUEST, first: problem, others: Vec::new() }
    }

    /// A body that says what cannot be is 422.
    pub(super) fn of_spec(problems: Vec<Problem>) -> Self {
        let mut problems = problems.into_iter();
        let first = problems.next().unwrap_or_else(|| Problem::new("invalid", "", "the body is not valid"));
        Self { status: StatusCode::UNPROCESSABLE_ENTITY, first, others: problems.collect() }
    }

    pub(super) fn of_catalog(error: &catalog::Error) -> Self {
        let (status, code, field) = match error {
            catalog::Error::NoAdvertiser { .. } => {
                (StatusCode::UNPROCESSABLE_ENTITY, "unknown_reference", "advertiser")
            }
            catalog::Error::NoCampaign { .. } => {
                (StatusCode::UNPROCESSABLE_ENTITY, "unknown_reference", "campaign")
            }
            catalog::Error::NotFound { .. } => (StatusCode::NOT_FOUND, "not_found", ""),
            catalog::Error::OwnerFixed { kind, .. } => {
                let field = if *kind == "campaign" { "advertiser" } else { "campaign" };
                (StatusCode::CONFLICT, "owner_fixed", field)
            }
        };
        Self::new(status, code, field, error.to_string())
    }

    /// Writes the refusal: the first problem, and the list of all.
    pub(crate) fn into_reply(self) -> Response<Body> {
        let mut error = json!({ "code": self.first.code, "message": self.first.message });
        if !self.first.field.is_empty() {
            error["field"] = json!(self.first.field);
        }
        let all: Vec<_> = std::iter::once(&self.first).chain(&self.others).collect();
        error["problems"] = json!(all);
        text_reply(self.status, "application/json", json!({ "error": error }).to_string())
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> axum::response::Response {
        self.into_reply()
    }
}
