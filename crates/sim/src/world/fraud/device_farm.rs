//! Racks of real phones: one model, twenty to a line, each resetting its key after every session so that it looks like
//! somebody new. Sessions are as long as a person's.

use motet_model::request::{AdRequest, DeviceKind};

use super::{
    Response,
    act::{Act, Method, Rhythm},
    traces,
};

pub(super) struct DeviceFarm;

const PHONES_A_LINE: u32 = 20;

impl Method for DeviceFarm {
    fn rhythm(&self) -> Rhythm {
        Rhythm::Always { requests: 4.0 }
    }

    fn disguise(&self, act: &Act<'_>, request: &mut AdRequest) {
        let ip = traces::home(&mut act.of_sources(PHONES_A_LINE, "rack line"));
        // One model for a whole rack, and only models that can be rooted.
        let mut rack = act.of_sources(PHONES_A_LINE, "rack");
        let model =
            traces::device(&mut rack, |model| model.kind == DeviceKind::Phone && model.os == "android");
        traces::pose(request, model, ip, traces::key(&mut act.of_session("reset key")));
    }

    fn respond(&self, act: &Act<'_>, imp: u16) -> Response {
        act.clicking(imp, 0.03, 2.0, 12.0)
    }
}
