//! Who else bids: an outside market whose highest bid is drawn, and single rivals who pace and react.

use motet_units::{Chance, CpmMicros};

use super::{Conditions, Visit, World};
use crate::{
    dist,
    scenario::{Outside, PacingRival},
};

/// Who holds a price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// The outside market.
    Outside,
    /// A rival by its place in the scenario.
    Rival(u16),
}

/// The best and second best rival bid for a slot; zeros where there are none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Competition {
    /// The best bid.
    pub best: CpmMicros,
    /// The next.
    pub second: CpmMicros,
    /// Whose the best is.
    pub holder: Holder,
}

/// How the pacing rivals stand: their money changes during a run.
#[derive(Clone, Debug)]
pub struct RivalBook {
    rivals: Vec<Standing>,
    week: Vec<f64>,
}

#[derive(Clone, Debug)]
struct Standing {
    multiplier: f64,
    spent_today: f64,
    budget: f64,
}

impl RivalBook {
    /// Opens the rivals' books. Budgets are multiplied by `budget_share`.
    pub fn new(world: &World, budget_share: f64) -> Self {
        let rivals = world.scenario.market.rivals.iter();
        let open = |rival: &PacingRival| Standing {
            multiplier: 1.0,
            spent_today: 0.0,
            budget: rival.daily_budget * budget_share,
        };
        Self { rivals: rivals.map(open).collect(), week: world.week.clone() }
    }

    /// Draws the competition for one slot.
    pub fn compete(&self, world: &World, visit: &Visit, imp: u16, conditions: &Conditions) -> Competition {
        let outside = outside(world, visit, imp, conditions);
        let mut found = Competition { best: outside, second: CpmMicros::ZERO, holder: Holder::Outside };
        if self.rivals.is_empty() {
            return found;
        }
        let mut draw = Chance::new(world.seed, visit.slot(imp)).stream("rivals");
        for (place, (rival, standing)) in world.scenario.market.rivals.iter().zip(&self.rivals).enumerate() {
            // Every rival draws, whether it bids or not, so that none shifts another's draws.
            let (wants, value) = (draw.unit(), dist::log_normal(&mut draw, rival.value_cpm, rival.sigma));
            let out = conditions.rival_absent(place) || standing.spent_today >= standing.budget;
            if out || wants >= rival.interest {
                continue;
            }
            let bid = CpmMicros::from_units(value * standing.multiplier);
            if bid > found.best {
                found = Competition { best: bid, second: found.best, holder: Holder::Rival(place as u16) };
            } else {
                found.second = found.second.max(bid);
            }
        }
        found
    }

    /// Takes what a rival won from its budget.
    pub fn charge(&mut self, holder: Holder, price: CpmMicros) {
        if let Holder::Rival(place) = holder {
            self.rivals[usize::from(place)].spent_today += price.units() / 1_000.0;
        }
    }

    /// Lets every rival compare its spend with its plan and move its bids. `share` is the part of the day gone.
    pub fn tick(&mut self, world: &World, hour_of_week: usize, share_of_hour: f64) {
        let (day, hour) = (hour_of_week / 24, hour_of_week % 24);
        let today = &self.week[day * 24..day * 24 + 24];
        let gone: f64 = today[..hour].iter().sum::<f64>() + today[hour] * share_of_hour;
        let plan = gone / today.iter().sum::<f64>().max(1e-9);
        for (rival, standing) in world.scenario.market.rivals.iter().zip(&mut self.rivals) {
            let behind = plan - standing.spent_today / standing.budget.max(1e-9);
            let step = libm::exp(rival.gain * (10.0 * behind).clamp(-1.0, 1.0));
            standing.multiplier = (standing.multiplier * step).clamp(0.05, 1.5);
        }
    }

    /// Begins a new day.
    pub fn new_day(&mut self) {
        self.rivals.iter_mut().for_each(|standing| standing.spent_today = 0.0);
    }
}

/// Draws the outside market's highest bid.
fn outside(world: &World, visit: &Visit, imp: u16, conditions: &Conditions) -> CpmMicros {
    let market = &world.scenario.market;
    let mut draw = Chance::new(world.seed, visit.slot(imp)).stream("outside");
    let spec = world.publisher(visit.publisher);
    let base = match spec.outside.as_ref().unwrap_or(&market.outside) {
        Outside::None => return CpmMicros::ZERO,
        Outside::LogNormal { median_cpm, sigma } => dist::log_normal(&mut draw, *median_cpm, *sigma),
        Outside::Quantiles { cpm, hours } => {
            let factor = hours.get(usize::from(conditions.hour_of_week % 24)).copied().unwrap_or(1.0);
            dist::between(cpm, draw.unit()) * factor
        }
    };
    let inclination = f64::from(world.population.get(visit.listener).inclination);
    let known = if market.informed > 0.0 { libm::pow(inclination, market.informed) } else { 1.0 };
    CpmMicros::from_units(base * spec.price_level * known * conditions.outside)
}
