//! The mix: short-term, long-term and the content at hand, into one list of interests.
//!
//! Each part is a list of shares that sum to one, times how much is known of it: a part made from evidence `e`
//! (in views of content) counts `e / (e + 3)` of its weight, so that one stray page does not speak for a person.
//! What is left goes to the content. The whole sums to one before the lightest beyond eight are cut off.

use motet_agent::{Basis, Interests};
use motet_model::{codes::CategoryId, taxonomy};
use motet_units::Timestamp;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::profile::{PARENT_SHARE, Profile};

/// The most interests proposed.
const MOST_INTERESTS: usize = 8;
/// The evidence, in views of content, at which half of a part's weight counts.
const HALF_EVIDENCE: f32 = 3.0;

/// How much each part weighs (what counts is their proportion), and how fast all fade.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mix {
    /// What holds the user just now.
    pub short: f64,
    /// What lasts.
    pub long: f64,
    /// The content at hand.
    pub context: f64,
    /// How fast interests fade: time counts so many times over.
    pub decay: f64,
}

impl Default for Mix {
    fn default() -> Self {
        let [short, long, context, decay] = [0, 1, 2, 3].map(|i: usize| super::CARD.action[i].default);
        Self { short, long, context, decay }
    }
}

type Weighted = SmallVec<[(CategoryId, f32); 24]>;

fn add(list: &mut Weighted, category: CategoryId, weight: f32) {
    match list.iter_mut().find(|(c, _)| *c == category) {
        Some((_, sum)) => *sum += weight,
        None => list.push((category, weight)),
    }
}

/// Returns the content's categories and, at a share, their parents; weights sum to 1 unless there are none.
fn context(categories: &[CategoryId]) -> Weighted {
    let mut list = Weighted::new();
    for category in categories.iter().filter_map(|c| taxonomy::to_content3(*c)) {
        add(&mut list, category, 1.0);
        if let Some(parent) = taxonomy::parent(category) {
            add(&mut list, parent, PARENT_SHARE);
        }
    }
    let sum: f32 = list.iter().map(|(_, w)| w).sum();
    list.iter_mut().for_each(|(_, w)| *w /= sum);
    list
}

/// Mixes what is known of a user with the content at hand.
pub(super) fn interests(
    mix: Mix,
    profile: Option<&Profile>,
    categories: &[CategoryId],
    now: Timestamp,
) -> (Interests, Basis) {
    let mut list = Weighted::new();
    let known = profile.map_or(0.0, |profile| add_profile(&mut list, mix, profile, now));
    let basis = if known > 0.0 { Basis::Identity } else { Basis::Context };
    let all = (mix.short + mix.long + mix.context) as f32;
    let rest = if known > 0.0 { (all - known).max(0.0) } else { 1.0 };
    for (category, weight) in context(categories) {
        add(&mut list, category, weight * rest);
    }
    (heaviest(list), basis)
}

/// Adds both parts of a profile and returns the weight they got in all.
fn add_profile(list: &mut Weighted, mix: Mix, profile: &Profile, now: Timestamp) -> f32 {
    let (short, long) =
        profile.at(now, mix.decay).fold((0.0_f32, 0.0_f32), |(s, l), i| (s + i.short, l + i.long));
    let counts = |weight: f64, evidence: f32| weight as f32 * evidence / (evidence + HALF_EVIDENCE);
    let (of_short, of_long) = (counts(mix.short, short), counts(mix.long, long));
    for interest in profile.at(now, mix.decay) {
        let weight = of_short * interest.short / short.max(f32::MIN_POSITIVE)
            + of_long * interest.long / long.max(f32::MIN_POSITIVE);
        if weight > 0.0 {
            add(list, interest.category, weight);
        }
    }
    of_short + of_long
}

/// Scales a list to sum to 1 and keeps the heaviest, ties to the lower category.
fn heaviest(mut list: Weighted) -> Interests {
    // A hair below one, so that rounding never makes the sum exceed it.
    let scale = (1.0 - 1e-6) / list.iter().map(|(_, w)| w).sum::<f32>();
    list.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    Interests(list.into_iter().take(MOST_INTERESTS).map(|(c, w)| (c, w * scale)).collect())
}
