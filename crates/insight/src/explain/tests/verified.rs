//! What an explanation concludes, held against the coordinator itself: the decision is made again with the change.

use motet_agent::{
    Account, AccountBook, Agent, AgentCard, AgentName, Ask, CandidateIx, Intent, Observation, Proposal,
    Restraint, Tick, View,
};
use motet_coordinator::{Brief, NotReserved, Options, Purse, Ruling, Team, Timing, decide};
use motet_model::{
    catalog::Catalog,
    decision::ImpDecision,
    ids::{BidId, CampaignIx},
};
use motet_units::{Chance, CpmMicros, Multiplier, Nanos, Timestamp};

use super::fixture::{ID, catalog, cpm, rank, request};
use crate::explain::{Change, explain};

struct Scripted {
    card: &'static AgentCard,
    asks: Vec<Ask>,
}

impl Scripted {
    fn new(name: AgentName, intents: &'static [Intent], asks: Vec<Ask>) -> Self {
        let card = AgentCard {
            name,
            version: 1,
            objective: "",
            intents,
            timescale: "",
            sees: "",
            never: "",
            limits: &[],
            chance: "",
            learns_from: "",
            if_absent: "",
            goes_wrong_by: "",
            watched_by: "",
            evidence: "",
            not_for: "",
            observation: &[],
            action: &[],
        };
        Self { card: Box::leak(Box::new(card)), asks }
    }
}

