//! Whether user agent, client hints and stated device contradict each other.
//!
//! Only contradictions an honest device cannot have count: families of systems are wide (a tablet asks for the
//! desktop site as a Macintosh, a phone as Linux), and what is not stated contradicts nothing.

use motet_model::request::{Device, DeviceKind};

/// A family of operating systems.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    Windows,
    Apple,
    /// Linux and what is built on it: Android, Chrome OS, television systems.
    Linux,
}

/// What a user agent says of the device, read once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) struct Claims {
    family: Option<Family>,
    windows: bool,
    windows_phone: bool,
    iphone: bool,
}

impl Claims {
    /// Reads a user agent; an empty one claims nothing.
    pub(super) fn of(user_agent: &str) -> Self {
        let holds = |token: &str| user_agent.contains(token);
        let (windows, windows_phone, iphone) = (holds("Windows NT"), holds("Windows Phone"), holds("iPhone"));
        let family = if windows_phone || holds("Xbox") {
            // Those imitate others on purpose.
            None
        } else if windows {
            Some(Family::Windows)
        } else if iphone || holds("iPad") || holds("Macintosh") {
            Some(Family::Apple)
        } else if holds("Android") || holds("Linux") || holds("CrOS") {
            Some(Family::Linux)
        } else {
            None
        };
        Self { family, windows, windows_phone, iphone }
    }
}

fn of_name(name: &str) -> Option<Family> {
    match name {
        "windows" => Some(Family::Windows),
        "ios" | "ipados" | "macos" | "mac os" | "mac os x" | "os x" | "tvos" | "iphone os" => {
            Some(Family::Apple)
        }
        "android" | "linux" | "chrome os" | "chromeos" | "chromium os" | "tizen" | "webos" => {
            Some(Family::Linux)
        }
        _ => None,
    }
}

/// Tells whether a device contradicts itself or what its user agent claims.
pub(super) fn contradicts_itself(device: &Device, claims: Claims) -> bool {
    let platform = device.hints.as_ref().and_then(|hints| hints.platform.as_deref());
    let stated = [claims.family, platform.and_then(of_name), device.os.as_deref().and_then(of_name)];
    let mut known = stated.into_iter().flatten();
    let families_differ = known.next().is_some_and(|first| known.any(|other| other != first));
    let wrong_kind = match device.kind {
        DeviceKind::Phone => claims.windows,
        DeviceKind::Computer => claims.iphone,
        _ => false,
    };
    families_differ || (wrong_kind && !claims.windows_phone)
}
