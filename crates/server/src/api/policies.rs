//! The policies in service: what they are, another look at their folder, the way back.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::State,
    http::{Response, StatusCode},
};
use serde_json::{Value, json as value};

use super::{ApiError, json, spec::moment_text};
use crate::{
    http::App,
    platform::{Ask, Platform, Report, Swap, SwapError},
    policies::{AgentReport, GateRule, Refusal, SetReport},
};

type Reply = Result<Response<Body>, ApiError>;

/// `GET /v1/policies`.
pub(super) async fn show<P: Platform>(State(app): State<Arc<App<P>>>) -> Reply {
    let report = app.platform.policies().await.map_err(ApiError::unavailable)?;
    Ok(json(StatusCode::OK, &shown(&report)))
}

/// `POST /v1/policies/reload`.
pub(super) async fn reload<P: Platform>(State(app): State<Arc<App<P>>>) -> Reply {
    swap(&app, Ask::Reload).await
}

/// `POST /v1/policies/rollback`.
pub(super) async fn roll_back<P: Platform>(State(app): State<Arc<App<P>>>) -> Reply {
    swap(&app, Ask::Rollback).await
}

/// `POST /v1/policies/fixed`.
pub(super) async fn fix<P: Platform>(State(app): State<Arc<App<P>>>) -> Reply {
    swap(&app, Ask::Fixed).await
}

async fn swap<P: Platform>(app: &App<P>, ask: Ask) -> Reply {
    let swap = app.platform.swap_policies(ask).await.map_err(refused)?;
    let (outcome, version) = match swap {
        Swap::Seated { version } => ("seated", version),
        Swap::Unchanged { version } => ("unchanged", version),
        Swap::Held { version } => ("held", version),
    };
    Ok(json(StatusCode::OK, &value!({ "outcome": outcome, "in_service": version })))
}

fn refused(error: SwapError) -> ApiError {
    match error {
        SwapError::Unavailable(reason) => ApiError::unavailable(reason),
        SwapError::NoPrevious => ApiError::new(StatusCode::CONFLICT, "no_previous", "", error.to_string()),
        SwapError::Refused(reason) => {
            ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "policies_refused", "", reason)
        }
    }
}

fn shown(report: &Report) -> Value {
    value!({
        "folder": report.folder,
        "gate_required": report.gate == GateRule::Required,
        "in_service": set(&report.in_service),
        "agents": report.agents.iter().map(agent).collect::<Vec<_>>(),
        "previous": report.previous.as_ref().map(set),
        "folder_held": report.held,
        "last_refusal": report.last_refusal.as_ref().map(refusal),
    })
}

fn set(set: &SetReport) -> Value {
    value!({
        "version": set.version,
        "since": moment_text(set.since),
        "source": set.source,
        "made": set.made,
        "metrics": set.metrics,
        "gate": set.gate,
    })
}

fn agent(agent: &AgentReport) -> Value {
    value!({ "agent": agent.agent.name(), "version": agent.version, "refused_actions": agent.refused_actions })
}

fn refusal(refusal: &Refusal) -> Value {
    value!({ "at": moment_text(refusal.at), "reason": refusal.reason })
}
