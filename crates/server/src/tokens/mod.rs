//! Signed, expiring tokens: who may tell us what about which bid.
//!
//! Every link that leaves with a bid carries a token. It states the bid, the creative shown, the money held, the price
//! offered, what may be told and until when, and is signed with HMAC-SHA-256 (RFC 2104), cut to 128 bits. A token for one kind of notice is worth
//! nothing for another, and nothing in a link but its token is believed. The token bounds *who* and *until when*;
//! that a notice counts once is the engine's work.
//!
//! ```text
//! byte   0        1        2..6              6..14      14..16   16..20     20..28            28..36              36..38   38..54
//!        key id   kind     expiry, s (u32)   decision   imp      creative   reserved, nanos   price, CPM micros   day      tag
//! ```
//!
//! Big endian, then base64url without padding: 72 characters. The first bit of the kind tells what makes the bid
//! chargeable: 0 the billing notice, 1 the impression; day is the day number by the campaign's clock that the bid counts on.
//! With creative, reserved money and price a token states all that is needed to charge a bid whose record was lost, or that
//! another node made. Shorter tokens of earlier versions are refused as malformed. Keys are told apart by id, so that a new key can
//! sign while the one before is still accepted ([`Secrets`]).
//!
//! Edge cases: expiry is rounded up to a whole second, so a token never ends before its bid; a token of a key no
//! longer kept is refused as forged, not as expired.

mod secrets;

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac as _};
use motet_model::{
    decision::Charge,
    ids::{BidId, CreativeIx, DecisionId},
    outcome::{NoticeKind, Stated},
};
use motet_units::{CpmMicros, Nanos, Timestamp};
pub use secrets::{Secrets, SecretsError, UserHasher};
pub(crate) use secrets::{hex, random};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

/// Bytes signed.
const BODY: usize = 38;
/// Bytes of the tag.
const TAG: usize = 16;
/// Characters of a token.
const TEXT: usize = 72;

/// What a token lets its bearer tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Kind {
    /// The bid cleared.
    Win = 1,
    /// The win became chargeable.
    Billing = 2,
    /// The bid lost.
    Loss = 3,
    /// The ad was shown.
    Impression = 4,
    /// It was clicked.
    Click = 5,
    /// It led to a conversion.
    Conversion = 6,
}

impl Kind {
    /// All six.
    pub const ALL: [Self; 6] =
        [Self::Win, Self::Billing, Self::Loss, Self::Impression, Self::Click, Self::Conversion];

    /// Returns the kind of token a notice needs.
    pub const fn of(notice: &NoticeKind) -> Self {
        match notice {
            NoticeKind::Won { .. } => Self::Win,
            NoticeKind::Billed { .. } => Self::Billing,
            NoticeKind::Lost { .. } => Self::Loss,
            NoticeKind::Impression => Self::Impression,
            NoticeKind::Click => Self::Click,
            NoticeKind::Conversion { .. } => Self::Conversion,
        }
    }
}

/// What a token states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The bid.
    pub bid: BidId,
    /// The creative shown, so that a click leads to its page and nowhere else.
    pub creative: CreativeIx,
    /// The money held for the bid, in nanos: the most it can cost.
    pub reserved: Nanos,
    /// The price offered.
    pub price: CpmMicros,
    /// What makes it chargeable; a test bid, which nothing does, may state either.
    pub charge: Charge,
    /// The day the bid counts on, by the campaign's clock: a day number, 0 to 65535.
    pub day: u16,
    /// What may be told.
    pub kind: Kind,
    /// Until when.
    pub expires: Timestamp,
}

impl Claim {
    /// Returns what it states of the bid itself.
    pub const fn stated(&self) -> Stated {
        let Self { creative, reserved, price, charge, expires, .. } = *self;
        Stated { creative, price, reserved, charge, expires }
    }
}

/// The bit of the kind that says that the impression is what makes a bid chargeable.
const ON_IMPRESSION: u8 = 0x80;

/// Why a token is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It has not the form of a token.
    #[error("token is malformed")]
    Malformed,
    /// Its signature is not ours, or it was signed for something else.
    #[error("token is not valid here")]
    Forged,
    /// It was valid; its time has passed.
    #[error("token has expired")]
    Expired(Claim),
}

/// One signing key, ready for use.
#[derive(Clone)]
struct Key {
    id: u8,
    mac: Hmac<Sha256>,
}

/// Makes and checks tokens. Secrets never show in its `Debug` form.
#[derive(Clone)]
pub struct Signer {
    /// The key that signs, then those still accepted.
    keys: Vec<Key>,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids: Vec<_> = self.keys.iter().map(|key| key.id).collect();
        f.debug_struct("Signer").field("key_ids", &ids).finish_non_exhaustive()
    }
}

