//! Several ads in one place, one of them seen. Seven in ten pages ask for four or more ads under one tag, one in ten asks
//! for slots of no size, one in ten stacks two alone, and one in ten hides behind tags of different names, which nothing
//! in a request can tell. What a request holds is what the edge makes of such a page.

use motet_model::request::AdRequest;

use super::{
    Response,
    act::{Act, Method, Rhythm},
    traces,
};

pub(super) struct StackedAds;

impl Method for StackedAds {
    fn rhythm(&self) -> Rhythm {
        Rhythm::Awake { requests: 2.0 }
    }

    fn disguise(&self, act: &Act<'_>, request: &mut AdRequest) {
        // A real visitor opens the page; the page is what is wrong.
        let mut draw = act.of_session("page");
        let (trick, count) = (draw.unit(), 4 + draw.below(3) as usize);
        let device = traces::device(&mut draw, |_| true);
        let ip = traces::home(&mut draw);
        traces::pose(request, device, ip, traces::key(&mut draw));
        let count = if (0.8..0.9).contains(&trick) { 2 } else { count };
        stack(request, count, trick >= 0.9);
        if (0.7..0.8).contains(&trick) {
            request.oddities.hidden_slots = count as u16;
        } else if trick < 0.9 {
            request.oddities.stacked_slots = count as u16 - 1;
        }
    }

    fn respond(&self, act: &Act<'_>, imp: u16) -> Response {
        // Nobody sees what lies below; the topmost is clicked like any ad.
        act.clicking(imp, if imp == 0 { 0.003 } else { 0.0 }, 3.0, 30.0)
    }
}

fn stack(request: &mut AdRequest, count: usize, named_apart: bool) {
    let Some(first) = request.imps.first().cloned() else { return };
    let nth = |n: usize| motet_model::request::Imp {
        id: (n + 1).to_string(),
        tag: Some(if named_apart { format!("slot-{n}") } else { "slot".to_owned() }),
        ..first.clone()
    };
    request.imps = (0..count).map(nth).collect();
}
