//! OpenRTB 2.6, VAST and native: wire form to model and back.
//!
//! The only crate that knows a wire format of advertising. [`decode()`] reads a bid request into
//! [`motet_model::request::AdRequest`] once, in the accounting currency; [`encode()`] writes a
//! [`motet_model::decision::Decision`] as a bid response with its markup; [`notice`] makes and reads the addresses an
//! exchange calls afterwards; [`protobuf`] does the same for Protobuf; [`macros`] substitutes the standard's macros where the platform is the seller.
//!
//! Why one crate: additive releases of the standard come monthly, and none of them may reach the core.
//!
//! What it never does: it decides nothing, reads no clock, keeps no state, and never puts a raw identifier into the
//! request it hands on: those come back apart, as [`Identity`].
//!
//! Sources: OpenRTB 2.6-202606, `AdCOM` 1.0, OpenRTB Native 1.2, VAST 4.2 (IAB Tech Lab, CC-BY 3.0).
//!
//! Money: floors round up, bids round down, each once, in integers ([`money`]).

pub mod decode;
pub mod encode;
pub mod macros;
pub mod money;
pub mod notice;
pub mod protobuf;
pub mod reasons;
pub mod redact;
mod wire;

pub use decode::{BadRequest, DecodeOptions, Decoded, Identity, Strictness, decode};
pub use encode::{Answer, Content, Reasons, encode, encode_protobuf};
pub use money::RateTable;
pub use notice::{LinkKind, Links, NoticeParams};
pub use protobuf::decode_protobuf;
pub use redact::redact;

/// Reads a native request on its own, as `imp.native.request` holds it. For tests and fuzzing.
///
/// # Errors
/// What makes it unreadable, or which rule of Native 1.2 it breaks.
pub fn decode_native(text: &str) -> Result<motet_model::request::Native, BadRequest> {
    decode::native_from_text(text)
}
