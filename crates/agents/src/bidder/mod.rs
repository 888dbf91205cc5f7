//! The bidder: what an impression is worth to a campaign, and what to offer for it.
//!
//! Worth comes from the campaign's goal and the predictions (`goals`). The offer is at most the worth times the
//! campaign's multiplier, and at most the campaign's highest price (CO-1: never above the value). Then:
//!
//! * a deal at a fixed price: exactly that price if it is worth it;
//! * second price: the whole of it, since the winner pays the next bid;
//! * first price: shaded, at the bid with the highest expected profit on the market's learned landscape
//!   (`curve`, `markets`), never below the floor while the floor is worth it. While the landscape stands for
//!   few outcomes the bid leans on a fixed mild shade instead: with `n` outcomes the learned bid weighs
//!   n ÷ (n + cold).
//!
//! Every candidate gets an offer, below the floor too: what becomes of it is the coordinator's matter.
//!
//! It never sees a user, a page, a budget or another agent's asks. The pacing multiplier is applied to its offer
//! afterwards; where that is far below 1, the paced bid is lower than the best bid for the paced value would be,
//! the price of keeping the two apart.
//!
//! Outcomes under a deal tell of that deal's terms and not of the open market, and are not learned. A bid whose
//! window passes without any word of a win lost: sellers that send no loss notices would else look as if they
//! always sold to us.

mod card;
mod curve;
mod goals;
mod markets;
#[cfg(test)]
mod tests;

pub use card::CARD;
pub use markets::MarketOptions;

use std::collections::BTreeSet;

use motet_agent::{
    Agent, AgentCard, AgentName, Appraisal, Ask, BidRecord, BidderSight, Candidate, Lot, MarketKey,
    Observation, Proposal, Sight, Tick, View,
};
use motet_model::{
    campaign::Goal,
    catalog::{Catalog, Change},
    decision::Charge,
    ids::{BidId, CampaignIx},
    outcome::{Notice, NoticeKind, NoticeVerdict},
    request::{MediaKind, Pricing},
};
use motet_policy::{Fixed, Policy, Steering, Subject};
use motet_units::{CpmMicros, Rounding, Timestamp};
use serde::{Deserialize, Serialize};

use self::{
    curve::{BINS, Curve, Least, Rival},
    goals::Tracker,
    markets::{Markets, Saved},
};

const FORMAT: u32 = 2;
/// The lowest share of the worth that is bid.
const LEAST_MULTIPLIER: f64 = 0.2;
/// Bids told of, remembered so that their expiry is not taken for a loss.
const MOST_TOLD: usize = 1 << 20;

/// How the bidder is set up.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// How landscapes are learned.
    pub markets: MarketOptions,
    /// The share of the value bid in a first-price auction nobody knows. Default: 0.85.
    pub cold_shade: f64,
    /// How many outcomes the cold shade counts as. Default: 20.
    pub cold: f64,
    /// How many results must be expected for what was spent before a multiplier moves. Default: 10.
    pub evidence: f64,
    /// How long clicks are waited for, in seconds. Default: one hour.
    pub click_wait_s: i64,
    /// How long conversions are waited for, in seconds. Default: one day.
    pub conversion_wait_s: i64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            markets: MarketOptions::default(),
            cold_shade: 0.85,
            cold: 20.0,
            evidence: 10.0,
            click_wait_s: 3_600,
            conversion_wait_s: 86_400,
        }
    }
}

/// The bidder.
#[derive(Debug)]
pub struct Bidder {
    options: Options,
    steering: Steering,
    markets: Markets,
    trackers: Vec<Tracker>,
    told: BTreeSet<BidId>,
}

#[derive(Serialize, Deserialize)]
struct State {
    markets: Saved,
    trackers: Vec<Tracker>,
    told: BTreeSet<BidId>,
}

/// What candidates of one imp share: the landscape they are bid on, from the floor up.
#[derive(Clone, Copy, Debug)]
struct Ground<'a> {
    market: MarketKey,
    kind: MediaKind,
    floor: CpmMicros,
    least: Least,
    curve: &'a Curve,
    /// What the learned bid weighs; the cold shade weighs the rest.
    weight: f64,
    /// The last value shaded here, and the bin its bid lies in: it bounds the search for lower values.
    bound: (f64, usize),
}

impl Ground<'_> {
    fn holds(&self, candidate: &Candidate) -> bool {
        (self.market, self.kind, self.floor) == (candidate.market, candidate.kind, candidate.floor)
    }
}

