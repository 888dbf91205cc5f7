//! The intent agent: what the listener is interested in, over IAB Content Taxonomy 3.x.
//!
//! It holds one bounded profile per user it may know: a short-term part for what holds someone just now and a
//! long-term part for what lasts, both decaying (see [`profile`]). For a request it mixes the two with the
//! content at hand; a user who is unknown or opted out gets the content alone, spread to the parents of its
//! categories. It learns from what was seen (little), shown (almost nothing), clicked (more) and bought (most).
//!
//! It never names an ad, never sees the device, and never keeps a category of health, belief, politics or another
//! sensitive topic in a profile, consent or not: such content counts as context only.
//!
//! Cold start: a user without events is like an unknown one. Zero traffic: profiles decay towards nothing, and
//! with them their share of the mix. Late events count from when they are known.

mod card;
mod mix;
pub mod profile;

use motet_agent::{
    Agent, AgentCard, AgentName, Ask, Basis, BidRecord, IntentSight, Interests, Observation, Proposal, Sight,
    Tick, View,
};
use motet_model::{
    catalog::Catalog,
    codes::CategoryId,
    ids::UserKey,
    outcome::{NoticeKind, NoticeVerdict},
    request::AdRequest,
    taxonomy,
};
use motet_policy::{Fixed, Policy, Steering, Subject};
use motet_units::Timestamp;
use serde::{Deserialize, Serialize};

pub use card::CARD;
pub use mix::Mix;
use profile::Profile;

use crate::users::{Saved, UserTable};

/// How much an event says about interests, in views of content.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EventWeights {
    /// Content was seen.
    pub seen: f32,
    /// An ad was shown beside it.
    pub shown: f32,
    /// The ad was clicked.
    pub clicked: f32,
    /// The click led to a conversion.
    pub converted: f32,
}

impl Default for EventWeights {
    fn default() -> Self {
        Self { seen: 1.0, shown: 0.1, clicked: 5.0, converted: 20.0 }
    }
}

/// How the intent agent is set up.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// The most users remembered; the least recently seen go first.
    pub most_users: usize,
    /// What events weigh.
    pub weights: EventWeights,
}

impl Default for Options {
    fn default() -> Self {
        Self { most_users: 200_000, weights: EventWeights::default() }
    }
}

/// Counts since the last control tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Counts {
    decided: u64,
    known: u64,
    shown: u64,
    clicked: u64,
}

/// Says what the listener is interested in.
#[derive(Debug)]
pub struct IntentAgent {
    weights: EventWeights,
    steering: Steering,
    most_users: usize,
    mix: Mix,
    profiles: UserTable<Profile>,
    counts: Counts,
}

impl IntentAgent {
    /// Returns the fixed policy: the card's defaults.
    pub fn fixed_policy() -> Box<dyn Policy> {
        Box::new(Fixed::new("intent-fixed@1", crate::defaults(&CARD)))
    }

    /// Makes an agent that knows nobody yet.
    ///
    /// # Errors
    /// When the policy does not fit the card.
    pub fn new(options: Options, policy: Box<dyn Policy>) -> Result<Self, motet_policy::Error> {
        let mut agent = Self {
            weights: options.weights,
            steering: crate::seat(policy, &CARD)?,
            most_users: options.most_users,
            mix: Mix::default(),
            profiles: UserTable::new(options.most_users),
            counts: Counts::default(),
        };
        agent.steer();
        Ok(agent)
    }

    /// Returns the mix in use.
    pub const fn mix(&self) -> Mix {
        self.mix
    }

    /// Returns how many users are remembered.
    pub fn users(&self) -> usize {
        self.profiles.len()
    }

    /// Forgets a user, as the law asks of whoever remembers.
    pub fn forget(&mut self, user: UserKey) {
        self.profiles.forget(user);
    }

    fn interests(&self, sight: &IntentSight<'_>, now: Timestamp) -> (Interests, Basis) {
        let profile = sight.user.key.and_then(|user| self.profiles.get(user));
        mix::interests(self.mix, profile, &sight.inventory.categories, now)
    }

