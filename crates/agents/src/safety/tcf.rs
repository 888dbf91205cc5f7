//! TCF consent strings: whether a listener permits personalised ads, in Europe (TCF v2) and Canada (TCF CA v1).
//!
//! Only the core segment's fields that answer that question are read, in place and with no list ever built, so
//! that a hostile string costs no more than its own length. Field widths: IAB Europe, "Consent string and vendor
//! list formats v2" and IAB Canada's TCF specification.
//!
//! Missing or malformed means no consent. Legitimate interest is not looked at: since TCF 2.2 it is no ground for
//! profiling or personalised ads (purposes 3 and 4), nor for storage (purpose 1). A publisher's restriction that
//! forbids a purpose to us, or binds it to legitimate interest, is a refusal.

use super::bits::Bits;

/// The purposes that using an identity for ads needs: 1 store and read on the device, 3 make a profile,
/// 4 choose ads by it.
pub const PURPOSES: [usize; 3] = [1, 3, 4];

/// Where a consent string keeps what is read here.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    version: u32,
    purposes_at: usize,
    vendors_at: usize,
}

/// TCF EU version 2.
pub(super) const EU: Layout = Layout { version: 2, purposes_at: 152, vendors_at: 213 };
/// TCF Canada version 1: express consent.
pub(super) const CANADA: Layout = Layout { version: 1, purposes_at: 151, vendors_at: 199 };

/// Tells whether a consent string permits the use of identity, to a vendor where one is given.
pub(super) fn permits(text: &str, layout: Layout, vendor: Option<u16>) -> bool {
    let core = text.split('.').next().unwrap_or("");
    Bits::new(core).and_then(|bits| judge(bits, layout, vendor)).unwrap_or(false)
}

/// `None` when the string ends too soon.
fn judge(bits: Bits<'_>, layout: Layout, vendor: Option<u16>) -> Option<bool> {
    if bits.number(0, 6)? != layout.version {
        return Some(false);
    }
    for purpose in PURPOSES {
        if !bits.bit(layout.purposes_at + purpose - 1)? {
            return Some(false);
        }
    }
    // A string that ends before its vendors is cut off, whether or not a vendor is asked for.
    let (listed, after) = vendor_list(bits, layout.vendors_at, vendor.map(u32::from))?;
    let Some(vendor) = vendor.map(u32::from) else { return Some(true) };
    if !listed {
        return Some(false);
    }
    let (_, restrictions_at) = vendor_list(bits, after, None)?;
    Some(!is_restricted(bits, restrictions_at, vendor)?)
}

/// Tells whether a vendor is in the list that starts at a place, and where the list ends.
fn vendor_list(bits: Bits<'_>, at: usize, vendor: Option<u32>) -> Option<(bool, usize)> {
    let most = bits.number(at, 16)?;
    if bits.bit(at + 16)? {
        return ranges(bits, at + 17, vendor);
    }
    let start = at + 17;
    let listed = match vendor {
        Some(vendor) if (1..=most).contains(&vendor) => bits.bit(start + vendor as usize - 1)?,
        _ => false,
    };
    Some((listed, start + most as usize))
}

/// Reads a count and that many single ids or ranges of ids.
fn ranges(bits: Bits<'_>, at: usize, vendor: Option<u32>) -> Option<(bool, usize)> {
    let count = bits.number(at, 12)?;
    let (mut place, mut listed) = (at + 12, false);
    for _ in 0..count {
        let is_range = bits.bit(place)?;
        let first = bits.number(place + 1, 16)?;
        let last = if is_range { bits.number(place + 17, 16)? } else { first };
        listed |= vendor.is_some_and(|vendor| (first..=last).contains(&vendor));
        place += if is_range { 33 } else { 17 };
    }
    Some((listed, place))
}

/// Tells whether the publisher takes one of the purposes away from a vendor. Types: 0 not allowed, 1 consent
/// needed (which we ask for anyway), 2 legitimate interest needed.
fn is_restricted(bits: Bits<'_>, at: usize, vendor: u32) -> Option<bool> {
    let count = bits.number(at, 12)?;
    let mut place = at + 12;
    let mut restricted = false;
    for _ in 0..count {
        let purpose = bits.number(place, 6)? as usize;
        let kind = bits.number(place + 6, 2)?;
        let (named, after) = ranges(bits, place + 8, Some(vendor))?;
        restricted |= named && PURPOSES.contains(&purpose) && kind != 1;
        place = after;
    }
    Some(restricted)
}