impl Bidder {
    /// Makes the agent under a policy.
    ///
    /// # Errors
    /// When the policy does not fit the card.
    pub fn new(options: Options, policy: Box<dyn Policy>) -> Result<Self, motet_policy::Error> {
        Ok(Self {
            options,
            steering: crate::seat(policy, &CARD)?,
            markets: Markets::new(options.markets),
            trackers: Vec::new(),
            told: BTreeSet::new(),
        })
    }

    /// Returns the fixed policy: the card's defaults.
    pub fn fixed_policy() -> Box<dyn Policy> {
        Box::new(Fixed::new("bidder-fixed@1", crate::defaults(&CARD)))
    }

    /// Returns a campaign's bid multiplier, 0.2 to 1.
    pub fn multiplier(&self, campaign: CampaignIx) -> f64 {
        self.trackers.get(campaign.get()).map_or(1.0, |tracker| tracker.multiplier)
    }

    /// Returns what an impression is worth to a candidate's campaign, and what is offered for it.
    fn offer<'a>(
        &'a self,
        candidate: &Candidate,
        sight: &BidderSight<'_>,
        ground: &mut Option<Ground<'a>>,
    ) -> (CpmMicros, CpmMicros) {
        let campaign = &sight.catalog.campaign(candidate.campaign).campaign;
        let (value, multiplier, shade) = self.value(candidate, &campaign.goal);
        let willing = CpmMicros::bid_from_nanos(value.as_f64() * multiplier);
        let willing = campaign.most_cpm.map_or(willing, |most| willing.min(most));
        (value, shift(self.bid(candidate, willing, ground), willing, candidate, shade))
    }

    fn value(&self, candidate: &Candidate, goal: &Goal) -> (CpmMicros, f64, f64) {
        let (p_click, p_conversion) = (candidate.p_click, candidate.p_conversion);
        let Some(tracker) = self.trackers.get(candidate.campaign.get()) else {
            let worth = Tracker::default().worth(goal, p_click, p_conversion);
            return (CpmMicros::bid_from_nanos(worth), 1.0, 0.0);
        };
        let worth = tracker.worth(goal, p_click, p_conversion);
        (CpmMicros::bid_from_nanos(worth), tracker.multiplier, tracker.shade)
    }

    fn bid<'a>(
        &'a self,
        candidate: &Candidate,
        willing: CpmMicros,
        ground: &mut Option<Ground<'a>>,
    ) -> CpmMicros {
        let floor = candidate.floor;
        if willing <= floor {
            return willing;
        }
        match candidate.pricing {
            _ if candidate.fixed_price => floor,
            Pricing::SecondPrice => willing,
            Pricing::FirstPrice => {
                if !ground.as_ref().is_some_and(|ground| ground.holds(candidate)) {
                    *ground = None;
                }
                let ground = ground.get_or_insert_with(|| self.ground(candidate));
                self.shade(candidate, willing, ground)
            }
        }
    }

    fn ground(&self, candidate: &Candidate) -> Ground<'_> {
        let (market, kind, floor) = (candidate.market, candidate.kind, candidate.floor);
        let least = Least::of(floor.as_f64(), self.markets.grid());
        let curve = self.markets.curve(market, kind);
        let weight = curve.evidence() / (curve.evidence() + self.options.cold.max(f64::MIN_POSITIVE));
        Ground { market, kind, floor, least, curve, weight, bound: (f64::MAX, BINS) }
    }

    fn shade(&self, candidate: &Candidate, willing: CpmMicros, ground: &mut Ground<'_>) -> CpmMicros {
        let curve = ground.curve;
        let value = willing.as_f64();
        let last = if value <= ground.bound.0 { ground.bound.1 } else { BINS };
        let (learned, bin) = curve.best_bid(value, ground.least, last, self.markets.grid());
        ground.bound = (value, bin);
        let cold = value * self.options.cold_shade;
        let bid = ground.weight * learned + (1.0 - ground.weight) * cold;
        CpmMicros::bid_from_nanos(bid).clamp(candidate.floor, willing)
    }

    fn learn_notice(&mut self, record: &BidRecord, notice: &Notice) {
        if let Some(rival) = rival(record, notice) {
            self.markets.learn(record.market, record.bid.kind, rival);
        }
        if matches!(notice.kind, NoticeKind::Won { .. } | NoticeKind::Billed { .. } | NoticeKind::Lost { .. })
        {
            self.remember(record.bid.id);
        }
        let tracker = self.tracker(record.bid.campaign);
        if let Some(cost) = won_for(record, notice) {
            tracker.recent.add_win(cost, value_nanos(record));
        }
        match notice.kind {
            NoticeKind::Billed { price } if record.bid.charge == Charge::OnBilling => {
                tracker.add_cost(record.made_at, cost(record, price));
            }
            NoticeKind::Impression if record.bid.charge == Charge::OnImpression => {
                tracker.add_cost(record.made_at, cost(record, None));
            }
            NoticeKind::Click => tracker.add_click(record.made_at),
            NoticeKind::Conversion { value } => tracker.add_conversion(record.made_at, value),
            _ => {}
        }
    }

    fn remember(&mut self, bid: BidId) {
        self.told.insert(bid);
        if self.told.len() > MOST_TOLD {
            self.told.pop_first();
        }
    }

    fn learn_expiry(&mut self, record: &BidRecord) {
        let told = self.told.remove(&record.bid.id);
        if !told && record.bid.charge == Charge::OnBilling && record.bid.deal.is_none() {
            let rival = Rival::Above(record.bid.price.as_f64());
            self.markets.learn(record.market, record.bid.kind, rival);
        }
    }

    fn tracker(&mut self, campaign: CampaignIx) -> &mut Tracker {
        if self.trackers.len() <= campaign.get() {
            self.trackers.resize_with(campaign.get() + 1, Tracker::default);
        }
        &mut self.trackers[campaign.get()]
    }

    fn take_goals(&mut self, catalog: &Catalog, changes: &[Change]) {
        if changes.is_empty() {
            for (ix, entry) in catalog.campaigns() {
                self.tracker(ix).set_goal(entry.campaign.goal);
            }
            return;
        }
        for change in changes {
            let Change::PutCampaign(campaign) = change else { continue };
            if let Some(ix) = catalog.campaign_ix(&campaign.id) {
                self.tracker(ix).set_goal(campaign.goal);
            }
        }
    }

    /// Moves the parameters of the campaigns whose turn it is.
    fn step(&mut self, tick: &Tick<'_>) {
        for account in tick.accounts {
            self.step_one(account.campaign, tick.now);
        }
    }

    fn step_one(&mut self, campaign: CampaignIx, now: Timestamp) {
        let options = self.options;
        let tracker = self.tracker(campaign);
        tracker.complete(now, &options);
        let evidence = tracker.evidence(&options);
        let (log_ratio, expected) = evidence
            .map_or((0.0, 0.0), |e| (libm::log(e.cost_ratio).clamp(-3.0, 3.0), e.expected.min(1_000.0)));
        let [win_rate, price_to_value, bids] = tracker.recent.take();
        let observation = [log_ratio, expected, tracker.multiplier, win_rate, price_to_value, bids];
        let subject = Subject::Campaign(campaign.0);
        let Some([gain, trim, shade]) = self.steering.steer(subject, &observation) else { return };
        let tracker = &mut self.trackers[campaign.get()];
        tracker.shade = *shade;
        if let Some(evidence) = evidence {
            tracker.step(evidence, *gain, *trim);
        }
    }
}

