//! The device and where it is.

use std::net::IpAddr;

use motet_model::{
    codes::Code,
    request::{Channel, ClientHints, Device, DeviceKind, Geo, Inventory, Oddities, Size},
};

use super::{countries, inventory::language};
use crate::wire::{self, Text};

/// A device, with the signals that belong to privacy.
pub(crate) struct ReadDevice {
    pub(crate) device: Device,
    pub(crate) limits_tracking: bool,
    pub(crate) do_not_track: bool,
}

/// Reads the device; its advertising id comes apart. Where it does not say where it is, the user's place counts.
pub(crate) fn read(
    wire: wire::Device<'_>,
    user_geo: Option<&wire::Geo<'_>>,
    inventory: &Inventory,
    oddities: &mut Oddities,
) -> (ReadDevice, Option<String>) {
    let device_geo = wire.geo.unwrap_or_default();
    let offset = device_geo.utcoffset.0.or(user_geo.and_then(|geo| geo.utcoffset.0));
    let (w, h) = (wire.w.pixels(), wire.h.pixels());
    let device = Device {
        kind: kind(wire.devicetype.0, inventory.channel),
        hints: wire.sua.map(hints),
        ip: address(&wire.ip, &wire.ipv6, oddities),
        geo: place(&device_geo, user_geo),
        language: language(&wire.language, &wire.langb),
        os: wire.os.lower(),
        make: wire.make.lower(),
        screen: (w > 0 && h > 0).then_some(Size { w, h }),
        utc_offset_minutes: offset.and_then(|minutes| i16::try_from(minutes).ok()),
        user_agent: wire.ua.owned(),
    };
    let (limits_tracking, do_not_track) = (wire.lmt.is_on(), wire.dnt.is_on());
    (ReadDevice { device, limits_tracking, do_not_track }, wire.ifa.owned())
}

/// Reads `AdCOM`'s device types; 1 is "mobile or tablet", of which most are phones.
const fn kind(devicetype: Option<i64>, channel: Channel) -> DeviceKind {
    match (devicetype, channel) {
        (Some(1 | 4), _) => DeviceKind::Phone,
        (Some(2), _) => DeviceKind::Computer,
        (Some(3), _) => DeviceKind::Tv,
        (Some(5), _) => DeviceKind::Tablet,
        (Some(6 | 7), _) => DeviceKind::Connected,
        (Some(8), _) | (None, Channel::Dooh) => DeviceKind::Screen,
        _ => DeviceKind::Unknown,
    }
}

fn hints(wire: wire::UserAgent<'_>) -> ClientHints {
    ClientHints {
        platform: wire.platform.and_then(|platform| platform.brand.lower()),
        browsers: wire.browsers.0.iter().filter_map(|browser| browser.brand.lower()).collect(),
        mobile: wire.mobile.0.map(|value| value != 0),
    }
}

/// Reads the address: the first of the two fields that can be read. An IPv6
/// address that wraps an IPv4 one is that one, and the unspecified address is none.
fn address(ip: &Text<'_>, ipv6: &Text<'_>, oddities: &mut Oddities) -> Option<IpAddr> {
    let read = |text: &Text<'_>| text.as_str().trim().parse::<IpAddr>().ok();
    let found = read(ip).or_else(|| read(ipv6)).map(|address| address.to_canonical());
    oddities.unreadable_ip = found.is_none() && !(ip.is_empty() && ipv6.is_empty());
    found.filter(|address| !address.is_unspecified())
}

/// Reads a place, field by field: the device's, else the user's in the same country.
fn place(device: &wire::Geo<'_>, user: Option<&wire::Geo<'_>>) -> Geo {
    let country = countries::read(device.country.as_str());
    let stated = Geo { region: region(&device.region), city: device.city.lower(), country };
    let Some(user) = user else { return stated };
    let user_country = countries::read(user.country.as_str());
    if country.is_some() && user_country != country {
        return stated;
    }
    Geo {
        country: country.or(user_country),
        region: stated.region.or_else(|| region(&user.region)),
        city: stated.city.or_else(|| user.city.lower()),
    }
}

/// Reads a region: ISO 3166-2, with or without the country before it.
fn region(text: &Text<'_>) -> Option<String> {
    let text = text.as_str().trim();
    let code = match text.split_once('-') {
        Some((country, code)) if country.len() == 2 && Code::country(country).is_some() => code,
        _ => text,
    };
    (!code.is_empty()).then(|| code.to_uppercase())
}
