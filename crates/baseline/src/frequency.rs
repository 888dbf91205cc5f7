//! Impressions by user and campaign, in windows that do not slide. Bounded: the user longest unseen goes first.

use std::collections::BTreeSet;

use motet_model::{
    campaign::{FrequencyCap, UnknownUser},
    ids::{CampaignIx, UserKey},
};
use motet_units::Timestamp;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

/// One campaign's impressions on one user, by moment, latest last; only the latest few are kept.
const MOMENTS: usize = 64;

/// One user's impressions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Seen {
    last: Timestamp,
    shown: Vec<(CampaignIx, Vec<Timestamp>)>,
}

/// All users'.
#[derive(Debug)]
pub(crate) struct Frequencies {
    most: usize,
    users: FxHashMap<UserKey, Seen>,
    by_age: BTreeSet<(Timestamp, UserKey)>,
}

impl Frequencies {
    pub(crate) fn new(most: usize) -> Self {
        Self { most, users: FxHashMap::default(), by_age: BTreeSet::new() }
    }

    /// Tells whether a user may see a campaign again.
    pub(crate) fn admits(
        &self,
        cap: FrequencyCap,
        user: Option<UserKey>,
        campaign: CampaignIx,
        now: Timestamp,
    ) -> bool {
        let Some(user) = user else { return cap.unknown_user == UnknownUser::Serve };
        let seen = self.users.get(&user).and_then(|seen| seen.shown.iter().find(|(ix, _)| *ix == campaign));
        let since = now - cap.per;
        let count = seen.map_or(0, |(_, moments)| moments.iter().filter(|at| **at > since).count());
        count < usize::from(cap.impressions)
    }

    /// Counts an impression.
    pub(crate) fn count(&mut self, user: UserKey, campaign: CampaignIx, at: Timestamp) {
        let seen = self.users.entry(user).or_default();
        self.by_age.remove(&(seen.last, user));
        seen.last = seen.last.max(at);
        self.by_age.insert((seen.last, user));
        match seen.shown.iter_mut().find(|(ix, _)| *ix == campaign) {
            None => seen.shown.push((campaign, vec![at])),
            Some((_, moments)) => {
                moments.push(at);
                if moments.len() > MOMENTS {
                    moments.remove(0);
                }
            }
        }
        while self.users.len() > self.most {
            let Some((_, oldest)) = self.by_age.pop_first() else { break };
            self.users.remove(&oldest);
        }
    }

    pub(crate) fn to_sorted(&self) -> Vec<(UserKey, &Seen)> {
        self.by_age.iter().filter_map(|(_, user)| Some((*user, self.users.get(user)?))).collect()
    }

    pub(crate) fn from_sorted(most: usize, sorted: Vec<(UserKey, Seen)>) -> Self {
        let by_age = sorted.iter().map(|(user, seen)| (seen.last, *user)).collect();
        Self { most, users: sorted.into_iter().collect(), by_age }
    }
}
