//! One machine under ever new user agents: each request has another browser version and another cookie, all from the
//! machine's one address with a small host.

use motet_model::request::{AdRequest, DeviceKind};
use motet_units::Stream;

use super::{
    Response,
    act::{Act, Method, Rhythm},
    traces,
};

pub(super) struct RotatingUserAgents;

impl Method for RotatingUserAgents {
    fn rhythm(&self) -> Rhythm {
        Rhythm::Always { requests: 1.0 }
    }

    fn disguise(&self, act: &Act<'_>, request: &mut AdRequest) {
        let ip = traces::unlisted(&mut act.of_sources(1, "machine"));
        let mut draw = act.of_visit("rotation");
        let base = traces::device(&mut draw, |model| model.kind == DeviceKind::Computer);
        traces::pose(request, base, ip, traces::key(&mut draw));
        let (user_agent, os) = invented(&mut draw);
        request.device.user_agent = Some(user_agent);
        request.device.os = Some(os.to_owned());
    }

    fn respond(&self, act: &Act<'_>, imp: u16) -> Response {
        act.clicking(imp, 0.015, 1.0, 8.0)
    }
}

/// Draws a user agent that could exist.
fn invented(draw: &mut Stream) -> (String, &'static str) {
    let systems = [
        ("Windows NT 10.0; Win64; x64", "windows"),
        ("Macintosh; Intel Mac OS X 10_15_7", "macos"),
        ("X11; Linux x86_64", "linux"),
    ];
    let (system, os) = systems[draw.below(3) as usize];
    let (major, build, patch) = (70 + draw.below(62), 3_000 + draw.below(4_000), draw.below(220));
    let text = format!(
        "Mozilla/5.0 ({system}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{major}.0.{build}.{patch} Safari/537.36"
    );
    (text, os)
}
