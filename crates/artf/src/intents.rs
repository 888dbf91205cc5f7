//! Intents by number and name, and sets of them.

use crate::proto::artf::Intent;

/// The eight intents of ARTF 1.0, by number.
pub const INTENTS: [Intent; 8] = [
    Intent::ActivateSegments,
    Intent::ActivateDeals,
    Intent::SuppressDeals,
    Intent::AdjustDealFloor,
    Intent::AdjustDealMargin,
    Intent::BidShade,
    Intent::AddMetrics,
    Intent::AddCids,
];

/// Returns an intent's name in metrics and settings: the standard's, in lower case.
pub const fn name(intent: Intent) -> &'static str {
    match intent {
        Intent::Unspecified => "unspecified",
        Intent::ActivateSegments => "activate_segments",
        Intent::ActivateDeals => "activate_deals",
        Intent::SuppressDeals => "suppress_deals",
        Intent::AdjustDealFloor => "adjust_deal_floor",
        Intent::AdjustDealMargin => "adjust_deal_margin",
        Intent::BidShade => "bid_shade",
        Intent::AddMetrics => "add_metrics",
        Intent::AddCids => "add_cids",
    }
}

/// Reads an intent's name, in either case.
pub fn parse(text: &str) -> Option<Intent> {
    let lower = text.to_ascii_lowercase();
    INTENTS.into_iter().find(|intent| name(*intent) == lower)
}

/// A set of intents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct IntentSet(u16);

impl IntentSet {
    /// No intent.
    pub const EMPTY: Self = Self(0);

    /// Returns all eight.
    pub fn all() -> Self {
        INTENTS.into_iter().collect()
    }

    /// Reads `applicable_intents`: none stated means all, and numbers this version does not know are left out.
    ///
    /// ```
    /// use motet_artf::{IntentSet, proto::artf::Intent};
    /// assert!(IntentSet::applicable(&[]).has(Intent::BidShade));
    /// assert!(!IntentSet::applicable(&[7]).has(Intent::BidShade));
    /// assert_eq!(IntentSet::applicable(&[1_500]), IntentSet::EMPTY, "an experiment's number is no licence for all");
    /// ```
    pub fn applicable(numbers: &[i32]) -> Self {
        if numbers.is_empty() {
            return Self::all();
        }
        numbers.iter().filter_map(|number| Intent::try_from(*number).ok()).collect()
    }

    /// Tells whether an intent is in it. The unspecified one never is.
    pub const fn has(self, intent: Intent) -> bool {
        self.0 & bit(intent) != 0
    }

    /// Returns what is in both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Tells whether nothing is in it.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Iterates over what is in it, by number.
    pub fn iter(self) -> impl Iterator<Item = Intent> {
        INTENTS.into_iter().filter(move |intent| self.has(*intent))
    }

    /// Returns the numbers, for `applicable_intents`.
    pub fn numbers(self) -> Vec<i32> {
        self.iter().map(|intent| intent as i32).collect()
    }
}

impl FromIterator<Intent> for IntentSet {
    fn from_iter<T: IntoIterator<Item = Intent>>(intents: T) -> Self {
        Self(intents.into_iter().fold(0, |set, intent| set | bit(intent)))
    }
}

const fn bit(intent: Intent) -> u16 {
    match intent {
        Intent::Unspecified => 0,
        _ => 1 << intent as i32,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_standards_and_are_read_back() {
        for intent in INTENTS {
            assert_eq!(name(intent).to_ascii_uppercase(), intent.as_str_name());
            assert_eq!(parse(intent.as_str_name()), Some(intent));
        }
        assert_eq!(parse("unspecified"), None);
    }

    #[test]
    fn numbers_go_there_and_back() {
        let set: IntentSet = [Intent::BidShade, Intent::ActivateSegments].into_iter().collect();
        assert_eq!(set.numbers(), [1, 6]);
        assert_eq!(IntentSet::applicable(&set.numbers()), set);
    }
}
