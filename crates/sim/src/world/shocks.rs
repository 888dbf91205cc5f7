//! What goes wrong or changes on the way: the conditions in force at a moment.

use motet_units::Timestamp;

use super::World;
use crate::scenario::{Shock, ShockKind};

/// The conditions in force.
#[derive(Clone, Debug, PartialEq)]
pub struct Conditions {
    /// What traffic is multiplied by.
    pub traffic: f64,
    /// What the outside market's bids are multiplied by.
    pub outside: f64,
    /// The share of requests that name an old topic.
    pub stale: f64,
    /// The hour of the week in the world's clock, 0 to 167.
    pub hour_of_week: u8,
    absent: Vec<u16>,
    /// Shares of tellings lost, by campaign group; `None` is everyone.
    lost: Vec<(Option<u16>, f64)>,
}

impl Conditions {
    /// Works out the conditions at a moment.
    pub fn at(world: &World, now: Timestamp) -> Self {
        let offset = world.utc_offset();
        let mut conditions = Self {
            traffic: 1.0,
            outside: 1.0,
            stale: 0.0,
            hour_of_week: now.hour_of_week(offset),
            absent: Vec::new(),
            lost: Vec::new(),
        };
        let hour = (now - world.begins()).as_secs_f64() / 3_600.0;
        for shock in world.scenario.shocks.iter().filter(|shock| holds(shock, hour)) {
            conditions.add(world, &shock.kind);
        }
        conditions
    }

    fn add(&mut self, world: &World, kind: &ShockKind) {
        let scenario = &world.scenario;
        match kind {
            ShockKind::TrafficSpike { factor } => self.traffic *= factor,
            ShockKind::RivalLeaves { rival: None, factor } => self.outside *= factor,
            ShockKind::RivalLeaves { rival: Some(id), .. } => {
                let place = scenario.market.rivals.iter().position(|rival| rival.id == *id);
                self.absent.extend(place.map(|place| place as u16));
            }
            ShockKind::BrokenTracker { lost, group } => {
                let place = |id: &String| scenario.campaigns.iter().position(|g| g.id == *id);
                self.lost.push((group.as_ref().and_then(place).map(|place| place as u16), *lost));
            }
            ShockKind::StaleFeed { share } => self.stale = self.stale.max(*share),
            // Budgets are changed by an event at the moment itself.
            ShockKind::BudgetChange { .. } => {}
        }
    }

    /// Tells whether a rival has left.
    pub fn rival_absent(&self, place: usize) -> bool {
        self.absent.iter().any(|absent| usize::from(*absent) == place)
    }

    /// Returns the share of a campaign group's clicks and conversions that are never told.
    pub fn lost(&self, group: u16) -> f64 {
        let concerns = |(whose, _): &&(Option<u16>, f64)| whose.is_none_or(|whose| whose == group);
        self.lost.iter().filter(concerns).map(|(_, share)| *share).fold(0.0, f64::max)
    }
}

fn holds(shock: &Shock, hour: f64) -> bool {
    shock.from_hour <= hour && (shock.to_hour <= 0.0 || hour < shock.to_hour)
}
