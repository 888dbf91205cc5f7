//! Meters the shared objective in a run, by campaign.

use motet_engine::Engine;
use motet_sim::{
    World,
    run::{Happened, Outcome, Told, Watch},
    scenario::Objective,
};
use motet_units::{Nanos, Timestamp};
use serde::{Deserialize, Serialize};

/// The parts of the objective, each in units of the accounting currency and before its weight; costs are positive.
#[derive(Clone, Copy, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Parts {
    /// What the platform kept.
    pub revenue: f64,
    /// What impressions were worth to the campaigns, less what they spent.
    pub surplus: f64,
    /// The strain on viewers.
    pub experience: f64,
    /// Budget for the time that passed, less spend.
    pub under_delivery: f64,
    /// Spent on invalid traffic.
    pub invalid: f64,
    /// Spent in all. Not weighed itself.
    pub spend: f64,
}

impl Parts {
    /// Returns the objective: the parts by their weights.
    ///
    /// ```
    /// use motet_sim::scenario::Objective;
    /// use motet_train::Parts;
    /// let parts = Parts { revenue: 2.0, surplus: 10.0, experience: 1.0, under_delivery: 5.0, invalid: 0.5, spend: 20.0 };
    /// // 2 + 10 − 1 − 0.2 · 5 − 0.5
    /// assert!((parts.weighed(&Objective::default()) - 9.5).abs() < 1e-12);
    /// ```
    pub fn weighed(&self, objective: &Objective) -> f64 {
        objective.revenue * self.revenue + objective.surplus * self.surplus
            - objective.experience * self.experience
            - objective.under_delivery * self.under_delivery
            - objective.invalid * self.invalid
    }

    /// Adds another's parts.
    pub fn add(&mut self, other: &Self) {
        self.revenue += other.revenue;
        self.surplus += other.surplus;
        self.experience += other.experience;
        self.under_delivery += other.under_delivery;
        self.invalid += other.invalid;
        self.spend += other.spend;
    }

    /// Returns the parts by name.
    pub const fn named(&self) -> [(&'static str, f64); 6] {
        [
            ("revenue", self.revenue),
            ("surplus", self.surplus),
            ("experience", self.experience),
            ("under_delivery", self.under_delivery),
            ("invalid", self.invalid),
            ("spend", self.spend),
        ]
    }
}

/// Watches a run and meters what each campaign brought since it was last asked.
#[derive(Clone, Debug)]
pub struct Meter<'w> {
    world: &'w World,
    campaigns: Vec<Parts>,
    /// Until when budgets were counted.
    counted: Timestamp,
}

impl<'w> Meter<'w> {
    /// Begins at the world's first moment.
    pub fn new(world: &'w World) -> Self {
        let campaigns = vec![Parts::default(); world.campaigns.truth.len()];
        Self { world, campaigns, counted: world.begins() }
    }

    /// Returns what each campaign brought since the last call, by its place in the catalog.
    pub fn take(&mut self) -> Vec<Parts> {
        let fresh = vec![Parts::default(); self.campaigns.len()];
        std::mem::replace(&mut self.campaigns, fresh)
    }

    fn charge(&mut self, campaign: usize, charged: Nanos, attack: bool) {
        let market = &self.world.scenario.market;
        let (parts, spend) = (&mut self.campaigns[campaign], charged.units());
        parts.spend += spend;
        parts.surplus -= spend;
        parts.under_delivery -= spend;
        parts.revenue += market.take_rate * spend;
        parts.invalid += if attack { spend } else { 0.0 };
    }
}

impl Watch for Meter<'_> {
    fn happened(&mut self, happened: &Happened<'_>) {
        let Outcome::Rendered { worth, repeated, .. } = happened.what else { return };
        if happened.visit.attack.is_some() {
            return;
        }
        let objective = &self.world.scenario.objective;
        let parts = &mut self.campaigns[happened.campaign.get()];
        parts.surplus += worth / 1e9;
        parts.experience += objective.load_cpm / 1e3;
        if repeated {
            parts.experience += objective.repeat_cpm / 1e3;
        }
    }

    fn told(&mut self, told: &Told<'_>) {
        if told.judgement.charged != Nanos::ZERO {
            self.charge(told.campaign.get(), told.judgement.charged, told.visit.attack.is_some());
        }
    }

    fn ticked(&mut self, engine: &Engine, now: Timestamp) {
        let share = (now - self.counted).as_secs_f64() / 86_400.0;
        self.counted = self.counted.max(now);
        let catalog = engine.catalog();
        for account in engine.accounts() {
            let flight = &catalog.campaign(account.campaign).campaign.flight;
            if let (Some(daily), true) = (account.daily, flight.covers(now)) {
                self.campaigns[account.campaign.get()].under_delivery += daily.units() * share.max(0.0);
            }
        }
    }
}
