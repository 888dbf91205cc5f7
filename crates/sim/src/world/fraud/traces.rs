//! What machines leave in a request: addresses, user agents, keys.

use std::net::{IpAddr, Ipv4Addr};

use motet_model::{ids::UserKey, request::AdRequest};
use motet_units::Stream;

use crate::world::{
    listeners::{DEVICES, DeviceModel},
    publishers::write_text,
};

/// Blocks in which servers are rented out: five large hosts, then three clouds, whose lists are public.
const HOSTING: [[u8; 2]; 16] = [
    [5, 9],
    [88, 99],
    [136, 243],
    [144, 76],
    [51, 38],
    [54, 36],
    [46, 101],
    [167, 99],
    [188, 166],
    [45, 79],
    [35, 190],
    [35, 205],
    [3, 120],
    [18, 184],
    [20, 50],
    [52, 28],
];

/// Small hosts that no list knows.
const UNLISTED: [[u8; 2]; 4] = [[185, 140], [193, 34], [91, 200], [45, 140]];

/// Draws an address of a rented server on a public list.
pub(super) fn hosting(draw: &mut Stream) -> IpAddr {
    within(&HOSTING, draw)
}

/// Draws an address of a small host on no list.
pub(super) fn unlisted(draw: &mut Stream) -> IpAddr {
    within(&UNLISTED, draw)
}

fn within(blocks: &[[u8; 2]], draw: &mut Stream) -> IpAddr {
    let [a, b] = blocks[draw.below(blocks.len() as u64) as usize];
    Ipv4Addr::new(a, b, draw.below(256) as u8, 1 + draw.below(254) as u8).into()
}

/// Draws an address of a home connection, of the same networks that listeners live in.
pub(super) fn home(draw: &mut Stream) -> IpAddr {
    Ipv4Addr::new(82, 10 + draw.below(128) as u8, draw.below(256) as u8, 1 + draw.below(254) as u8).into()
}

/// Draws a user's key.
pub(super) fn key(draw: &mut Stream) -> UserKey {
    UserKey(draw.bits())
}

/// Draws a usual device, phones alone if asked for.
pub(super) fn device(draw: &mut Stream, fits: fn(&DeviceModel) -> bool) -> &'static DeviceModel {
    let fitting = DEVICES.iter().filter(|model| fits(model)).count() as u64;
    let nth = draw.below(fitting.max(1)) as usize;
    DEVICES.iter().filter(|model| fits(model)).nth(nth).unwrap_or(&DEVICES[0])
}

/// Writes who a request says it comes from. A machine always permits everything.
pub(super) fn pose(request: &mut AdRequest, device: &DeviceModel, ip: IpAddr, key: UserKey) {
    request.device.kind = device.kind;
    write_text(&mut request.device.user_agent, device.user_agent);
    write_text(&mut request.device.os, device.os);
    request.device.ip = Some(ip);
    permit(request, key);
}

/// Writes a user's key and that everything is permitted.
pub(super) fn permit(request: &mut AdRequest, key: UserKey) {
    request.user.key = Some(key);
    request.privacy.gdpr = Some(false);
    request.privacy.limit_tracking = false;
    request.privacy.coppa = false;
    request.privacy.child = false;
}
