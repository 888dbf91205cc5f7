//! Requests and notices recorded and sent again: a request that some listener truly made is sent again by the carrier,
//! with the same id, key, device and address, within two hours; and bills and impressions are sent twice.

use std::fmt::Write as _;

use motet_model::request::AdRequest;
use motet_units::{Chance, Span};
use smallvec::{SmallVec, smallvec};

use super::{
    FakeKind,
    act::{Act, Method, Rhythm, seconds},
};
use crate::world::{Conditions, Visit, visits::SLICE_S};

pub(super) struct Replays;

/// Minutes a recording is kept.
const KEPT: u64 = 120;
/// Minutes looked into for something recorded.
const TRIES: u32 = 12;

impl Method for Replays {
    fn rhythm(&self) -> Rhythm {
        Rhythm::Bursts { requests: 4 }
    }

    fn poses_as(&self, act: &Act<'_>) -> Option<u32> {
        recorded(act).map(|visit| visit.listener)
    }

    fn disguise(&self, act: &Act<'_>, request: &mut AdRequest) {
        let Some(original) = recorded(act) else { return };
        request.id.clear();
        write!(request.id, "{:x}", original.id).expect("a String takes any text");
        request.device.ip = Some(crate::world::addresses::of(
            act.world.population.get(original.listener),
            original.id,
            act.world.population.len(),
        ));
    }

    fn fakes(&self, act: &Act<'_>, imp: u16, chance: f64) -> SmallVec<[(Span, FakeKind); 2]> {
        let mut draw = act.of_slot(imp, "replay");
        if draw.unit() >= chance {
            return SmallVec::new();
        }
        let again = seconds(5.0 + 600.0 * draw.unit());
        smallvec![(again, FakeKind::BillAgain), (again, FakeKind::ImpressionAgain)]
    }
}

/// Returns what was recorded: the first request of a session of up to two hours ago, the same for a whole burst.
fn recorded(act: &Act<'_>) -> Option<Visit> {
    let world = act.world;
    let mut draw = Chance::new(world.seed, act.visit.id >> 16).stream("recorded");
    let now = act.visit.id >> 26 & 0xF_FFFF;
    // A minute in which nobody came is passed over; after so many there is nothing to send.
    for _ in 0..TRIES {
        let Some(slice) = now.checked_sub(1 + draw.below(KEPT.min(now.max(1)))) else { continue };
        let begins = world.begins() + Span::from_secs(slice.cast_signed() * SLICE_S);
        let count = world.sessions_in(slice, &Conditions::at(world, begins));
        if count > 0 {
            return Some(world.session(slice << 20 | draw.below(count), begins));
        }
    }
    None
}
