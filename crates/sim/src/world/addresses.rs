//! The addresses that listeners come from.
//!
//! Assumptions: everyone has a home line of their own. Phones are on a mobile network in half of their sessions, whose
//! few gateways stand for about four hundred listeners each; of the computers three in ten stand in offices of about
//! twenty-five machines of one kind behind one address. Addresses are shortened where identity is not permitted. There
//! are no private relays and no people behind datacentres.

use std::net::{IpAddr, Ipv4Addr};

use motet_model::request::DeviceKind;
use motet_units::Chance;

use super::listeners::{DEVICES, Listener, Permission};

const LISTENERS_A_GATEWAY: usize = 400;
const LISTENERS_AN_OFFICE: usize = 25;

/// Returns a listener's address in the session of a visit, in a world of so many listeners.
pub(super) fn of(listener: &Listener, visit: u64, listeners: usize) -> IpAddr {
    let bits = listener.key.0;
    let [a, b, c, d] = match DEVICES[usize::from(listener.device)].kind {
        DeviceKind::Phone if is_out(bits, visit) => gateway(bits, visit, listeners),
        DeviceKind::Computer if bits >> 32 & 0xff < 77 => office(listener, listeners),
        _ => [82, 10 + (bits & 0x7f) as u8, (bits >> 8 & 0xff) as u8, 1 + (bits >> 16 & 0xff) as u8 % 254],
    };
    let last = if listener.permission == Permission::Granted { d } else { 0 };
    Ipv4Addr::new(a, b, c, last).into()
}

fn is_out(bits: u64, visit: u64) -> bool {
    Chance::new(bits, visit >> 6).stream("out").unit() < 0.5
}

/// A mobile network has its gateways in groups of four, one group for each region.
fn gateway(bits: u64, visit: u64, listeners: usize) -> [u8; 4] {
    let groups = (listeners / LISTENERS_A_GATEWAY / 4).max(1) as u64;
    let which = (bits >> 24) % groups * 4 + Chance::new(bits, visit >> 6).stream("gateway").below(4);
    [92, 40 + (which >> 14 & 0x3f) as u8, (which >> 6 & 0xff) as u8, 1 + (which & 0x3f) as u8 * 3]
}

fn office(listener: &Listener, listeners: usize) -> [u8; 4] {
    // Three in ten of roughly a third of all listeners, over six kinds of machine.
    let offices = (listeners / 60 / LISTENERS_AN_OFFICE).max(1) as u64;
    let which = (listener.key.0 >> 40) % offices;
    [81, 100 + listener.device, (which >> 6 & 0xff) as u8, 1 + (which & 0x3f) as u8 * 3]
}