/// Shifts a bid towards the full offer, or takes a share off; never below a floor the bid met, never above the offer. A
/// fixed price stays.
fn shift(bid: CpmMicros, willing: CpmMicros, candidate: &Candidate, shade: f64) -> CpmMicros {
    if shade == 0.0 || candidate.fixed_price || bid <= candidate.floor {
        return bid;
    }
    let to = if shade > 0.0 { willing.as_f64() - bid.as_f64() } else { bid.as_f64() };
    CpmMicros::bid_from_nanos(bid.as_f64() + shade * to).clamp(candidate.floor, willing)
}

/// Returns what a win cost, in nanos, where a notice is the first to tell of one.
fn won_for(record: &BidRecord, notice: &Notice) -> Option<f64> {
    match (notice.kind, record.bid.charge) {
        (NoticeKind::Won { price, .. }, Charge::OnBilling) => Some(cost(record, price)),
        (NoticeKind::Impression, Charge::OnImpression) => Some(cost(record, None)),
        _ => None,
    }
}

/// Returns what a bid's impressions are worth, in nanos; several impressions a play included.
fn value_nanos(record: &BidRecord) -> f64 {
    record.bid.reserved.as_f64() * record.value.as_f64() / record.bid.price.as_f64().max(1.0)
}

/// Returns what an impression cost, at the price told or the bid's own; several impressions a play included.
fn cost(record: &BidRecord, told: Option<CpmMicros>) -> f64 {
    let bid = record.bid.price.as_f64().max(1.0);
    let price = told.map_or(bid, |price| price.as_f64().min(bid));
    record.bid.reserved.as_f64() * price / bid
}

