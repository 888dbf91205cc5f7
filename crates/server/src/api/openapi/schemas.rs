//! The schemas of bodies and parameters.

use serde_json::{Value, json};

pub(super) fn path_parameter(path: &str, name: &str) -> Value {
    match (path, name) {
        ("/n/{kind}/{token}", "kind") => json!({ "enum": ["win", "billing", "loss"] }),
        ("/v1/switches/{kind}", "kind") => json!({ "enum": ["everything"] }),
        (_, "kind") => json!({ "enum": ["advertisers", "campaigns", "creatives", "publishers"] }),
        ("/v1/decisions/{id}/explanation", "id") => {
            json!({ "type": "string", "pattern": "^[0-9a-fA-F]{16}$" })
        }
        (_, "token") => json!({ "type": "string", "minLength": 48, "maxLength": 48 }),
        _ => id(),
    }
}

pub(super) fn query_parameter(operation: &str, name: &str) -> Value {
    match name {
        "limit" => json!({ "type": "integer", "minimum": 1, "maximum": 1000, "default": 100 }),
        "format" if operation == "explanation" => json!({ "enum": ["json", "text"], "default": "json" }),
        "format" => json!({ "enum": ["json", "toml"], "default": "json" }),
        "price" | "mtw" | "value" => amount(),
        "loss" => json!({ "type": "integer", "minimum": 0 }),
        "advertiser" | "campaign" => id(),
        _ => json!({ "type": "string" }),
    }
}

fn id() -> Value {
    json!({ "type": "string", "pattern": "^[A-Za-z0-9._:~-]{1,64}$" })
}

fn amount() -> Value {
    json!({ "type": "string", "pattern": "^[0-9]+(\\.[0-9]{1,9})?$", "examples": ["12.50"] })
}

