//! Families by what the guard knows of them, and the bars each group is held to.

use motet_units::Nanos;
use serde::{Deserialize, Serialize};

use super::{AttackScore, Scorecard};
use crate::scenario::Family;

/// What the guard knows of a family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// General invalid traffic: found by lists and plain checks.
    General,
    /// Sophisticated, and a rule was written for it.
    Seen,
    /// Sophisticated, and no rule was written for it: found by the general statistics or not at all.
    Unseen,
}

/// What a group is held to.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bar {
    /// The least recall,
    pub recall: f64,
    /// at this false positive rate at most.
    pub false_positive_rate: f64,
}

impl Group {
    /// All groups.
    pub const ALL: [Self; 3] = [Self::General, Self::Seen, Self::Unseen];

    /// Returns the group of a family. A new rule in the guard moves its family here from unseen to seen.
    pub const fn of(family: Family) -> Self {
        match family {
            Family::DatacentreBots => Self::General,
            Family::RotatingUserAgents
            | Family::ClickFarm
            | Family::ClickInjection
            | Family::ClickSpam
            | Family::SpoofedDomains
            | Family::StackedAds
            | Family::Replays => Self::Seen,
            Family::SlowDrip | Family::DeviceFarm | Family::ResidentialProxies | Family::CookieStuffing => {
                Self::Unseen
            }
        }
    }

    /// Returns the snake-case name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::General => "general",
            Self::Seen => "seen",
            Self::Unseen => "unseen",
        }
    }

    /// Returns what the group is held to.
    pub const fn bar(self) -> Bar {
        match self {
            Self::General => Bar { recall: 0.99, false_positive_rate: 0.0001 },
            Self::Seen => Bar { recall: 0.90, false_positive_rate: 0.001 },
            Self::Unseen => Bar { recall: 0.60, false_positive_rate: 0.001 },
        }
    }
}

/// How the guard did against a group.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct GroupScore {
    /// Which.
    pub group: Group,
    /// The mean of its attacks' recalls; `None` without attacks.
    pub recall: Option<f64>,
    /// The lowest of them.
    pub lowest: Option<f64>,
    /// Missed money of the group.
    pub missed: Nanos,
    /// Caught money of the group, estimated.
    pub caught: Nanos,
    /// Whether mean recall and false positive rate meet the bar.
    pub meets_bar: bool,
}

impl Scorecard {
    /// Scores the groups that have attacks, against a run of the same world with an open guard.
    pub fn groups(&self, control: &Self) -> Vec<GroupScore> {
        let recalls = self.recalls(control);
        Group::ALL.into_iter().filter_map(|group| self.group(group, &recalls)).collect()
    }

    fn group(&self, group: Group, recalls: &[Option<f64>]) -> Option<GroupScore> {
        let in_group = |attack: &AttackScore| Group::of(attack.family) == group;
        let attacks: Vec<&AttackScore> = self.attacks.iter().filter(|attack| in_group(attack)).collect();
        let own = self.attacks.iter().zip(recalls).filter(|(attack, _)| in_group(attack));
        let recalls: Vec<f64> = own.filter_map(|(_, recall)| *recall).collect();
        if attacks.is_empty() {
            return None;
        }
        let mean = (!recalls.is_empty()).then(|| recalls.iter().sum::<f64>() / recalls.len() as f64);
        let bar = group.bar();
        let reached = mean.is_some_and(|mean| mean >= bar.recall);
        Some(GroupScore {
            group,
            recall: mean,
            lowest: recalls.iter().copied().reduce(f64::min),
            missed: attacks.iter().fold(Nanos::ZERO, |sum, attack| sum + attack.missed),
            caught: attacks.iter().fold(Nanos::ZERO, |sum, attack| sum + attack.caught),
            meets_bar: reached && self.honest.false_positive_rate() <= bar.false_positive_rate,
        })
    }
}
