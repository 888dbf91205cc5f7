//! The pacer: how much of each bid is let through, so that a budget lasts as its advertiser planned.
//!
//! It sees accounts and plans, no user, page or price, and answers with one multiplier for each candidate. The
//! day's traffic curve is learned from the requests decided (`traffic`); each campaign has a plan along that
//! curve and a controller that keeps to it (`plan`). The controller's integral moves on control ticks; its
//! proportional part is worked out for each request from the account in the view, so that a burst of wins is
//! answered at once. With many campaigns a tick brings each its turn within the decisions that follow.
//!
//! It never suppresses a candidate by itself: the multiplier stays above a small least value, except when a
//! campaign is more than a tenth of its day's budget ahead of plan. It is not what keeps a campaign within its
//! budget: that is the ledger, and holds whatever the pacer does.
//!
//! Edge cases: a campaign no tick has seen starts at [`Options::first_multiplier`]; a campaign with neither a
//! daily budget nor an end has nothing to spread and is let through; dayparts count only the hours they allow; a
//! plan is over a quarter of an hour before its day or flight is.

mod card;
mod plan;
#[cfg(test)]
mod tests;
mod traffic;

pub use card::CARD;

use motet_agent::{Agent, AgentCard, AgentName, Ask, Observation, Proposal, Sight, Tick, View};
use motet_model::{
    campaign::Pacing,
    catalog::{Catalog, Change, Presence},
    decision::Charge,
    ids::CampaignIx,
    outcome::{NoticeKind, NoticeVerdict},
};
use motet_policy::{Fixed, Policy, Steering, Subject};
use motet_units::{Multiplier, Timestamp};
use serde::{Deserialize, Serialize};

use self::{
    plan::{Gains, Plan},
    traffic::Traffic,
};

const FORMAT: u32 = 2;

/// How the pacer is set up.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// The lowest multiplier short of holding a campaign entirely, above 0. Default: 0.02.
    pub least_multiplier: f64,
    /// The multiplier a new campaign starts at. Default: 0.3.
    pub first_multiplier: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self { least_multiplier: 0.02, first_multiplier: 0.3 }
    }
}

/// The pacer.
#[derive(Debug)]
pub struct Pacer {
    options: Options,
    steering: Steering,
    traffic: Traffic,
    plans: Vec<Plan>,
    last_tick: Option<Timestamp>,
    /// Requests counted over those expected, as of the last tick.
    traffic_ratio: f64,
}

#[derive(Serialize, Deserialize)]
struct State {
    traffic: Traffic,
    plans: Vec<Plan>,
    last_tick: Option<Timestamp>,
    /// Requests counted over those expected, as of the last tick.
    traffic_ratio: f64,
}

impl Pacer {
    /// Makes the agent under a policy.
    ///
    /// # Errors
    /// When the policy does not fit the card.
    pub fn new(options: Options, policy: Box<dyn Policy>) -> Result<Self, motet_policy::Error> {
        let least = if options.least_multiplier > 0.0 { options.least_multiplier.min(1.0) } else { 0.02 };
        Ok(Self {
            options: Options { least_multiplier: least, ..options },
            steering: crate::seat(policy, &CARD)?,
            traffic: Traffic::new(),
            plans: Vec::new(),
            last_tick: None,
            traffic_ratio: 1.0,
        })
    }

    /// Returns the fixed policy: the card's defaults.
    pub fn fixed_policy() -> Box<dyn Policy> {
        Box::new(Fixed::new("pacer-fixed@1", crate::defaults(&CARD)))
    }

    fn plan(&mut self, campaign: CampaignIx) -> &mut Plan {
        while self.plans.len() <= campaign.get() {
            self.plans.push(Plan::new(Pacing::Even, &self.options));
        }
        &mut self.plans[campaign.get()]
    }

    fn take_plans(&mut self, catalog: &Catalog, changes: &[Change]) {
        if changes.is_empty() {
            for (ix, entry) in catalog.campaigns() {
                self.plan(ix).set_pacing(entry.campaign.pacing);
            }
            return;
        }
        for change in changes {
            let Change::PutCampaign(campaign) = change else { continue };
            if let Some(ix) = catalog.campaign_ix(&campaign.id) {
                self.plan(ix).set_pacing(campaign.pacing);
            }
        }
    }

