//! Visits: who opens what, and when.
//!
//! Sessions begin in each minute in Poisson numbers, at a rate that follows the week's curve. A session has a listener, a
//! publisher, perhaps a passing interest, and a number of requests with exponential gaps. Everything about minute `m` is
//! drawn under the key `m`, so minutes can be made in any order and none depends on what was decided.

use motet_units::{Chance, Span, Stream, Timestamp};

use super::{Conditions, World, topics};
use crate::{dist, scenario::Interests};

/// Seconds of one slice of arrivals.
pub(crate) const SLICE_S: i64 = 60;
/// Requests of one session, at most.
const MOST_REQUESTS: u32 = 60;

/// One request to come: who, where, when.
#[derive(Clone, Debug, PartialEq)]
pub struct Visit {
    /// When.
    pub at: Timestamp,
    /// Its number, unique in the world: the session's times 64, plus its place in the session. Below 2^52.
    pub id: u64,
    /// Who; for an attack, whom it looks like.
    pub listener: u32,
    /// Where.
    pub publisher: u16,
    /// What the content is about.
    pub topic: u8,
    /// A passing interest of the session.
    pub passing: Option<u8>,
    /// The world's day, from 0.
    pub day: u32,
    /// Requests of the session still to come after this one.
    pub left: u8,
    /// The attack it belongs to, by its place in the scenario.
    pub attack: Option<u16>,
}

impl Visit {
    /// Returns the key that a slot's chance is drawn under.
    pub const fn slot(&self, imp: u16) -> u64 {
        self.id | (imp as u64) << 56
    }
}

impl World {
    /// Returns how many sessions are expected to begin in a slice.
    pub fn sessions_expected(&self, conditions: &Conditions) -> f64 {
        let listeners = &self.scenario.listeners;
        let a_day = f64::from(listeners.count) * listeners.sessions_per_day;
        let share = SLICE_S as f64 / 86_400.0;
        a_day * share * self.week[usize::from(conditions.hour_of_week)] * conditions.traffic
    }

    /// Draws the first requests of the sessions that begin in a slice, in order of time.
    pub fn arrivals(&self, slice: u64, conditions: &Conditions, visits: &mut Vec<Visit>) {
        let begins = self.begins() + Span::from_secs(slice.cast_signed() * SLICE_S);
        for number in 0..self.sessions_in(slice, conditions) {
            visits.push(self.session(slice << 20 | number, begins));
        }
    }

    /// Draws how many sessions begin in a slice.
    pub(crate) fn sessions_in(&self, slice: u64, conditions: &Conditions) -> u64 {
        let mut count = Chance::new(self.seed, slice).stream("arrivals");
        dist::poisson(&mut count, self.sessions_expected(conditions)).min(1 << 20)
    }

    /// Returns how many sessions begin in an average slice.
    pub(crate) fn sessions_on_average(&self) -> f64 {
        let listeners = &self.scenario.listeners;
        f64::from(listeners.count) * listeners.sessions_per_day * SLICE_S as f64 / 86_400.0
    }

    /// Draws the first request of a session that begins in a slice.
    pub(crate) fn session(&self, session: u64, begins: Timestamp) -> Visit {
        let mut draw = Chance::new(self.seed, session).stream("session");
        let at = begins + Span::from_micros((draw.unit() * SLICE_S as f64 * 1e6) as i64);
        let listener = self.population.draw(&mut draw);
        let publisher = self.by_share.draw(&mut draw) as u16;
        let day = ((at - self.begins()).micros() / 86_400_000_000) as u32;
        let passing = self.passing_interest(&mut draw);
        let topic = self.topic(listener, publisher, day, passing, &mut draw);
        let requests = dist::geometric(&mut draw, self.publisher(publisher).requests_per_session);
        let left = (requests.min(MOST_REQUESTS) - 1) as u8;
        Visit { at, id: session << 6, listener, publisher, topic, passing, day, left, attack: None }
    }

    fn passing_interest(&self, draw: &mut Stream) -> Option<u8> {
        let (has, which) = (draw.unit(), draw.below(topics::all().len() as u64) as u8);
        match self.population.interests() {
            Interests::Latent { passing, .. } if has < *passing => Some(which),
            _ => None,
        }
    }

    /// Draws what the content of a session is about: the passing interest, a lasting one, or what the publisher happens to
    /// show; always something the publisher is about.
    fn topic(&self, listener: u32, publisher: u16, day: u32, passing: Option<u8>, draw: &mut Stream) -> u8 {
        let about = &self.places[usize::from(publisher)].topics;
        let (leads, which, any) = (draw.unit(), draw.unit(), draw.unit());
        let interests = self.population.get(listener).interests.len();
        let led = match self.population.interests() {
            Interests::Latent { led, .. } => leads < *led,
            Interests::None => false,
        };
        let wanted = if let Some(topic) = passing {
            Some(topic)
        } else if led && interests > 0 {
            Some(self.population.topic_on(listener, (which * interests as f64) as usize, day))
        } else {
            None
        };
        match wanted {
            Some(topic) if about.is_empty() || about.contains(&topic) => topic,
            _ if about.is_empty() => (any * any * topics::all().len() as f64) as u8,
            _ => about[(any * about.len() as f64) as usize],
        }
    }

    /// Returns the next request of a session, if there is one.
    pub fn next_in_session(&self, visit: &Visit) -> Option<Visit> {
        let left = visit.left.checked_sub(1)?;
        let mut draw = Chance::new(self.seed, visit.id).stream("gap");
        let gap = dist::exponential(&mut draw, self.publisher(visit.publisher).gap_s);
        let at = visit.at + Span::from_micros((gap * 1e6) as i64);
        Some(Visit { at, id: visit.id + 1, left, ..visit.clone() })
    }
}
