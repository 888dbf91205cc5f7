//! Bots behind home connections: each bot keeps its cookie but goes out through another home's line for every session.
//! Three in ten forget a trace: client hints of the machine they really run on.

use motet_model::request::{AdRequest, ClientHints};

use super::{
    Response,
    act::{Act, Method, Rhythm},
    traces,
};

pub(super) struct ResidentialProxies;

impl Method for ResidentialProxies {
    fn rhythm(&self) -> Rhythm {
        Rhythm::Awake { requests: 3.0 }
    }

    fn disguise(&self, act: &Act<'_>, request: &mut AdRequest) {
        let mut bot = act.of_sources(1, "bot");
        let (key, forgetful) = (traces::key(&mut bot), bot.unit() < 0.3);
        let device = traces::device(&mut bot, |model| model.os == "windows" || model.os == "ios");
        traces::pose(request, device, traces::home(&mut act.of_session("exit")), key);
        if forgetful {
            let browsers = vec!["chromium".to_owned()];
            let hints = ClientHints { platform: Some("linux".to_owned()), browsers, mobile: None };
            request.device.hints = Some(hints);
        }
    }

    fn respond(&self, act: &Act<'_>, imp: u16) -> Response {
        act.clicking(imp, 0.02, 1.0, 10.0)
    }
}
