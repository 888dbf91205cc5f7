//! The campaign API.

use std::collections::BTreeSet;

use axum::{
    body::Body,
    http::{Method, Request, StatusCode},
};
use motet_model::catalog::Switch;
use serde_json::{Value, json};

use super::support::{InMemory, TOKEN, admin, app, get, send};
use crate::{
    api,
    api::spec::FileOfSpecs,
    http::{bid_routes, open_routes},
    platform::Platform as _,
};

const CAMPAIGN: &str = r#"{
    "advertiser": "cantata", "budget": { "daily": "12.50" }, "goal": { "cpc": "0.40" },
    "creatives": [{ "id": "new-k", "domains": ["Cantata.example"], "landing_page": "https://cantata.example/",
        "banner": { "size": "300x250", "image": "https://cantata.example/a.png", "mime": "image/png" } }]
}"#;

#[tokio::test]
async fn without_the_token_nothing_is_shown_or_changed() {
    let app = app();
    for authorization in [None, Some("Bearer wrong"), Some("Basic abc"), Some(TOKEN)] {
        let mut request = Request::get("/v1/campaigns");
        if let Some(value) = authorization {
            request = request.header("authorization", value);
        }
        let seen = send(&app, request.body(Body::empty()).unwrap()).await;
        assert_eq!(seen.status, StatusCode::UNAUTHORIZED, "{authorization:?}");
        assert_eq!(seen.header("www-authenticate"), "Bearer realm=\"motet\"");
        assert_eq!(seen.json()["error"]["code"], "unauthorised");
    }
    assert_eq!(admin(&app, "GET", "/v1/campaigns", &[], "").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_campaign_is_put_shown_patched_and_removed() {
    let app = app();
    let path = "/v1/campaigns/new-c";
    let put = admin(&app, "PUT", path, &[], CAMPAIGN).await;
    assert_eq!(put.status, StatusCode::CREATED, "{}", put.text());
    let creative = admin(&app, "GET", "/v1/creatives/new-k", &[], "").await.json();
    assert_eq!(creative["domains"], json!(["cantata.example"]));

    let shown = admin(&app, "GET", path, &[], "").await.json();
    assert_eq!((&shown["id"], &shown["goal"]), (&json!("new-c"), &json!({ "cpc": "0.4" })));
    assert_eq!(shown["statement"]["spent"], "11.5");
    assert_eq!(shown["statement"]["left"], "58.25");
    let again = admin(&app, "PUT", path, &[], shown.to_string()).await;
    assert_eq!(again.status, StatusCode::OK, "what was got can be put: {}", again.text());

    let patch =
        r#"{ "status": "paused", "budget": { "total": "100" }, "goal": { "cpc": null, "cpa": "9" } }"#;
    let patched = admin(&app, "PATCH", path, &[], patch).await.json();
    assert_eq!(patched["status"], "paused");
    assert_eq!(patched["budget"], json!({ "daily": "12.5", "total": "100" }));
    assert_eq!(patched["goal"], json!({ "cpa": "9" }));

    assert_eq!(admin(&app, "DELETE", path, &[], "").await.status, StatusCode::OK);
    for (method, path) in [("GET", path), ("DELETE", path), ("PATCH", path), ("GET", "/v1/creatives/new-k")] {
        let gone = admin(&app, method, path, &[], "{}").await;
        assert_eq!(gone.status, StatusCode::NOT_FOUND, "{method} {path}");
        assert_eq!(gone.json()["error"]["code"], "not_found");
    }
}

#[tokio::test]
async fn refusals_name_every_field() {
    let app = app();
    let body = r#"{ "id": "other", "goal": { "cpm": "0" } }"#;
    let seen = admin(&app, "PUT", "/v1/campaigns/x", &[], body).await;
    assert_eq!(seen.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(seen.json()["error"]["field"], "id");

    let seen = admin(&app, "PUT", "/v1/campaigns/x", &[], r#"{ "goal": { "cpm": "0" } }"#).await;
    let told = seen.json();
    let fields: Vec<_> = told["error"]["problems"].as_array().unwrap().iter().map(|p| &p["field"]).collect();
    assert_eq!(fields, ["advertiser", "budget", "goal.cpm"]);
    assert_eq!(told["error"]["message"], "is required");

    for (body, status, code, field) in [
        ("{", StatusCode::BAD_REQUEST, "malformed", Value::Null),
        (r#"{"budget":{"dialy":"1"}}"#, StatusCode::BAD_REQUEST, "malformed", json!("budget.dialy")),
        (r#"{"budget":{"daily":1}}"#, StatusCode::BAD_REQUEST, "malformed", json!("budget.daily")),
        (
            r#"{"advertiser":"nobody","budget":{"daily":"1"},"goal":{"cpm":"1"}}"#,
            StatusCode::UNPROCESSABLE_ENTITY,
            "unknown_reference",
            json!("advertiser"),
        ),
    ] {
        let seen = admin(&app, "PUT", "/v1/campaigns/x", &[], body).await;
        let told = seen.json();
        assert_eq!((seen.status, &told["error"]["code"]), (status, &json!(code)), "{body}");
        assert_eq!(told["error"]["field"], field, "{body}");
    }
    let moved =
        admin(&app, "PATCH", "/v1/campaigns/cantata-radio", &[], r#"{"advertiser":"larkspur"}"#).await;
    assert_eq!((moved.status, &moved.json()["error"]["code"]), (StatusCode::CONFLICT, &json!("owner_fixed")));
}

#[tokio::test]
async fn lists_come_in_pages_that_miss_and_repeat_nothing() {
    let app = app();
    let (mut path, mut ids, mut pages) = ("/v1/campaigns?limit=7".to_owned(), Vec::new(), 0);
    loop {
        let page = admin(&app, "GET", &path, &[], "").await.json();
        ids.extend(
            page["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()),
        );
        pages += 1;
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/v1/campaigns?limit=7&cursor={next}");
    }
    let all = app.platform.catalog().campaigns().len();
    assert_eq!((ids.len(), pages), (all, all.div_ceil(7)));
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), all);

    let owned = admin(&app, "GET", "/v1/campaigns?advertiser=cantata", &[], "").await.json();
    assert_eq!(owned["items"].as_array().unwrap().len(), 3);
    assert_eq!(owned["next"], Value::Null);
    for path in [
        "/v1/campaigns?limit=0",
        "/v1/campaigns?limit=1001",
        "/v1/campaigns?limit=x",
        "/v1/campaigns?cursor=elsewhere",
        "/v1/campaigns?colour=red",
        "/v1/advertisers?campaign=x",
    ] {
        assert_eq!(admin(&app, "GET", path, &[], "").await.status, StatusCode::BAD_REQUEST, "{path}");
    }
}

#[tokio::test]
async fn a_key_stands_for_one_request() {
    let app = app();
    let key = [("idempotency-key", "k-1")];
    let path = "/v1/campaigns/new-c";
    let first = admin(&app, "PUT", path, &key, CAMPAIGN).await;
    let version = app.platform.catalog().version();
    let again = admin(&app, "PUT", path, &key, CAMPAIGN).await;
    assert_eq!((first.status, &first.body), (StatusCode::CREATED, &again.body));
    assert_eq!(again.status, StatusCode::CREATED, "the same answer, not that of a second put");
    assert_eq!(again.header("content-type"), "application/json");
    assert_eq!(app.platform.catalog().version(), version, "nothing changed");

    let other = admin(&app, "PUT", path, &key, CAMPAIGN.replace("12.50", "13")).await;
    assert_eq!(other.status, StatusCode::CONFLICT);
    assert!(other.json()["error"]["message"].as_str().unwrap().contains("'k-1'"), "{}", other.text());
    assert_eq!(admin(&app, "DELETE", path, &key, "").await.status, StatusCode::CONFLICT);
    let empty = admin(&app, "PUT", path, &[("idempotency-key", "")], CAMPAIGN).await;
    assert_eq!(empty.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn switches_are_pulled_and_released() {
    let app = app();
    for path in [
        "/v1/switches/everything",
        "/v1/switches/campaigns/cantata-radio",
        "/v1/switches/publishers/X.example",
    ] {
        for _ in 0..2 {
            assert_eq!(admin(&app, "PUT", path, &[], "").await.status, StatusCode::OK, "{path}");
        }
    }
    let pulled = app.platform.catalog().switches().clone();
    assert!(pulled.contains(&Switch::Everything) && pulled.contains(&Switch::Publisher("x.example".into())));
    let listed = admin(&app, "GET", "/v1/switches", &[], "").await.json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 3);
    for _ in 0..2 {
        assert_eq!(admin(&app, "DELETE", "/v1/switches/everything", &[], "").await.status, StatusCode::OK);
    }
    assert!(!app.platform.catalog().switches().contains(&Switch::Everything));
    assert_eq!(admin(&app, "PUT", "/v1/switches/moons/1", &[], "").await.status, StatusCode::NOT_FOUND);
    assert_eq!(admin(&app, "PUT", "/v1/switches/campaigns", &[], "").await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_file_exported_imports_to_the_same() {
    let app = app();
    let before = app.platform.catalog();
    for (accept, kind) in [("application/toml", "application/toml"), ("*/*", "application/json")] {
        let file = admin(&app, "GET", "/v1/export", &[("accept", accept)], "").await;
        assert_eq!((file.status, file.header("content-type")), (StatusCode::OK, kind));
        let counts = admin(&app, "POST", "/v1/import", &[("content-type", kind)], file.body.clone()).await;
        assert_eq!(counts.json(), json!({ "advertisers": 8, "campaigns": 30, "creatives": 56 }));
    }
    assert_eq!(FileOfSpecs::of(&app.platform.catalog()), FileOfSpecs::of(&before));
    let version = app.platform.catalog().version();
    let half = r#"{"advertisers":[{"id":"fresh"},{"id":"no good"}]}"#;
    let refused = admin(&app, "POST", "/v1/import", &[], half).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(refused.json()["error"]["field"], "advertisers[1].id");
    assert_eq!(app.platform.catalog().version(), version, "all or nothing");
}

#[tokio::test]
async fn a_decision_is_explained_in_both_forms() {
    let app = app();
    let path = "/v1/decisions/000100000000004d/explanation";
    assert_eq!(admin(&app, "GET", path, &[], "").await.json()["decision"], "000100000000004d");
    let text = admin(&app, "GET", &format!("{path}?format=text"), &[], "").await;
    assert_eq!(text.text(), "decision 000100000000004d");
    for (id, status) in [("000100000000004e", StatusCode::NOT_FOUND), ("xyz", StatusCode::BAD_REQUEST)] {
        let path = format!("/v1/decisions/{id}/explanation");
        assert_eq!(admin(&app, "GET", &path, &[], "").await.status, status, "{id}");
    }
}

#[tokio::test]
async fn the_description_and_the_router_have_the_same_paths_and_methods() {
    let routes = [bid_routes::<InMemory>(), open_routes::<InMemory>(), api::routes::<InMemory>()]
        .into_iter()
        .flatten();
    let ours: BTreeSet<_> = routes
        .flat_map(|route| {
            route.methods.iter().map(move |method| (route.path.to_owned(), method.to_lowercase()))
        })
        .collect();
    let described = api::openapi();
    let theirs: BTreeSet<_> = described["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, methods)| {
            methods.as_object().unwrap().keys().map(move |method| (path.clone(), method.clone()))
        })
        .collect();
    assert_eq!(ours, theirs);

    // The list of methods beside each path is what the router takes, too.
    let app = app();
    for (path, _) in &ours {
        let filled = path.replace("{kind}", "everything").replace("{id}", "x").replace("{token}", "x");
        for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            let seen = admin(&app, method.as_str(), &filled, &[], "").await;
            let taken = ours.contains(&(path.clone(), method.as_str().to_lowercase()));
            let refused = seen.status == StatusCode::METHOD_NOT_ALLOWED;
            assert_eq!(!refused, taken, "{method} {path} gives {}", seen.status);
        }
    }
}

#[tokio::test]
async fn policies_are_shown_and_swapped_by_the_bearer_of_the_token() {
    let app = app();
    assert_eq!(get(&app, "/v1/policies").await.status, StatusCode::UNAUTHORIZED);
    let shown = admin(&app, "GET", "/v1/policies", &[], "").await.json();
    assert_eq!(shown["in_service"]["version"], "fixed@1");
    assert_eq!(shown["in_service"]["since"], "2023-11-14T22:13:20Z");
    assert_eq!(shown["in_service"]["metrics"]["surplus"], 1.25);
    assert_eq!(shown["agents"][0]["refused_actions"], 3);
    assert_eq!((&shown["previous"], &shown["last_refusal"]), (&Value::Null, &Value::Null));
    let fixed = admin(&app, "POST", "/v1/policies/fixed", &[], "").await;
    assert_eq!(fixed.json(), serde_json::json!({ "outcome": "unchanged", "in_service": "fixed@1" }));
    let refused = admin(&app, "POST", "/v1/policies/reload", &[], "").await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(refused.json()["error"]["message"], "tensor 'pacer.means' is missing");
    let none = admin(&app, "POST", "/v1/policies/rollback", &[], "").await;
    assert_eq!((none.status, &none.json()["error"]["code"]), (StatusCode::CONFLICT, &"no_previous".into()));
}

#[tokio::test]
async fn operations_need_no_token() {
    let app = app();
    assert!(get(&app, "/").await.text().contains("/openrtb2/bid"));
    assert_eq!(get(&app, "/openapi.json").await.json()["openapi"], "3.1.0");
    let metrics = get(&app, "/metrics").await;
    assert!(metrics.header("content-type").starts_with("application/openmetrics-text"));
    assert!(metrics.text().contains("motet_catalog_version"));
    assert_eq!(get(&app, "/nowhere").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_server_without_a_token_keeps_the_api_closed() {
    let app = app();
    let mut app = std::sync::Arc::try_unwrap(app).expect("nothing else holds it");
    app.admin_token = None;
    let app = std::sync::Arc::new(app);
    assert_eq!(admin(&app, "GET", "/v1/campaigns", &[], "").await.status, StatusCode::UNAUTHORIZED);
    let told = format!("{app:?} {:?}", crate::http::AdminToken::new(TOKEN));
    assert!(!told.contains(TOKEN), "{told}");
}
