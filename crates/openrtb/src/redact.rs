//! Takes a person out of a request, for context-only decisions.
//!
//! Whether that must be done is decided elsewhere, from the privacy signals; this only does it, the same way each time.
//! The user agent, the page and the country stay: they are context, and the guard needs them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use motet_model::request::{AdRequest, User};

/// Takes out the user's key, segments and keywords, shortens the address to its network (/24 or /48), and drops the
/// city.
///
/// ```
/// # use motet_openrtb::redact::shorten;
/// assert_eq!(shorten("203.0.113.77".parse().unwrap()).to_string(), "203.0.113.0");
/// assert_eq!(shorten("2001:db8:1:2::3".parse().unwrap()).to_string(), "2001:db8:1::");
/// ```
pub fn redact(request: &mut AdRequest) {
    request.user = User::default();
    request.device.ip = request.device.ip.map(shorten);
    request.device.geo.city = None;
}

/// Shortens an address to its network: 24 bits of IPv4, 48 of IPv6.
pub fn shorten(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(v4) => IpAddr::V4(Ipv4Addr::from_bits(v4.to_bits() & !0xff)),
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !(u128::MAX >> 48))),
    }
}
