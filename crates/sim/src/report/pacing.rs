//! How well spend kept to its plan: at each tick of a campaign's day, the share of the budget spent against the share of the
//! day's traffic gone by.

use motet_units::{Nanos, Timestamp};

use crate::world::World;

/// Gaps between spend and plan, by campaign.
#[derive(Clone, Debug)]
pub(super) struct Pacing {
    gaps: Vec<(f64, u32)>,
    /// Shares of the daily budget spent at the end of each whole day, summed, and days.
    used: Vec<(f64, u32)>,
    spent_today: Vec<Nanos>,
}

impl Pacing {
    pub(super) fn new(campaigns: usize) -> Self {
        Self {
            gaps: vec![(0.0, 0); campaigns],
            used: vec![(0.0, 0); campaigns],
            spent_today: vec![Nanos::ZERO; campaigns],
        }
    }

    pub(super) fn spend(&mut self, campaign: usize, charged: Nanos) {
        self.spent_today[campaign] += charged;
    }

    /// Compares at a tick. The first tick of a day closes the day before.
    pub(super) fn tick(&mut self, world: &World, now: Timestamp) {
        let day_us = 86_400_000_000;
        let into_day = (now - world.begins()).micros().rem_euclid(day_us);
        let plan = planned(world, now);
        for (place, truth) in world.campaigns.truth.iter().enumerate() {
            let group = &world.scenario.campaigns[usize::from(truth.group)];
            let day = (now - world.begins()).as_secs_f64() / 86_400.0;
            // A campaign has its say on whole days of its flight alone.
            let begun = day >= group.enters_day.ceil() && now > world.begins();
            let over = group.leaves_day > 0.0 && day > group.leaves_day.floor();
            let spent = self.spent_today[place].as_f64() / truth.daily_budget.as_f64().max(1.0);
            if begun && !over {
                if into_day == 0 && day >= group.enters_day.ceil() + 1.0 {
                    self.used[place].0 += spent;
                    self.used[place].1 += 1;
                } else if into_day > 0 {
                    self.gaps[place].0 += (spent - plan).abs();
                    self.gaps[place].1 += 1;
                }
            }
            if into_day == 0 {
                self.spent_today[place] = Nanos::ZERO;
            }
        }
    }

    /// Returns a campaign's mean absolute gap, and the share of its budget used on an average day.
    pub(super) fn of(&self, campaign: usize) -> (Option<f64>, Option<f64>) {
        let mean = |(sum, count): (f64, u32)| (count > 0).then(|| sum / f64::from(count));
        (mean(self.gaps[campaign]), mean(self.used[campaign]))
    }
}

/// Returns the share of the day's expected traffic gone by.
fn planned(world: &World, now: Timestamp) -> f64 {
    let hour_of_week = usize::from(now.hour_of_week(world.utc_offset()));
    let (day, hour) = (hour_of_week / 24, hour_of_week % 24);
    let today = &world.week()[day * 24..day * 24 + 24];
    let into_hour = (now - world.begins()).micros().rem_euclid(3_600_000_000) as f64 / 3_600e6;
    let gone: f64 = today[..hour].iter().sum::<f64>() + today[hour] * into_hour;
    gone / today.iter().sum::<f64>().max(1e-9)
}
