//! People paid to click: real phones with lasting cookies, twenty-five behind one line, a click on nearly every other ad
//! after a narrow time. Each phone works slowly enough for a person, but at it all day.

use motet_model::request::{AdRequest, DeviceKind};

use super::{
    Response,
    act::{Act, Method, Rhythm},
    traces,
};

pub(super) struct ClickFarm;

const PHONES_A_LINE: u32 = 25;

impl Method for ClickFarm {
    fn rhythm(&self) -> Rhythm {
        Rhythm::Awake { requests: 6.0 }
    }

    fn disguise(&self, act: &Act<'_>, request: &mut AdRequest) {
        let ip = traces::home(&mut act.of_sources(PHONES_A_LINE, "line"));
        let mut phone = act.of_sources(1, "phone");
        let model = traces::device(&mut phone, |model| model.kind == DeviceKind::Phone);
        traces::pose(request, model, ip, traces::key(&mut phone));
    }

    fn respond(&self, act: &Act<'_>, imp: u16) -> Response {
        act.clicking(imp, 0.45, 3.0, 6.0)
    }
}
