//! One user's interests: two sparse vectors over Content 3.x categories that decay at different speeds.
//!
//! Weights decay exponentially and lazily: `w(t) = w(t0) · 2^(−(t − t0) / half-life)`, applied when the profile is
//! touched, so a quiet user costs nothing. Half-lives are 30 minutes (what holds someone just now) and 14 days
//! (what lasts). At most [`MOST_CATEGORIES`] categories are kept; the lightest go first.

use motet_model::{codes::CategoryId, taxonomy};
use motet_units::{Span, Timestamp};
use serde::{Deserialize, Serialize};

/// The half-life of the short-term part.
pub const SHORT_HALF_LIFE: Span = Span::from_secs(30 * 60);
/// The half-life of the long-term part.
pub const LONG_HALF_LIFE: Span = Span::from_secs(14 * 86_400);
/// The most categories kept per user.
pub const MOST_CATEGORIES: usize = 16;

/// What a parent gets of what its child gets.
pub(super) const PARENT_SHARE: f32 = 0.5;
/// A weight below this is dropped.
const NEGLIGIBLE: f32 = 1e-4;

/// Returns what is left of a weight after some time.
///
/// ```
/// use motet_agents::intent::profile::{SHORT_HALF_LIFE, LONG_HALF_LIFE, decay};
/// use motet_units::Span;
/// let hour = Span::from_secs(3_600);
/// assert_eq!(decay(hour, SHORT_HALF_LIFE), 0.25, "two half-lives of 30 minutes");
/// assert!((decay(hour, LONG_HALF_LIFE) - 0.997_939).abs() < 1e-6, "1/336 of a half-life of 14 days");
/// ```
pub fn decay(elapsed: Span, half_life: Span) -> f64 {
    libm::exp2(-(elapsed.as_secs_f64().max(0.0)) / half_life.as_secs_f64())
}

/// One category's weights.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Interest {
    pub(super) category: CategoryId,
    pub(super) short: f32,
    pub(super) long: f32,
}

/// One user's interests as of a moment.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Profile {
    interests: Vec<Interest>,
    as_of: Timestamp,
}

impl Profile {
    /// Lets the time up to now pass, counted `speed` times over; time never runs backwards.
    pub(super) fn decay_to(&mut self, now: Timestamp, speed: f64) {
        if now <= self.as_of {
            return;
        }
        let (short, long) = self.decays(now, speed);
        for interest in &mut self.interests {
            interest.short *= short;
            interest.long *= long;
        }
        self.as_of = now;
    }

    fn decays(&self, now: Timestamp, speed: f64) -> (f32, f32) {
        let elapsed = Span::from_micros(((now - self.as_of).micros() as f64 * speed) as i64);
        (decay(elapsed, SHORT_HALF_LIFE) as f32, decay(elapsed, LONG_HALF_LIFE) as f32)
    }

    /// Adds to a category, and a share of it to its parent.
    pub(super) fn add(&mut self, category: CategoryId, weight: f32) {
        self.add_to(category, weight);
        if let Some(parent) = taxonomy::parent(category) {
            self.add_to(parent, weight * PARENT_SHARE);
        }
    }

    fn add_to(&mut self, category: CategoryId, weight: f32) {
        match self.interests.iter_mut().find(|interest| interest.category == category) {
            Some(interest) => {
                interest.short += weight;
                interest.long += weight;
            }
            None => self.interests.push(Interest { category, short: weight, long: weight }),
        }
    }

    /// Drops what became negligible and what is beyond the most, lightest first.
    pub(super) fn settle(&mut self) {
        self.interests.retain(|interest| interest.long >= NEGLIGIBLE);
        if self.interests.len() > MOST_CATEGORIES {
            let heaviest_first = |a: &Interest, b: &Interest| {
                (b.short + b.long).total_cmp(&(a.short + a.long)).then(a.category.cmp(&b.category))
            };
            self.interests.sort_unstable_by(heaviest_first);
            self.interests.truncate(MOST_CATEGORIES);
        }
        self.interests.shrink_to(MOST_CATEGORIES);
    }

    /// Returns the interests as they stand now.
    pub(super) fn at(&self, now: Timestamp, speed: f64) -> impl Iterator<Item = Interest> + '_ {
        let (short, long) = self.decays(now, speed);
        self.interests.iter().map(move |i| Interest {
            category: i.category,
            short: i.short * short,
            long: i.long * long,
        })
    }
}