impl Signer {
    /// Makes a signer from keys with their ids, the signing one first, at least one.
    fn new(keys: impl IntoIterator<Item = (u8, [u8; 32])>) -> Self {
        let key = |(id, secret): (u8, [u8; 32])| Key {
            id,
            mac: Hmac::new_from_slice(&secret).expect("HMAC takes keys of any length"),
        };
        Self { keys: keys.into_iter().map(key).collect() }
    }

    /// Writes a token for a claim.
    pub fn sign(&self, claim: &Claim) -> Token {
        let key = &self.keys[0];
        let mut bytes = [0; BODY + TAG];
        bytes[..BODY].copy_from_slice(&body(key.id, claim));
        let tag = key.tag(&bytes[..BODY]);
        bytes[BODY..].copy_from_slice(&tag);
        let mut text = [0; TEXT];
        URL_SAFE_NO_PAD.encode_slice(bytes, &mut text).expect("54 bytes fill 72 characters");
        Token(text)
    }

    /// Reads a token and believes it only if it is ours, for this kind, and in time.
    ///
    /// # Errors
    /// Why it is not taken; an expired one comes with what it claimed.
    pub fn verify(&self, token: &str, kind: Kind, now: Timestamp) -> Result<Claim, Refused> {
        let mut bytes = [0; BODY + TAG];
        if token.len() != TEXT || URL_SAFE_NO_PAD.decode_slice(token, &mut bytes).is_err() {
            return Err(Refused::Malformed);
        }
        let (body, tag) = bytes.split_at(BODY);
        let key = self.keys.iter().find(|key| key.id == body[0]).ok_or(Refused::Forged)?;
        let ours: bool = key.tag(body).ct_eq(tag).into();
        if !ours || body[1] & !ON_IMPRESSION != kind as u8 {
            return Err(Refused::Forged);
        }
        let claim = claim(body, kind);
        if now <= claim.expires { Ok(claim) } else { Err(Refused::Expired(claim)) }
    }
}

impl Key {
    fn tag(&self, body: &[u8]) -> [u8; TAG] {
        let mut mac = self.mac.clone();
        mac.update(body);
        let full = mac.finalize().into_bytes();
        let mut tag = [0; TAG];
        tag.copy_from_slice(&full[..TAG]);
        tag
    }
}

fn body(key: u8, claim: &Claim) -> [u8; BODY] {
    let expiry = claim.expires.micros().saturating_add(999_999).div_euclid(1_000_000);
    let expiry = u32::try_from(expiry.max(0)).unwrap_or(u32::MAX);
    let mut body = [0; BODY];
    body[0] = key;
    body[1] = claim.kind as u8 | if claim.charge == Charge::OnImpression { ON_IMPRESSION } else { 0 };
    body[2..6].copy_from_slice(&expiry.to_be_bytes());
    body[6..14].copy_from_slice(&claim.bid.decision.0.to_be_bytes());
    body[14..16].copy_from_slice(&claim.bid.imp.to_be_bytes());
    body[16..20].copy_from_slice(&claim.creative.0.to_be_bytes());
    body[20..28].copy_from_slice(&claim.reserved.get().to_be_bytes());
    body[28..36].copy_from_slice(&claim.price.get().to_be_bytes());
    body[36..38].copy_from_slice(&claim.day.to_be_bytes());
    body
}

fn claim(body: &[u8], kind: Kind) -> Claim {
    fn number<const N: usize>(body: &[u8], from: usize) -> [u8; N] {
        let mut bytes = [0; N];
        bytes.copy_from_slice(&body[from..from + N]);
        bytes
    }
    Claim {
        bid: BidId {
            decision: DecisionId(u64::from_be_bytes(number(body, 6))),
            imp: u16::from_be_bytes(number(body, 14)),
        },
        creative: CreativeIx(u32::from_be_bytes(number(body, 16))),
        reserved: Nanos::new(i64::from_be_bytes(number(body, 20))),
        price: CpmMicros::new(i64::from_be_bytes(number(body, 28))),
        charge: if body[1] & ON_IMPRESSION == 0 { Charge::OnBilling } else { Charge::OnImpression },
        day: u16::from_be_bytes(number(body, 36)),
        kind,
        expires: Timestamp::from_secs(i64::from(u32::from_be_bytes(number(body, 2)))),
    }
}

/// A token's text, on the stack.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Token([u8; TEXT]);

impl Token {
    /// Returns the text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("base64 is ASCII")
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

#[cfg(test)]
mod tests;