/// Reads what a notice tells of the highest competing bid on the open market.
fn rival(record: &BidRecord, notice: &Notice) -> Option<Rival> {
    if record.bid.deal.is_some() || record.bid.charge != Charge::OnBilling {
        return None;
    }
    let bid = record.bid.price.as_f64();
    match notice.kind {
        NoticeKind::Won { minimum_to_win: Some(minimum), .. } => Some(Rival::At(minimum.as_f64().min(bid))),
        NoticeKind::Won { price: Some(price), .. } if record.pricing == Pricing::SecondPrice => {
            Some(if price > record.floor {
                Rival::At(price.as_f64().min(bid))
            } else {
                Rival::Below(price.as_f64())
            })
        }
        NoticeKind::Won { .. } => Some(Rival::Below(bid)),
        // Of the standard's reasons these are about price: not told, below the floor, lost to a higher bid.
        NoticeKind::Lost { reason: 0 | 100 | 102, minimum_to_win } => Some(match minimum_to_win {
            Some(minimum) => Rival::At(minimum.as_f64().max(bid)),
            None => Rival::Above(bid),
        }),
        _ => None,
    }
}

impl Agent for Bidder {
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
        let Sight::Bidder(sight) = &view.sight else { return };
        let mut ground = None;
        proposals.reserve(sight.candidates.len());
        for candidate in sight.candidates {
            let (value, bid) = self.offer(candidate, sight, &mut ground);
            let ask = Ask::Offer { candidate: candidate.ix, value, bid };
            proposals.push(Proposal { agent: AgentName::Bidder, ask });
        }
    }

    fn appraise(&self, lot: &Lot) -> Option<Appraisal> {
        let curve = self.markets.curve(lot.market, lot.kind);
        let (grid, value, floor) = (self.markets.grid(), lot.value.as_f64(), lot.floor.as_f64());
        let bid = match lot.pricing {
            Pricing::FirstPrice if lot.value > lot.floor => {
                let (bid, _) = curve.best_bid(value, Least::of(floor, grid), BINS, grid);
                CpmMicros::bid_from_nanos(bid).clamp(lot.floor, lot.value)
            }
            // The winner pays the next bid, or the value does not reach the floor: there is nothing to shade.
            _ => lot.value,
        };
        let up = |price: f64| CpmMicros::from_f64(price, Rounding::Up);
        let markup = curve.best_floor(floor, grid) - floor;
        Some(Appraisal {
            evidence: curve.evidence(),
            bid,
            floor: up(curve.best_floor(0.0, grid)),
            markup: up(markup),
        })
    }

    fn observe(&mut self, observation: &Observation<'_>) {
        match observation {
            Observation::Noticed { bid, notice, verdict: NoticeVerdict::Counted, .. } => {
                self.learn_notice(bid, notice);
            }
            Observation::Expired { bid, .. } => self.learn_expiry(bid),
            Observation::Changed { catalog, changes, .. } => self.take_goals(catalog, changes),
            Observation::Decided { bids, .. } => {
                bids.iter().for_each(|record| self.tracker(record.bid.campaign).recent.add_bid());
            }
            Observation::Noticed { .. } | Observation::Budget { .. } => {}
        }
    }

    fn control(&mut self, tick: &Tick<'_>) {
        self.markets.refresh();
        self.step(tick);
    }

    fn control_more(&mut self, tick: &Tick<'_>) {
        self.step(tick);
    }

    fn save(&self) -> Vec<u8> {
        let state =
            State { markets: self.markets.save(), trackers: self.trackers.clone(), told: self.told.clone() };
        crate::state::save(FORMAT, &state)
    }

    fn restore(&mut self, state: &[u8], _catalog: &Catalog) -> Result<(), String> {
        let state: State = crate::state::restore(FORMAT, state)?;
        if !state.trackers.iter().all(Tracker::is_sound) {
            return Err("a saved multiplier or count is out of range".to_owned());
        }
        self.markets.restore(state.markets)?;
        self.trackers = state.trackers;
        self.told = state.told;
        Ok(())
    }
}