    fn decided(&mut self, request: &AdRequest, bids: &[BidRecord], at: Timestamp) {
        self.counts.decided += 1;
        let Some(user) = request.user.key else { return };
        // A bid without its user says that a restraint forbade identity after the request came in.
        if bids.iter().any(|bid| bid.user.is_none()) {
            return;
        }
        self.counts.known += 1;
        self.learn(user, &request.inventory.categories, self.weights.seen, at);
    }

    fn noticed(&mut self, bid: &BidRecord, kind: &NoticeKind, known_at: Timestamp) {
        let weight = match kind {
            NoticeKind::Impression => {
                self.counts.shown += 1;
                self.weights.shown
            }
            NoticeKind::Click => {
                self.counts.clicked += 1;
                self.weights.clicked
            }
            NoticeKind::Conversion { .. } => self.weights.converted,
            NoticeKind::Won { .. } | NoticeKind::Billed { .. } | NoticeKind::Lost { .. } => return,
        };
        if let Some(user) = bid.user {
            self.learn(user, &bid.categories, weight, known_at);
        }
    }

    fn learn(&mut self, user: UserKey, categories: &[CategoryId], weight: f32, at: Timestamp) {
        let mut learned = categories.iter().filter_map(|c| taxonomy::to_content3(*c)).peekable();
        if learned.peek().is_none() {
            return;
        }
        let decay = self.mix.decay;
        let profile = self.profiles.entry(user);
        profile.decay_to(at, decay);
        learned.filter(|c| !taxonomy::is_sensitive(*c)).for_each(|c| profile.add(c, weight));
        profile.settle();
    }

    /// Reads the policy; an action that is not finite or outside its range changes nothing and is counted.
    fn steer(&mut self) {
        let share = |part: u64, whole: u64| if whole == 0 { 0.0 } else { part as f64 / whole as f64 };
        let counts = self.counts;
        let full = share(self.profiles.len() as u64, self.most_users as u64);
        let observation = [
            share(counts.known, counts.decided).min(1.0),
            share(counts.clicked, counts.shown).min(1.0),
            full,
        ];
        if let Some([short, long, context, decay]) = self.steering.steer(Subject::Platform, &observation) {
            self.mix = Mix { short: *short, long: *long, context: *context, decay: *decay };
        }
        self.counts = Counts::default();
    }
}

/// What is saved of the agent.
#[derive(Serialize, Deserialize)]
struct Memory {
    mix: Mix,
    profiles: Saved<Profile>,
    counts: Counts,
}

impl Agent for IntentAgent {
    fn card(&self) -> &'static AgentCard {
        &CARD
    }

    fn policy_version(&self) -> &str {
        self.steering.version()
    }

    fn take_policy(&mut self, policy: Box<dyn Policy>) -> Result<(), motet_policy::Error> {
        self.steering.reseat(policy, CARD.observation.len())
    }

    fn refused_actions(&self) -> u64 {
        self.steering.refused()
    }

    fn propose(&self, view: &View<'_>, proposals: &mut Vec<Proposal>) {
        let Sight::Intent(sight) = &view.sight else { return };
        let (interests, basis) = self.interests(sight, view.now);
        proposals.push(Proposal { agent: AgentName::Intent, ask: Ask::Profile { interests, basis } });
    }

    fn observe(&mut self, observation: &Observation<'_>) {
        match observation {
            Observation::Decided { request, bids, at } => self.decided(request, bids, *at),
            Observation::Noticed { bid, notice, verdict: NoticeVerdict::Counted, known_at } => {
                self.noticed(bid, &notice.kind, *known_at);
            }
            Observation::Noticed { .. }
            | Observation::Expired { .. }
            | Observation::Changed { .. }
            | Observation::Budget { .. } => {}
        }
    }

    fn control(&mut self, _tick: &Tick<'_>) {
        self.steer();
    }

    fn save(&self) -> Vec<u8> {
        let memory = Memory { mix: self.mix, profiles: self.profiles.save(), counts: self.counts };
        postcard::to_stdvec(&memory).expect("plain data in memory always serialises")
    }

    fn restore(&mut self, state: &[u8], _catalog: &Catalog) -> Result<(), String> {
        let memory: Memory =
            postcard::from_bytes(state).map_err(|error| format!("intent state cannot be read: {error}"))?;
        self.mix = memory.mix;
        self.counts = memory.counts;
        self.profiles = UserTable::restore(memory.profiles, self.most_users);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
