//! Cheap inventory sold under a known name: the request names the largest publisher's domain or bundle, but the seller's
//! account is the carrier's. Six in ten come through a chain that does not reach the publisher and says so, two in ten
//! through one that claims it does, two in ten state none. The traffic itself looks like anyone's.

use motet_model::request::{AdRequest, Completeness};

use super::{
    Response,
    act::{Act, Method, Rhythm},
    traces,
};

pub(super) struct SpoofedDomains;

impl Method for SpoofedDomains {
    fn rhythm(&self) -> Rhythm {
        Rhythm::Awake { requests: 3.0 }
    }

    fn disguise(&self, act: &Act<'_>, request: &mut AdRequest) {
        let known = format!("{}.example", act.world.places[usize::from(act.largest)].id);
        let inventory = &mut request.inventory;
        if inventory.bundle.is_some() {
            inventory.bundle = Some(known);
        } else {
            inventory.domain = Some(known);
        }
        let mut draw = act.of_session("chain");
        let system = |name: &str| vec![format!("{name}.example")];
        (request.supply.completeness, request.supply.systems) = match draw.unit() {
            u if u < 0.6 => (Completeness::Incomplete, system("reseller")),
            u if u < 0.8 => (Completeness::Complete, system("exchange")),
            _ => (Completeness::Absent, Vec::new()),
        };
        // Visitors bought cheaply: each comes once, at home, and is somebody new.
        let device = traces::device(&mut draw, |_| true);
        let ip = traces::home(&mut draw);
        traces::pose(request, device, ip, traces::key(&mut draw));
    }

    fn respond(&self, act: &Act<'_>, imp: u16) -> Response {
        act.clicking(imp, 0.003, 2.0, 20.0)
    }
}
