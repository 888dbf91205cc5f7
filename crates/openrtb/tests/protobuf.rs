//! Protobuf and JSON are one: every real request is decoded equal in both forms, and every response says the same.

mod common;

use std::collections::BTreeMap;

use common::{corpus, options, request_of};
use motet_openrtb::{BadRequest, decode, decode_protobuf, protobuf::proto};
use proptest::prelude::*;
use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MessageDescriptor};
use serde_json::Value;

fn bid_request() -> MessageDescriptor {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../proto");
    let definitions = protox::compile(["openrtb/v2/openrtb.proto"], [root]).unwrap();
    let pool = DescriptorPool::from_file_descriptor_set(definitions).unwrap();
    pool.get_message_by_name("com.iabtechlab.openrtb.v2.BidRequest").unwrap()
}

/// Writes a JSON object as a message, as a sender of Protobuf would: numbers in quotes as numbers, flags as flags, ids as
/// texts. `None` where a number has no place in the form.
fn message(object: &Value, descriptor: &MessageDescriptor) -> Option<DynamicMessage> {
    let mut message = DynamicMessage::new(descriptor.clone());
    for field in descriptor.fields() {
        let Some(value) = object.get(field.name()).filter(|value| !value.is_null()) else { continue };
        if field.is_list() {
            let Some(entries) = value.as_array() else { continue };
            let entries: Option<Vec<_>> = entries.iter().map(|entry| leaf(entry, &field)).collect();
            message.set_field(&field, prost_reflect::Value::List(entries?));
        } else if !says_nothing(value, &field) {
            message.set_field(&field, leaf(value, &field)?);
        }
    }
    Some(message)
}

/// Tells whether a value is read as an absent one: an empty text for a number, no object for one.
fn says_nothing(value: &Value, field: &FieldDescriptor) -> bool {
    match field.kind() {
        Kind::Message(_) => !value.is_object(),
        Kind::String => false,
        _ => value.as_str().is_some_and(|text| text.trim().is_empty()),
    }
}

fn leaf(value: &Value, field: &FieldDescriptor) -> Option<prost_reflect::Value> {
    Some(match field.kind() {
        Kind::Message(inner) => prost_reflect::Value::Message(message(value, &inner)?),
        Kind::String => prost_reflect::Value::String(text(value)),
        Kind::Bool => prost_reflect::Value::Bool(number(value)? != 0.0),
        Kind::Double => prost_reflect::Value::F64(number(value)?),
        Kind::Int32 => {
            let number = number(value)?.trunc();
            let fits = (f64::from(i32::MIN)..=f64::from(i32::MAX)).contains(&number);
            prost_reflect::Value::I32(fits.then_some(number as i32)?)
        }
        other => panic!("{other:?} is not used"),
    })
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) if number.is_f64() => number.as_f64().unwrap().to_string(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Bool(value) => Some(f64::from(u8::from(*value))),
        Value::String(text) => match text.trim() {
            "true" => Some(1.0),
            "false" => Some(0.0),
            text => text.parse().ok(),
        },
        other => other.as_f64(),
    }
}

/// Puts what JSON may hold in `regs.ext` and Protobuf may not where both have it.
fn hoist(request: &mut Value) {
    let Some(regs) = request.get_mut("regs").and_then(Value::as_object_mut) else { return };
    let Some(ext) = regs.get("ext").and_then(Value::as_object).cloned() else { return };
    for name in ["gpp", "gpp_sid", "coppa"] {
        if let Some(value) = ext.get(name).filter(|_| regs.get(name).is_none_or(Value::is_null)) {
            regs.insert(name.to_owned(), value.clone());
        }
    }
}

#[test]
fn every_real_request_is_decoded_equal_in_both_forms() {
    let Some(lines) = corpus("requests.jsonl") else { return };
    let (descriptor, options) = (bid_request(), options());
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for line in &lines {
        let (json, source) = request_of(line);
        let mut request: Value = serde_json::from_str(&json).unwrap();
        hoist(&mut request);
        let outcome = match message(&request, &descriptor) {
            None => "no place for a number",
            Some(message) => {
                let (there, here) =
                    (decode(json.as_bytes(), &options), decode_protobuf(&message.encode_to_vec(), &options));
                if says_an_empty_list(&request) && there != here {
                    "an empty list and none are one"
                } else {
                    assert_eq!(here, there, "{source}: {json}");
                    "equal"
                }
            }
        };
        *counts.entry(outcome).or_default() += 1;
    }
    println!("{counts:?}");
    assert!(counts["equal"] * 100 >= lines.len() * 99, "{counts:?}");
}

/// Tells whether a request holds an empty `imp`, which JSON tells from none.
fn says_an_empty_list(request: &Value) -> bool {
    request.get("imp").and_then(Value::as_array).is_some_and(Vec::is_empty)
}

#[test]
fn a_native_request_in_its_own_form_is_read_as_its_text() {
    let title = proto::native_request::Title { len: Some(90) };
    let asset = proto::native_request::Asset {
        id: Some(3),
        required: Some(true),
        title: Some(title),
        ..Default::default()
    };
    let native = proto::NativeRequest { ver: Some("1.2".to_owned()), assets: vec![asset] };
    let slot = proto::bid_request::Native { request_native: Some(native), ..Default::default() };
    let imp = proto::bid_request::Imp { id: Some("1".to_owned()), native: Some(slot), ..Default::default() };
    let request = proto::BidRequest { id: Some("r".to_owned()), imp: vec![imp], ..Default::default() };
    let text = r#"{"id":"r","imp":[{"id":"1","native":{"request":"{\"assets\":[{\"id\":3,\"required\":1,\"title\":{\"len\":90}}]}"}}]}"#;
    let read = decode_protobuf(&request.encode_to_vec(), &options()).unwrap();
    assert_eq!(read.tolerated, None);
    assert_eq!(Ok(read), decode(text.as_bytes(), &options()));
}

#[test]
fn what_is_no_request_is_refused_with_a_reason() {
    let refused = |bytes: &[u8]| decode_protobuf(bytes, &options()).unwrap_err();
    assert!(matches!(refused(b"{\"id\":\"1\"}"), BadRequest::NotProtobuf { .. }));
    assert_eq!(refused(b"").to_string(), "id is missing");
    let imp = |imp: proto::bid_request::Imp| {
        let request = proto::BidRequest { id: Some("r".to_owned()), imp: vec![imp], ..Default::default() };
        refused(&request.encode_to_vec()).to_string()
    };
    let floor = proto::bid_request::Imp { bidfloor: Some(f64::NAN), ..Default::default() };
    assert_eq!(imp(floor), "a number: NaN is not finite");
    let banner = proto::bid_request::Banner { w: Some(-1), ..Default::default() };
    let small = proto::bid_request::Imp { banner: Some(banner), ..Default::default() };
    assert_eq!(imp(small), "imp[0].banner.w: -1 is below zero");
}

proptest! {
    #[test]
    fn whatever_comes_in_is_read_or_refused(bytes: Vec<u8>) {
        let _ = decode_protobuf(&bytes, &options());
    }
}
