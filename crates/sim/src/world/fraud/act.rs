//! One visit of an attack, with the draws it needs, and what a family has to say about it.

use motet_model::request::AdRequest;
use motet_units::{Chance, Span, Stream};
use smallvec::SmallVec;

use super::{FakeKind, Response};
use crate::{
    scenario::Attack,
    world::{Visit, World},
};

/// How a family's requests come.
#[derive(Clone, Copy, Debug)]
pub(super) enum Rhythm {
    /// It makes none; it fakes events.
    Never,
    /// In sessions of so many requests on average, when people are awake.
    Awake {
        /// Requests in a session.
        requests: f64,
    },
    /// In sessions of so many requests on average, day and night alike.
    Always {
        /// Requests in a session.
        requests: f64,
    },
    /// So many at once from one source, day and night alike; at most 1,000.
    Bursts {
        /// Requests in a burst.
        requests: u32,
    },
}

/// One visit of an attack.
#[derive(Clone, Copy, Debug)]
pub(super) struct Act<'a> {
    pub(super) world: &'a World,
    pub(super) visit: &'a Visit,
    /// The attack's place in the scenario.
    pub(super) place: u16,
    pub(super) attack: &'a Attack,
    /// The largest publisher of the world.
    pub(super) largest: u16,
}

impl Act<'_> {
    /// Returns the source at work: one for each session or burst.
    pub(super) fn source(&self) -> u32 {
        let group = self.visit.id >> 16;
        let mut draw = Chance::new(self.world.seed, group).stream("attack source");
        draw.below(u64::from(self.attack.sources)) as u32
    }

    /// Draws what stays the same for one source, or for every so many of them together.
    pub(super) fn of_sources(&self, together: u32, part: &str) -> Stream {
        let group = u64::from(self.source() / together.max(1));
        Chance::new(self.world.seed, u64::from(self.place) << 40 | group).stream(part)
    }

    /// Draws what stays the same for a session, whose requests have numbers alike but for the last six bits.
    pub(super) fn of_session(&self, part: &str) -> Stream {
        Chance::new(self.world.seed, self.visit.id >> 6).stream(part)
    }

    /// Draws what belongs to this request alone.
    pub(super) fn of_visit(&self, part: &str) -> Stream {
        Chance::new(self.world.seed, self.visit.id).stream(part)
    }

    /// Draws what belongs to one slot of this request.
    pub(super) fn of_slot(&self, imp: u16, part: &str) -> Stream {
        Chance::new(self.world.seed, self.visit.slot(imp)).stream(part)
    }

    /// Returns the answer of a machine that renders nearly always, and clicks with a chance after an even time.
    pub(super) fn clicking(&self, imp: u16, chance: f64, least_s: f64, most_s: f64) -> Response {
        let mut draw = self.of_slot(imp, "attack response");
        let (renders, clicks, when) = (draw.unit() < 0.97, draw.unit() < chance, draw.unit());
        Response { renders, click: clicks.then(|| seconds(least_s + (most_s - least_s) * when)) }
    }
}

/// Returns a span of seconds.
pub(super) fn seconds(seconds: f64) -> Span {
    Span::from_micros((seconds * 1e6) as i64)
}

/// What one family does.
pub(super) trait Method: Sync {
    /// Returns how its requests come.
    fn rhythm(&self) -> Rhythm;

    /// Returns which listener a visit poses as; `None` lets it be anyone.
    fn poses_as(&self, _act: &Act<'_>) -> Option<u32> {
        None
    }

    /// Writes its traces into a request.
    fn disguise(&self, _act: &Act<'_>, _request: &mut AdRequest) {}

    /// Returns what it does with an ad.
    fn respond(&self, act: &Act<'_>, imp: u16) -> Response {
        act.clicking(imp, 0.0, 0.0, 0.0)
    }

    /// Returns the events it fakes on an ad shown on a carrier, each with its time after the impression. `chance` brings
    /// as many as the attack's share.
    fn fakes(&self, _act: &Act<'_>, _imp: u16, _chance: f64) -> SmallVec<[(Span, FakeKind); 2]> {
        SmallVec::new()
    }
}
