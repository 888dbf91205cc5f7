//! Who else bids: the outside market's one bid, and rivals with money of their own.

use motet_sim::{
    World, dist,
    scenario::{Outside, ShockKind},
    world::{Conditions, Visit},
};
use motet_units::{Chance, CpmMicros, Span, Timestamp};

/// What the rivals hold: how eager each is, and what it spent today.
pub(crate) struct Rivals {
    eager: Vec<f64>,
    spent: Vec<f64>,
}

impl Rivals {
    pub(crate) fn new(world: &World) -> Self {
        let count = world.scenario.market.rivals.len();
        Self { eager: vec![1.0; count], spent: vec![0.0; count] }
    }

    /// Lists what is offered for a slot: the outside market first, then each rival that takes part.
    pub(crate) fn offers(
        &self,
        world: &World,
        visit: &Visit,
        place: u16,
        conditions: &Conditions,
    ) -> Vec<(Option<usize>, CpmMicros)> {
        let mut offers = vec![(None, outside(world, visit, place, conditions))];
        let mut draw = Chance::new(world.seed, visit.slot(place)).stream("rivals");
        for (number, rival) in world.scenario.market.rivals.iter().enumerate() {
            let wants = draw.unit() < rival.interest;
            let value = rival.value_cpm * libm::exp(rival.sigma * dist::normal(&mut draw));
            let has_money = self.spent[number] < rival.daily_budget * world.budget_share;
            if wants && has_money && !conditions.rival_absent(number) {
                offers.push((Some(number), CpmMicros::from_units(value * self.eager[number])));
            }
        }
        offers
    }

    /// The first of those who offered most pays.
    pub(crate) fn pay(&mut self, offers: &[(Option<usize>, CpmMicros)], best: CpmMicros, price: CpmMicros) {
        if let Some((Some(winner), _)) = offers.iter().find(|(_, offer)| *offer == best) {
            self.spent[*winner] += price.units() / 1_000.0;
        }
    }

    /// On a tick each rival compares what it spent with the share of the day's traffic that is over; at midnight the
    /// money is new.
    pub(crate) fn tick(&mut self, world: &World, now: Timestamp) {
        let since = (now - world.begins()).micros();
        if since > 0 && since % 86_400_000_000 == 0 {
            self.spent.iter_mut().for_each(|spent| *spent = 0.0);
        }
        let hour_of_week = usize::from(now.hour_of_week(world.utc_offset()));
        let day = hour_of_week / 24 * 24;
        let mut over = world.week()[hour_of_week] * ((since % 3_600_000_000) as f64 / 3_600e6);
        let mut whole = 0.0;
        for hour in day..day + 24 {
            whole += world.week()[hour];
            over += if hour < hour_of_week { world.week()[hour] } else { 0.0 };
        }
        for (number, rival) in world.scenario.market.rivals.iter().enumerate() {
            let used = self.spent[number] / (rival.daily_budget * world.budget_share);
            let behind = (10.0 * (over / whole - used)).clamp(-1.0, 1.0);
            self.eager[number] = (self.eager[number] * libm::exp(rival.gain * behind)).clamp(0.05, 1.5);
        }
    }
}

fn outside(world: &World, visit: &Visit, place: u16, conditions: &Conditions) -> CpmMicros {
    let market = &world.scenario.market;
    let Outside::LogNormal { median_cpm, sigma } = market.outside else { return CpmMicros::ZERO };
    let mut draw = Chance::new(world.seed, visit.slot(place)).stream("outside");
    let drawn = median_cpm * libm::exp(sigma * dist::normal(&mut draw));
    let person = f64::from(world.population.get(visit.listener).inclination);
    let known = if market.informed > 0.0 { libm::pow(person, market.informed) } else { 1.0 };
    CpmMicros::from_units(drawn * world.publisher(visit.publisher).price_level * known * conditions.outside)
}

/// Returns the highest offer and the next; zeros where there are none.
pub(crate) fn two_highest(offers: &[(Option<usize>, CpmMicros)]) -> (CpmMicros, CpmMicros) {
    let mut prices: Vec<CpmMicros> = offers.iter().map(|(_, offer)| *offer).collect();
    prices.extend([CpmMicros::ZERO; 2]);
    prices.sort();
    (prices[prices.len() - 1], prices[prices.len() - 2])
}

/// Lists when budgets change, of which group, and to how many times what they were.
pub(crate) fn budget_changes(world: &World) -> Vec<(Timestamp, u16, f64)> {
    let at = |hour: f64| world.begins() + Span::from_micros((hour * 3_600e6) as i64);
    let mut changes = Vec::new();
    for shock in &world.scenario.shocks {
        let ShockKind::BudgetChange { group, factor } = &shock.kind else { continue };
        let group =
            world.scenario.campaigns.iter().position(|held| held.id == *group).expect("a known group");
        changes.push((at(shock.from_hour), group as u16, *factor));
        if shock.to_hour > 0.0 {
            changes.push((at(shock.to_hour), group as u16, 1.0));
        }
    }
    changes
}
