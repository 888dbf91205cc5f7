//! The JSON form of every message: proto3's own mapping, by the definitions and not by code for each message.
//!
//! Names are in lower camel case; both these and the definitions' own are read. 64-bit numbers are texts, since a JSON
//! number holds 53 bits; closed lists are their names; bytes are Base64; what is absent or 0 is left out. Binary to
//! JSON to binary is the identity for every message this program writes. Fields of a later version are lost in JSON.

use std::sync::LazyLock;

use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor};

use crate::{Error, Kind};

static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
    DescriptorPool::decode(include_bytes!("generated/motet.v1.bin").as_slice())
        .expect("a test holds the definitions to what was generated from them")
});

fn descriptor(kind: Kind) -> MessageDescriptor {
    let name = format!("motet.v1.{}", kind.name());
    POOL.get_message_by_name(&name).expect("a test asks for every kind")
}

/// Writes a message's JSON form.
///
/// # Errors
/// When the bytes are not a message of this kind.
pub fn to_json(kind: Kind, bytes: &[u8]) -> Result<String, Error> {
    let message = DynamicMessage::decode(descriptor(kind), bytes)?;
    serde_json::to_string(&message).map_err(|error| Error::Unreadable(error.to_string()))
}

/// Reads a message's JSON form.
///
/// # Errors
/// When the text is not a message of this kind: an unknown field, a number out of range, no JSON.
pub fn from_json(kind: Kind, text: &str) -> Result<Vec<u8>, Error> {
    let unreadable = |error: serde_json::Error| Error::Unreadable(error.to_string());
    let mut reader = serde_json::Deserializer::from_str(text);
    let message = DynamicMessage::deserialize(descriptor(kind), &mut reader).map_err(unreadable)?;
    reader.end().map_err(unreadable)?;
    Ok(message.encode_to_vec())
}