impl Agent for Scripted {
    fn card(&self) -> &'static AgentCard {
        self.card
    }
    fn policy_version(&self) -> &'static str {
        "scripted@1"
    }
    fn propose(&self, _view: &View<'_>, proposals: &mut Vec<Proposal>) {
        proposals.extend(self.asks.iter().map(|ask| Proposal { agent: self.card.name, ask: ask.clone() }));
    }
    fn observe(&mut self, _observation: &Observation<'_>) {}
    fn control(&mut self, _tick: &Tick<'_>) {}
    fn save(&self) -> Vec<u8> {
        Vec::new()
    }
    fn restore(&mut self, _state: &[u8], _catalog: &Catalog) -> Result<(), String> {
        Ok(())
    }
}

#[derive(Debug)]
struct Bottomless;

impl AccountBook for Bottomless {
    fn account(&self, campaign: CampaignIx) -> Account {
        let (zero, room) = (Nanos::ZERO, Nanos::MAX);
        let (daily, total) = (None, None);
        Account {
            campaign,
            daily,
            total,
            spent_today: zero,
            reserved_today: zero,
            spent: zero,
            reserved: zero,
            room,
        }
    }
}

impl Purse for Bottomless {
    fn reserve(&mut self, _: BidId, _: CampaignIx, _: Nanos, _: Timestamp) -> Result<(), NotReserved> {
        Ok(())
    }
    fn book(&self) -> &dyn AccountBook {
        self
    }
}

/// What bidder and pacer say of each of four ads, and how greedy exploration is.
#[derive(Clone, Debug)]
struct Case {
    values: [CpmMicros; 4],
    bids: [CpmMicros; 4],
    shares: [f64; 4],
    greed: Option<f64>,
    seed: u64,
}

impl Case {
    fn drawn(seed: u64) -> Self {
        let mut draw = Chance::new(seed, 0).stream("case");
        let values: [CpmMicros; 4] = std::array::from_fn(|_| cpm(1.0 + 9.0 * draw.unit()));
        let bids = values.map(|value| Multiplier::clamped(0.2 + 0.8 * draw.unit()).of(value));
        let shares = std::array::from_fn(|_| 0.1 + 0.9 * draw.unit());
        let greed = (draw.unit() < 0.5).then(|| 20.0 * draw.unit());
        Self { values, bids, shares, greed, seed }
    }

    fn decide(&self) -> Ruling {
        let ixs = || (0..4_u16).map(|ix| (usize::from(ix), CandidateIx(ix)));
        let mut ranks: Vec<Ask> = (0..4).map(|ix| rank(ix, cpm(0.5))).collect();
        ranks.extend(self.greed.map(|greed| Ask::Explore { imp: 0, greed }));
        let offer = |(at, candidate)| Ask::Offer { candidate, value: self.values[at], bid: self.bids[at] };
        let pace =
            |(at, candidate)| Ask::Pace { candidate, multiplier: Multiplier::clamped(self.shares[at]) };
        let team = Team::Agents {
            intent: &Scripted::new(AgentName::Intent, &[], Vec::new()),
            guard: &Scripted::new(AgentName::Guard, &[Intent::ScreenTraffic], vec![Ask::Clear]),
            safety: &Scripted::new(
                AgentName::Safety,
                &[Intent::Restrain],
                vec![Ask::Restrain(Restraint::HonourSwitches)],
            ),
            relevance: &Scripted::new(AgentName::Relevance, &[Intent::RankAds, Intent::Explore], ranks),
            bidder: &Scripted::new(AgentName::Bidder, &[Intent::OfferPrice], ixs().map(offer).collect()),
            pacer: &Scripted::new(AgentName::Pacer, &[Intent::PaceSpend], ixs().map(pace).collect()),
        };
        let (catalog, request) = (catalog(), request());
        let brief = Brief {
            id: ID,
            now: Timestamp::from_secs(1_000),
            chance: Chance::new(self.seed, ID.0),
            request: &request,
            view_digest: 0,
            catalog: &catalog,
            answers: &[],
        };
        decide(&Options::default(), &brief, &team, &mut Bottomless, Timing::Unlimited)
    }

    fn winner(&self) -> Option<String> {
        match &self.decide().decision().imps[0] {
            ImpDecision::Bid(bid) => Some(catalog().campaign(bid.campaign).campaign.id.clone()),
            ImpDecision::NoBid(_) => None,
        }
    }

    /// Returns the case with one number of one campaign changed.
    fn with(&self, campaign: &str, change: Change) -> Self {
        let at = catalog().campaign_ix(campaign).unwrap().get();
        let mut case = self.clone();
        match change {
            Change::Bid { to_cpm_micros, .. } => case.bids[at] = to_cpm_micros,
            Change::Value { to_cpm_micros, .. } => {
                (case.values[at], case.bids[at]) = (to_cpm_micros, to_cpm_micros);
            }
            Change::PacingMultiplier { to, .. } => case.shares[at] = to,
            Change::NoExploration => case.greed = None,
            Change::Price { .. } | Change::Budget { .. } => {
                unreachable!("the pacer answers, and money is there")
            }
        }
        case
    }
}

#[test]
fn every_change_stated_would_have_done_what_it_says() {
    let mut stated = 0;
    for seed in 0..400 {
        let case = Case::drawn(seed);
        let explanation = explain(&case.decide().trace, &request(), &catalog());
        for found in &explanation.imps[0].would_have_changed {
            let changed = case.with(&found.campaign, found.change);
            assert_eq!(changed.winner().as_ref(), Some(&found.campaign), "{found:?} in {case:?}");
            stated += 1;
        }
    }
    assert!(stated > 400, "only {stated} changes were stated");
}

#[test]
fn the_runner_up_is_always_told_something_where_the_highest_wins() {
    for seed in 0..200 {
        let case = Case { greed: None, ..Case::drawn(seed) };
        let explanation = explain(&case.decide().trace, &request(), &catalog());
        let imp = &explanation.imps[0];
        if imp.candidates.iter().filter(|line| line.rank.is_some()).count() > 1 {
            assert!(!imp.would_have_changed.is_empty(), "{case:?}");
        }
    }
}

#[test]
fn the_chances_shown_are_those_recorded() {
    for seed in 0..200 {
        let ruling = Case::drawn(seed).decide();
        let Some(auction) = ruling.trace.auctions.first() else { continue };
        let explanation = explain(&ruling.trace, &request(), &catalog());
        let chosen = explanation.imps[0].candidates.iter().find(|l| l.candidate == Some(auction.chosen.0));
        assert_eq!(chosen.unwrap().propensity, Some(auction.propensity.get()));
    }
}
