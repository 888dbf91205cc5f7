//! What several tests share.
#![allow(dead_code, reason = "each test file uses a part")]
#![allow(clippy::disallowed_methods, reason = "tests are told by the environment where the data lies")]

use std::path::PathBuf;

use motet_model::codes::Code;
use motet_openrtb::{
    Answer, Content, DecodeOptions, RateTable, encode, encode_protobuf, protobuf::proto::BidResponse,
};
use prost::Message as _;

/// US dollars as accounting currency, euros at 1.10 and yen at 0.0067.
pub(crate) fn rates() -> RateTable {
    let code = |text| Code::currency(text).unwrap();
    RateTable::new(code("USD")).with(code("EUR"), 1_100_000_000).with(code("JPY"), 6_700_000)
}

pub(crate) fn options() -> DecodeOptions {
    DecodeOptions::new(rates())
}

/// Returns a corpus file's lines, or says that it is skipped.
pub(crate) fn corpus(name: &str) -> Option<Vec<String>> {
    let root = std::env::var("MOTET_SHARED_DATA").map_or_else(
        |_| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")),
        PathBuf::from,
    );
    let path = root.join("openrtb").join(name);
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("skipped: {} is not there", path.display());
        return None;
    };
    Some(text.lines().map(str::to_owned).collect())
}

/// Returns the `request` of a corpus line as its own JSON text, and the line's `source`.
pub(crate) fn request_of(line: &str) -> (String, String) {
    let line: serde_json::Value = serde_json::from_str(line).unwrap();
    (line["request"].to_string(), line["source"].as_str().unwrap_or_default().to_owned())
}

/// Writes a response in both forms, checks that they say the same, and returns the JSON.
pub(crate) fn in_both_forms(answer: &Answer<'_>) -> Option<String> {
    let (mut json, mut protobuf) = (Vec::new(), Vec::new());
    let content = encode(answer, &mut json);
    assert_eq!(encode_protobuf(answer, &mut protobuf), content);
    assert_eq!(content == Content::None, json.is_empty());
    if content == Content::None {
        return None;
    }
    let json = String::from_utf8(json).unwrap();
    let said = serde_json::to_value(BidResponse::decode(protobuf.as_slice()).unwrap()).unwrap();
    assert_eq!(said, serde_json::from_str::<serde_json::Value>(&json).unwrap());
    Some(json)
}
