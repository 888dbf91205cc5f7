//! Few requests from many sources, under every rate limit: each source is a home computer of its own with a lasting
//! cookie and address, opens a page now and then by day and night, and clicks a little more than people do.

use motet_model::request::AdRequest;

use super::{
    Response,
    act::{Act, Method, Rhythm},
    traces,
};

pub(super) struct SlowDrip;

impl Method for SlowDrip {
    fn rhythm(&self) -> Rhythm {
        Rhythm::Always { requests: 1.5 }
    }

    fn disguise(&self, act: &Act<'_>, request: &mut AdRequest) {
        let mut source = act.of_sources(1, "drip");
        let device = traces::device(&mut source, |_| true);
        let ip = traces::home(&mut source);
        traces::pose(request, device, ip, traces::key(&mut source));
    }

    fn respond(&self, act: &Act<'_>, imp: u16) -> Response {
        act.clicking(imp, 0.05, 2.0, 15.0)
    }
}
