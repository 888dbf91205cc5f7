//! Cookies of listeners who were never there: a few servers replay copied cookies of real listeners, click at once, and
//! claim what the listeners buy anyway.

use motet_model::request::AdRequest;
use motet_units::Span;
use smallvec::{SmallVec, smallvec};

use super::{
    FakeKind, Response,
    act::{Act, Method, Rhythm, seconds},
    traces,
};

pub(super) struct CookieStuffing;

impl Method for CookieStuffing {
    fn rhythm(&self) -> Rhythm {
        Rhythm::Awake { requests: 1.0 }
    }

    fn disguise(&self, act: &Act<'_>, request: &mut AdRequest) {
        // Device and key are the listener's, as the forge wrote them; the address is the server's.
        request.device.ip = Some(traces::unlisted(&mut act.of_sources(1, "stuffer")));
        traces::permit(request, act.world.population.get(act.visit.listener).key);
    }

    fn respond(&self, act: &Act<'_>, imp: u16) -> Response {
        act.clicking(imp, 0.5, 0.2, 1.5)
    }

    fn fakes(&self, act: &Act<'_>, imp: u16, _chance: f64) -> SmallVec<[(Span, FakeKind); 2]> {
        let stuffed = act.visit.attack == Some(act.place) && self.respond(act, imp).click.is_some();
        let mut draw = act.of_slot(imp, "claim");
        // One stuffed listener in fifty buys something within three days.
        if !stuffed || draw.unit() >= 0.02 {
            return SmallVec::new();
        }
        smallvec![(seconds(3.0 * 86_400.0 * draw.unit()), FakeKind::Conversion)]
    }
}
