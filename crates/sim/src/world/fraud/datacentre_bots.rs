//! Browsers run in datacentres: bursts of requests from rented servers under an ordinary browser's name, with a new
//! cookie for each. One server in twenty stands with a small host that no list knows.

use motet_model::request::{AdRequest, DeviceKind};

use super::{
    Response,
    act::{Act, Method, Rhythm},
    traces,
};

pub(super) struct DatacentreBots;

impl Method for DatacentreBots {
    fn rhythm(&self) -> Rhythm {
        Rhythm::Bursts { requests: 40 }
    }

    fn disguise(&self, act: &Act<'_>, request: &mut AdRequest) {
        let mut server = act.of_sources(1, "server");
        let listed = server.unit() >= 0.05;
        let ip = if listed { traces::hosting(&mut server) } else { traces::unlisted(&mut server) };
        let browser = traces::device(&mut server, |model| model.kind == DeviceKind::Computer);
        traces::pose(request, browser, ip, traces::key(&mut act.of_visit("cookie")));
    }

    fn respond(&self, act: &Act<'_>, imp: u16) -> Response {
        act.clicking(imp, 0.02, 0.1, 2.0)
    }
}
