//! The relevance agent: which ads could fill an imp, and how likely each is clicked and bought from.
//!
//! Retrieval first: a compiled index of all targeting rules finds the ads that could answer, best prior first
//! (see `index`), each checked exactly. Then ranking: rates from an online model over hashed features, calibrated
//! (see `model`, `calibration`). For each imp it names a bounded number of ads and asks that they be explored
//! by inverse-gap weighting (Foster and Rakhlin, ICML 2020): the coordinator draws, so that the propensity it logs
//! is exact. The greed grows with the square root of the impressions learned from.
//!
//! It never prices, never spends, never reads a clock, and counts a user's impressions only where identity may be
//! used. What it leaves out for safety is left out to save work; the coordinator enforces it again.
//!
//! Cold start: a new ad is expected to bring what its campaign, advertiser and all ads bring. Zero traffic: nothing
//! changes. Late data: clicks and conversions correct what was learned when they are known.

mod calibration;
mod card;
mod exposure;
mod features;
mod ftrl;
mod hash;
mod index;
mod learn;
mod model;
mod retrieve;
mod state;
mod value;
mod weights;

use std::cmp::Reverse;

use motet_agent::{
    Agent, AgentCard, AgentName, Ask, Features, Observation, Proposal, Ranking, RelevanceSight, Restraint,
    Sight, Tick, View,
};
use motet_model::{
    catalog::Catalog,
    decision::NoBidReason,
    ids::{CreativeIx, UserKey},
};
use motet_policy::{Fixed, Policy, Steering};
use motet_units::{Probability, Timestamp};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

pub use calibration::Calibration;
pub use card::CARD;
pub use exposure::{FATIGUE_SPAN, PENDING};
pub use features::FEATURES;
pub use ftrl::Ftrl;
pub use model::BaseRates;

use exposure::Exposures;
use features::{AdFeatures, ImpFeatures, Matched, RequestFeatures};
use index::Index;
use model::{Model, Rate};
use retrieve::{Found, Retrieval, Wanted};
pub use weights::Weights;

/// The greed is held to this, so that it stays finite however much was learned.
const MOST_GREED: f64 = 1e6;

/// How the relevance agent is set up.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// The most ads named per imp, at least 1.
    pub candidates: usize,
    /// The most users whose impressions are counted.
    pub most_users: usize,
    /// How the model learns.
    pub ftrl: Ftrl,
    /// What is expected of an ad nothing is known of.
    pub base: BaseRates,
    /// Impressions learned from after which a new order of the index is begun, or as many as it has slots, if more:
    /// the work is then a bounded share of each impression.
    pub reorder_after: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            candidates: 16,
            most_users: 200_000,
            ftrl: Ftrl::default(),
            base: BaseRates::default(),
            reorder_after: 20_000,
        }
    }
}

/// The parameters the policy moves.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Parameters {
    /// The greed after one impression; it grows with the square root of their number.
    pub greed: f64,
    /// How many of the ads named per imp come from a random place of the index.
    pub sampled: f64,
    /// What ads are weighed by beside their worth.
    pub weights: Weights,
}

impl Default for Parameters {
    fn default() -> Self {
        Self { greed: CARD.action[0].default, sampled: CARD.action[1].default, weights: Weights::default() }
    }
}

/// What was counted, for the policy and for the order of the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Counts {
    shown: u64,
    clicked: u64,
    /// Of those shown, ads whose user had seen them before.
    seen_before: u64,
    learned_at_order: u64,
    /// Decisions since the last steps towards a new order.
    decided: u32,
}

/// How fast a new order of the index is made. An ad takes two steps: it is weighed, then placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Steps {
    /// In one go after some decisions: some twenty microseconds. Many steps on one decision in a few disturb the memory
    /// near the processor less than a few steps on every one.
    a_go: u32,
    /// Decisions from one go to the next, at least 1.
    between: u32,
    /// On each control tick: a millisecond or two.
    a_tick: u32,
}

impl Default for Steps {
    fn default() -> Self {
        Self { a_go: 32, between: 16, a_tick: 2_048 }
    }
}

/// Names ads and predicts what they bring.
#[derive(Debug)]
pub struct RelevanceAgent {
    candidates: usize,
    reorder_after: u64,
    steering: Steering,
    parameters: Parameters,
    index: Index,
    ads: Vec<AdFeatures>,
    model: Model,
    exposures: Exposures,
    counts: Counts,
    steps: Steps,
    /// From which ad on removed ones are looked for, if any were removed.
    sweep_from: Option<u32>,
}

impl RelevanceAgent {
    /// Returns the fixed policy: the card's defaults.
    pub fn fixed_policy() -> Box<dyn Policy> {
        Box::new(Fixed::new("relevance-fixed@1", crate::defaults(&CARD)))
    }

    /// Makes an agent that knows no ad and has learned nothing.
    ///
    /// # Errors
    /// When the policy does not fit the card.
    pub fn new(options: Options, policy: Box<dyn Policy>) -> Result<Self, motet_policy::Error> {
        let mut agent = Self {
            candidates: options.candidates.max(1),
            reorder_after: options.reorder_after,
            steering: crate::seat(policy, &CARD)?,
            parameters: Parameters::default(),
            index: Index::default(),
            ads: Vec::new(),
            model: Model::new(options.ftrl, options.base),
            exposures: Exposures::new(options.most_users),
            counts: Counts::default(),
            steps: Steps::default(),
            sweep_from: None,
        };
        agent.steer();
        Ok(agent)
    }

