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

fn of_user_agent(text: &str) -> Option<Family> {
    let holds = |token: &str| text.contains(token);
    if holds("Windows Phone") || holds("Xbox") {
        // Those imitate others on purpose.
        None
    } else if holds("Windows NT") {
        Some(Family::Windows)
    } else if holds("iPhone") || holds("iPad") || holds("Macintosh") {
        Some(Family::Apple)
    } else if holds("Android") || holds("Linux") || holds("CrOS") {
        Some(Family::Linux)
    } else {
        None
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

/// Tells whether a device contradicts itself.
pub(super) fn contradicts_itself(device: &Device) -> bool {
    let user_agent = device.user_agent.as_deref().unwrap_or("");
    let platform = device.hints.as_ref().and_then(|hints| hints.platform.as_deref());
    let stated =
        [of_user_agent(user_agent), platform.and_then(of_name), device.os.as_deref().and_then(of_name)];
    let mut known = stated.into_iter().flatten();
    let families_differ = known.next().is_some_and(|first| known.any(|other| other != first));
    let wrong_kind = match device.kind {
        DeviceKind::Phone => user_agent.contains("Windows NT"),
        DeviceKind::Computer => user_agent.contains("iPhone"),
        _ => false,
    };
    families_differ || (wrong_kind && !user_agent.contains("Windows Phone"))
}
