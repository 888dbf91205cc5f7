//! How a day's traffic falls: the requests of each half-hour of the UTC day, learned as they are decided.
//!
//! Each half-hour keeps a decayed count of its requests over past days, blended with a smooth prior shape scaled
//! to the level seen. A half-hour that had less than a tenth of what was expected looks like an outage and not
//! like a habit: it counts a tenth. The first half-hour after a start is partial and does not count at all.

use motet_model::targeting::Daypart;
use motet_units::{Span, Timestamp};
use serde::{Deserialize, Serialize};

const BUCKETS: usize = 48;
const BUCKETS_A_DAY: i64 = 48;
const BUCKET_US: i64 = 1_800_000_000;
const DAY_US: i64 = 86_400_000_000;
/// How much of a half-hour's past is kept when it comes round again.
const KEEP: f64 = 0.7;
/// How many days of seeing the prior shape counts as.
const PRIOR_DAYS: f64 = 0.1;

/// The learned traffic curve.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Traffic {
    counts: Vec<f64>,
    weights: Vec<f64>,
    /// The half-hour being counted, since 1970, and its count; `None` before the first request.
    current: Option<(i64, f64)>,
    /// Whether the current half-hour was seen from its beginning.
    whole: bool,
    /// Requests since the last control tick.
    since_tick: f64,
    /// Traffic of the day before each half-hour, and of the whole day: a cache of the rest.
    before: Vec<f64>,
}

/// The prior: a trough before dawn, a broad evening; mean 1.
fn prior(bucket: usize) -> f64 {
    let hour = bucket as f64 * 0.5 + 0.25;
    1.0 + 0.5 * libm::cos((hour - 16.0) / 24.0 * 2.0 * std::f64::consts::PI)
}

impl Traffic {
    pub(super) fn new() -> Self {
        let mut traffic = Self {
            counts: vec![0.0; BUCKETS],
            weights: vec![0.0; BUCKETS],
            current: None,
            whole: false,
            since_tick: 0.0,
            before: vec![0.0; BUCKETS + 1],
        };
        traffic.rebuild();
        traffic
    }

    /// Counts one request.
    pub(super) fn count(&mut self, at: Timestamp) {
        self.advance(at);
        self.since_tick += 1.0;
        if let Some((_, count)) = &mut self.current {
            *count += 1.0;
        }
    }

    /// Closes the half-hours that have passed.
    pub(super) fn advance(&mut self, now: Timestamp) {
        let bucket = now.micros().div_euclid(BUCKET_US);
        let Some((current, count)) = self.current else {
            self.current = Some((bucket, 0.0));
            return;
        };
        if bucket <= current {
            return;
        }
        if self.whole {
            self.close(current, count);
        }
        // Half-hours nothing was told of at all, at most a day of them.
        for silent in (current + 1).max(bucket - BUCKETS_A_DAY)..bucket {
            self.close(silent, 0.0);
        }
        self.current = Some((bucket, 0.0));
        self.whole = true;
        self.rebuild();
    }

    fn close(&mut self, bucket: i64, count: f64) {
        let place = bucket.rem_euclid(BUCKETS_A_DAY) as usize;
        let expected = self.before[place + 1] - self.before[place];
        let weight = if self.is_level_known() && count < 0.1 * expected { 0.1 } else { 1.0 };
        let keep = 1.0 - (1.0 - KEEP) * weight;
        self.counts[place] = self.counts[place] * keep + count * weight;
        self.weights[place] = self.weights[place] * keep + weight;
    }

    fn is_level_known(&self) -> bool {
        self.weights.iter().sum::<f64>() > 0.0
    }

    fn rebuild(&mut self) {
        let seen: f64 = self.counts.iter().sum();
        let shaped: f64 = self.weights.iter().enumerate().map(|(b, w)| prior(b) * w).sum();
        let level = if seen > 0.0 && shaped > 0.0 { seen / shaped } else { 1.0 };
        let mut sum = 0.0;
        for bucket in 0..BUCKETS {
            self.before[bucket] = sum;
            let known = PRIOR_DAYS * level * prior(bucket) + self.counts[bucket];
            sum += known / (PRIOR_DAYS + self.weights[bucket]);
        }
        self.before[BUCKETS] = sum;
    }

    /// Returns the requests expected between two moments.
    pub(super) fn between(&self, start: Timestamp, end: Timestamp) -> f64 {
        (self.until(end) - self.until(start)).max(0.0)
    }

    fn until(&self, at: Timestamp) -> f64 {
        let (day, within) = (at.micros().div_euclid(DAY_US), at.micros().rem_euclid(DAY_US));
        let bucket = (within / BUCKET_US) as usize;
        let part = (within % BUCKET_US) as f64 / BUCKET_US as f64;
        let (from, to) = (self.before[bucket], self.before[bucket + 1]);
        day as f64 * self.before[BUCKETS] + from + (to - from) * part
    }

    /// Returns the requests expected between two moments at most a day apart, within dayparts where there are any.
    pub(super) fn within(
        &self,
        start: Timestamp,
        end: Timestamp,
        dayparts: &[Daypart],
        utc_offset: Span,
    ) -> f64 {
        if dayparts.is_empty() {
            return self.between(start, end);
        }
        let mut sum = 0.0;
        let mut from = start;
        while from < end {
            let into = from.time_of_day(utc_offset).micros().rem_euclid(BUCKET_US);
            let to = (from + Span::from_micros(BUCKET_US - into)).min(end);
            if dayparts.iter().any(|part| part.holds(from.hour_of_week(utc_offset))) {
                sum += self.between(from, to);
            }
            from = to;
        }
        sum
    }

    /// Returns requests counted over those expected since the last tick, at most 1, and starts counting again.
    pub(super) fn take_ratio(&mut self, last: Timestamp, now: Timestamp) -> f64 {
        let counted = std::mem::take(&mut self.since_tick);
        if !self.is_level_known() {
            return if counted > 0.0 { 1.0 } else { 0.0 };
        }
        (counted / self.between(last, now).max(1e-9)).min(1.0)
    }

    /// Tells whether the state has the shape this version works with.
    pub(super) fn is_sound(&self) -> bool {
        let sized =
            self.counts.len() == BUCKETS && self.weights.len() == BUCKETS && self.before.len() == BUCKETS + 1;
        sized && self.before.iter().chain(&self.counts).all(|n| n.is_finite())
    }
}