fn texts(example: &str) -> Value {
    json!({ "type": "array", "items": { "type": "string" }, "examples": [[example]] })
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

fn object(properties: &Value) -> Value {
    json!({ "type": "object", "properties": properties, "additionalProperties": false })
}

fn status() -> Value {
    json!({ "enum": ["active", "paused"], "default": "active" })
}

pub(super) fn schemas() -> Value {
    json!({
        "Error": error(),
        "Page": json!({
            "type": "object",
            "required": ["items", "next"],
            "properties": {
                "items": { "type": "array", "items": { "type": "object" } },
                "next": { "type": ["string", "null"], "description": "the cursor of the next page" },
            },
        }),
        "Patch": json!({ "type": "object", "description": "a merge patch, RFC 7396" }),
        "File": object(&json!({ "advertisers": { "type": "array", "items": reference("Advertiser") } })),
        "Switch": object(&json!({ "kind": { "type": "string" }, "id": { "type": "string" } })),
        "Swap": object(&json!({
            "outcome": { "enum": ["seated", "unchanged", "held"] }, "in_service": { "type": "string" },
        })),
        "Policies": policies(),
        "PolicySet": policy_set(),
        "Conversion": conversion(),
        "BidRequest": json!({ "type": "object", "description": "OpenRTB 2.6" }),
        "BidResponse": json!({ "type": "object", "description": "OpenRTB 2.6" }),
        "Advertiser": advertiser(),
        "Campaign": campaign(),
        "Targeting": targeting(),
        "Creative": creative(),
        "Timed": timed(),
        "Image": object(&json!({ "url": { "type": "string", "format": "uri" }, "size": size() })),
    })
}

fn error() -> Value {
    let problem = json!({
        "type": "object",
        "required": ["code", "field", "message"],
        "properties": {
            "code": { "type": "string" },
            "field": { "type": "string" },
            "message": { "type": "string" },
        },
    });
    json!({
        "type": "object",
        "required": ["error"],
        "properties": { "error": {
            "type": "object",
            "required": ["code", "message", "problems"],
            "properties": {
                "code": { "type": "string" },
                "field": { "type": "string" },
                "message": { "type": "string" },
                "problems": { "type": "array", "items": problem },
            },
        } },
    })
}

fn policies() -> Value {
    let count = json!({ "type": "integer", "minimum": 0 });
    let agent = object(&json!({
        "agent": { "type": "string" }, "version": { "type": ["string", "null"] }, "refused_actions": count,
    }));
    let refusal =
        object(&json!({ "at": { "type": "string", "format": "date-time" }, "reason": { "type": "string" } }));
    let or_null = |schema: Value| json!({ "oneOf": [schema, { "type": "null" }] });
    object(&json!({
        "folder": { "type": ["string", "null"] }, "gate_required": { "type": "boolean" },
        "in_service": reference("PolicySet"), "agents": { "type": "array", "items": agent },
        "previous": or_null(reference("PolicySet")), "folder_held": { "type": "boolean" },
        "last_refusal": or_null(refusal),
    }))
}

fn policy_set() -> Value {
    let text = json!({ "type": "string" });
    let made = object(&json!({
        "learner": text, "scenario": text, "data_hash": text, "seed": { "type": "integer", "minimum": 0 }, "command": text,
    }));
    let gate =
        object(&json!({ "shippable": { "type": "boolean" }, "reasons": { "type": "array", "items": text } }));
    object(&json!({
        "version": text, "since": { "type": "string", "format": "date-time" },
        "source": { "enum": ["found", "folder", "rollback", "fixed"] }, "made": made,
        "metrics": { "type": "object", "additionalProperties": { "type": "number" } },
        "gate": { "oneOf": [gate, { "type": "null" }] },
    }))
}

fn conversion() -> Value {
    object(&json!({
        "token": { "type": "string" },
        "value": amount(),
        "currency": { "type": "string", "pattern": "^[A-Za-z]{3}$" },
        "key": { "type": "string", "description": "tells several conversions of one click apart" },
    }))
}

fn advertiser() -> Value {
    let risk = json!({ "enum": ["none", "low", "medium", "high"] });
    let safety = object(&json!({
        "most": risk,
        "topics": { "type": "object", "additionalProperties": risk },
    }));
    object(&json!({
        "id": id(), "name": { "type": "string", "maxLength": 200 }, "seat": { "type": "string" }, "status": status(),
        "blocked_publishers": texts("news.example"), "blocked_content": texts("IAB14"), "brand_safety": safety,
        "campaigns": { "type": "array", "items": reference("Campaign") },
    }))
}

fn campaign() -> Value {
    let moment = json!({ "type": "string", "format": "date-time" });
    object(&json!({
        "id": id(), "advertiser": id(), "name": { "type": "string", "maxLength": 200 }, "status": status(),
        "most_cpm": amount(), "pacing": { "enum": ["even", "asap", "front_loaded"], "default": "even" },
        "budget": object(&json!({ "daily": amount(), "total": amount() })),
        "goal": object(&json!({
            "cpm": amount(), "cpc": amount(), "cpa": amount(),
            "roas": { "type": "string", "examples": ["4.25"] }, "sale": amount(),
        })),
        "flight": object(&json!({
            "start": moment, "end": moment, "utc_offset": { "type": "string", "examples": ["+02:00"] },
        })),
        "frequency": object(&json!({
            "impressions": { "type": "integer", "minimum": 1, "maximum": 65535 },
            "per": { "type": "string", "examples": ["24h"] }, "unknown_user": { "enum": ["serve", "skip"] },
        })),
        "targeting": reference("Targeting"),
        "creatives": { "type": "array", "items": reference("Creative") },
        "statement": { "type": "object", "readOnly": true },
    }))
}

fn targeting() -> Value {
    object(&json!({
        "places": texts("DEU/BE/berlin"), "excluded_places": texts("DEU"), "devices": texts("phone"),
        "systems": texts("ios"), "languages": texts("en"), "channels": texts("app"), "categories": texts("IAB17"),
        "excluded_categories": texts("9:483"), "segments": texts("provider/segment"),
        "excluded_segments": texts("provider/segment"), "keywords": texts("jazz"),
        "publishers": texts("radio.example"), "deals": texts("deal-1"), "dayparts": texts("mon-fri 06-10"),
    }))
}

fn size() -> Value {
    json!({ "type": "string", "pattern": "^[0-9]+x[0-9]+$", "examples": ["300x250"] })
}

fn creative() -> Value {
    let url = json!({ "type": "string", "format": "uri" });
    object(&json!({
        "id": id(), "campaign": id(), "status": status(), "domains": texts("shop.example"),
        "bundle": { "type": "string" }, "categories": texts("IAB22"),
        "attributes": { "type": "array", "items": { "type": "integer", "minimum": 0, "maximum": 63 } },
        "language": { "type": "string" }, "landing_page": url,
        "banner": object(&json!({
            "size": size(), "html": { "type": "string" }, "image": url, "mime": { "type": "string" },
        })),
        "video": reference("Timed"),
        "audio": reference("Timed"),
        "native": object(&json!({
            "title": { "type": "string" }, "icon": reference("Image"), "image": reference("Image"),
            "texts": { "type": "array", "items": object(&json!({
                "kind": { "type": "string", "examples": ["sponsored", "call_to_action"] }, "text": { "type": "string" },
            })) },
        })),
    }))
}

fn timed() -> Value {
    let file = object(&json!({
        "url": { "type": "string", "format": "uri" }, "mime": { "type": "string" }, "size": size(),
        "bitrate_kbps": { "type": "integer", "minimum": 0 },
    }));
    object(&json!({
        "duration_s": { "type": "integer", "minimum": 1, "maximum": 3600 },
        "files": { "type": "array", "items": file },
    }))
}
