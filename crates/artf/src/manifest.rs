//! What a host reads before it runs the container: the manifest, and the labels that carry it.
//!
//! The standard's text names the label two ways (`agent-manifest` in prose, `com.iabtechlab.artf.descriptor` with Base64 in
//! its example); both are written. Its manifest names intents in another way than its Protobuf does; here they are the
//! Protobuf's.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use crate::API_VERSION;

/// Writes the manifest of a version of the program.
pub fn manifest(version: &str) -> Value {
    let intent = |name: &str, description: &str| json!({ "name": name, "description": description });
    json!({
        "name": "motet",
        "version": version,
        "description": "Views of Motet's agents on an auction: segments, deal floors and margins, click rates, shading.",
        "image": { "repository": "ghcr.io/motet-ads/motet", "tag": version, "digest": "" },
        "resources": { "cpu": "500m", "memory": "512Mi" },
        "intents": [
            intent("ACTIVATE_SEGMENTS", "Interests of a known user over the content taxonomy; none without consent."),
            intent("ADJUST_DEAL_FLOOR", "The floor that earns the seller most, from prices seen on that market."),
            intent("ADJUST_DEAL_MARGIN", "The markup on a deal's floor that earns most, from the same prices."),
            intent("BID_SHADE", "The bid with the highest expected profit in a first-price auction."),
            intent("ADD_METRICS", "The click rate to be expected of the best fitting ad."),
        ],
        "dependencies": [],
        "health": {
            "livenessProbe": { "httpGet": { "path": "/health/live", "port": 8080 } },
            "readinessProbe": { "httpGet": { "path": "/health/ready", "port": 8080 } },
        },
        "security": {
            "runAsNonRoot": true,
            "dropCapabilities": ["ALL"],
            "networkPolicies": [{ "egress": "none" }],
        },
        "maintainers": [{ "name": "Motet contributors", "url": "https://github.com/motet-ads/motet" }],
    })
}

/// Returns the labels of the container, by key.
pub fn labels(version: &str) -> [(&'static str, String); 3] {
    let text = manifest(version).to_string();
    [
        ("agent-manifest", text.clone()),
        ("com.iabtechlab.artf.container-version", API_VERSION.to_owned()),
        ("com.iabtechlab.artf.descriptor", BASE64_STANDARD.encode(text)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_labels_hold_the_same_manifest() {
        let [prose, _, example] = labels("1.2.3").map(|(_, text)| text);
        let decoded = BASE64_STANDARD.decode(example).unwrap();
        assert_eq!(String::from_utf8(decoded).unwrap(), prose);
        let manifest: Value = serde_json::from_str(&prose).unwrap();
        for intent in manifest["intents"].as_array().unwrap() {
            assert!(crate::intents::parse(intent["name"].as_str().unwrap()).is_some(), "{intent}");
        }
    }
}