    fn steer(&mut self, tick: &Tick<'_>) {
        let traffic_ratio = self.traffic_ratio;
        for account in tick.accounts {
            let entry = tick.catalog.campaign(account.campaign);
            if entry.presence == Presence::Removed || entry.campaign.pacing == Pacing::Asap {
                continue;
            }
            self.plan(account.campaign);
            let plan = &mut self.plans[account.campaign.get()];
            let advanced =
                plan.advance(&entry.campaign, account, tick.now, &self.traffic, traffic_ratio, &self.options);
            let Some((reading, moved)) = advanced else { continue };
            let observation =
                [reading.error, reading.multiplier, reading.past, reading.spent, reading.traffic];
            let subject = Subject::Campaign(account.campaign.0);
            if let Some([gain, integral, trim]) = self.steering.steer(subject, &observation) {
                let gains = Gains { gain: *gain, integral: *integral, trim: *trim };
                plan.steer(reading, gains, moved, &self.options);
            }
        }
    }
}

impl Agent for Pacer {
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
        let Sight::Pacer(sight) = &view.sight else { return };
        let least = libm::log(self.options.least_multiplier);
        let first = Multiplier::clamped(self.options.first_multiplier);
        proposals.reserve(sight.accounts.len());
        for (candidate, account) in sight.accounts {
            let plan = self.plans.get(account.campaign.get());
            let multiplier = plan.map_or(first, |plan| plan.multiplier(account, view.now, least));
            let ask = Ask::Pace { candidate: *candidate, multiplier };
            proposals.push(Proposal { agent: AgentName::Pacer, ask });
        }
    }

    fn observe(&mut self, observation: &Observation<'_>) {
        match observation {
            Observation::Decided { at, .. } => self.traffic.count(*at),
            Observation::Noticed { bid, notice, verdict: NoticeVerdict::Counted, known_at } => {
                let charged = match (notice.kind, bid.bid.charge) {
                    (NoticeKind::Billed { price }, Charge::OnBilling) => price.unwrap_or(bid.bid.price),
                    (NoticeKind::Impression, Charge::OnImpression) => bid.bid.price,
                    _ => return,
                };
                let nanos = charged.as_f64().min(bid.bid.reserved.as_f64());
                self.plan(bid.bid.campaign).settle(nanos, *known_at - bid.made_at);
            }
            Observation::Changed { catalog, changes, .. } => self.take_plans(catalog, changes),
            Observation::Noticed { .. } | Observation::Expired { .. } | Observation::Budget { .. } => {}
        }
    }

    fn control(&mut self, tick: &Tick<'_>) {
        self.traffic.advance(tick.now);
        let last = self.last_tick.replace(tick.now);
        self.traffic_ratio = last.map_or(1.0, |last| self.traffic.take_ratio(last, tick.now));
        self.steer(tick);
    }

    fn control_more(&mut self, tick: &Tick<'_>) {
        self.steer(tick);
    }

    fn save(&self) -> Vec<u8> {
        let state = State {
            traffic: self.traffic.clone(),
            plans: self.plans.clone(),
            last_tick: self.last_tick,
            traffic_ratio: self.traffic_ratio,
        };
        crate::state::save(FORMAT, &state)
    }

    fn restore(&mut self, state: &[u8], _catalog: &Catalog) -> Result<(), String> {
        let state: State = crate::state::restore(FORMAT, state)?;
        if !state.traffic.is_sound()
            || !state.plans.iter().all(Plan::is_sound)
            || !state.traffic_ratio.is_finite()
        {
            return Err("a saved plan or traffic curve is out of range".to_owned());
        }
        self.traffic = state.traffic;
        self.plans = state.plans;
        self.last_tick = state.last_tick;
        self.traffic_ratio = state.traffic_ratio;
        Ok(())
    }
}
