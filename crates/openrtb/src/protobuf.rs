//! OpenRTB as Protobuf, beside JSON: the same decoding, the same response, in IAB Tech Lab's numbers.
//!
//! A request is put into its JSON form and read by [`decode()`]: one path to the model, so that a flaw is tolerated or
//! refused by the same rule whatever form it came in. That costs a write more than JSON does (a few microseconds), and
//! in exchange nothing can be true of one form alone. Flags may be 0 and 1 or true and false there, so they agree.
//!
//! What the forms cannot both say: Protobuf has no empty list beside an absent one, no `ext` of a private shape but
//! `ext.motet`, and of the older places only `regs.ext.gdpr`, `regs.ext.us_privacy`, `user.ext.consent`, `user.ext.eids`
//! and `source.ext.schain`. A fraction that is not finite is refused: JSON has none.

use motet_model::decision::NoBidReason;
use prost::Message as _;
use serde::{Serialize as _, Serializer, ser::Error as _};

use crate::{BadRequest, DecodeOptions, Decoded, decode, reasons::nbr};

/// The objects as generated from `proto/openrtb/v2/openrtb.proto`.
#[allow(missing_docs, missing_debug_implementations, unreachable_pub, clippy::all, clippy::pedantic)]
pub mod proto {
    include!("generated/com.iabtechlab.openrtb.v2.rs");
}

/// The types a Protobuf body is sent under; the first is the standard's.
pub const CONTENT_TYPES: [&str; 2] = ["application/x-protobuf", "application/protobuf"];

/// Reads a bid request.
///
/// # Errors
/// When it is no Protobuf of this shape, or not OpenRTB, in one line naming the field.
pub fn decode_protobuf(body: &[u8], options: &DecodeOptions) -> Result<Decoded, BadRequest> {
    let mut request = proto::BidRequest::decode(body)
        .map_err(|error| BadRequest::NotProtobuf { reason: error.to_string() })?;
    for imp in &mut request.imp {
        write_native_as_text(imp)?;
    }
    decode(&to_json(&request)?, options)
}

fn to_json(message: &impl serde::Serialize) -> Result<Vec<u8>, BadRequest> {
    serde_json::to_vec(message).map_err(|error| BadRequest::invalid("a number", error.to_string()))
}

/// Puts a native request that came in Protobuf's own form where JSON has it.
fn write_native_as_text(imp: &mut proto::bid_request::Imp) -> Result<(), BadRequest> {
    let Some(native) = imp.native.as_mut() else { return Ok(()) };
    let Some(request) = native.request_native.take().filter(|_| native.request.is_none()) else {
        return Ok(());
    };
    let text = String::from_utf8(to_json(&request)?);
    native.request = Some(text.expect("JSON is UTF-8"));
    Ok(())
}

/// Writes the response of a request that was not decided, for a caller that asked for reasons.
pub fn no_bid(id: &str, reason: NoBidReason) -> Vec<u8> {
    let motet = proto::bid_response::Motet {
        imps: Vec::new(),
        reason: Some(reason.name().to_owned()),
        message: Some(reason.sentence().to_owned()),
    };
    let response = proto::BidResponse {
        id: Some(id.to_owned()),
        nbr: Some(nbr(reason).into()),
        ext: Some(proto::bid_response::Ext { motet: Some(motet) }),
        ..Default::default()
    };
    response.encode_to_vec()
}

/// Tells whether a field says nothing, and so is left out.
fn is_unset<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Writes a fraction, which must be finite.
#[expect(clippy::ref_option, reason = "serde hands fields over so")]
fn finite<S: Serializer>(value: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) if !value.is_finite() => Err(S::Error::custom(format!("{value} is not finite"))),
        _ => value.serialize(serializer),
    }
}
