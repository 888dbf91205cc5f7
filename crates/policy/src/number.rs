//! What one number of an observation or an action is: its name, unit and range.

use serde::{Deserialize, Serialize};

use crate::Policy;

/// The most numbers an observation or action may hold.
pub(crate) const MOST_NUMBERS: usize = 256;

/// For whom a policy acts: an agent may steer the whole platform or each campaign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Subject {
    /// For all at once.
    Platform,
    /// For one campaign, by its place in the catalog.
    Campaign(u32),
}

/// One number that a policy reads or moves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Number {
    /// Its name.
    pub name: String,
    /// Its unit.
    pub unit: String,
    /// The lowest value.
    pub least: f64,
    /// The highest value.
    pub most: f64,
    /// The value of the fixed policy.
    pub default: f64,
}

impl Number {
    /// Returns the value that an action within -1 and 1 stands for: -1 the least, 0 the default, 1 the most, and in between
    /// along two straight lines. So a policy that answers 0 does as the fixed policy does.
    ///
    /// ```
    /// let number = motet_policy::Number {
    ///     name: "gain".into(), unit: "ln".into(), least: 0.0, most: 200.0, default: 40.0,
    /// };
    /// assert_eq!(number.value(0.0), 40.0);
    /// assert_eq!(number.value(0.5), 120.0);
    /// assert_eq!(number.value(-0.25), 30.0);
    /// assert_eq!(number.part(120.0), 0.5);
    /// ```
    pub fn value(&self, part: f64) -> f64 {
        let to = if part < 0.0 { self.default - self.least } else { self.most - self.default };
        // Rounding must not carry the ends out of the range.
        (self.default + part * to).clamp(self.least, self.most)
    }

    /// Returns what part, within -1 and 1, a value stands at: the inverse of [`Number::value`], 0 where the range on that
    /// side is empty.
    pub fn part(&self, value: f64) -> f64 {
        let off = value - self.default;
        let to = if off < 0.0 { self.default - self.least } else { self.most - self.default };
        if to > 0.0 { (off / to).clamp(-1.0, 1.0) } else { 0.0 }
    }
}

/// A policy whose actions within -1 and 1 are taken to the ranges of some numbers, and that is shown what it reads as in
/// training: within its stated range, as `f32`. A table's edges are numbers that were seen; one that was seen again must fall
/// on the same side.
#[derive(Debug)]
pub struct Ranged<P> {
    inner: P,
    read: Vec<Number>,
    moved: Vec<Number>,
}

impl<P: Policy> Ranged<P> {
    /// Takes what a policy reads and does to ranges.
    pub const fn new(inner: P, read: Vec<Number>, moved: Vec<Number>) -> Self {
        Self { inner, read, moved }
    }
}

impl<P: Policy> Policy for Ranged<P> {
    fn version(&self) -> &str {
        self.inner.version()
    }

    fn act(&self, subject: Subject, observation: &[f64], action: &mut [f64]) {
        if observation.len() == self.read.len() && observation.len() <= MOST_NUMBERS {
            let mut shown = [0.0; MOST_NUMBERS];
            let shown = &mut shown[..observation.len()];
            for ((shown, raw), number) in shown.iter_mut().zip(observation).zip(&self.read) {
                *shown = f64::from(raw.clamp(number.least, number.most) as f32);
            }
            self.inner.act(subject, shown, action);
        } else {
            self.inner.act(subject, observation, action);
        }
        for (part, number) in action.iter_mut().zip(&self.moved) {
            // NaN, and what a broken policy puts out of range, stays for the check to find.
            if (-1.0..=1.0).contains(part) {
                *part = number.value(*part);
            } else {
                *part = f64::NAN;
            }
        }
    }
}