    /// Returns the parameters in use.
    pub const fn parameters(&self) -> Parameters {
        self.parameters
    }

    /// Returns how well predicted clicks agree with observed ones.
    pub const fn click_calibration(&self) -> &Calibration {
        self.model.calibration(Rate::Click)
    }

    /// Returns how well predicted conversions agree with observed ones.
    pub const fn conversion_calibration(&self) -> &Calibration {
        self.model.calibration(Rate::Conversion)
    }

    /// Forgets a user's impressions, as the law asks of whoever remembers.
    pub fn forget(&mut self, user: UserKey) {
        self.exposures.forget(user);
    }

    /// Returns how greedy the choice among an imp's ads should be: `greed · √impressions`, bounded.
    fn greed(&self) -> f64 {
        let learned = self.model.learned(Rate::Click).max(1) as f64;
        (self.parameters.greed * learned.sqrt()).min(MOST_GREED)
    }

    fn retrieval<'a>(&'a self, sight: &RelevanceSight<'a>, now: Timestamp) -> Retrieval<'a> {
        let context_only = sight.restraints.iter().any(|r| matches!(r, Restraint::ContextOnly(_)));
        let user = sight.user.filter(|_| !context_only);
        let seen = self.exposures.seen(user, sight.catalog, now);
        Retrieval::new(&self.index, sight, now, user, seen)
    }

    fn rank(&self, view: &View<'_>, sight: &RelevanceSight<'_>, proposals: &mut Vec<Proposal>) {
        let mut chance = view.chance.stream(AgentName::Relevance.name());
        let mut retrieval = self.retrieval(sight, view.now);
        let of_request = RequestFeatures::of(sight.request, sight.interests, view.now);
        let mut matched = Matched::default();
        let wanted = Wanted::new(self.candidates, self.parameters.sampled as usize);
        for (imp, place) in sight.request.imps.iter().zip(0_u16..) {
            let found = retrieval.find(imp, wanted, &mut chance);
            if found.is_empty() {
                continue;
            }
            // All features, then all rates: the weights lie far apart, and so many can be on their way at once.
            let featured: SmallVec<[Features; 16]> = found
                .iter()
                .map(|found| {
                    let views = retrieval.seen().views(found.creative);
                    let of_imp = ImpFeatures::of(imp, found.fit.kind);
                    of_request.with(of_imp, &self.ads[found.creative.get()], views, &mut matched)
                })
                .collect();
            let rates: SmallVec<[[f64; 2]; 16]> =
                featured.iter().map(|features| self.model.rates(features.as_slice())).collect();
            proposals.reserve(found.len() + 1);
            let views = |creative| retrieval.seen().views(creative);
            for at in self.best_first(&found, &rates, views) {
                let ranking = ranking(place, &found[at], rates[at], &featured[at]);
                proposals.push(propose(Ask::Rank(ranking)));
            }
            proposals.push(propose(Ask::Explore { imp: place, greed: self.greed() }));
        }
    }

    /// Returns the places of the ads found, the one worth most first; ties go to the older ad.
    /// Ads too light beside the heaviest are left out.
    fn best_first(
        &self,
        found: &[Found],
        rates: &[[f64; 2]],
        views: impl Fn(CreativeIx) -> u32,
    ) -> impl Iterator<Item = usize> {
        let worth = |found: &Found, rates| value::expected(self.ads[found.creative.get()].worth(), rates);
        let all = found.iter().zip(rates).zip(0_u16..);
        let mut ranked: weights::Ranked = all
            .map(|((found, rates), at)| (Reverse(worth(found, *rates).get()), found.creative, at))
            .collect();
        let weights = &self.parameters.weights;
        if !weights.are_plain() {
            weights.weigh(&mut ranked, |at| rates[at][0], |at| views(found[at].creative));
        }
        ranked.sort_unstable();
        ranked.into_iter().map(|(.., at)| usize::from(at))
    }
}

fn propose(ask: Ask) -> Proposal {
    Proposal { agent: AgentName::Relevance, ask }
}

fn ranking(imp: u16, found: &Found, rates: [f64; 2], features: &Features) -> Ranking {
    Ranking {
        imp,
        creative: found.creative,
        campaign: found.campaign,
        advertiser: found.advertiser,
        kind: found.fit.kind,
        deal: found.fit.deal,
        floor: found.fit.floor,
        p_click: Probability::clamped(rates[0]),
        p_conversion: Probability::clamped(rates[1]),
        features: *features,
    }
}

impl Agent for RelevanceAgent {
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
        if let Sight::Relevance(sight) = &view.sight {
            self.rank(view, sight, proposals);
        }
    }

    fn why_none(&self, view: &View<'_>, imp: u16) -> NoBidReason {
        let Sight::Relevance(sight) = &view.sight else { return NoBidReason::NoMatch };
        let Some(imp) = sight.request.imps.get(usize::from(imp)) else { return NoBidReason::NoMatch };
        self.retrieval(sight, view.now).why_none(imp)
    }

    fn observe(&mut self, observation: &Observation<'_>) {
        self.learn(observation);
    }

    fn control(&mut self, tick: &Tick<'_>) {
        self.index.turn(tick.now);
        self.sweep(tick.catalog);
        self.reorder_if_due();
        self.reorder(self.steps.a_tick);
        self.steer();
    }

    fn save(&self) -> Vec<u8> {
        self.to_bytes()
    }

    fn restore(&mut self, state: &[u8], catalog: &Catalog) -> Result<(), String> {
        self.take_bytes(state, catalog)
    }
}

#[cfg(test)]
mod tests;
